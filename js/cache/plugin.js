// What the stores have in common: MSAL's two callbacks, made of reading and writing by versions, and how they say what went wrong.

import { Input, requireMethods, wrong } from '../check.js';
import { AuthError, AuthErrorCodes, ClientConfigurationErrorCodes } from '../errors.js';
import { failed } from '../failed.js';
import { isVersioned, readInto } from '../versioned.js';

// The stores take all that they share from here: it is one file in the package.
export { failed, Input, isVersioned, requireMethods };

/**
 * A store that reads and writes by versions. doorcode uses these two methods alone; MSAL Node uses its own two callbacks.
 * @abstract
 */
export class VersionedCachePlugin {
  /** The version that each cache has read or written last. @type {WeakMap<object, string | undefined>} */
  #versions = new WeakMap();
  /** The contexts of turns in which what is stored could not be read. @type {WeakSet<object>} */
  #unread = new WeakSet();

  /**
   * @abstract
   * @param {string | undefined} _since
   * @returns {Promise<{ cache: string, version: string } | null>}
   */
  async readCache(_since) {
    throw new Error('not implemented');
  }

  /**
   * @abstract
   * @param {string} _cache
   * @param {string | undefined} _expected
   * @returns {Promise<string | null>}
   */
  async writeCache(_cache, _expected) {
    throw new Error('not implemented');
  }

  /** @param {import('../index.js').TokenCacheContext} context */
  async beforeCacheAccess(context) {
    this.#unread.add(context);
    // Also if nothing has changed: MSAL Node has emptied its memory.
    this.#versions.set(context.tokenCache, await readInto(context.tokenCache, this));
    this.#unread.delete(context);
  }

  /** @param {import('../index.js').TokenCacheContext} context */
  async afterCacheAccess(context) {
    const { tokenCache, cacheHasChanged } = context;
    // MSAL Node goes on to this if it could not read, and would have what is stored written over.
    if (!cacheHasChanged || this.#unread.has(context)) return;
    const version = await this.writeCache(tokenCache.serialize(), this.#versions.get(tokenCache));
    if (version !== null) return void this.#versions.set(tokenCache, version);
    // MSAL Node cannot make its change again to what somebody else has written.
    throw failed(AuthError, AuthErrorCodes.cacheConflict, 'The token cache was changed by others while it was being changed here; try again.', {
      remedy: 'Try again.',
      retryable: true,
    });
  }
}

/**
 * @param {string} problem what could not be done, and to what; no secret
 * @param {{ remedy: string, retryable?: boolean, cause?: unknown }} more
 */
export function storeFailed(problem, { cause, ...more }) {
  return failed(AuthError, AuthErrorCodes.cacheStoreFailed, problem, { ...more, cause: withoutDetails(cause) });
}

/** @param {string} field @param {string} fix */
export function wrongOption(field, fix) {
  return wrong(ClientConfigurationErrorCodes.invalidConfiguration, field, fix);
}

/**
 * What a store's client threw, without what it may have attached: some attach the command, and so the tokens.
 * @param {unknown} thrown
 */
function withoutDetails(thrown) {
  if (thrown === undefined) return undefined;
  const { name = 'Error', message = '', code } = /** @type {{ name?: unknown, message?: unknown, code?: unknown }} */ (
    thrown !== null && typeof thrown === 'object' ? thrown : { message: thrown }
  );
  const copy = Object.assign(new Error(String(message)), typeof code === 'string' || typeof code === 'number' ? { code } : undefined);
  return Object.defineProperty(copy, 'name', { value: String(name), configurable: true, writable: true });
}
