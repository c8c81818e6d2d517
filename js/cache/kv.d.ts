/**
 * Cache plugins for the stores of keys and values that platforms have: Workers KV and the storage of Durable Objects at Cloudflare, and
 * Deno KV. Each is handed the store, and keeps one token cache under one key of it.
 *
 * A service that signs in many people gives each a cache, with a key of its own: what is read and written for one is small then, and
 * nobody waits for another. A key that is there but empty or undefined is refused, for people would share a cache.
 *
 * What goes wrong is an `AuthError` of the code `cache_store_failed`, with what the store said as its `cause`, and `retryable` if the same
 * may do later. It names no key. What is stored under the key and is no cache is reported, and left as it is. None of the stores encrypts
 * by itself with a key that only you have; see `doorcode/cache/encrypted`.
 *
 * @module doorcode/cache/kv
 */

import type { ICachePlugin, IVersionedCachePlugin, StoredCache, TokenCacheContext } from 'doorcode';

/** What `KvCachePlugin` needs of a KV namespace: Cloudflare's `KVNamespace` has it. */
export interface KvNamespace {
  /** The text; null where there is none. */
  get(key: string, type: 'text'): Promise<string | null>;
  /** Stores it. `expirationTtl` is in seconds. */
  put(key: string, value: string, options?: { expirationTtl?: number }): Promise<void>;
}

/** What `KvCachePlugin` may be told. */
export interface KvCachePluginOptions {
  /** Where the cache is, such as `tokens/<session id>`; at most 512 bytes. @default "token-cache" */
  key?: string;
  /** How long a cache lives after it was written last, in whole seconds: 60 at least. @default for ever */
  expirationTtl?: number;
}

/**
 * Keeps a cache in Workers KV.
 *
 * KV has neither compare-and-swap nor consistency at once: what was written is seen elsewhere in the world up to a minute later, or
 * more, and of two who write at the same time, one is lost. A write that finds another cache than was read is made again to that one,
 * which makes such a loss rare, and cannot rule it out: a sign-out may be undone, and a sign-in forgotten. So give each person or session a
 * key, and take a Durable Object where more than one request at a time may change a cache.
 *
 * A value has 25 MiB at most; a larger cache is refused. KV takes one write a second to a key: what comes too soon fails with
 * `cache_store_failed`, `retryable`. An unchanged cache is not parsed again, but is read.
 * A cache that another plugin has stored as text, or as JSON of that text, is taken over.
 *
 * ```js
 * const cachePlugin = new KvCachePlugin(env.TOKENS, { key: `tokens/${session}`, expirationTtl: 8 * 3600 });
 * ```
 */
export declare class KvCachePlugin implements ICachePlugin, IVersionedCachePlugin {
  /** @throws `ClientConfigurationError` whose `field` is `namespace`, `key` or `expirationTtl`, and which says what to do */
  constructor(namespace: KvNamespace, options?: KvCachePluginOptions);
  readCache(since: string | undefined): Promise<StoredCache | null>;
  writeCache(cache: string, expected: string | undefined): Promise<string | null>;
  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
}

/** What `DurableObjectCachePlugin` needs of a Durable Object's storage: Cloudflare's `DurableObjectStorage` has it. */
export interface DurableObjectStorage {
  /** One value. */
  get<T = unknown>(key: string): Promise<T | undefined>;
  /** Runs the closure; what it changes is stored all at once, or not at all. */
  transaction<T>(closure: (transaction: DurableObjectTransaction) => Promise<T>): Promise<T>;
}

/** What `DurableObjectCachePlugin` needs of a transaction: Cloudflare's type of that name has it. */
export interface DurableObjectTransaction {
  /** One value. */
  get<T = unknown>(key: string): Promise<T | undefined>;
  /** Several values, by their keys. */
  get<T = unknown>(keys: string[]): Promise<Map<string, T>>;
  /** Stores values. */
  put<T>(entries: Record<string, T>): Promise<void>;
  /** Removes values; resolves to how many. */
  delete(keys: string[]): Promise<number>;
}

/** What `DurableObjectCachePlugin` may be told. */
export interface DurableObjectCachePluginOptions {
  /** Where the cache is; its parts are beside it, under this key with `#0`, `#1` and so on behind it. @default "token-cache" */
  key?: string;
}

/**
 * Keeps a cache in the storage of a Durable Object, be that SQLite or keys and values.
 *
 * Requests of one object take turns while they wait for the network. Each write is a transaction here, and replaces no version
 * but the one that was read: of two who change the cache at the same time, the second makes its change to what the first wrote.
 * An object that is stopped at any moment leaves the cache of before or the new one, whole.
 *
 * A cache may be as large as the storage and the memory of the object allow. One that another plugin has stored under the key as one text is
 * read, and replaced by the next write.
 *
 * ```js
 * const cachePlugin = new DurableObjectCachePlugin(this.ctx.storage);
 * ```
 */
export declare class DurableObjectCachePlugin implements ICachePlugin, IVersionedCachePlugin {
  /** @throws `ClientConfigurationError` whose `field` is `storage` or `key`, and which says what to do */
  constructor(storage: DurableObjectStorage, options?: DurableObjectCachePluginOptions);
  readCache(since: string | undefined): Promise<StoredCache | null>;
  writeCache(cache: string, expected: string | undefined): Promise<string | null>;
  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
}

/** A part of a key of Deno KV's. */
export type DenoKvKeyPart = Uint8Array | string | number | bigint | boolean;

/** What is stored under a key of Deno KV's. */
export interface DenoKvEntry {
  /** The value; null where there is none. */
  value: unknown;
  /** Its version; null where there is none. */
  versionstamp: string | null;
}

/** What `DenoKvCachePlugin` needs of Deno KV: `Deno.Kv` has it. */
export interface DenoKvStore {
  /** One entry. */
  get(key: DenoKvKeyPart[]): Promise<DenoKvEntry>;
  /** Several entries, of one moment. */
  getMany(keys: DenoKvKeyPart[][]): Promise<DenoKvEntry[]>;
  /** Begins an atomic operation. */
  atomic(): DenoKvAtomicOperation;
}

/** What became of an atomic operation. */
export type DenoKvCommit =
  | {
      /** It was done. */
      ok: true;
      /** The version of what was written. */
      versionstamp: string;
    }
  | {
      /** A check failed, and nothing was done. */
      ok: false;
    };

/** What `DenoKvCachePlugin` needs of an atomic operation: `Deno.AtomicOperation` has it. */
export interface DenoKvAtomicOperation {
  /** Makes it fail if the entry is of another version. */
  check(check: { key: DenoKvKeyPart[]; versionstamp: string | null }): this;
  /** Stores a value. `expireIn` is in milliseconds. */
  set(key: DenoKvKeyPart[], value: unknown, options?: { expireIn?: number }): this;
  /** Removes an entry. */
  delete(key: DenoKvKeyPart[]): this;
  /** Does all of it; or nothing, where a check fails. */
  commit(): Promise<DenoKvCommit>;
}

/** What `DenoKvCachePlugin` may be told. */
export interface DenoKvCachePluginOptions {
  /**
   * Where the cache is; its parts are beside it, under this key with `"part"` and a number behind it.
   * @default ["doorcode", "token-cache"]
   */
  key?: readonly DenoKvKeyPart[];
  /** How long a cache lives after it was written last, in milliseconds; Deno removes it some time after that. @default for ever */
  expireIn?: number;
}

/**
 * Keeps a cache in Deno KV: a file, Deno Deploy's, or any that `Deno.openKv` opens.
 *
 * Reads are consistent, and a write is one atomic operation that replaces no version but the one that was read: processes that change the
 * cache at the same time lose nothing, and one that is killed at any moment leaves the cache of before or the new one, whole.
 *
 * A cache has 736 KiB at most, some 500 accounts: an atomic operation takes no more. A larger one is refused, and nothing is changed.
 * One that another plugin has stored under the key as one text is read, and replaced by the next write.
 *
 * Where another process is writing to the file, it is tried again for some seconds. The file that `Deno.openKv` makes is readable by
 * whom the umask allows: keep it in a folder that only its owner may enter.
 *
 * ```js
 * const cachePlugin = new DenoKvCachePlugin(await Deno.openKv(), { key: ['tokens', session] });
 * ```
 */
export declare class DenoKvCachePlugin implements ICachePlugin, IVersionedCachePlugin {
  /** @throws `ClientConfigurationError` whose `field` is `kv`, `key` or `expireIn`, and which says what to do */
  constructor(kv: DenoKvStore, options?: DenoKvCachePluginOptions);
  readCache(since: string | undefined): Promise<StoredCache | null>;
  writeCache(cache: string, expected: string | undefined): Promise<string | null>;
  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
}
