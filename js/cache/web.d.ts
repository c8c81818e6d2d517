/**
 * Cache plugins for browser extensions and pages.
 *
 * What is stored is the text of the cache and nothing else. It can be read by every script of the same extension or origin, and lies
 * unencrypted in the browser's profile, except where it says otherwise below. `EncryptedCachePlugin` around one of these, with a
 * key that is not extractable, keeps it from whoever reads the profile's files; no store keeps it from a script that was smuggled into the
 * page.
 *
 * @module doorcode/cache/web
 */

import type { ICachePlugin, IVersionedCachePlugin, StoredCache, TokenCacheContext } from 'doorcode';

/** A storage area of an extension, such as `chrome.storage.session`: what `WebStorageCachePlugin` needs of it. */
export interface ExtensionStorageArea {
  /** An object with the value under the key, if there is one. */
  get(key: string): Promise<{ [key: string]: unknown }>;
  /** Stores values by their keys. */
  set(items: { [key: string]: unknown }): Promise<void>;
}

/** The storage of a tab, `sessionStorage`: what `WebStorageCachePlugin` needs of it. */
export interface TabStorage {
  /** The value; null where there is none. */
  getItem(key: string): string | null;
  /** Stores it. */
  setItem(key: string, value: string): void;
}

/** What `WebStorageCachePlugin` may be told. */
export interface WebStorageCachePluginOptions {
  /**
   * Under which key the cache is stored. A text that other code has left there is read, and replaced by the next write.
   * @default 'doorcode.token-cache'
   */
  key?: string;
  /** How many milliseconds a write waits for others who are writing. They need some milliseconds each. @default 10000 */
  timeout?: number;
}

/**
 * Keeps the cache in a storage area:
 *
 * - `chrome.storage.session`: in memory, until the browser is closed; no page, and no content script unless you allow it. At most 10 MB.
 * - `chrome.storage.local`: in the profile, unencrypted; at most 10 MB, or more with the permission `unlimitedStorage`. Content scripts
 *   can read it unless you call `chrome.storage.local.setAccessLevel({ accessLevel: 'TRUSTED_CONTEXTS' })`.
 * - `sessionStorage` of a page: of one tab, until that is closed; at most 5 MB. Any script of the page can read it.
 *
 * `chrome.storage.sync` is refused, for it sends what it holds to the person's other machines; so is `localStorage`, for a tab
 * may not see yet what another has just written there, and sign-ins would be lost: use `IndexedDbCachePlugin`.
 *
 * The service worker, the popup and all pages of an extension may use one area at once: each write is made under a Web Lock
 * (`navigator.locks`), and only over what was read. Nothing is lost, and a context that is ended in the middle of a write leaves the old
 * cache or the new one, and no lock. Content scripts do not share the locks of their extension, and tokens do not belong into pages of
 * others: leave them out. The two halves of an extension with `"incognito": "split"` do not share locks either, but `chrome.storage.local`.
 *
 * ```ts
 * const cachePlugin = new WebStorageCachePlugin(chrome.storage.session);
 * const pca = new PublicClientApplication({ auth, cache: { cachePlugin } });
 * ```
 */
export declare class WebStorageCachePlugin implements ICachePlugin, IVersionedCachePlugin {
  /**
   * @throws `ClientConfigurationError` naming `area` or an option: the area is missing, or of a kind that is refused; there are no
   * Web Locks, as in pages that are served by http
   */
  constructor(area: ExtensionStorageArea | TabStorage, options?: WebStorageCachePluginOptions);
  /** @throws `AuthError` `cache_store_failed`: the browser failed, or what is stored under the key is no text */
  readCache(since: string | undefined): Promise<StoredCache | null>;
  /**
   * @throws `AuthError` `cache_store_failed`: there is no room, or the time limit has passed (`retryable`), and nothing was changed; or the
   * browser failed (`retryable`), as it does where the service worker is just being ended
   */
  writeCache(cache: string, expected: string | undefined): Promise<string | null>;
  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
}

/** What `IndexedDbCachePlugin` may be told. */
export interface IndexedDbCachePluginOptions {
  /** The name of the database, which is made where it is not there. It is for caches alone. @default 'doorcode' */
  name?: string;
  /** Under which key the cache is stored in it. @default 'token-cache' */
  key?: string;
  /** How many milliseconds an operation waits for others who use the database. @default 10000 */
  timeout?: number;
  /** Another IndexedDB, for tests. @default globalThis.indexedDB */
  indexedDB?: IDBFactory;
}

/**
 * Keeps the cache in IndexedDB, for pages and their workers, and for extensions. It stays until the person or the browser clears the
 * site's data; the browser may do so when the disk is full, unless `navigator.storage.persist()` was granted. Any script of the origin can
 * read it.
 *
 * All tabs and workers of the origin may use it at once. A write is one transaction, which takes place only over what was read, and is
 * not reported before it is on the disk (`durability: 'strict'`). A tab that is closed in the middle leaves the old cache or the new one.
 *
 * The database is opened when it is needed, and again if the browser has closed it. Who wants to delete it (`deleteDatabase`) is not
 * hindered.
 *
 * ```ts
 * const cachePlugin = new IndexedDbCachePlugin();
 * const pca = new PublicClientApplication({ auth, cache: { cachePlugin } });
 * ```
 */
export declare class IndexedDbCachePlugin implements ICachePlugin, IVersionedCachePlugin {
  /** @throws `ClientConfigurationError` naming the option that is wrong; `indexedDB` where there is none */
  constructor(options?: IndexedDbCachePluginOptions);
  /**
   * @throws `AuthError` `cache_store_failed`: the time limit has passed or the browser failed (both `retryable`); or what is stored under
   * the key is no text
   */
  readCache(since: string | undefined): Promise<StoredCache | null>;
  /** @throws `AuthError` `cache_store_failed`, as above, or because there is no room. Nothing was changed then. */
  writeCache(cache: string, expected: string | undefined): Promise<string | null>;
  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
}
