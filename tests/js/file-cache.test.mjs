// The token cache in a file: what is read and when, modes and links, damage, defaults, and what other libraries have left.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import * as msal7 from '@azure/msal-node';
import * as msal2 from 'msal-node-2';
import { AuthError, ClientConfigurationError } from 'doorcode';
import { FileCachePlugin } from 'doorcode/cache/file';
import { cachePluginTests } from 'doorcode/testing';
import { app, AUTHORITY, BEHAVIOUR, failure, homes, scopes, signIn, storedBlob, until } from './support/app.mjs';
import { CLIENT, homeAccountId, PERSON, startEntra, TENANT } from './support/entra.mjs';
import { startMsalPython } from './support/msal-python.mjs';

const ADA = homeAccountId(PERSON);
const BLOBS = new URL('../rust/blobs/', import.meta.url);

let entra;
let folder;
let path;
before(async () => {
  entra = await startEntra(BEHAVIOUR);
});
after(() => entra.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doorcode-file-'));
  path = join(folder, 'token-cache.json');
  entra.seen.length = 0;
  Object.assign(entra.options, BEHAVIOUR);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const stored = () => readFileSync(path, 'utf8');
const mode = (at) => (statSync(at).mode & 0o777).toString(8);
async function put(plugin, text) {
  const { version } = await plugin.readCache(undefined);
  return plugin.writeCache(text, version);
}
const refusal = async (plugin) => {
  const error = await failure(plugin.readCache(undefined));
  assert.ok(error instanceof AuthError, inspect(error));
  assert.equal(error.errorCode, 'cache_store_failed');
  assert.ok(error.remedy.length > 10);
  return error;
};

describe('FileCachePlugin', () => {
  const create = () => {
    const own = mkdtempSync(join(tmpdir(), 'doorcode-file-'));
    return { open: () => new FileCachePlugin({ path: join(own, 'a/b/token-cache.json') }), close: () => rmSync(own, { recursive: true }) };
  };
  for (const { name, run } of cachePluginTests(create)) it(name, run);

  it('serves msal-node: a sign-in, another process, a sign-out', async () => {
    const start = () => new msal7.PublicClientApplication({ auth: { clientId: CLIENT, authority: AUTHORITY }, cache: { cachePlugin: new FileCachePlugin({ path }) } });
    const { accessToken } = await signIn(start());
    assert.deepEqual([homes(stored()), mode(path)], [[ADA], '600']);
    const pca = start();
    const [account] = await pca.getAllAccounts();
    assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    await pca.signOut({ account });
    assert.deepEqual([homes(stored()), await start().getAllAccounts()], [[], []]);
  });

  it('shows nothing of the cache where it is printed, and in no error', async () => {
    const cachePlugin = new FileCachePlugin({ path });
    const { accessToken } = await signIn(app({ cachePlugin }));
    const token = accessToken.slice(0, 12);
    assert.ok(stored().includes(token));
    writeFileSync(path, stored().slice(0, -20));
    const { version } = await cachePlugin.readCache(undefined);
    rmSync(path);
    mkdirSync(path);
    const errors = [await failure(cachePlugin.readCache(undefined)), await failure(cachePlugin.writeCache('{}', version))];
    for (const value of [cachePlugin, ...errors, ...errors.map(({ cause }) => cause)]) {
      for (const text of [inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value), `${value}`]) assert.ok(!text.includes(token), text);
    }
    assert.equal(JSON.stringify(cachePlugin), JSON.stringify({ path }));
  });
});

describe('the file', () => {
  it('is not read again as long as it is the same', async () => {
    let reads = 0;
    let time = Date.now() + 60_000; // so that what is written now is old
    const open = (...args) => ((reads += args[1] === 'wx' || args[1] === 'r' ? 0 : 1), fs.open(...args));
    const world = { now: () => time, fs: { ...fs, open } };
    const plugin = new FileCachePlugin({ path }, world);
    writeFileSync(path, '{"one":1}', { mode: 0o600 });
    const { cache, version } = await plugin.readCache(undefined);
    assert.deepEqual([cache, reads], ['{"one":1}', 1]);
    for (let round = 0; round < 3; round += 1) assert.equal(await plugin.readCache(version), null);
    assert.equal((await plugin.readCache(undefined)).cache, cache);
    assert.equal(reads, 1);

    const mine = await plugin.writeCache('{"two":2}', version);
    assert.equal(reads, 1, 'nor for a write');
    assert.equal(await plugin.readCache(mine), null);
    assert.equal(reads, 2, 'once after it');
    assert.equal(await plugin.readCache(mine), null);
    assert.equal(reads, 2);

    // As long as it is fresh, it may change without a change of its dates.
    time = Date.now();
    writeFileSync(path, '{"six":3}');
    const fresh = await plugin.readCache(mine);
    assert.deepEqual([fresh.cache, reads], ['{"six":3}', 3]);
    assert.equal(await plugin.readCache(fresh.version), null);
    assert.equal(reads, 4);
    time = Date.now() - 3_600_000; // as a clock that is set back has it
    assert.equal(await plugin.readCache(fresh.version), null);
    assert.equal(await plugin.readCache(fresh.version), null);
    assert.equal(reads, 6, 'what is of the future is never old');
  });

  it('is read again when somebody else wrote, in whatever way', async () => {
    const plugin = new FileCachePlugin({ path }, { now: () => Date.now() + 60_000 });
    await put(plugin, '{"one":1}');
    let version;
    const read = async () => {
      const found = await plugin.readCache(version);
      version = found?.version ?? version;
      return found?.cache;
    };
    await read();
    const old = new Date(2000, 1);
    for (const [text, write] of [
      ['{"two":2}', () => writeFileSync(path, '{"two":2}')],
      ['{"six":3}', () => (writeFileSync(path, '{"six":3}'), utimesSync(path, old, old))],
      ['{"new":4}', () => (writeFileSync(`${path}.new`, '{"new":4}'), utimesSync(`${path}.new`, old, old), fs.rename(`${path}.new`, path))],
      ['', () => rmSync(path)],
      ['{"new":5}', () => writeFileSync(path, '{"new":5}')],
    ]) {
      await write();
      assert.equal(await read(), text);
      assert.equal(await read(), undefined);
    }
  });

  it('is for its owner alone, whatever the mask, as are the folders above it', () => {
    const source = `
      import { FileCachePlugin } from 'doorcode/cache/file';
      process.umask(Number(process.argv[1]));
      const plugin = new FileCachePlugin({ path: process.argv[2] });
      await plugin.writeCache('{}', (await plugin.readCache()).version);`;
    for (const mask of [0, 0o022, 0o277, 0o177]) {
      const at = join(folder, `mask${mask}`);
      mkdirSync(at, { mode: 0o700 });
      // A mask that takes leave from the owner is for whoever is not root a folder that cannot be used.
      const target = mask & 0o700 ? join(at, 'cache') : join(at, 'a/b/cache');
      execFileSync(process.execPath, ['--input-type=module', '--eval', source, `${mask}`, target], { cwd: new URL('.', import.meta.url) });
      assert.equal(mode(target), '600');
      if (mask === 0) assert.deepEqual([mode(join(at, 'a')), mode(join(at, 'a/b'))], ['700', '700']);
    }
  });

  it('that others may read is made to be for its owner alone, once it is read', async () => {
    writeFileSync(path, '{}');
    chmodSync(path, 0o664);
    await new FileCachePlugin({ path }).readCache(undefined);
    assert.equal(mode(path), '600');
  });

  it('is refused where it is a link, a folder, a pipe or another user\'s', async () => {
    const target = join(folder, 'target');
    writeFileSync(target, '{}', { mode: 0o644 });
    symlinkSync(target, path);
    const link = await refusal(new FileCachePlugin({ path }));
    assert.match(link.message, /is a symbolic link/);
    assert.equal(link.remedy, 'Pass the path that it leads to.');
    assert.deepEqual([mode(target), readFileSync(target, 'utf8')], ['644', '{}'], 'it is left alone');
    rmSync(path);
    symlinkSync(join(folder, 'nowhere'), path);
    assert.match((await refusal(new FileCachePlugin({ path }))).message, /is a symbolic link/);
    rmSync(path);

    // A link that comes in between is not followed either.
    writeFileSync(path, '{}');
    const swapped = { ...fs, open: async (...args) => (rmSync(path), symlinkSync(target, path), fs.open(...args)) };
    assert.equal((await refusal(new FileCachePlugin({ path }, { fs: swapped }))).cause.code, 'ELOOP');
    rmSync(path);

    mkdirSync(path);
    assert.match((await refusal(new FileCachePlugin({ path }))).message, /is not a file/);
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', [path]);
    assert.match((await refusal(new FileCachePlugin({ path }))).message, /is not a file/);
    rmSync(path);
    writeFileSync(path, '{}');
    const foreign = await refusal(new FileCachePlugin({ path }, { uid: () => 4321 }));
    assert.match(foreign.message, /belongs to another user/);
    assert.match(foreign.remedy, /^Give it to this user/, 'as after sudo');
    if (process.getuid() === 0) chownSync(path, 4321, 4321);
    assert.match((await refusal(new FileCachePlugin({ path }, { uid: () => 0 }))).message, /another user/, 'to the administrator too');
  });

  it('may be in a folder that a link leads to', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    await put(new FileCachePlugin({ path: join(folder, 'link/cache') }), '{}');
    assert.deepEqual(readdirSync(join(folder, 'real')), ['cache']);
  });

  it('is tried again where Windows says that others are in the way, and the old one stays if that does not end', async () => {
    await put(new FileCachePlugin({ path }), '{"old":1}');
    for (const call of ['rename', 'lstat', 'open', 'mkdir', 'readdir']) {
      for (const [times, isWritten] of [[3, true], [100, false]]) {
        const text = JSON.stringify({ call, times });
        const refused = { left: 0 };
        const waits = [];
        const step = async (...args) => {
          if ((refused.left -= 1) >= 0) throw Object.assign(new Error('EPERM: operation not permitted'), { code: 'EPERM' });
          return fs[call](...args);
        };
        const plugin = new FileCachePlugin({ path }, { platform: 'win32', fs: { ...fs, [call]: step }, sleep: async (milliseconds) => void waits.push(milliseconds) });
        const { version } = await plugin.readCache(undefined);
        refused.left = times;
        const written = plugin.writeCache(text, version);
        if (isWritten) assert.equal(typeof (await written), 'string', call);
        else assert.equal((await failure(written)).cause.code, 'EPERM', call);
        assert.equal(stored(), JSON.stringify({ call, times: 3 }));
        assert.ok(waits.length < 10 && waits.every((wait) => wait < 2000), `${waits}`);
        assert.deepEqual(readdirSync(folder), ['token-cache.json']);
      }
    }
  });

  it('in a place that takes no folders is refused', async () => {
    const mkdir = async (at, options) => {
      // As in /proc, where Node would try for ever.
      if (options.recursive) assert.fail('it never ends');
      if (at.startsWith(join(folder, 'taken'))) throw Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT' });
      return fs.mkdir(at, options);
    };
    const error = await failure(put(new FileCachePlugin({ path: join(folder, 'taken/no/folder/cache') }, { fs: { ...fs, mkdir } }), '{}'));
    assert.deepEqual([error.errorCode, error.cause.code], ['cache_store_failed', 'ENOENT']);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('that was mounted by itself, as containers do, is refused with what to do', async () => {
    const rename = async () => Promise.reject(Object.assign(new Error('EBUSY: resource busy or locked'), { code: 'EBUSY' }));
    for (const [platform, retryable] of [['linux', false], ['win32', true]]) {
      const error = await failure(put(new FileCachePlugin({ path }, { platform, fs: { ...fs, rename }, sleep: async () => {} }), '{}'));
      assert.deepEqual([error.errorCode, error.retryable], ['cache_store_failed', retryable], platform);
      assert.match(error.remedy, /Mount the folder/);
    }
  });

  it('that is where no file can be is refused with what to do', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const [at, code, remedy] of [
      [join(folder, 'file/below'), 'ENOTDIR', /each part but the last is a folder/],
      [join(folder, 'x'.repeat(300)), 'ENAMETOOLONG', /shorter/],
    ]) {
      const error = await refusal(new FileCachePlugin({ path: at }));
      assert.deepEqual([error.cause.code, error.retryable], [code, false]);
      assert.ok(error.message.includes(at) && error.message.includes(code));
      assert.match(error.remedy, remedy);
    }
    // As Deno says that it was not given leave.
    const lstat = () => Promise.reject(Object.assign(new Error('Requires read access'), { name: 'NotCapable' }));
    assert.match((await refusal(new FileCachePlugin({ path }, { fs: { ...fs, lstat } }))).remedy, /--allow-read=\S+ --allow-write=/);
  });
});

describe('a damaged file', () => {
  const sleep = async () => {};
  const aside = () => readdirSync(folder).filter((name) => name.startsWith('token-cache.json.unreadable-'));

  it('is kept under a dated name, reported, and the cache begins anew', async () => {
    const { text, accessToken } = await storedBlob();
    const latin1 = Buffer.from(text.replace('Ada', 'Zo\xeb'), 'latin1'); // a cache but for one letter
    for (const damaged of [text.slice(0, -30), 'nothing of ours', latin1, Buffer.alloc(100)]) {
      writeFileSync(path, damaged, { mode: 0o644 });
      const events = [];
      const now = () => Date.UTC(2026, 0, 2, 3, 4, 5, 678);
      const cachePlugin = new FileCachePlugin({ path, onSetAside: async (event) => void events.push(event) }, { sleep, now });
      const pca = app({ cachePlugin });
      assert.deepEqual(await pca.getAllAccounts(), []);
      const [name, ...more] = aside();
      assert.deepEqual(more, []);
      assert.match(name, /\.unreadable-20260102T030405Z-[0-9a-f]{8}$/);
      assert.deepEqual(readFileSync(join(folder, name)), Buffer.from(damaged));
      assert.equal(mode(join(folder, name)), '600');
      assert.deepEqual(events.map(({ path, keptAs, reason }) => [path, keptAs, reason.errorCode]), [[path, join(folder, name), 'invalid_cache_record']]);
      assert.ok(!inspect(events).includes(accessToken.slice(0, 12)));
      await signIn(pca);
      assert.deepEqual(homes(stored()), [ADA]);
      rmSync(join(folder, name));
    }
  });

  it('is kept for msal-node as well', async () => {
    writeFileSync(path, 'damaged');
    const cachePlugin = new FileCachePlugin({ path, onSetAside() {} }, { sleep });
    const pca = new msal7.PublicClientApplication({ auth: { clientId: CLIENT, authority: AUTHORITY }, cache: { cachePlugin } });
    assert.deepEqual(await pca.getAllAccounts(), []);
    assert.equal(aside().length, 1);
    await signIn(pca);
    assert.deepEqual(homes(stored()), [ADA]);
  });

  it('is said in a warning of the process if nobody listens', async () => {
    writeFileSync(path, 'damaged');
    const warnings = [];
    const listen = (warning) => warnings.push([warning.code, warning.message]);
    process.on('warning', listen);
    const print = process.stderr.write;
    process.stderr.write = () => true; // what Node prints of it
    try {
      await app({ cachePlugin: new FileCachePlugin({ path }, { sleep }) }).getAllAccounts();
      await until(() => warnings.length > 0);
    } finally {
      process.off('warning', listen);
      process.stderr.write = print;
    }
    assert.equal(warnings[0][0], 'DOORCODE_CACHE_SET_ASIDE');
    assert.ok(warnings[0][1].includes(join(folder, aside()[0])));
  });

  it('is looked at once more, for somebody may be writing into it', async () => {
    const { text } = await storedBlob();
    writeFileSync(path, text.slice(0, 100));
    const cachePlugin = new FileCachePlugin({ path, onSetAside: () => assert.fail('it is whole') }, { sleep: async () => writeFileSync(path, text) });
    assert.deepEqual((await app({ cachePlugin }).getAllAccounts()).map(({ homeAccountId }) => homeAccountId), [ADA]);
    assert.deepEqual([aside(), stored()], [[], text]);
  });

  it('is what failed, or it stays', async () => {
    writeFileSync(path, 'one');
    const plugin = new FileCachePlugin({ path, onSetAside: () => assert.fail('it is another') }, { sleep });
    const one = await plugin.readCache(undefined);
    writeFileSync(path, 'other');
    const other = await plugin.readCache(one.version);
    await plugin.setAside(one.version, new Error('damaged'));
    rmSync(path);
    await plugin.setAside(other.version, new Error('damaged'));
    assert.deepEqual(readdirSync(folder), []);
  });

  it('fails the operation with what onSetAside throws, after it was kept', async () => {
    writeFileSync(path, 'damaged');
    const thrown = new Error('stop');
    const pca = app({ cachePlugin: new FileCachePlugin({ path, onSetAside: async () => Promise.reject(thrown) }, { sleep }) });
    assert.equal(await failure(pca.getAllAccounts()), thrown);
    assert.deepEqual([aside().length, await pca.getAllAccounts()], [1, []]);
  });

  it('is not what has no room in memory, nor what another fault kept from being read', async () => {
    writeFileSync(path, '{}');
    for (const thrown of [new RangeError('Invalid string length'), new WebAssembly.RuntimeError('unreachable'), new TypeError('a fault elsewhere')]) {
      const plugin = new FileCachePlugin({ path, onSetAside: () => assert.fail('it is whole') }, { sleep });
      const tokenCache = { serialize: () => assert.fail('nothing was read'), deserialize: () => { throw thrown; } };
      assert.equal(await failure(plugin.beforeCacheAccess({ tokenCache, cacheHasChanged: false })), thrown);
      assert.deepEqual([stored(), aside()], ['{}', []]);
    }
  });

  it('is not taken for one that is encrypted', async () => {
    const encrypted = `${Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')}..c2l4dGVlbg.Y2lwaGVy.dGFn`;
    writeFileSync(path, encrypted);
    for (const operate of [(pca) => pca.getAllAccounts(), signIn]) {
      const error = await failure(operate(app({ cachePlugin: new FileCachePlugin({ path }, { sleep }) })));
      assert.ok(error instanceof AuthError);
      assert.equal(error.errorCode, 'cache_store_failed');
      assert.match(error.remedy, /EncryptedCachePlugin/);
      assert.deepEqual([stored(), readdirSync(folder)], [encrypted, ['token-cache.json']]);
    }
  });
});

describe('the path', () => {
  it('is by default where the platform keeps what programs know of a user', () => {
    const at = (platform, env, options, home = () => '/home/ada') => new FileCachePlugin(options, { platform, env, home }).path;
    for (const [found, expected] of [
      [at('linux', { HOME: '/home/ada' }), '/home/ada/.local/state/doorcode/token-cache.json'],
      [at('linux', {}), '/home/ada/.local/state/doorcode/token-cache.json'],
      [at('linux', { XDG_STATE_HOME: '/state' }, { name: 'my tool' }), '/state/my tool/token-cache.json'],
      [at('linux', { XDG_STATE_HOME: 'state' }), '/home/ada/.local/state/doorcode/token-cache.json'],
      [at('freebsd', { XDG_STATE_HOME: '' }), '/home/ada/.local/state/doorcode/token-cache.json'],
      [at('darwin', { XDG_STATE_HOME: '/state' }, { name: '工具' }), '/home/ada/Library/Application Support/工具/token-cache.json'],
      [at('win32', { LOCALAPPDATA: 'D:\\Local' }, { name: 'tool' }), 'D:\\Local\\tool\\token-cache.json'],
      [at('win32', { USERPROFILE: 'C:\\Users\\Ada' }), 'C:\\Users\\Ada\\AppData\\Local\\doorcode\\token-cache.json'],
      [at('win32', {}, {}, () => 'C:\\Users\\Ada'), 'C:\\Users\\Ada\\AppData\\Local\\doorcode\\token-cache.json'],
    ]) assert.equal(found, expected);
    for (const home of [() => '', () => { throw new Error('no entry'); }]) {
      assert.throws(() => at('linux', {}, {}, home), { name: 'ClientConfigurationError', field: 'path' });
    }
  });

  it('may be a file: URL, and a relative one counts from where the process was', async () => {
    for (const url of [pathToFileURL(path), pathToFileURL(path).href]) assert.equal(new FileCachePlugin({ path: url }).path, path);
    const before = process.cwd();
    try {
      process.chdir(folder);
      const plugin = new FileCachePlugin({ path: 'token-cache.json' });
      process.chdir(before);
      await put(plugin, '{}');
      assert.equal(relative(await fs.realpath(plugin.path), await fs.realpath(path)), '');
    } finally {
      process.chdir(before);
    }
  });

  it('and the other options are checked at once', () => {
    for (const [options, field] of [
      [null, 'the argument'], ['/path', 'the argument'],
      [{ path: '' }, 'path'], [{ path: 1 }, 'path'], [{ path: 'a\0b' }, 'path'], [{ path: new URL('https://id.example/x') }, 'path'], [{ path: 'file://host/x' }, 'path'],
      [{ migrateFrom: {} }, 'migrateFrom'], [{ path: '/x', migrateFrom: '/x' }, 'migrateFrom'],
      [{ path: '/x', name: 'tool' }, 'name'], [{ name: 1 }, 'name'], [{ onSetAside: 'log' }, 'onSetAside'],
      ...['', '.', '..', 'a/b', 'a\\b', 'a:b', 'a\0', 'a ', 'a.', 'NUL', 'com1.txt', 'x'.repeat(101)].map((name) => [{ name }, 'name']),
    ]) {
      assert.throws(() => new FileCachePlugin(options), (error) => error instanceof ClientConfigurationError && error.field === field, inspect(options));
    }
    for (const options of [undefined, {}, { path: undefined, name: null }, { name: '.tool' }, { name: '@contoso' }]) new FileCachePlugin(options);
  });
});

describe('a cache of another library', () => {
  /** What the libraries wrote, as programs that use them store it. */
  const caches = new Map();
  before(async () => {
    for (const [name, { PublicClientApplication }] of [['msal-node 7', msal7], ['msal-node 2', msal2]]) {
      const send = async (url, { headers, body, method } = {}) => {
        const answer = await fetch(url, { method, headers, body });
        return { status: answer.status, headers: {}, body: await answer.json() };
      };
      const networkClient = {
        sendGetRequestAsync: (url, options) => send(url, options),
        sendPostRequestAsync: (url, options) => send(url, { method: 'POST', ...options }),
      };
      const pca = new PublicClientApplication({ auth: { clientId: CLIENT, authority: AUTHORITY }, system: { networkClient } });
      Object.assign(entra.options, BEHAVIOUR);
      const { accessToken } = await signIn(pca);
      caches.set(name, { text: pca.getTokenCache().serialize(), accessToken });
    }
    const python = await startMsalPython(entra);
    try {
      for (const [name, tenant] of [['MSAL Python', TENANT], ['the Azure CLI', 'organizations']]) {
        const of = { client_id: CLIENT, authority: `https://login.microsoftonline.com/${tenant}` };
        const { result, cache } = await python.call('sign_in', of, undefined, { scopes });
        caches.set(name, { text: cache, accessToken: result.access_token, authority: of.authority });
      }
    } finally {
      await python.close();
    }
  });

  for (const name of ['msal-node 7', 'msal-node 2', 'MSAL Python', 'the Azure CLI']) {
    const start = (options) => app({ cachePlugin: new FileCachePlugin(options), clock: { now: Date.now, sleep: async () => {} }, auth: { authority: caches.get(name).authority ?? AUTHORITY } });

    it(`is used as it is, by its path: ${name}`, async () => {
      const { text, accessToken } = caches.get(name);
      writeFileSync(path, text);
      const pca = start({ path });
      const [account] = await pca.getAllAccounts();
      assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
      await pca.signOut({ account });
      assert.deepEqual([homes(stored()), mode(path)], [[], '600']);
    });

    it(`is taken over, and left as it is: ${name}`, async () => {
      const { text, accessToken } = caches.get(name);
      const old = join(folder, 'msal.json');
      const link = join(folder, 'link.json');
      entra.options.rotate = false; // each time begins with the same refresh token
      writeFileSync(old, text);
      chmodSync(old, 0o644);
      symlinkSync(old, link);
      for (const migrateFrom of [old, pathToFileURL(old), link]) {
        const pca = start({ path, migrateFrom });
        const [account] = await pca.getAllAccounts();
        assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
        assert.deepEqual(readdirSync(folder).sort(), ['link.json', 'msal.json'], 'reading stores nothing');
        const renewed = await pca.acquireTokenSilent({ scopes, account, forceRefresh: true });
        assert.ok(stored().includes(renewed.accessToken));
        await pca.signOut({ account });
        assert.deepEqual(await start({ path, migrateFrom }).getAllAccounts(), [], 'who left does not come back');
        assert.deepEqual([readFileSync(old, 'utf8'), mode(old)], [text, '644']);
        rmSync(path);
      }
    });
  }

  it('is taken over by one of two who write at once, and the other adds to that', async () => {
    const { text } = caches.get('msal-node 7');
    const migrateFrom = join(folder, 'msal.json');
    writeFileSync(migrateFrom, text);
    const [one, other] = [1, 2].map(() => new FileCachePlugin({ path, migrateFrom }));
    const [mine, theirs] = [await one.readCache(undefined), await other.readCache(undefined)];
    assert.equal(typeof (await one.writeCache('{"one":1}', mine.version)), 'string');
    assert.equal(await other.writeCache('{"other":1}', theirs.version), null);
    assert.equal((await other.readCache(theirs.version)).cache, '{"one":1}');
  });

  it('that is damaged is left as it is, copied, and reported', async () => {
    const migrateFrom = join(folder, 'msal.json');
    writeFileSync(migrateFrom, 'damaged');
    const events = [];
    const pca = app({ cachePlugin: new FileCachePlugin({ path, migrateFrom, onSetAside: (event) => events.push(event) }, { sleep: async () => {} }) });
    assert.deepEqual(await pca.getAllAccounts(), []);
    assert.equal(events[0].path, migrateFrom);
    assert.deepEqual([migrateFrom, events[0].keptAs].map((at) => readFileSync(at, 'utf8')), ['damaged', 'damaged']);
    await signIn(pca);
    assert.deepEqual(homes(stored()), [ADA]);
  });

  it('that cannot be read is the file that the error names', async () => {
    const migrateFrom = join(folder, 'old/msal.json');
    for (const refused of [{ code: 'EACCES' }, { name: 'NotCapable' }]) {
      const stat = async () => Promise.reject(Object.assign(new Error('refused'), refused));
      const error = await refusal(new FileCachePlugin({ path, migrateFrom }, { fs: { ...fs, stat } }));
      assert.ok(error.message.includes(`${migrateFrom} could not be read`), error.message);
      if (refused.name) assert.match(error.remedy, /--allow-read=\S+\/old /);
    }
  });

  it('that is not there is no cache', async () => {
    assert.equal((await new FileCachePlugin({ path, migrateFrom: join(folder, 'none') }).readCache(undefined)).cache, '');
    mkdirSync(join(folder, 'msal.json'));
    await refusal(new FileCachePlugin({ path, migrateFrom: join(folder, 'msal.json') }));
  });

  for (const name of readdirSync(BLOBS)) {
    it(`is read from a file: ${name}`, async () => {
      const text = readFileSync(new URL(name, BLOBS), 'utf8');
      const migrateFrom = join(folder, 'msal.json');
      writeFileSync(migrateFrom, text);
      const direct = app();
      direct.getTokenCache().deserialize(text);
      const accounts = await direct.getAllAccounts();
      assert.ok(accounts.length > 0);
      assert.deepEqual(await app({ cachePlugin: new FileCachePlugin({ path, migrateFrom }) }).getAllAccounts(), accounts);
      writeFileSync(path, text);
      assert.deepEqual(await app({ cachePlugin: new FileCachePlugin({ path }) }).getAllAccounts(), accounts);
    });
  }
});
