// MSAL's DistributedCachePlugin: a store with a get and a set, and a key for each person.

import { requireMethods } from './check.js';
import { firstAccount, forgetCache } from './token-cache.js';

/**
 * @import { DistributedCachePlugin as Contract } from './index.js'
 * @implements {Contract}
 */
export class DistributedCachePlugin {
  #client;
  #partitionManager;
  /** The key of the partition that each cache holds, while that is certain. @type {WeakMap<object, string>} */
  #held = new WeakMap();

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
    // What could not be stored of one person must not be stored with the next.
    if (this.#held.get(cache) !== key) forgetCache(cache);
    this.#held.delete(cache);
    cache.deserialize(await this.#client.get(key));
    this.#held.set(cache, key);
  }

  /** @param {import('./index.js').TokenCacheContext} cacheContext */
  async afterCacheAccess(cacheContext) {
    if (!cacheContext.cacheHasChanged) return;
    const cache = /** @type {import('./token-cache.js').TokenCache} */ (cacheContext.tokenCache);
    this.#held.delete(cache);
    const account = firstAccount(cache);
    const key = account ? await this.#partitionManager.extractKey(account) : await this.#partitionManager.getKey();
    this.#held.set(cache, key);
    await this.#client.set(key, cache.serialize());
  }
}
