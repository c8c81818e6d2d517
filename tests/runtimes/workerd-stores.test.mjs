// Caches in real Workers KV and Durable Objects, as workerd has them.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { cachePluginTests } from '../../pkg/testing.js';
import { jwt } from '../js/support/jwt.mjs';
import { startScripted } from '../js/support/scripted.mjs';
import { consumer } from './support/consumer.mjs';
import { exec, ROOT } from './support/runtimes.mjs';
import { bundledByWrangler, cloudflareTypes, VERSION, workerd } from './support/workerd.mjs';

const RECENT = '2026-11-17';
const OBJECTS = { SQLITE: { className: 'Tokens', useSQLite: true }, KEYS: { className: 'OldTokens', useSQLite: false } };

let project;
let server;
let host;
let modules;
let worker;
/** Called with the person whose token is renewed, before the server answers. */
let onRefresh = async () => {};
before(async () => {
  project = await consumer('workerd-stores');
  modules = await bundledByWrangler(project.folder, ['worker.mjs', '--name', 'stores', '--compatibility-date', RECENT]);
  server = await startScripted({
    '/token'({ count, body }, response) {
      const person = new URLSearchParams(body).get('refresh_token').split('-')[1];
      const now = Math.floor(Date.now() / 1000);
      const id_token = jwt({ iss: server.origin, aud: 'the-client', sub: person, preferred_username: person, iat: now, exp: now + 3600 });
      const secrets = { access_token: `AT-${person}-${count}`, refresh_token: `RT-${person}-${count}`, id_token };
      const text = JSON.stringify({ token_type: 'Bearer', expires_in: 3600, ...secrets });
      onRefresh(person).then(() => response.writeHead(200, { 'content-type': 'application/json' }).end(text));
    },
  });
  host = workerd();
});
after(async () => {
  await host?.close();
  await server?.close();
  project?.remove();
});

let storage;
beforeEach(async () => {
  onRefresh = async () => {};
  storage = mkdtempSync(join(tmpdir(), 'doorcode-stores-'));
  await start();
});
afterEach(() => rmSync(storage, { recursive: true, force: true }));

/** Starts the worker, or starts it again. */
async function start() {
  worker = await host.start({
    compatibilityDate: RECENT, modules, bindings: { AUTHORITY: server.origin }, durableObjects: OBJECTS, kvNamespaces: ['KV'],
    resourcePersistencePath: storage,
  });
}

/** Has a store do something; resolves to what the worker says of it. */
async function tell(store, task, ...args) {
  const response = await fetch(`${worker.origin}/${store}/${task}`, { method: 'POST', body: JSON.stringify(args) });
  return response.json();
}

/** The same for what is to go well. */
async function ask(store, task, ...args) {
  const { value, error, ended } = await tell(store, task, ...args);
  assert.deepEqual([error, ended], [undefined, undefined], task);
  return value;
}

const allPassed = (options) => Object.fromEntries(cachePluginTests(() => {}, options).map(({ name }) => [name, 'passed']));

const STORES = [
  ['KV', 'Workers KV', { keepsConcurrentWrites: false, accounts: 10_000 }],
  ['SQLITE', 'a Durable Object with SQLite', { accounts: 10_000 }],
  ['KEYS', 'a Durable Object with keys and values', { accounts: 10_000 }],
];

for (const [binding, name, options] of STORES) describe(name, () => {
  it(`runs in workerd ${VERSION}, ${name}`, async () => {
    assert.deepEqual(await ask(`${binding}/all`, 'conform', options), allPassed(options));
    assert.equal(worker.output(), '', 'no warning');
  });

  it('keeps the cache when the process ends', async () => {
    const store = `${binding}/ada`;
    const token = await ask(store, 'signIn', 'ada');
    await start();
    assert.deepEqual(await ask(store, 'people'), ['ada']);
    assert.deepEqual(await ask(store, 'token', 'ada'), [token, true]);
  });

  it('keeps caches apart by their keys', async () => {
    await ask(`${binding}/one`, 'signIn', 'ada');
    await ask(`${binding}/other`, 'signIn', 'grace');
    assert.deepEqual(await ask(`${binding}/one`, 'people'), ['ada']);
    assert.deepEqual(await ask(`${binding}/other`, 'people'), ['grace']);
  });
});

describe('doorcode/cache/kv', () => {
  it('takes stores as Cloudflare declares them', async () => {
    await cloudflareTypes(project.folder, 'cloudflare.d.ts', RECENT);
    writeFileSync(join(project.folder, 'typed.ts'), `
      import { DurableObject } from 'cloudflare:workers';
      import { PublicClientApplication } from 'doorcode';
      import { DurableObjectCachePlugin, KvCachePlugin } from 'doorcode/cache/kv';
      export class Session extends DurableObject<{ TOKENS: KVNamespace }> {
        use() {
          const inKv = new KvCachePlugin(this.env.TOKENS, { key: 'a', expirationTtl: 60 });
          const inObject = new DurableObjectCachePlugin(this.ctx.storage, { key: 'a' });
          return [inKv, inObject].map((cachePlugin) => new PublicClientApplication({ auth: { clientId: 'a' }, cache: { cachePlugin } }));
        }
      }`);
    const compilerOptions = { noEmit: true, strict: true, target: 'es2022', lib: ['es2024'], module: 'preserve', types: [] };
    writeFileSync(join(project.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['cloudflare.d.ts', 'typed.ts'] }));
    const checked = exec(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], { cwd: project.folder });
    assert.equal(await checked.then(() => '', ({ stdout }) => stdout), '');
  });
});

describe('Workers KV', () => {
  it('takes over what other plugins have stored, as text or as JSON of it', async () => {
    await ask('KV/ada', 'signIn', 'ada');
    const text = await ask('KV/ada', 'get');
    for (const stored of [text, JSON.stringify(text)]) {
      await ask('KV/old', 'put', stored);
      assert.deepEqual(await ask('KV/old', 'people'), ['ada']);
      await ask('KV/old', 'signIn', 'grace');
      assert.deepEqual(await ask('KV/old', 'people'), ['ada', 'grace']);
    }
  });

  it('forgets the cache at the end of its time', async () => {
    const left = await ask('KV/short', 'fillFor', 120);
    assert.ok(left > 60 && left <= 120, `${left} seconds`);
  });

  it('refuses more than a value may hold, and keeps what is there', async () => {
    await ask('KV/full', 'fill', 'x', 25 * 1024 * 1024);
    const { error } = await tell('KV/full', 'fill', 'y', 25 * 1024 * 1024 + 1);
    assert.deepEqual(error, {
      isAuthError: true,
      errorCode: 'cache_store_failed',
      message: 'cache_store_failed: The token cache has 26214401 bytes, and Workers KV takes 26214400; nothing was changed.',
      remedy: 'Keep a cache for each person, with a key of its own.',
      retryable: false,
    });
    assert.deepEqual(await ask('KV/full', 'look'), ['x', 25 * 1024 * 1024]);
  });

  it('leaves what is damaged as it is', async () => {
    for (const stored of ['damaged', '"dam', '"damaged"', '{"Account":{']) {
      await ask('KV/damaged', 'put', stored);
      for (const task of ['signIn', 'people']) {
        const { error } = await tell('KV/damaged', task, 'ada');
        assert.deepEqual([error.errorCode, error.message.includes('dam')], ['invalid_cache_record', false]);
      }
      assert.equal(await ask('KV/damaged', 'get'), stored);
    }
  });
});

for (const [binding, name] of STORES.slice(1)) describe(name, () => {
  it('is the storage that is meant', async () => {
    assert.equal(await ask(`${binding}/one`, 'isSqlite'), binding === 'SQLITE');
  });

  it('loses nothing of two requests of which one waits for the network', async () => {
    const store = `${binding}/two`;
    for (const person of ['ada', 'grace', 'linus']) await ask(store, 'signIn', person);
    onRefresh = async (person) => {
      if (person !== 'ada') return;
      await ask(store, 'signOut', 'grace');
      await ask(store, 'signIn', 'edsger');
    };
    const token = await ask(store, 'renew', 'ada');
    assert.deepEqual(await ask(store, 'people'), ['ada', 'edsger', 'linus']);
    assert.deepEqual(await ask(store, 'token', 'ada'), [token, true]);
  });

  it('brings nobody back who signed out while their token was renewed', async () => {
    const store = `${binding}/gone`;
    for (const person of ['ada', 'grace']) await ask(store, 'signIn', person);
    onRefresh = async () => ask(store, 'signOut', 'ada');
    await tell(store, 'renew', 'ada');
    assert.deepEqual(await ask(store, 'people'), ['grace']);
    assert.doesNotMatch(JSON.stringify(await ask(store, 'look')), /-ada/);
  });

  it('keeps what many requests do at once', async () => {
    const store = `${binding}/many`;
    const people = Array.from({ length: 20 }, (_, number) => `person${number}`).sort();
    await Promise.all(people.map((person) => ask(store, 'signIn', person)));
    assert.deepEqual(await ask(store, 'people'), people);
    const [leave, stay] = [people.slice(0, 10), people.slice(10)];
    await Promise.all([...leave.map((person) => ask(store, 'signOut', person)), ...stay.map((person) => ask(store, 'renew', person))]);
    assert.deepEqual(await ask(store, 'people'), stay);
  });

  it('keeps a cache in as many parts as it takes, and no part more', async () => {
    const store = `${binding}/parts`;
    const part = 120 * 1024;
    for (const [length, parts] of [[18_000_000, 147], [part * 2 + 1, 3], [part * 2, 2], [2, 1], [part * 129, 129], [1, 1]]) {
      assert.equal(await ask(store, 'fill', 'x', length), 'string');
      assert.deepEqual(await ask(store, 'look'), ['x', length]);
      const { tokens, ...stored } = await ask(store, 'list');
      assert.equal(tokens.parts, parts);
      assert.deepEqual(Object.keys(stored).sort(), Array.from({ length: parts }, (_, number) => `tokens#${number}`).sort());
      assert.equal(Object.values(stored).reduce((sum, size) => sum + size, 0), length);
    }
    // The letter has four bytes, and comes every eleven: at the end of the eighth part, the ninth and the tenth a different part of it.
    assert.equal(await ask(store, 'fill', '🚪', part * 9), 'string');
    assert.deepEqual(await ask(store, 'look'), ['🚪', part * 9], 'a letter that is in two parts');
  });

  it('has the cache of before or the new one, whole, at whatever moment the object ends', async () => {
    const store = `${binding}/ends`;
    const large = 300_000;
    const small = 200_000;
    const found = [];
    for (let end = 0; end < 6; end++) {
      await ask(store, 'fill', 'a', large);
      const { ended } = await tell(store, 'fillAndEnd', end, 'b', small);
      found.push([ended, ...await ask(store, 'look')].join());
      const { tokens, ...stored } = await ask(store, 'list');
      assert.equal(Object.keys(stored).length, tokens.parts);
    }
    // A read, and the three steps of a write; then it is not ended any more.
    const ended = 'the test ends it';
    assert.deepEqual(found.slice(0, 4), Array.from({ length: 4 }, () => `${ended},a,${large}`));
    assert.ok([`${ended},a,${large}`, `${ended},b,${small}`].includes(found[4]), found[4]);
    assert.equal(found[5], `,b,${small}`);
  });

  it('takes over what another plugin has stored as one text', async () => {
    const store = `${binding}/old`;
    await ask(`${binding}/new`, 'signIn', 'ada');
    const text = await ask(`${binding}/new`, 'look');
    await ask(store, 'put', 'tokens', text);
    assert.deepEqual(await ask(store, 'people'), ['ada']);
    assert.deepEqual(await ask(store, 'list'), { tokens: text }, 'reading changes nothing');
    await ask(store, 'signIn', 'grace');
    assert.deepEqual(await ask(store, 'people'), ['ada', 'grace']);
    assert.equal((await ask(store, 'list')).tokens.parts, 1);
  });

  it('leaves what is none of its own as it is', async () => {
    const store = `${binding}/foreign`;
    const heads = [-1, 1, 1e9, '1'].map((parts) => ({ parts, version: 'x' }));
    for (const value of [5, null, {}, [], { parts: 1 }, ...heads]) {
      await ask(store, 'put', 'tokens', value);
      for (const task of ['signIn', 'people']) {
        const { error } = await tell(store, task, 'ada');
        assert.deepEqual([error.isAuthError, error.errorCode, error.retryable], [true, 'cache_store_failed', false]);
        assert.match(error.message, /no token cache of doorcode's, or is damaged; it was left as it is\.$/);
        assert.ok(error.remedy);
      }
      assert.deepEqual(await ask(store, 'list'), { tokens: value });
    }
  });

  it('takes a cache of which a part is missing for damaged', async () => {
    const store = `${binding}/missing`;
    await ask(store, 'fill', 'x', 300_000);
    await ask(store, 'remove', 'tokens#1');
    const { error } = await tell(store, 'people');
    assert.equal(error.errorCode, 'cache_store_failed');
    assert.deepEqual(Object.keys(await ask(store, 'list')).sort(), ['tokens', 'tokens#0', 'tokens#2']);
  });
});
