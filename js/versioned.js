// Cache plugins whose stores know versions: `IVersionedCachePlugin`.

/**
 * Has a cache take what a plugin has stored. What is no cache is set aside, if the plugin can do that, and the plugin read once more.
 * @param {import('./index.js').ISerializableTokenCache} cache
 * @param {import('./index.js').IVersionedCachePlugin} plugin
 * @param {string} [since] the version that the cache has
 * @returns {Promise<string | undefined>} the version that it has now; undefined if that has not changed
 */
export async function readInto(cache, plugin, since) {
  for (let isAgain = false; ; isAgain = true) {
    const read = await plugin.readCache(since);
    if (!read) return undefined;
    try {
      cache.deserialize(read.cache);
      return read.version;
    } catch (error) {
      if (isAgain || !plugin.setAside || !isDamage(error)) throw error;
      await plugin.setAside(read.version, /** @type {Error} */ (error));
    }
  }
}

/**
 * Whether an error says that a text is no cache, in doorcode's words or in those of MSAL Node's parser. What there was no room for in memory, say,
 * may be whole.
 * @param {any} error
 */
function isDamage(error) {
  return error?.errorCode === 'invalid_cache_record' || error instanceof SyntaxError;
}

/** @param {object} plugin @returns {plugin is import('./index.js').IVersionedCachePlugin} */
export function isVersioned(plugin) {
  return 'readCache' in plugin && 'writeCache' in plugin;
}
