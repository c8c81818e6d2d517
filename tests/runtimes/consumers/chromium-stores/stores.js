// What the tests do with the stores, in a service worker, a page or a worker: functions that they call by name.

import { AuthError, ClientConfigurationError, PublicClientApplication } from 'doorcode';
import { IndexedDbCachePlugin, WebStorageCachePlugin } from 'doorcode/cache/web';
import { cachePluginTests } from 'doorcode/testing';

const ISSUER = 'https://id.example';
const scopes = ['api'];

const plugins = {
  local: (key, options) => new WebStorageCachePlugin(chrome.storage.local, { key, ...options }),
  session: (key, options) => new WebStorageCachePlugin(chrome.storage.session, { key, ...options }),
  sync: (key) => new WebStorageCachePlugin(chrome.storage.sync, { key }),
  sessionStorage: (key, options) => new WebStorageCachePlugin(sessionStorage, { key, ...options }),
  localStorage: (key) => new WebStorageCachePlugin(localStorage, { key }),
  indexedDb: (name, options) => new IndexedDbCachePlugin({ name, ...options }),
};

const removal = {
  local: (key) => chrome.storage.local.remove(key),
  session: (key) => chrome.storage.session.remove(key),
  sessionStorage: (key) => sessionStorage.removeItem(key),
  indexedDb: (name) => settled(indexedDB.deleteDatabase(name)),
};

const fillers = {
  local: (key, text) => chrome.storage.local.set({ [key]: text }),
  session: (key, text) => chrome.storage.session.set({ [key]: text }),
  sessionStorage: async (key, text) => sessionStorage.setItem(key, text),
};

/** A server that signs in whoever a refresh token is named after. */
const networkClient = {
  async sendPostRequestAsync(url, { body }) {
    const person = new URLSearchParams(body).get('refresh_token').replace('RT-', '');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, aud: 'c', sub: person, preferred_username: person, iat: now, exp: now + 3600 };
    const [header, payload] = [{ alg: 'none' }, claims].map((part) => btoa(JSON.stringify(part)).replace(/=+$/, ''));
    const tokens = { access_token: `AT-${person}`, refresh_token: `RT-${person}`, id_token: `${header}.${payload}.` };
    return { status: 200, headers: {}, body: { ...tokens, token_type: 'Bearer', expires_in: 3600, scope: 'api' } };
  },
  async sendGetRequestAsync(url) {
    throw new Error(`nothing is to be asked of ${url}`);
  },
};

function applicationOf(cachePlugin) {
  const auth = { clientId: 'c', authority: ISSUER, authorityMetadata: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` } };
  return new PublicClientApplication({ auth, cache: { cachePlugin }, system: { protocolMode: 'OIDC', networkClient } });
}

/** The application of this context at a store. */
const applications = new Map();
function application({ kind, place, options }) {
  const id = JSON.stringify([kind, place, options]);
  if (!applications.has(id)) applications.set(id, applicationOf(plugins[kind](place, options)));
  return applications.get(id);
}

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const signInAt = (pca, person) => pca.acquireTokenByRefreshToken({ scopes, refreshToken: `RT-${person}`, forceCache: true });

async function signOutAt(pca, person) {
  const account = (await pca.getAllAccounts()).find(({ username }) => username === person);
  if (!account) throw new Error(`${person} is not there`);
  await pca.signOut({ account });
}

/** What an operation came to, as JSON. */
async function outcome(operation) {
  try {
    return { value: await operation() };
  } catch (error) {
    const { errorCode, field, retryable, remedy, message, cause } = error;
    const isTyped = error instanceof AuthError && (errorCode !== 'invalid_configuration' || error instanceof ClientConfigurationError);
    return { isTyped, errorCode, field, retryable, remedy, message, cause: cause && `${cause.name}: ${cause.message}` };
  }
}

let count = 0;

/** Storms that were heard of, by the channel: how many operations were done. */
const heard = new Map();
const held = {};

Object.assign(globalThis, {
  /** The tests that any plugin must pass: how many there were, and what failed. */
  async conform({ kind }) {
    const create = () => {
      const place = `conformance ${++count}`;
      return { open: () => plugins[kind](place), close: () => removal[kind](place) };
    };
    const failures = [];
    const cases = cachePluginTests(create);
    for (const { name, run } of cases) await run().catch((error) => failures.push(`${name}: ${error.message}`));
    return { cases: cases.length, failures };
  },

  construct: ({ kind, place = 'k', options }) => outcome(() => void plugins[kind](place, options)),
  constructOver: ({ area }) => outcome(() => void new WebStorageCachePlugin(area)),
  constructWithoutLocks: () =>
    outcome(() => {
      Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
      try {
        return void plugins.sessionStorage('k');
      } finally {
        delete navigator.locks;
      }
    }),
  constructWithoutIndexedDb: () =>
    outcome(() => {
      const there = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB');
      Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true });
      try {
        return void new IndexedDbCachePlugin();
      } finally {
        Object.defineProperty(globalThis, 'indexedDB', there);
      }
    }),

  signIn: (store) => outcome(async () => void (await signInAt(application(store), store.person))),
  signOut: (store) => outcome(() => signOutAt(application(store), store.person)),
  people: (store) => outcome(async () => (await application(store).getAllAccounts()).map(({ username }) => username).sort()),

  /**
   * Signs many in, and out again those whose names end in "!"; others do so as well. What could not be stored for that is kept in memory,
   * and stored with the next change. Returns how often that was.
   */
  async race({ people, ...store }) {
    const pca = application(store);
    let conflicts = 0;
    const unlessConflict = (operation) =>
      operation.then(() => true, (error) => {
        if (error.errorCode !== 'cache_conflict') throw error;
        conflicts += 1;
      });
    for (const person of people) {
      await unlessConflict(signInAt(pca, person));
      if (person.endsWith('!')) await unlessConflict(signOutAt(pca, person));
    }
    for (let tries = 0; tries < 20; tries += 1) if (await unlessConflict(signInAt(pca, people[0]))) return conflicts;
    throw new Error('others were always faster');
  },

  /** Signs in, and now and then out, until it is ended or has done a thousand; says so in a channel after each. */
  storm(store) {
    const channel = new BroadcastChannel(store.name);
    const pca = application(store);
    const run = async () => {
      for (let number = 0; number < 1000; number += 1) {
        if (number % 3 === 2) await signOutAt(pca, `${store.name}-${number - 2}`);
        else await signInAt(pca, `${store.name}-${number}`);
        channel.postMessage(number + 1);
      }
    };
    run().catch((error) => channel.postMessage(`${error} ${error.cause}`)); // also where it is being ended
  },
  /** Listens to a storm. */
  listen({ name }) {
    const state = { done: 0, failure: '', more() {} };
    heard.set(name, state);
    new BroadcastChannel(name).onmessage = ({ data }) => {
      if (Number.isInteger(data)) state.done = data;
      else state.failure = data;
      state.more();
    };
  },
  /** Waits until a storm has done so much; returns what it has. */
  async hear({ name, least }) {
    const state = heard.get(name);
    while (state.done < least && !state.failure) await new Promise((resolve) => (state.more = resolve));
    if (state.done < least) throw new Error(state.failure);
    return state.done;
  },

  /** Takes the lock of a store, until `release`. */
  lock: ({ place }) =>
    new Promise((taken) =>
      navigator.locks.request(`doorcode ${place}`, () => {
        taken();
        return new Promise((resolve) => (held.release = resolve));
      }),
    ),
  /** Takes the database of a store by a transaction that does not end, until `release`. */
  async holdTransaction({ place }) {
    const database = await settled(indexedDB.open(place));
    const transaction = database.transaction('caches', 'readwrite');
    let isHeld = true;
    const again = () => {
      if (isHeld) transaction.objectStore('caches').get('x').onsuccess = again;
    };
    again();
    held.release = () => {
      isHeld = false;
      transaction.oncomplete = () => database.close();
    };
  },
  /** Has a database be deleted as soon as this context lets go of it, by `release`. */
  async holdConnection({ place }) {
    const database = await settled(indexedDB.open(place));
    database.onversionchange = () => {};
    const request = indexedDB.deleteDatabase(place);
    await new Promise((resolve) => (request.onblocked = resolve));
    held.release = () => database.close();
  },
  release: () => held.release(),

  /** Fills an area, but for some letters. */
  async fill({ kind }) {
    for (let size = 1 << 24; size > 100; size /= 2) await fillers[kind](`filler ${size}`, 'x'.repeat(size)).catch(() => {});
  },
  async empty({ kind }) {
    for (let size = 1 << 24; size > 100; size /= 2) await removal[kind](`filler ${size}`);
  },

  /** Makes a database as another part of a program would. */
  async makeDatabase({ place, stores, records = {} }) {
    const request = indexedDB.open(place, 7);
    request.onupgradeneeded = () => {
      for (const name of stores) request.result.createObjectStore(name);
    };
    const database = await settled(request);
    const transaction = database.transaction(stores, 'readwrite');
    for (const [key, value] of Object.entries(records)) transaction.objectStore(stores[0]).put(value, key);
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
  },
  async record({ place, key }) {
    const database = await settled(indexedDB.open(place));
    const value = await settled(database.transaction('caches').objectStore('caches').get(key));
    database.close();
    return value;
  },
  /** Reads a store whose browser allows none. */
  refused: ({ kind }) =>
    outcome(async () => {
      const indexedDB = {
        open() {
          throw new DOMException('no leave', 'SecurityError');
        },
      };
      await applicationOf(plugins[kind]('x', { indexedDB })).getAllAccounts();
    }),
  deleteDatabase: ({ place }) => settled(indexedDB.deleteDatabase(place)).then(() => 'it is gone'),
});

if (typeof DedicatedWorkerGlobalScope !== 'undefined') {
  onmessage = async ({ data: { name, argument } }) => {
    const work = Promise.resolve(globalThis[name](argument));
    postMessage(await work.then((value) => ({ value }), (error) => ({ error: `${error.stack}` })));
  };
} else if (typeof ServiceWorkerGlobalScope !== 'undefined') {
  chrome.runtime.onMessage.addListener(() => {}); // for which it is started again
} else {
  let worker;
  /** Calls a function in the worker of this page. */
  globalThis.inWorker = (call) => {
    worker ??= new Worker('bundle.js');
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data: { value, error } }) => (error ? reject(new Error(error)) : resolve(value));
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(call);
    });
  };
}
