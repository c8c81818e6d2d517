// The file store on a disk in memory: power is lost, or the disk refuses, at each step of what it does.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthError } from 'doorcode';
import { FileCachePlugin } from 'doorcode/cache/file';
import { dice, Disk } from './support/disk.mjs';

const PATH = '/home/state/doorcode/token-cache.json';
const OLD = JSON.stringify({ Account: { old: 'é'.repeat(50) } });
const NEW = JSON.stringify({ Account: { new: 'ü'.repeat(80) } });
const DAMAGED = OLD.slice(0, -7);
const ROUNDS = 12;

/** A process on the disk. Waiting takes no time. */
function start(disk, { machine = 'thisboot', ...options } = {}) {
  let elapsed = 0;
  return new FileCachePlugin({ path: PATH, ...options }, {
    fs: disk.fs, platform: 'linux', now: disk.now, elapsed: () => elapsed, every: () => () => {}, machine: () => machine, isAlive: () => true, warn() {},
    sleep: async (milliseconds) => void (elapsed += milliseconds),
  });
}

/** Stores a text where another is; the version is the new one. */
async function put(plugin, text) {
  const { version } = (await plugin.readCache(undefined));
  return plugin.writeCache(text, version);
}

/** A disk with a file on it. */
async function diskWith(text) {
  const disk = new Disk();
  if (text !== undefined) assert.equal(typeof await put(start(disk), text), 'string');
  disk.done = [];
  return disk;
}

/** Has everything fail from a step on. */
function loseAt(disk, last) {
  disk.before = (call, path, step) => {
    if (step >= last) throw new Error('the power is gone');
  };
}

/**
 * Takes the power away at each step of an act, many times, and once after it.
 * @returns {Promise<number>} at how many steps
 */
async function everywhere({ text, without = [], act, check }) {
  for (let step = 1; step < 200; step += 1) {
    let isDone = false;
    for (let round = 0; round < ROUNDS; round += 1) {
      const disk = await diskWith(text);
      for (const call of without) disk.without.add(call);
      const plugin = start(disk);
      const { version } = await plugin.readCache(undefined);
      disk.done = [];
      loseAt(disk, step);
      isDone = await act(plugin, version).then(() => disk.done.length < step, () => false);
      disk.cut(dice(1000 * step + round));
      await check({ disk, isDone, where: `at step ${step}, ${disk.done.at(-1)}` });
    }
    if (isDone) return step;
  }
  return assert.fail('it never ended');
}

const setAside = (plugin, version) => plugin.setAside(version, new Error('damaged'));

/** What was set aside. */
const kept = (disk) =>
  Object.entries(disk.files()).filter(([path]) => /token-cache\.json\.unreadable-\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(path)).map(([, text]) => text);

const write = (plugin, version) => plugin.writeCache(NEW, version);

/** What the next process finds is whole, and new if the write was done; the one after it finds what was written then, and nothing is left over. */
const whole = (old) => async ({ disk, isDone, where }) => {
  const later = start(disk, { machine: 'nextboot' });
  const { cache } = await later.readCache(undefined);
  assert.ok(cache === NEW || (cache === old && !isDone), `${where}: ${isDone ? 'done' : 'not done'}, and found ${cache}`);
  assert.equal(typeof await put(later, '{}'), 'string', where);
  assert.deepEqual(Object.keys(disk.files()), ['/home/', '/home/state/', '/home/state/doorcode/', PATH], where);
};

describe('a loss of power', () => {
  it('at any step of a write leaves the old file or the new one, and the new one once the write is done', async () => {
    const steps = await everywhere({ text: OLD, act: write, check: whole(OLD) });
    assert.ok(steps > 12, `${steps}`);
  });

  it('at any step of the first write leaves nothing or the file, and the file once the write is done', async () => {
    const steps = await everywhere({ act: write, check: whole('') });
    assert.ok(steps > 18, `${steps}`);
  });

  for (const call of ['sync', 'syncFolder']) {
    it(`would be noticed, were there no ${call} in it`, async () => {
      await assert.rejects(everywhere({ text: OLD, without: [call], act: write, check: whole(OLD) }), { name: 'AssertionError', message: /and found/ });
    });
  }

  it('at any step of setting aside loses nothing of what was damaged', async () => {
    const steps = await everywhere({
      text: DAMAGED,
      act: setAside,
      check: async ({ disk, isDone, where }) => {
        const text = disk.files()[PATH];
        if (isDone || text === '') assert.deepEqual([text, kept(disk)], ['', [DAMAGED]], where);
        else assert.equal(text, DAMAGED, where);
      },
    });
    assert.ok(steps > 15, `${steps}`);
  });
});

describe('a disk that refuses', () => {
  /**
   * Has one step after another of an act fail.
   * @returns {Promise<number>} how many of them had the act fail
   */
  async function refuse(code, text, act, check) {
    let failures = 0;
    for (let step = 1, isOver = false; !isOver; step += 1) {
      const disk = await diskWith(text);
      const plugin = start(disk);
      const { version } = await plugin.readCache(undefined);
      disk.done = [];
      let refused;
      disk.before = (call, path, count) => {
        if (count !== step) return;
        refused = call;
        throw Object.assign(new Error(`${code}: refused, ${call} '${path}'`), { code });
      };
      const error = await act(plugin, version).then(() => undefined, (error) => error);
      isOver = refused === undefined;
      disk.before = () => {};
      const where = `${code} at ${disk.done[step - 1]}`;
      if (error) {
        failures += 1;
        assert.ok(error instanceof AuthError, where);
        assert.equal(error.errorCode, 'cache_store_failed', where);
        assert.equal(error.retryable, code === 'EMFILE', where);
        assert.equal(error.cause.code, code, where);
        assert.ok(error.errorMessage.includes(PATH) && error.remedy.length > 10, where);
      }
      assert.equal(disk.open, 0, `${where}: all is closed`);
      // What is renamed already stays: it is whole.
      const isRenamed = disk.done.slice(0, step - 1).includes(`rename ${PATH}`);
      check({ files: disk.files(), disk, isDone: !error || isRenamed, where });
      const others = Object.keys(disk.files()).filter((path) => path.includes('.lock'));
      if (refused !== 'unlink' && refused !== 'rmdir') assert.deepEqual(others, [], where);
      // The next write goes well, and takes away what could not be.
      assert.equal((await plugin.readCache(undefined)).cache, disk.files()[PATH], where);
      assert.equal(typeof await put(plugin, '{"next":1}'), 'string', where);
      assert.equal(disk.files()[PATH], '{"next":1}');
      assert.ok(Object.keys(disk.files()).every((path) => !path.includes('.lock')), where);
    }
    return failures;
  }

  for (const code of ['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'EROFS']) {
    it(`with ${code}, at any step of a write, leaves a whole file, no other, and an error that says what to do`, async () => {
      const failures = await refuse(code, OLD, write, ({ files, isDone, where }) => assert.equal(files[PATH], isDone ? NEW : OLD, where));
      assert.ok(failures > 8, `${failures}`);
    });

    it(`with ${code}, at any step of setting aside, leaves what was damaged in one place`, async () => {
      const failures = await refuse(code, DAMAGED, setAside, ({ files, disk, isDone, where }) => {
        // A copy that cannot be removed stays.
        if (where.includes('unlink')) return;
        assert.deepEqual([files[PATH], kept(disk)], isDone ? ['', [DAMAGED]] : [DAMAGED, []], where);
      });
      assert.ok(failures > 12, `${failures}`);
    });
  }
});
