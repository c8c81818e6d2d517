// The plugins for Workers KV, Durable Objects and Deno KV, as far as their stores need not be real: what they take, and what they say when a
// store fails. The rest is in tests/runtimes/workerd-stores.test.mjs and deno-kv.test.mjs.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { AuthError, ClientConfigurationError } from 'doorcode';
import { DenoKvCachePlugin, DurableObjectCachePlugin, KvCachePlugin } from 'doorcode/cache/kv';
import { failure } from './support/app.mjs';

const SECRET = 'RT-of-somebody';

/** Stores of which every method throws what the test says. */
const failing = (thrown) => {
  const fails = async () => {
    throw thrown;
  };
  const operation = { check: () => operation, set: () => operation, delete: () => operation, commit: fails };
  return {
    kv: { get: fails, put: fails },
    storage: { get: fails, transaction: fails },
    deno: { get: fails, getMany: fails, atomic: () => operation },
    /** Reads well, and does not write. */
    full: {
      kv: { get: async () => null, put: fails },
      deno: { get: async () => ({ value: null, versionstamp: null }), getMany: fails, atomic: () => operation },
    },
  };
};

const stores = failing(new Error('unused'));

describe('doorcode/cache/kv', () => {
  it('says what to pass where there is no store', () => {
    for (const nothing of [undefined, null, 'TOKENS', {}, { get() {} }]) {
      for (const [Plugin, field, fix] of [
        [KvCachePlugin, 'namespace', /bind a KV namespace in wrangler\.jsonc/],
        [DurableObjectCachePlugin, 'storage', /this\.ctx\.storage/],
        [DenoKvCachePlugin, 'kv', /Deno\.openKv\(\).*--unstable-kv/],
      ]) {
        assert.throws(() => new Plugin(nothing), (error) => {
          assert.ok(error instanceof ClientConfigurationError);
          assert.deepEqual([error.field, error.errorCode], [field, 'invalid_configuration']);
          assert.match(error.remedy, fix);
          return true;
        });
      }
    }
  });

  it('takes no key that would be the same for all, and no time that the store does not', () => {
    const refused = (make, field) => assert.throws(make, { name: 'ClientConfigurationError', field });
    for (const key of ['', undefined, null, 5, ['a']]) {
      refused(() => new KvCachePlugin(stores.kv, { key }), 'key');
      refused(() => new DurableObjectCachePlugin(stores.storage, { key }), 'key');
    }
    for (const key of [undefined, null, '', 'a', [], [''], ['a', undefined], ['a', null], [new Uint8Array()], [['a']]]) {
      refused(() => new DenoKvCachePlugin(stores.deno, { key }), 'key');
    }
    for (const expirationTtl of [59, 60.5, -1, '60', Infinity]) refused(() => new KvCachePlugin(stores.kv, { expirationTtl }), 'expirationTtl');
    for (const expireIn of [-1, '60', NaN]) refused(() => new DenoKvCachePlugin(stores.deno, { expireIn }), 'expireIn');
    for (const Plugin of [KvCachePlugin, DurableObjectCachePlugin, DenoKvCachePlugin]) {
      const store = { KvCachePlugin: stores.kv, DurableObjectCachePlugin: stores.storage, DenoKvCachePlugin: stores.deno }[Plugin.name];
      for (const options of [null, 'key']) assert.throws(() => new Plugin(store, options), { name: 'ClientConfigurationError' });
      for (const options of [undefined, {}]) new Plugin(store, options);
    }
    new DenoKvCachePlugin(stores.deno, { key: ['a', 0, 1n, false, new Uint8Array(1)] });
  });

  it('asks for what the program says', async () => {
    const asked = [];
    const kv = { get: async (...args) => (asked.push(args), null), put: async (...args) => void asked.push(args) };
    await new KvCachePlugin(kv, { key: 'tokens/ada', expirationTtl: 60 }).writeCache('{}', 'none');
    await new KvCachePlugin(kv).writeCache('{}', 'none');
    assert.deepEqual(asked, [
      ['tokens/ada', 'text'], ['tokens/ada', '{}', { expirationTtl: 60 }],
      ['token-cache', 'text'], ['token-cache', '{}', {}],
    ]);
  });

  it('asks the storage of a Durable Object for no more keys at once than that takes', async () => {
    const stored = new Map();
    const few = (keys) => assert.ok(keys.length <= 128, `${keys.length} keys`);
    const transaction = (task) =>
      task({
        get: async (keys) => (typeof keys === 'string' ? stored.get(keys) : (few(keys), new Map(keys.map((key) => [key, stored.get(key)])))),
        put: async (entries) => (few(Object.keys(entries)), Object.entries(entries).forEach(([key, value]) => stored.set(key, value))),
        delete: async (keys) => (few(keys), keys.forEach((key) => stored.delete(key))),
      });
    const plugin = new DurableObjectCachePlugin({ get: async (key) => stored.get(key), transaction }, { key: 'tokens' });
    const large = 'x'.repeat(40_000_000);
    const version = await plugin.writeCache(large, 'none');
    assert.equal(stored.get('tokens').parts, 326);
    assert.ok((await plugin.readCache(undefined)).cache === large);
    assert.ok(await plugin.writeCache('{}', version));
    assert.deepEqual([...stored.keys()].sort(), ['tokens', 'tokens#0']);
  });

  it('says what the store said, whether to try again, and nothing else', async () => {
    const named = (name, message) => Object.assign(new Error(message), { name });
    for (const [thrown, retryable] of [
      [new Error('KV PUT failed: 429 Too Many Requests'), true],
      [new Error('KV PUT failed: 503 Service Unavailable'), true],
      [new Error('Network connection lost.'), true],
      [named('TypeError', 'database is locked'), true],
      [new Error('KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400.'), false],
      [new Error('KV GET failed: 400 Bad Request'), false],
      [named('TypeError', 'Value too large'), false],
      [named('BadResource', 'Bad resource ID'), false],
      [undefined, true],
      ['a string', true],
    ]) {
      if (thrown instanceof Error) Object.assign(thrown, { command: SECRET });
      const { kv, storage, deno, full } = failing(thrown);
      for (const [plugin, operate, since] of [
        [new KvCachePlugin(kv), 'readCache'],
        [new KvCachePlugin(kv), 'writeCache'],
        [new KvCachePlugin(full.kv), 'writeCache'],
        [new DurableObjectCachePlugin(storage), 'readCache'],
        [new DurableObjectCachePlugin(storage), 'writeCache'],
        [new DurableObjectCachePlugin(storage), 'readCache', 'some version'],
        ...(`${thrown}`.includes('locked') ? [] : [
          [new DenoKvCachePlugin(deno), 'readCache'],
          [new DenoKvCachePlugin(deno), 'writeCache'],
          [new DenoKvCachePlugin(full.deno), 'writeCache'],
        ]),
      ]) {
        const error = await failure(operate === 'readCache' ? plugin.readCache(since) : plugin.writeCache(SECRET, 'none'));
        assert.ok(error instanceof AuthError);
        assert.deepEqual([error.errorCode, error.retryable], ['cache_store_failed', retryable]);
        if (thrown instanceof Error) assert.equal(error.cause.message, thrown.message);
        assert.match(error.message, /^cache_store_failed: The token cache could not be (read from|written to) /);
        assert.ok(error.remedy);
        assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(SECRET));
      }
    }
  });

  it('tries a file of Deno KV again that is locked, and gives up in the end', async (test) => {
    test.mock.method(Math, 'random', () => 0);
    let tries = 0;
    let locked = 5;
    const get = async () => {
      tries += 1;
      if (tries <= locked) throw new TypeError('database is locked');
      return { value: '{}', versionstamp: '0001' };
    };
    const plugin = new DenoKvCachePlugin({ ...stores.deno, get });
    assert.deepEqual(await plugin.readCache(undefined), { cache: '{}', version: '0001' });
    assert.equal(tries, 6);
    [tries, locked] = [0, Infinity];
    const error = await failure(plugin.readCache(undefined));
    assert.deepEqual([error.errorCode, error.retryable, error.cause.message, tries], ['cache_store_failed', true, 'database is locked', 100]);
  });

  it('shows neither key nor store where it is printed', () => {
    const secret = { [SECRET]: SECRET };
    for (const plugin of [
      new KvCachePlugin({ ...stores.kv, ...secret }, { key: SECRET }),
      new DurableObjectCachePlugin({ ...stores.storage, ...secret }, { key: SECRET }),
      new DenoKvCachePlugin({ ...stores.deno, ...secret }, { key: [SECRET] }),
    ]) {
      assert.ok(!`${inspect(plugin, { depth: 9, showHidden: true })} ${JSON.stringify(plugin)} ${plugin}`.includes(SECRET));
    }
  });

  it('names no key in an error, for that may be a session’s', async () => {
    const foreign = { get: async () => ({ value: 5, versionstamp: '0001' }), getMany: async () => [], atomic() {} };
    const transaction = (task) => task({ get: async () => 5 });
    const storage = { get() {}, transaction };
    for (const plugin of [new DenoKvCachePlugin(foreign, { key: [SECRET] }), new DurableObjectCachePlugin(storage, { key: SECRET })]) {
      const error = await failure(plugin.readCache(undefined));
      assert.equal(error.errorCode, 'cache_store_failed');
      assert.ok(!inspect(error, { depth: 9 }).includes(SECRET));
    }
  });
});
