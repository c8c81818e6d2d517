// A key in a real keyring: `@napi-rs/keyring` and a Secret Service, in Node.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { compactDecrypt } from './node_modules/jose/dist/webapi/index.js';
import { authorizationServer, consumer } from './support/consumer.mjs';
import { exec, MODULES, node, ROOT, versionOf } from './support/runtimes.mjs';
import { home, keyringVersion, logIn } from './support/secret-service.mjs';

const PINNED = { linux: { store: 'secret-service' } };
const program = node(24);
/** Makes the waits between polls short. */
const HURRY = join(ROOT, 'tests/js/support/hurry.mjs');

describe('a key in the keyring', async () => {
  const [version, ofKeyring] = await Promise.all([versionOf(program), keyringVersion()]);
  let project;
  let file;
  let ours;
  let session;
  let children;
  before(async () => {
    project = await consumer('keyring');
    symlinkSync(join(MODULES, '@napi-rs'), join(project.folder, 'node_modules/@napi-rs'));
    file = join(project.folder, 'cache.jwe');
  });
  after(() => project?.remove());
  beforeEach(async () => {
    children = [];
    ours = home();
    session = await logIn(ours.env);
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(file, { force: true });
    await session?.close();
    ours.remove();
  });

  /** A process that is ready; `go` has it sign in, if it has a name, and say who is there or what went wrong. */
  async function start(name, { kind = 'AsyncEntry', options = PINNED, env = session.env } = {}) {
    const args = ['person.mjs', file, kind, JSON.stringify(options ?? null), ...(name ? [name] : [])];
    const child = spawn(program, args, { cwd: project.folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
    children.push(child);
    let said = '';
    child.stderr.on('data', (text) => (said += text));
    const ended = once(child, 'close');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async () => {
      const { value } = await lines.next();
      if (value === undefined) await ended.then(() => assert.fail(said));
      return value;
    };
    assert.equal(await next(), 'ready');
    return {
      async go() {
        child.stdin.write('go\n');
        return JSON.parse(await next());
      },
    };
  }
  const run = async (name, options) => (await start(name, options)).go();

  /** Does something with the entry itself, as another program would. */
  async function withEntry(code) {
    const script = `const { Entry } = require('@napi-rs/keyring');
      const entry = new Entry('doorcode-test', 'token-cache', ${JSON.stringify(PINNED)});
      console.log(JSON.stringify(${code}));`;
    const { stdout } = await exec(program, ['--input-type=commonjs', '-e', script], { cwd: project.folder, env: session.env });
    return JSON.parse(stdout);
  }

  for (const kind of ['Entry', 'AsyncEntry']) {
    it(`runs in Node ${version}, keyring (gnome-keyring ${ofKeyring}, ${kind})`, async () => {
      assert.deepEqual(await run(undefined, { kind }), { people: [] });
      assert.equal(await withEntry('entry.getPassword()'), null, 'who only looks puts no key there');
      assert.deepEqual(await run('ada', { kind }), { people: ['ada'] });
      const password = await withEntry('entry.getPassword()');
      assert.match(password, /^[\w-]{43}$/);
      const stored = readFileSync(file, 'utf8');
      const { plaintext } = await compactDecrypt(stored, Buffer.from(password, 'base64url'));
      assert.match(`${Buffer.from(plaintext)}`, /RT-ada/);
      assert.doesNotMatch(stored, /ada/);

      // The person logs out, and in again.
      await session.close();
      session = await logIn(ours.env);
      assert.deepEqual(await run('grace', { kind }), { people: ['ada', 'grace'] });
      assert.equal(await withEntry('entry.getPassword()'), password);
    });
  }

  it('is one for all processes that start at the same time', async () => {
    const names = ['ada', 'grace', 'linus', 'margaret'];
    for (let round = 0; round < 3; round += 1) {
      const kinds = ['Entry', 'AsyncEntry'];
      const processes = await Promise.all(names.map((name, number) => start(name, { kind: kinds[number % 2] })));
      for (const ended of await Promise.all(processes.map(({ go }) => go()))) assert.ok(ended.people?.length > 0, JSON.stringify(ended));
      assert.deepEqual(await run(), { people: names });
      rmSync(file);
      assert.equal(await withEntry('entry.deleteCredential()'), true);
    }
  });

  it('that was deleted, is missed, and nothing is changed', async () => {
    await run('ada');
    const stored = readFileSync(file, 'utf8');
    await withEntry('entry.deleteCredential()');
    for (const name of [undefined, 'grace']) {
      const { errorCode, message, remedy } = await run(name);
      assert.equal(errorCode, 'cache_decryption_failed');
      assert.match(message, /the keyring has no key for it/);
      assert.match(remedy, /keyring/);
    }
    assert.equal(readFileSync(file, 'utf8'), stored);
    assert.equal(await withEntry('entry.getPassword()'), null);
  });

  it('cannot be had where the keyring went away, or is locked, and nothing is changed', async () => {
    await run('ada');
    const stored = readFileSync(file, 'utf8');
    for (const [name, kind] of [[undefined, 'Entry'], ['grace', 'Entry'], [undefined, 'AsyncEntry'], ['grace', 'AsyncEntry']]) {
      const started = await start(name, { kind });
      await session.close();
      const { errorCode, remedy, cause } = await started.go();
      assert.equal(errorCode, 'cache_store_failed');
      assert.match(remedy, /Secret Service/);
      assert.ok(cause);
      session = await logIn(ours.env);
    }
    await session.close();
    session = await logIn(ours.env, { isLocked: true });
    for (const name of [undefined, 'grace']) {
      const { errorCode, people } = await run(name);
      assert.equal(people, undefined);
      assert.match(errorCode, /^cache_(store|decryption)_failed$/);
    }
    assert.equal(readFileSync(file, 'utf8'), stored);
    // Where nothing is stored yet, nothing is.
    rmSync(file);
    const { errorCode } = await run('grace');
    assert.equal(errorCode, 'cache_store_failed');
    assert.equal(existsSync(file), false);
  });

  it('is not found in the kernel\'s keyring, which an entry falls back to that is not told otherwise', async () => {
    await run('ada');
    const stored = readFileSync(file, 'utf8');
    const { errorCode, people } = await run('grace', { options: undefined, env: ours.env });
    assert.equal(people, undefined);
    assert.match(errorCode, /^cache_(store|decryption)_failed$/);
    assert.equal(readFileSync(file, 'utf8'), stored);
    const told = await run('grace', { env: ours.env });
    assert.equal(told.errorCode, 'cache_store_failed');
    assert.match(told.cause, /DBus error/);
    assert.equal(readFileSync(file, 'utf8'), stored);
  });

  describe('examples/keyring-cli', () => {
    let folder;
    let server;
    before(async () => {
      server = await authorizationServer();
    });
    after(() => server?.close());
    beforeEach(() => {
      folder = join(project.folder, 'keyring-cli');
      mkdirSync(folder);
      cpSync(join(ROOT, 'examples/keyring-cli/cli.mjs'), join(folder, 'cli.mjs'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    /** As its README has it, with short waits between polls. */
    async function cli(args = [], env = session.env) {
      const { clientId, authority } = server.auth;
      const all = { ...env, CLIENT_ID: clientId, AUTHORITY: authority };
      const options = { cwd: folder, env: all, timeout: 60_000, killSignal: 'SIGKILL' };
      const { code = 0, stdout, stderr } = await exec(program, ['--import', HURRY, 'cli.mjs', ...args], options).catch((error) => error);
      return { code, text: stdout + stderr, lines: (stdout + stderr).trim().split('\n') };
    }
    const left = () => readdirSync(folder).sort();

    it(`runs in Node ${version}, examples/keyring-cli: signs in, is remembered, signs out`, async () => {
      const first = await cli();
      assert.equal(first.code, 0, first.text);
      assert.match(first.lines[0], /enter the code/);
      assert.deepEqual(first.lines.slice(1), ['The access token is new.', 'signed in as ada@example.com']);
      assert.deepEqual(left(), ['cli.mjs', 'token-cache.jwe']);
      assert.match(readFileSync(join(folder, 'token-cache.jwe'), 'utf8'), /^eyJ[\w.-]+$/);
      assert.deepEqual((await cli()).lines, ['The access token was at hand.', 'signed in as ada@example.com']);
      assert.deepEqual((await cli(['sign-out'])).lines, ['signed out']);
      assert.match((await cli()).lines[0], /enter the code/);
    });

    it('says so where no keyring is, asks nobody, and leaves nothing', async () => {
      const { code, lines, text } = await cli([], ours.env);
      assert.equal(code, 1);
      assert.equal(lines.length, 2, text);
      assert.equal(lines[0], 'cache_store_failed: The keyring cannot be read.');
      assert.match(lines[1], /Secret Service/);
      assert.deepEqual(left(), ['cli.mjs']);
    });
  });

  describe('the command, with --store encrypted', () => {
    let server;
    before(async () => {
      server = await authorizationServer();
    });
    after(() => server?.close());

    async function command(name, more = [], env = session.env) {
      const { clientId, authority } = server.auth;
      const args = [join(project.folder, 'node_modules/doorcode/cli/doorcode.js'), name, '--client-id', clientId, '--authority', authority, '--store', 'encrypted', ...more];
      const options = { cwd: project.folder, env, timeout: 60_000, killSignal: 'SIGKILL' };
      const { code = 0, stdout, stderr } = await exec(program, ['--import', HURRY, ...args], options).catch((error) => error);
      return { code, stdout, lines: stderr.trim().split('\n') };
    }
    const kept = () => join(ours.env.HOME, '.local/state/doorcode/token-cache.jwe');
    const isLeft = () => existsSync(kept());

    it(`runs in Node ${version}, as a command with a key in the keyring`, async () => {
      const first = await command('get-token');
      assert.deepEqual([first.code, first.lines.at(-1)], [0, '  The token is kept in ~/.local/state/doorcode/token-cache.jwe']);
      assert.match(readFileSync(kept(), 'utf8'), /^eyJ[\w.-]+$/);
      assert.equal((statSync(kept()).mode & 0o777).toString(8), '600');
      const second = await command('get-token', ['--silent']);
      assert.deepEqual([second.code, second.stdout], [0, first.stdout]);
      assert.deepEqual((await command('sign-out')).lines, ['ok: Signed out ada@example.com.']);
      assert.equal((await command('get-token', ['--silent'])).code, 3);
    });

    it('says so where no keyring is, asks nobody, and leaves nothing', async () => {
      const { code, stdout, lines } = await command('get-token', [], ours.env);
      assert.deepEqual([code, stdout, lines.length], [1, '', 2], lines.join('\n'));
      assert.match(lines[0], /^error: The keyring cannot be read/);
      assert.match(lines[1], /Secret Service/);
      assert.equal(isLeft(), false);
    });
  });
});
