// Caches in Workers KV and in Durable Objects. Each request is a task of one store: /<binding>/<name>/<task>, with its arguments as JSON.

import { DurableObject } from 'cloudflare:workers';
import { AuthError, PublicClientApplication } from 'doorcode';
import { DurableObjectCachePlugin, KvCachePlugin } from 'doorcode/cache/kv';
import { cachePluginTests } from 'doorcode/testing';

const scopes = ['api'];

/** A text in which nothing can be missing, or in another place, without a trace. */
const textOf = (letter, length) =>
  Array.from({ length: Math.ceil(length / 8) }, (_, number) => letter + String(number).padStart(7, '0'))
    .join('').slice(0, length).toWellFormed();

/** What can be done with a cache. @param {(key?: string) => object} open makes another plugin */
const tasksOf = (open, { AUTHORITY: authority }) => {
  const application = () =>
    new PublicClientApplication({
      auth: { clientId: 'the-client', authority, authorityMetadata: { issuer: authority, token_endpoint: `${authority}/token` } },
      cache: { cachePlugin: open() },
      system: { protocolMode: 'OIDC' },
    });
  const accountOf = async (pca, person) => (await pca.getAllAccounts()).find(({ username }) => username === person);
  return {
    /** Runs the tests for cache plugins; what went wrong, by their names. */
    async conform(options) {
      const problems = {};
      const create = () => {
        const key = crypto.randomUUID();
        return { open: () => open(key) };
      };
      for (const { name, run } of cachePluginTests(create, options)) {
        problems[name] = await run().then(() => 'passed', ({ stack }) => stack);
      }
      return problems;
    },
    async signIn(person) {
      return (await application().acquireTokenByRefreshToken({ scopes, refreshToken: `RT-${person}`, forceCache: true })).accessToken;
    },
    async renew(person) {
      const pca = application();
      const { accessToken } = await pca.acquireTokenSilent({ scopes, account: await accountOf(pca, person), forceRefresh: true });
      return accessToken;
    },
    async signOut(person) {
      const pca = application();
      await pca.signOut({ account: await accountOf(pca, person) });
    },
    async token(person) {
      const pca = application();
      const { accessToken, fromCache } = await pca.acquireTokenSilent({ scopes, account: await accountOf(pca, person) });
      return [accessToken, fromCache];
    },
    async people() {
      return (await application().getAllAccounts()).map(({ username }) => username).sort();
    },
    /** Stores a text over whatever is there. */
    async fill(letter, length) {
      const plugin = open();
      const { version } = await plugin.readCache(undefined);
      return typeof (await plugin.writeCache(textOf(letter, length), version));
    },
    /** What is stored; the letter and the length of what `fill` has stored. */
    async look() {
      const { cache } = await open().readCache(undefined);
      const letter = String.fromCodePoint(cache.codePointAt(0));
      return cache === textOf(letter, cache.length) ? [letter, cache.length] : cache;
    },
  };
};

/** A storage that ends its object at one of the steps of a transaction, or just after. */
const endingAt = (end, storage, abort) => {
  let steps = 0;
  const step = (begun) => {
    if (steps++ === end) abort();
    return begun;
  };
  return {
    get: (key) => storage.get(key),
    async transaction(closure) {
      const value = await storage.transaction((transaction) =>
        closure({
          get: (key) => transaction.get(key),
          put: (entries) => step(transaction.put(entries)),
          delete: (keys) => step(transaction.delete(keys)),
        }));
      return step(value);
    },
  };
};

export class Tokens extends DurableObject {
  do(task, args) {
    const { storage } = this.ctx;
    const tasks = {
      ...tasksOf((key) => new DurableObjectCachePlugin(storage, { key: key ?? 'tokens' }), this.env),
      isSqlite: () => {
        try {
          return storage.sql.databaseSize > 0;
        } catch {
          return false;
        }
      },
      /** The names and sizes of what is stored; of what is no part, the value. */
      list: async () => Object.fromEntries([...await storage.list()].map(([key, value]) => [key, value?.byteLength ?? value])),
      put: (key, value) => storage.put(key, value),
      remove: (key) => storage.delete(key),
      fillAndEnd: (end, letter, length) => {
        const abort = () => this.ctx.abort('the test ends it');
        return tasksOf(() => new DurableObjectCachePlugin(endingAt(end, storage, abort), { key: 'tokens' }), this.env).fill(letter, length);
      },
    };
    return answer(() => tasks[task](...args));
  }
}

/** The same with a storage of keys and values. */
export class OldTokens extends Tokens {}

const inKv = ({ KV, ...env }, name) => {
  const open = (key, expirationTtl) => new KvCachePlugin(KV, { key: key ?? name, expirationTtl });
  const tasks = {
    ...tasksOf(open, env),
    put: (value) => KV.put(name, value),
    get: () => KV.get(name),
    /** When what is written with a time to live ends, in seconds from now. */
    async fillFor(seconds) {
      await open(name, seconds).writeCache('x', 'none');
      const { keys: [{ expiration }] } = await KV.list({ prefix: name });
      return expiration - Date.now() / 1000;
    },
  };
  return (task, args) => answer(() => tasks[task](...args));
};

/** An object's own errors would lose their class on their way to the worker. */
async function answer(task) {
  try {
    return { value: (await task()) ?? null };
  } catch (error) {
    const { errorCode, message, remedy, retryable } = error;
    return { error: { isAuthError: error instanceof AuthError, errorCode, message, remedy, retryable } };
  }
}

export default {
  async fetch(request, env) {
    const [, binding, name, task] = new URL(request.url).pathname.split('/');
    const args = await request.json();
    try {
      const store = binding === 'KV' ? inKv(env, name) : env[binding].get(env[binding].idFromName(name));
      return Response.json(await (binding === 'KV' ? store(task, args) : store.do(task, args)));
    } catch (error) {
      return Response.json({ ended: error.message });
    }
  },
};
