// Caches in real Deno KV: in memory, and in a file that several processes of Deno share.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { approve } from '../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { cachePluginTests } from '../../pkg/testing.js';
import { consumer } from './support/consumer.mjs';
import { registry } from './support/registry.mjs';
import { deno, exec, HERE, ROOT, versionOf } from './support/runtimes.mjs';

const MOST = 736 * 1024;
const PART = 60 * 1024;
const KEY = ['tokens', 'race'];

describe('Deno KV', async () => {
  const version = await versionOf(deno());
  let project;
  let npm;
  let folder;
  let env;
  before(async () => {
    project = await consumer('deno');
    npm = await registry(project.tarball);
    folder = mkdtempSync(join(tmpdir(), 'doorcode-deno-kv-'));
    cpSync(join(HERE, 'consumers/deno-kv'), folder, { recursive: true });
    env = {
      PATH: process.env.PATH, HOME: folder, DENO_DIR: join(folder, '.cache'), NPM_CONFIG_REGISTRY: npm.url, DENO_NO_PACKAGE_JSON: '1',
      DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1',
    };
    await exec(deno(), ['cache', '--quiet', 'main.ts'], { cwd: folder, env }); // so that no two processes fetch it at once
  });
  after(async () => {
    await npm?.close();
    project?.remove();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  let store;
  /** The processes of Deno that a test has started. */
  let started = [];
  beforeEach(() => {
    store = join(mkdtempSync(join(folder, 'store-')), 'kv.db');
  });
  afterEach(async () => {
    await Promise.all(started.map(({ end }) => end()));
    started = [];
  });

  /** A process with a store. `ask` has it do something, one after the other. */
  function start(file = store) {
    const child = spawn(deno(), ['run', '--no-prompt', '--quiet', `--allow-read=${folder}`, `--allow-write=${folder}`, 'main.ts', file], {
      cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'],
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const waiting = [];
    let output = '';
    child.stderr.on('data', (text) => (output += text));
    child.stdin.on('error', () => {}); // it was killed
    createInterface(child.stdout).on('line', (line) => waiting.shift()(JSON.parse(line)));
    ended.then(() => waiting.splice(0).forEach((resolve) => resolve({ ended: true })));
    const tell = (...task) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(task)}\n`);
      });
    const process = {
      tell,
      async ask(...task) {
        const { value, error, ended } = await tell(...task);
        assert.deepEqual([error, ended], [undefined, undefined], `${task[0]} ${output}`);
        return value;
      },
      output: () => output,
      kill: () => child.kill('SIGKILL'),
      async end() {
        child.stdin.end();
        const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
        await ended;
        clearTimeout(timer);
      },
    };
    started.push(process);
    return process;
  }

  for (const [where, file] of [['a file', () => store], ['memory', () => ':memory:']]) {
    it(`runs in Deno ${version}, Deno KV in ${where}`, async () => {
      const process = start(file());
      const options = { accounts: 400 };
      const expected = Object.fromEntries(cachePluginTests(() => {}, options).map(({ name }) => [name, 'passed']));
      assert.deepEqual(await process.ask('conform', options), expected);
      assert.equal(process.output(), '', 'no warning');
    });
  }

  it('takes a store as Deno declares it', async () => {
    await exec(deno(), ['check', '--quiet', 'main.ts'], { cwd: folder, env });
  });

  it('loses nothing, and brings nobody back, of what two processes do at once', async () => {
    const processes = [start(), start()];
    const names = (which) => Array.from({ length: 50 }, (_, number) => `${which}-${String(number).padStart(2, '0')}`);
    const isToLeave = (_, number) => number % 3 === 0;
    /** Signs people in; each third one is signed out again two steps later. */
    const work = async (which) => {
      const people = names(which);
      for (const [number, person] of people.entries()) {
        await processes[which].ask('signIn', person);
        if (number >= 2 && isToLeave(null, number - 2)) await processes[which].ask('signOut', people[number - 2]);
      }
    };
    const stays = (person, number) => !isToLeave(person, number) || number > 47;
    await Promise.all([work(0), work(1)]);
    const stay = [0, 1].map((which) => names(which).filter(stays));
    assert.deepEqual(await processes[0].ask('people'), stay.flat());

    // Each signs out whom the other has signed in, and somebody else in.
    const swap = async (which) => {
      for (const [number, person] of stay[1 - which].entries()) {
        await processes[which].ask('signOut', person);
        if (number % 10 === 0) await processes[which].ask('signIn', `${person}-again`);
      }
    };
    await Promise.all([swap(0), swap(1)]);
    const again = stay.flatMap((people) => people.filter((_, number) => number % 10 === 0)).map((person) => `${person}-again`);
    for (const process of [...processes, start()]) assert.deepEqual(await process.ask('people'), again);
  });

  it('has the cache of before or the new one, whole, when a process is killed while it writes, and blocks nobody', async () => {
    const stays = start();
    const length = 5 * PART;
    await stays.ask('fill', '0', length);
    const letters = 'abcdefghij';
    for (let round = 0; round < 12; round++) {
      const dies = start();
      await dies.ask('look');
      const writes = dies.tell('writeMany', letters.repeat(20), length);
      for (let reads = 0; reads <= round; reads++) assert.equal((await stays.ask('look'))[1], length);
      dies.kill();
      assert.deepEqual(await writes, { ended: true });
      const [letter, found] = await stays.ask('look');
      assert.ok(`0${letters}`.includes(letter) && found === length, `${letter} ${found}`);
      assert.equal(await stays.ask('fill', '0', length - round), 'string');
      assert.deepEqual(await stays.ask('look'), ['0', length - round]);
      assert.equal((await stays.ask('list')).length, 6);
      await stays.ask('fill', '0', length);
    }
  });

  it('shows a cache that is replaced while it is read whole, of one size or another', async () => {
    const process = start();
    const large = PART * 12; // which is read in two goes
    for (const [before, writes] of [
      [large, [['b', large]]], [large, [['b', 1]]], [1, [['b', large]]], [1, [['b', 1]]],
      [large, [null, ['b', large]]], [large, [null, ['b', 1]]],
      [large, [['c', 1], ['d', large], null, ['b', large]]],
    ]) {
      await process.ask('fill', 'a', before);
      const [, length] = writes.at(-1);
      assert.deepEqual(await process.ask('readBetween', writes.map((write) => write ?? [])), [true, 'b', length]);
    }
    await process.ask('fill', 'a', large);
    const { error } = await process.tell('readBetween', Array.from({ length: 30 }, (_, number) => ['bc'[number % 2], large]));
    assert.deepEqual([error.errorCode, error.retryable], ['cache_store_failed', true]);
  });

  it('keeps a cache in as many parts as it takes, and no part more', async () => {
    const process = start();
    for (const [length, parts] of [[MOST, 13], [PART * 2 + 1, 3], [PART * 2, 2], [PART * 11, 11], [1, 1], [0, 0]]) {
      assert.equal(await process.ask('fill', 'x', length), 'string');
      assert.deepEqual(await process.ask('look'), length ? ['x', length] : '');
      const [[key, head], ...stored] = await process.ask('list');
      assert.deepEqual([key, head], [KEY, { parts }]);
      assert.deepEqual(stored.map(([key]) => key), Array.from({ length: parts }, (_, number) => [...KEY, 'part', number]));
      assert.equal(stored.reduce((sum, [, size]) => sum + size, 0), length);
    }
  });

  it('takes as much under the longest key, and refuses more and keeps what is there', async () => {
    const process = start();
    for (const key of [KEY, ['k'.repeat(2000)]]) {
      assert.equal(await process.ask('fill', 'x', MOST, key), 'string');
      assert.equal(await process.ask('fill', 'y', MOST, key), 'string', 'in the place of as much');
      const { error: { stack, cause, ...error } } = await process.tell('fill', 'z', MOST + 1, key);
      assert.deepEqual(error, {
        isAuthError: true,
        errorCode: 'cache_store_failed',
        message: `cache_store_failed: The token cache has ${MOST + 1} bytes, and an atomic operation of Deno KV takes ${MOST}; `
          + 'nothing was changed.',
        remedy: 'Keep a cache for each person, with a key of its own.',
        retryable: false,
      });
      assert.deepEqual(await process.ask('look', key), ['y', MOST]);
    }
  });

  it('takes over what another plugin has stored as one text', async () => {
    const [process, other] = [start(), start(':memory:')];
    await process.ask('signIn', 'ada');
    const text = await process.ask('look');
    await other.ask('put', KEY, text);
    assert.deepEqual(await other.ask('people'), ['ada']);
    assert.deepEqual(await other.ask('list'), [[KEY, text]], 'reading changes nothing');
    await other.ask('signIn', 'grace');
    assert.deepEqual(await other.ask('people'), ['ada', 'grace']);
  });

  it('leaves what is none of its own as it is', async () => {
    const process = start();
    for (const value of [5, true, {}, [], { parts: -1 }, { parts: 1.5 }, { parts: 1e9 }, { parts: '1' }]) {
      await process.ask('put', KEY, value);
      for (const task of [['signIn', 'ada'], ['people']]) {
        const { error } = await process.tell(...task);
        assert.deepEqual([error.isAuthError, error.errorCode, error.retryable], [true, 'cache_store_failed', false]);
        assert.match(error.message, /no token cache of doorcode's, or is damaged; it was left as it is\.$/);
        assert.ok(error.remedy);
      }
      assert.deepEqual(await process.ask('list'), [[KEY, value]]);
    }
  });

  it('reads no cache of which a part is missing or another', async () => {
    const process = start();
    for (const spoil of [['remove', [...KEY, 'part', 1]], ['put', [...KEY, 'part', 1], 'x']]) {
      await process.tell('remove', KEY);
      await process.ask('fill', 'x', PART * 3);
      await process.ask(...spoil);
      const { error } = await process.tell('people');
      assert.deepEqual([error.errorCode, error.retryable], ['cache_store_failed', true]);
      assert.match(error.message, /could not be read whole in 10 tries/);
    }
  });

  it('has the parts of a cache expire after what says how many there are', async () => {
    const [[head, { expireIn: first }], [part, { expireIn: later }]] = await start().ask('expiring');
    assert.deepEqual([head, first, part], ['expiring', 3_600_000, 0]);
    assert.ok(later > first);
  });

  it('says what went wrong with a store that is closed or cannot be written, and shows nothing of it', async () => {
    const process = start();
    const { error } = await process.tell('closed');
    const { isAuthError, errorCode, retryable, cause } = error;
    assert.deepEqual([isAuthError, errorCode, retryable, cause], [true, 'cache_store_failed', false, 'BadResource: Bad resource ID']);
    assert.deepEqual(await process.ask('print'), ['DenoKvCachePlugin {}', '{}']);
  });

  describe('examples/deno-kv', () => {
    /** Makes the waits between polls short. */
    const hurry = join(ROOT, 'tests/js/support/hurry.mjs');
    const [, line] = /^deno (.*cli\.ts)$/m.exec(readFileSync(join(ROOT, 'examples/deno-kv/README.md'), 'utf8'));
    const command = line.replace('login.microsoftonline.com', '127.0.0.1').split(' ');
    let example;
    let server;
    before(async () => {
      server = await startAuthorizationServer({
        interval: 1,
        onPoll: async ({ count, userCode }) => {
          if (count === 2) await approve(`${server.issuer}/device`, userCode);
        },
      });
    });
    after(() => server?.close());
    beforeEach(() => {
      example = mkdtempSync(join(folder, 'example-'));
      cpSync(join(ROOT, 'examples/deno-kv'), example, { recursive: true });
    });

    /** What the README says to type. */
    async function run(args = [], words = command) {
      const line = ['run', '--preload', hurry, '--quiet', '--no-prompt', ...words.slice(1), ...args];
      const options = { cwd: example, env: { ...env, CLIENT_ID, AUTHORITY: server.issuer }, timeout: 60_000, killSignal: 'SIGKILL' };
      const { code = 0, stdout, stderr } = await exec(deno(), line, options).catch((error) => error);
      const text = `${stdout}${stderr}`;
      return { code, text, last: text.trim().split('\n').at(-1) };
    }

    it(`runs in Deno ${version}, examples/deno-kv: signs in, is remembered, signs out`, async () => {
      const first = await run();
      assert.deepEqual([first.code, first.last], [0, 'signed in as ada@example.com'], first.text);
      assert.match(first.text, /enter the code [A-Z]{4}-[A-Z]{4}\.\nThe access token is new\./);
      assert.equal(statSync(join(example, 'tokens')).mode & 0o777, 0o700);
      assert.deepEqual(readdirSync(join(example, 'tokens')), ['kv.db']);

      const second = await run();
      assert.deepEqual([second.code, second.last], [0, 'signed in as ada@example.com'], second.text);
      assert.match(second.text, /^The access token was at hand\./);

      const third = await run(['sign-out']);
      assert.deepEqual([third.code, third.text], [0, 'signed out\n']);
      assert.match((await run()).text, /enter the code/);
    });

    it('agrees with the types', async () => {
      await exec(deno(), ['check', '--quiet', 'cli.ts'], { cwd: example, env });
    });

    it('needs each of the permissions that its README gives', async () => {
      const permissions = command.filter((word) => word.startsWith('--allow-'));
      assert.equal(permissions.length, 4);
      for (const permission of permissions) {
        const { code, text } = await run([], command.filter((word) => word !== permission));
        assert.equal(code, 1, `without ${permission}: ${text}`);
      }
    });
  });
});
