// MSAL's DistributedCachePlugin: a store with a get and a set, and a key for each person.

import { requireMethods } from './check.js';
import { clearCache, firstAccount } from './token-cache.js';

/**
 * @import { DistributedCachePlugin as Contract } from './index.js'
 * @implements {Contract}
 */
export class DistributedCachePlugin {
  #client;
  #partitionManager;
  /** Whose partition each cache was filled from. @type {WeakMap<object, string>} */
  #partitions = new WeakMap();

  /**
   * @param {import('./index.js').ICacheClient} client
   * @param {import('./index.js').IPartitionManager} partitionManager
   */
  constructor(client, partitionManager) {
    requireMethods('client', client, ['get', 'set']);
    requireMethods('partitionManager', partitionManager, ['getKey', 'extractKey']);
    this.#client = client;
    this.#partitionManager = partitionManager;
  }

  /** @param {import('./index.js').TokenCacheContext} cacheContext */
  async beforeCacheAccess(cacheContext) {
    const cache = /** @type {import('./token-cache.js').TokenCache} */ (cacheContext.tokenCache);
    const key = await this.#partitionManager.getKey();
    // What could not be stored for one person must not be stored with another's.
    if (this.#partitions.get(cache) !== key) clearCache(cache);
    this.#partitions.set(cache, key);
    cache.deserialize(await this.#client.get(key));
  }

  /** @param {import('./index.js').TokenCacheContext} cacheContext */
  async afterCacheAccess(cacheContext) {
    if (!cacheContext.cacheHasChanged) return;
    const cache = /** @type {import('./token-cache.js').TokenCache} */ (cacheContext.tokenCache);
    const account = firstAccount(cache);
    const key = account ? await this.#partitionManager.extractKey(account) : await this.#partitionManager.getKey();
    await this.#client.set(key, cache.serialize());
  }
}
