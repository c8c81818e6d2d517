// The stores of browsers: the storage areas of extensions and of tabs, and IndexedDB.
//
// What is stored is the cache and nothing else, so that other code can read it, replace it and remove it without breaking anything: whether
// it has changed is seen by comparing texts.

import { AuthError } from '../errors.js';
import { Input, requireMethods, storeFailed, VersionedCachePlugin, wrongOption } from './plugin.js';

/** How long to wait for others, in milliseconds. */
const PATIENCE = 10_000;
/** The one object store of the database. */
const CACHES = 'caches';

/** Numbers what a plugin finds in its store. The number is the version: the text would be one as well, but show its tokens. */
class Versions {
  /** @type {unknown} */
  #latest;
  #count = 0;

  /** @param {unknown} value */
  of(value) {
    if (value !== this.#latest) {
      this.#latest = value;
      this.#count += 1;
    }
    return String(this.#count);
  }
}

/**
 * @import { WebStorageCachePlugin as WebStorageContract } from './web.js'
 * @implements {WebStorageContract}
 */
export class WebStorageCachePlugin extends VersionedCachePlugin {
  /** @type {() => Promise<unknown>} */
  #get;
  /** @type {(cache: string) => Promise<void>} */
  #set;
  #lock;
  #timeout;
  #versions = new Versions();

  /**
   * @param {import('./web.js').ExtensionStorageArea | import('./web.js').TabStorage} area
   * @param {import('./web.js').WebStorageCachePluginOptions} [options]
   */
  constructor(area, options = {}) {
    super();
    const given = Input.configuration(options);
    const key = given.filledText('key') ?? 'doorcode.token-cache';
    if (!area) throw wrongOption('area', 'it is missing; in an extension add the permission "storage" to the manifest');
    if ('getItem' in Object(area)) {
      const tab = /** @type {import('./web.js').TabStorage} */ (area);
      requireMethods('area', tab, ['getItem', 'setItem']);
      if (isLocalStorage(tab)) throw wrongOption('area', 'localStorage shows late what other tabs wrote; use IndexedDbCachePlugin');
      this.#get = async () => tab.getItem(key);
      this.#set = async (cache) => tab.setItem(key, cache);
    } else {
      const shared = /** @type {import('./web.js').ExtensionStorageArea} */ (area);
      requireMethods('area', shared, ['get', 'set']);
      if ('QUOTA_BYTES_PER_ITEM' in shared) throw wrongOption('area', 'chrome.storage.sync sends tokens to other machines; use local');
      this.#get = async () => (await shared.get(key))[key];
      this.#set = async (cache) => shared.set({ [key]: cache });
    }
    if (!globalThis.navigator?.locks) throw wrongOption('area', 'there are no Web Locks here; have the page served by https');
    this.#lock = `doorcode ${key}`;
    this.#timeout = given.positive('timeout', 'milliseconds') ?? PATIENCE;
  }

  /** @param {string | undefined} since */
  async readCache(since) {
    const cache = textOf(await this.#get().catch(fail));
    const version = this.#versions.of(cache);
    return version === since ? null : { cache, version };
  }

  /** @param {string} cache @param {string | undefined} expected */
  async writeCache(cache, expected) {
    const swap = async () => {
      if (this.#versions.of(textOf(await this.#get())) !== expected) return null;
      await this.#set(cache);
      return this.#versions.of(cache);
    };
    const waiting = { signal: AbortSignal.timeout(this.#timeout) };
    return navigator.locks.request(this.#lock, waiting, swap).catch(fail);
  }
}

/** @param {object} area */
function isLocalStorage(area) {
  try {
    return area === globalThis.localStorage;
  } catch {
    return false; // a page that may not have it
  }
}

/**
 * @import { IndexedDbCachePlugin as IndexedDbContract } from './web.js'
 * @implements {IndexedDbContract}
 */
export class IndexedDbCachePlugin extends VersionedCachePlugin {
  #factory;
  #name;
  #key;
  #timeout;
  /** @type {Promise<IDBDatabase> | undefined} */
  #database;
  #versions = new Versions();

  /** @param {import('./web.js').IndexedDbCachePluginOptions} [options] */
  constructor(options = {}) {
    super();
    const given = Input.configuration(options);
    this.#factory = options.indexedDB ?? globalThis.indexedDB;
    if (!this.#factory) throw wrongOption('indexedDB', 'there is none here; it is there in pages, workers and extensions');
    requireMethods('indexedDB', this.#factory, ['open']);
    this.#name = given.filledText('name') ?? 'doorcode';
    this.#key = given.filledText('key') ?? 'token-cache';
    this.#timeout = given.positive('timeout', 'milliseconds') ?? PATIENCE;
  }

  /** @param {string | undefined} since */
  async readCache(since) {
    const cache = textOf(await this.#transact('readonly'));
    const version = this.#versions.of(cache);
    return version === since ? null : { cache, version };
  }

  /** @param {string} cache @param {string | undefined} expected */
  async writeCache(cache, expected) {
    let isExpected = false;
    const found = await this.#transact('readwrite', (caches, found) => {
      isExpected = this.#versions.of(found ?? '') === expected;
      if (isExpected) caches.put(cache, this.#key);
    });
    textOf(found);
    return isExpected ? this.#versions.of(cache) : null;
  }

  /**
   * Gets what is stored, and lets `work` do something about it before others can. Nothing else may be awaited meanwhile: a transaction ends
   * as soon as it has nothing to do.
   * @param {IDBTransactionMode} mode
   * @param {(caches: IDBObjectStore, found: unknown) => void} [work]
   * @returns {Promise<unknown>}
   */
  #transact(mode, work) {
    /** @type {Promise<unknown>} */
    const done = new Promise((resolve, reject) => {
      const late = AbortSignal.timeout(this.#timeout);
      late.onabort = () => reject(late.reason);
      const begin = (/** @type {IDBDatabase} */ database) => {
        if (late.aborted) return;
        const transaction = database.transaction(CACHES, mode, { durability: 'strict' });
        const caches = transaction.objectStore(CACHES);
        const request = caches.get(this.#key);
        request.onsuccess = () => work?.(caches, request.result);
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(late.aborted ? late.reason : transaction.error);
        late.onabort = () => {
          try {
            transaction.abort();
          } catch {
            // It is being committed, and will say how that went.
          }
        };
      };
      this.#open().then(begin).catch(reject);
    });
    return done.catch(fail);
  }

  #open() {
    const forget = () => (this.#database = undefined);
    this.#database ??= new Promise((resolve, reject) => {
      // Without a version: it is made if it is not there, and nobody's older or newer one is in the way.
      const request = this.#factory.open(this.#name);
      request.onupgradeneeded = () => request.result.createObjectStore(CACHES);
      request.onerror = () => {
        forget();
        reject(request.error);
      };
      request.onsuccess = () => {
        const database = request.result;
        database.onclose = forget;
        database.onversionchange = () => {
          database.close();
          forget();
        };
        resolve(database);
      };
    });
    this.#database.catch(forget); // a browser may throw at once
    return this.#database;
  }
}

/** What is stored, if it can be a cache. @param {unknown} value */
function textOf(value) {
  const text = value ?? '';
  if (typeof text === 'string') return text;
  throw storeFailed('What is stored under the key of the token cache is no text, and was left as it is.', {
    remedy: 'Give the plugin another key, or remove what is there.',
  });
}

/** @param {unknown} thrown @returns {never} */
function fail(thrown) {
  if (thrown instanceof AuthError) throw thrown;
  const { name, message } = /** @type {Partial<Error>} */ (Object(thrown));
  if (name === 'TimeoutError') {
    throw storeFailed('The token cache was in use by another page or worker for too long; nothing was changed.', {
      remedy: 'Try again. If it stays so, close the other pages of this application.',
      retryable: true,
      cause: thrown,
    });
  }
  if (/quota/i.test(`${name} ${message}`)) {
    throw storeFailed('The browser has no room for the token cache; nothing was changed.', {
      remedy: 'Remove other things that are stored here, or sign accounts out that are not needed any more.',
      cause: thrown,
    });
  }
  throw storeFailed('The browser did not read or write the token cache.', {
    remedy: 'Load the page or the extension anew, and see that the browser lets it store data.',
    retryable: true,
    cause: thrown,
  });
}
