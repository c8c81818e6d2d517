/**
 * A cache plugin that keeps tokens in Redis, for services that sign in many people and run on more than one machine. Each person or session has
 * a partition, and each partition is one key, so that what is read for a request is one small text; if that has not changed since, it is not
 * even sent.
 *
 * What is stored is the text of the cache, as MSAL Node's `DistributedCachePlugin` stores it: either finds what the other has stored. It is not
 * encrypted; whoever may read the keys has the tokens, and so has who may run MONITOR or SLOWLOG. So use TLS and a user of its own
 * (`ACL SETUSER doorcode on >password ~doorcode:* resetchannels -@all +eval +get +set +pexpire`; ioredis wants `+info` as well), and put
 * `EncryptedCachePlugin` of `doorcode/cache/encrypted` around the plugin where operators or backups are not to see tokens.
 *
 * @module doorcode/cache/redis
 */

import type { ICachePlugin, IVersionedCachePlugin, StoredCache, TokenCacheContext } from 'doorcode';

/**
 * A client that the program has made and closes: of node-redis (the package `redis`, 4 or later: `createClient`, `createClientPool`,
 * `createCluster`, `createSentinel`) or of ioredis (5 or later: `Redis`, `Cluster`). Many plugins may share one.
 */
export interface RedisClient {
  /** Runs a script. */
  eval(...args: any[]): Promise<unknown>;
  /** Tells a client from other things that have an `eval`. */
  sendCommand(...args: any[]): unknown;
}

/** What `RedisCachePlugin` may be told. */
export interface RedisCachePluginOptions {
  /**
   * Whose tokens: a session or a person. Make a plugin and an application for each, which costs microseconds. What people may choose
   * themselves is no good name for a partition: they could choose somebody else's. One that is there but empty or undefined is refused, for
   * people would share a cache.
   * @default 'default'
   */
  partition?: string;
  /** What the key begins with, in front of the partition. ioredis puts its own `keyPrefix` before that. @default 'doorcode:' */
  prefix?: string;
  /**
   * After how many seconds Redis forgets a partition that nobody has read or written. An entry that is gone is an empty cache: the person signs
   * in again. Without it nothing is forgotten, and an end that others have given an entry is left as it is.
   */
  ttl?: number;
  /** How many milliseconds to wait for Redis; some clients would wait for ever. @default 5000 */
  timeout?: number;
}

/**
 * Keeps the token cache of a partition under one key of Redis 6 or later (or Valkey, or another server with `EVAL`, `GET`, `SET` and `PEXPIRE`).
 *
 * Two processes that write at once lose nothing: a script compares what is stored with what was read, in one step with writing. A write whose
 * answer was lost with the connection is sent once more, and does not count twice. How much survives a crash of Redis is up to how it is set
 * up: with `appendfsync always` all that was confirmed, with `everysec` all but the last second; without a file nothing, and a replica that
 * takes over may lack the last writes. Under memory pressure Redis drops entries if `maxmemory-policy` says so; let it be `noeviction`, or
 * `volatile-…` without a `ttl`.
 *
 * Errors are `AuthError`s with the code `cache_store_failed`, a `remedy`, and `retryable`, which is true where Redis could not be reached or
 * did not answer in time. What was to be stored is then kept in memory, and stored by the next operation of the same application that
 * changes anything; if it had been stored after all, that is seen first. None of them names the key, for a session's id may be secret.
 */
export declare class RedisCachePlugin implements ICachePlugin, IVersionedCachePlugin {
  /** @throws `ClientConfigurationError` naming what is wrong in `field` */
  constructor(client: RedisClient, options?: RedisCachePluginOptions);
  /** @throws `AuthError` `cache_store_failed` */
  readCache(since: string | undefined): Promise<StoredCache | null>;
  /** @throws `AuthError` `cache_store_failed` */
  writeCache(cache: string, expected: string | undefined): Promise<string | null>;
  /** For MSAL Node; doorcode uses the two above. */
  beforeCacheAccess(cacheContext: TokenCacheContext): Promise<void>;
  /** For MSAL Node. @throws `AuthError` `cache_conflict` if somebody else has written meanwhile: try again */
  afterCacheAccess(cacheContext: TokenCacheContext): Promise<void>;
}
