/**
 * For tests of what is written for doorcode.
 *
 * @module doorcode/testing
 */

import type { ICachePlugin, IVersionedCachePlugin } from 'doorcode';

/** A store that the tests of a cache plugin may write to: a new one for each test, with nothing in it. */
export interface StoreUnderTest {
  /** Makes another plugin over the same store, as another process would. */
  open(): ICachePlugin | IVersionedCachePlugin | Promise<ICachePlugin | IVersionedCachePlugin>;
  /** Called at the end of the test: removes the store. */
  close?(): void | Promise<void>;
}

/** What is to be expected of a store. */
export interface CachePluginTestOptions {
  /**
   * Whether two who write at the same time both find their change stored afterwards. A store that cannot compare and swap, or lock, leaves
   * out the tests of that.
   * @default true
   */
  keepsConcurrentWrites?: boolean;
  /** How many accounts the test of a large cache stores; each takes some 1.5 KB. @default 300 */
  accounts?: number;
}

/** A test for any test runner: `for (const { name, run } of cachePluginTests(create)) it(name, run);` */
export interface CachePluginTest {
  /** What the plugin does, as a sentence without its subject. */
  name: string;
  /** Rejects with an `Error` that says what was wrong. */
  run(): Promise<void>;
}

/**
 * Tests that a cache plugin keeps its promises: nothing is lost, nobody who signed out comes back, what others wrote is seen. They sign
 * people in at a server that is a function: nothing is sent anywhere, and no time is waited for.
 * @param create makes an empty store
 */
export declare function cachePluginTests(
  create: () => StoreUnderTest | Promise<StoreUnderTest>,
  options?: CachePluginTestOptions,
): CachePluginTest[];
