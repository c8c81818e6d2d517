// A turn at the cache: the plugin's two callbacks around what the core does in between, one after the other.

import { AuthError, AuthErrorCodes, failed } from './errors.js';

/** How often a store that was changed by somebody else meanwhile is written again. */
const MOST_CONFLICTS = 10;

/**
 * The end of each plugin's queue. Several applications of a program may share one plugin, and so one store.
 * @type {WeakMap<object, Promise<void>>}
 */
const queues = new WeakMap();

/** Waits for those before. @param {object} plugin @returns {Promise<() => void>} what gives the turn to the next */
async function turn(plugin) {
  const before = queues.get(plugin);
  /** @type {() => void} */
  let next = () => {};
  queues.set(plugin, new Promise((resolve) => (next = resolve)));
  await before;
  return next;
}

/** What a plugin is handed (MSAL's class of that name). */
export class TokenCacheContext {
  /**
   * @param {import('./index.js').ISerializableTokenCache} tokenCache
   * @param {boolean} hasChanged
   */
  constructor(tokenCache, hasChanged) {
    this.cache = tokenCache;
    this.hasChanged = hasChanged;
  }

  get cacheHasChanged() {
    return this.hasChanged;
  }

  get tokenCache() {
    return this.cache;
  }
}

/**
 * What a turn needs of the cache it is for.
 * @typedef {object} Stored
 * @property {import('./index.js').ICachePlugin & Partial<import('./index.js').IVersionedCachePlugin>} plugin
 * @property {import('./index.js').ISerializableTokenCache} cache
 * @property {string | undefined} version which of the store's versions was read last
 * @property {CacheAccess | undefined} access the turn that is open
 * @property {() => void} isStored what was serialized is in the store
 */

/** See `CacheAccess` in src/wasm/host.rs. */
export class CacheAccess {
  /** Why what is stored cannot be read. In an object, for a plugin may reject with nothing. @type {{ reason: unknown } | undefined} */
  failure;
  /** Whether the plugin asked for the cache, to store it. */
  wasSerialized = false;
  /** What to do once the turn is over. @type {(() => void) | undefined} */
  afterwards;
  #stored;
  #context;
  #isAbandoned = false;
  #isOpen = false;
  /** @type {() => void} */
  #next = () => {};

  /**
   * @param {Stored} stored
   * @param {boolean} writes
   */
  constructor(stored, writes) {
    this.#stored = stored;
    this.#context = new TokenCacheContext(stored.cache, writes);
    /** Settles when the plugin has loaded what is stored; rejects when it could not, and the turn is over. */
    this.ready = this.#open();
  }

  /** The plugin handed over what is stored. */
  loaded() {
    this.failure = undefined;
  }

  /** What the plugin handed over cannot be read. @param {unknown} reason */
  failed(reason) {
    this.failure = { reason };
  }

  async #open() {
    this.#next = await turn(this.#stored.plugin);
    if (this.#isAbandoned) return this.#next();
    this.#stored.access = this;
    this.#isOpen = true;
    try {
      await this.#load();
      if (this.failure) throw this.failure.reason; // which the plugin may have swallowed
    } catch (error) {
      this.failure ??= { reason: error };
      // A plugin that took a lock must hear of the end. What was not read is not written: see `TokenCache.serialize`.
      await this.close(false).catch(() => {});
      throw error;
    }
  }

  async #load() {
    const { plugin, cache } = this.#stored;
    if (!isVersioned(plugin)) return plugin.beforeCacheAccess(this.#context);
    const read = await plugin.readCache(this.#stored.version);
    if (!read) return;
    cache.deserialize(read.cache);
    this.#stored.version = read.version;
  }

  /** Ends the turn. @param {boolean} hasChanged */
  async close(hasChanged) {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // A plugin may serialize what it has loaded, to compare: that stores nothing.
    this.wasSerialized = false;
    try {
      this.#context.hasChanged = hasChanged;
      if (isVersioned(this.#stored.plugin)) {
        if (hasChanged) await this.#write(this.#stored.plugin);
      } else {
        await this.#stored.plugin.afterCacheAccess(this.#context);
        if (this.wasSerialized) this.#stored.isStored();
      }
    } finally {
      this.#stored.access = undefined;
      this.afterwards?.();
      this.#next();
    }
  }

  /** @param {import('./index.js').IVersionedCachePlugin} plugin */
  async #write(plugin) {
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts += 1) {
      const version = await plugin.writeCache(this.#stored.cache.serialize(), this.#stored.version);
      if (typeof version === 'string') {
        this.#stored.version = version;
        this.#stored.isStored();
        return;
      }
      // Somebody else wrote meanwhile: what they did is read, and what was done here is done to it again.
      await this.#load();
    }
    const text = `The token cache was changed by others ${MOST_CONFLICTS} times while it was being stored; try again.`;
    throw failed(AuthError, AuthErrorCodes.cacheConflict, text, {
      remedy: 'Try again; the change is kept in memory until then.',
      retryable: true,
    });
  }

  /** Nobody waits for the turn any more. */
  abandon() {
    this.#isAbandoned = true;
    // Not before the plugin is done with loading.
    this.ready.then(() => this.close(false)).catch(() => {});
  }
}

/** @param {object} plugin @returns {plugin is import('./index.js').IVersionedCachePlugin} */
export function isVersioned(plugin) {
  return 'readCache' in plugin && 'writeCache' in plugin;
}
