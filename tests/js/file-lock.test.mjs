// The lock of the file store, step by step: holders that die or sleep, and several who find a dead lock.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AuthError } from 'doorcode';
import { FileCachePlugin } from 'doorcode/cache/file';
import { failure, gate, until } from './support/app.mjs';

let folder;
let path;
let lock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doorcode-file-'));
  path = join(folder, 'token-cache.json');
  lock = `${path}.lock`;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const nothingIsLeft = () => assert.deepEqual(readdirSync(folder), ['token-cache.json']);
const stored = () => readFileSync(path, 'utf8');

/**
 * A process of this machine, whose waits take no time.
 * @param {object} [more] of what it has of the machine
 */
function start({ pid = 1, alive = [1], fs: given, ...more } = {}) {
  const world = { elapsed: 0, waits: 0, touches: [] };
  const plugin = new FileCachePlugin({ path }, {
    machine: () => 'here', pid, isAlive: (other) => alive.includes(other), elapsed: () => world.elapsed,
    every: (_, act) => (world.touches.push(act), () => {}),
    sleep: async (milliseconds) => {
      world.elapsed += milliseconds;
      world.waits += 1;
      await new Promise(setImmediate);
    },
    fs: { ...fs, ...given },
    ...more,
  });
  return { plugin, world };
}
async function put(plugin, text) {
  const read = await plugin.readCache(undefined);
  return plugin.writeCache(text, read.version);
}

/** What a process leaves that was killed while it wrote. */
function leave(name, content = '{"half') {
  mkdirSync(lock, { recursive: true, mode: 0o700 });
  writeFileSync(join(lock, name), content, { mode: 0o600 });
}

/** A step of the file system that waits to be let go on. */
function held(call) {
  const [reached, go] = [gate(), gate()];
  const step = async (...args) => {
    reached.open();
    await go.opened;
    return fs[call](...args);
  };
  return { reached: reached.opened, go: go.open, fs: { [call]: step } };
}

describe('the lock of the file store', () => {
  it('is a folder with one file, both for their owner alone, while a process writes', async () => {
    const rename = held('rename');
    const { plugin } = start({ fs: rename.fs });
    const written = put(plugin, '{}');
    await rename.reached;
    const [name] = readdirSync(lock);
    assert.match(name, /^here-1-[0-9a-f-]{36}$/);
    assert.deepEqual([lock, join(lock, name)].map((at) => (statSync(at).mode & 0o777).toString(8)), ['700', '600']);
    rename.go();
    assert.equal(typeof (await written), 'string');
    nothingIsLeft();
  });

  it('of a process that was killed is broken at once, and what it wrote is gone', async () => {
    leave('here-2-dead');
    const { plugin, world } = start();
    assert.equal(typeof (await put(plugin, '{"mine":1}')), 'string');
    assert.ok(world.waits <= 2 && world.elapsed < 50, `${world.waits} waits`);
    assert.equal(stored(), '{"mine":1}');
    nothingIsLeft();
  });

  for (const [of, name] of [['a process of another machine', 'there-2-dead'], ['a process whose number another has now', 'here-1-dead']]) {
    it(`of ${of} is broken once it was not touched for five seconds`, async () => {
      leave(name);
      const { plugin, world } = start();
      assert.equal(typeof (await put(plugin, '{}')), 'string');
      assert.ok(world.elapsed >= 5000 && world.elapsed < 6000, `${world.elapsed} ms`);
      nothingIsLeft();
    });
  }

  it('that is empty, or a folder that is left over, keeps nobody for longer', async () => {
    leave('there-2-dead', '');
    assert.equal(typeof (await put(start().plugin, '{"a":1}')), 'string');
    mkdirSync(lock, { mode: 0o700 });
    const { plugin, world } = start();
    assert.equal(typeof (await put(plugin, '{"b":1}')), 'string');
    assert.equal(world.waits, 0);
    nothingIsLeft();
  });

  it('that is touched is waited for, and after 15 seconds an error says by whom it is held', async () => {
    for (const [name, holder] of [['here-1-busy', 'process 1'], ['there-2-busy', 'a process that is not of this machine']]) {
      leave(name);
      let time = 1000;
      // Touched by its holder each second.
      const { plugin, world } = start({ fs: { lstat: async (at, options) => {
        if (at.endsWith('-busy')) await fs.utimes(at, (time += 1), time);
        return fs.lstat(at, options);
      } } });
      const error = await failure(put(plugin, '{}'));
      assert.ok(error instanceof AuthError);
      assert.deepEqual([error.errorCode, error.retryable], ['cache_store_failed', true]);
      assert.ok(error.errorMessage.includes(`15 seconds by ${holder}`), error.errorMessage);
      assert.ok(world.elapsed >= 15_000 && world.elapsed < 15_500);
      assert.deepEqual(readdirSync(lock), [name], 'it is left as it is');
      rmSync(lock, { recursive: true });
    }
  });

  it('is touched by its holder', async () => {
    const rename = held('rename');
    const { plugin, world } = start({ fs: rename.fs });
    const written = put(plugin, '{}');
    await rename.reached;
    const file = join(lock, readdirSync(lock)[0]);
    await fs.utimes(file, 1, 1);
    world.touches[0]();
    await until(() => statSync(file).mtimeMs > 1000);
    rename.go();
    await written;
  });

  it('is broken by two at once, and then one of them has it', async () => {
    // B finds the dead lock, and removes it only after A has removed it, has the lock and is about to write.
    leave('here-9-dead');
    const [unlink, rename] = [held('unlink'), held('rename')];
    const b = start({ pid: 2, alive: [1, 2], fs: { ...unlink.fs } });
    const bRead = await b.plugin.readCache(undefined);
    const bWrites = b.plugin.writeCache('{"b":1}', bRead.version);
    await unlink.reached;
    const a = start({ pid: 1, alive: [1, 2], fs: rename.fs });
    const aWrites = put(a.plugin, '{"a":1}');
    await rename.reached;
    assert.equal(readdirSync(lock).length, 1);
    unlink.go();
    await until(() => b.world.waits > 5);
    assert.match(readdirSync(lock).join(), /^here-1-[^,]*$/, 'what A holds is not touched');
    rename.go();
    assert.equal(typeof (await aWrites), 'string');
    assert.equal(await bWrites, null, 'A has written meanwhile');
    assert.equal(stored(), '{"a":1}');
    nothingIsLeft();
  });

  it('is had by neither of two who come at the same moment, and then by one after the other', async () => {
    // Both have seen that the lock is free before either puts a file there.
    const open = held('open');
    const late = { open: (at, flags, mode) => (flags === 'wx' ? open.fs.open(at, flags, mode) : fs.open(at, flags, mode)) };
    const [a, b] = [1, 2].map((pid) => start({ pid, alive: [1, 2], fs: late }));
    const writes = [a, b].map(({ plugin }, number) => put(plugin, `{"${number}":1}`));
    await open.reached;
    await until(() => existsSync(lock));
    open.go();
    const versions = await Promise.all(writes);
    assert.deepEqual(versions.map((version) => typeof version).sort(), ['object', 'string'], 'one is late');
    nothingIsLeft();
  });

  it('that was lost by a holder who slept lets it write nothing', async () => {
    // It sleeps after all that it looks at, just before it renames.
    await put(start().plugin, '{"first":1}');
    const rename = held('rename');
    const sleeper = start({ pid: 2, machine: () => 'there', fs: rename.fs });
    const sleeps = put(sleeper.plugin, '{"sleeper":1}');
    await rename.reached;
    const { plugin, world } = start();
    assert.equal(typeof (await put(plugin, '{"other":1}')), 'string');
    assert.ok(world.elapsed >= 5000);
    rename.go();
    assert.equal(await sleeps, null);
    assert.equal(stored(), '{"other":1}');
    nothingIsLeft();
  });

  it('that was lost by a holder who slept while another has it lets it write nothing either', async () => {
    await put(start().plugin, '{"first":1}');
    const [sleeping, writing] = [held('rename'), held('rename')];
    const sleeps = put(start({ pid: 2, machine: () => 'there', fs: sleeping.fs }).plugin, '{"sleeper":1}');
    await sleeping.reached;
    const writes = put(start({ fs: writing.fs }).plugin, '{"other":1}');
    await writing.reached;
    sleeping.go();
    assert.equal(await sleeps, null);
    assert.equal(stored(), '{"first":1}');
    assert.equal(readdirSync(lock).length, 1, 'the lock of the other is left alone');
    writing.go();
    assert.equal(typeof (await writes), 'string');
    assert.equal(stored(), '{"other":1}');
    nothingIsLeft();
  });

  it('is kept for the next try of one who came too late twice, and for a second only', async () => {
    const acts = [];
    const every = (milliseconds, act) => (acts.push([milliseconds, act]), () => {});
    const late = start({ every });
    const other = start().plugin;
    await put(other, '{"n":0}');
    for (let round = 1; round <= 2; round += 1) {
      const { version } = (await late.plugin.readCache(undefined));
      await put(other, `{"n":${round}}`);
      assert.equal(await late.plugin.writeCache('{"late":1}', version), null);
    }
    assert.equal(readdirSync(lock).length, 1);
    const { version } = await late.plugin.readCache(undefined);
    assert.equal(typeof (await late.plugin.writeCache('{"late":1}', version)), 'string');
    nothingIsLeft();

    for (let round = 1; round <= 2; round += 1) {
      const { version } = await late.plugin.readCache(undefined);
      await put(other, `{"n":${round}}`);
      assert.equal(await late.plugin.writeCache('{"late":2}', version), null);
    }
    const [milliseconds, release] = acts.at(-1);
    assert.equal(milliseconds, 1000);
    assert.equal(readdirSync(lock).length, 1);
    release();
    await until(() => !existsSync(lock));
  });

  it('is not taken through a link, from another user\'s folder, or over a file', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    const refused = async (plugin) => {
      const error = await failure(put(plugin, '{"secret":1}'));
      assert.equal(error.errorCode, 'cache_store_failed');
      assert.ok(error.errorMessage.startsWith(`${lock} is in the way`), error.errorMessage);
      assert.equal(existsSync(path), false);
    };
    // What is there is left alone, though it is old and named as one of the lock's might be.
    for (const names of [[], ['report-2024-final']]) {
      for (const name of names) writeFileSync(join(elsewhere, name), '');
      symlinkSync(elsewhere, lock);
      await refused(start().plugin);
      assert.deepEqual(readdirSync(elsewhere), names);
      rmSync(lock);
    }
    writeFileSync(lock, '');
    await refused(start().plugin);
    rmSync(lock);
    mkdirSync(lock);
    const lstat = async (at, options) => Object.assign(await fs.lstat(at, options), at === lock && { uid: 4321n });
    await refused(start({ uid: () => 1234, fs: { lstat } }).plugin);
  });
});
