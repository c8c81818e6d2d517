// A turn at the cache: the plugin's two callbacks around what the core does in between, one after the other.

import { keepAlive, lostError } from './alive.js';
import { AuthError, AuthErrorCodes } from './errors.js';
import { failed } from './failed.js';
import { isVersioned, readInto } from './versioned.js';

/** How often a store that was changed by somebody else meanwhile is written again. */
const MOST_CONFLICTS = 30;
/** How many milliseconds longer to wait each time, at most, so that those who write do not meet again and again. */
const WAIT = 2;

/**
 * Who has the turn at each plugin, and who waits for it. Several applications of a program may share one plugin, and so one store.
 * @type {WeakMap<object, Set<{ come: () => void }>>}
 */
const queues = new WeakMap();

/**
 * Queues for a turn.
 * @param {object} plugin
 * @returns {{ comes: Promise<void>, fail: (error: Error) => void, end: () => void }} `end` gives the turn to the next, or gives up waiting
 */
function turn(plugin) {
  const queue = queues.get(plugin) ?? new Set();
  queues.set(plugin, queue);
  /** @type {() => void} */
  let come = () => {};
  /** @type {(error: Error) => void} */
  let fail = () => {};
  /** @type {Promise<void>} */
  const comes = new Promise((resolve, reject) => ([come, fail] = [resolve, reject]));
  const place = { come };
  queue.add(place);
  if (queue.size === 1) come();
  const end = () => {
    queue.delete(place);
    const [next] = queue;
    next?.come();
  };
  return { comes, fail, end };
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
  #turn;
  /** @type {() => void} */
  #rest;
  /** Whether others took it for gone, and have had their turns since. */
  #isDropped = false;

  /**
   * @param {Stored} stored
   * @param {boolean} writes
   */
  constructor(stored, writes) {
    this.#stored = stored;
    this.#context = new TokenCacheContext(stored.cache, writes);
    this.#turn = turn(stored.plugin);
    this.#rest = keepAlive({
      circle: stored.plugin,
      drop: () => {
        this.#isDropped = true;
        this.#end();
      },
      lost: this.#turn.fail,
    });
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
    await this.#turn.comes;
    if (this.#isAbandoned) return this.#end();
    this.#stored.access = this;
    this.#isOpen = true;
    try {
      await this.#load();
      if (this.#isDropped) throw lostError();
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
    const version = await readInto(cache, plugin, this.#stored.version);
    if (version !== undefined) this.#stored.version = version;
  }

  /** Ends the turn. @param {boolean} hasChanged */
  async close(hasChanged) {
    if (hasChanged && this.#isDropped) throw lostError();
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
      this.#end();
    }
  }

  /** Lets the next have its turn. */
  #end() {
    this.#isOpen = false;
    this.#rest();
    if (this.#stored.access === this) {
      this.#stored.access = undefined;
      this.afterwards?.();
    }
    this.#turn.end();
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
      if (conflicts > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * conflicts * WAIT));
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
