/**
 * The token cache in a file that several processes may share: for Node, Deno and Bun.
 *
 * @module doorcode/cache/file
 */

import type { ICachePlugin, IVersionedCachePlugin, StoredCache, TokenCacheContext } from 'doorcode';

/** Where the file is. All of it may be left out. */
export interface FileCacheOptions {
  /**
   * The file, as a path or a `file:` URL; a relative path counts from where the process is when the plugin is made. Folders that are missing
   * are made when something is stored, for this user alone.
   * @default token-cache.json in the folder `name` of `$XDG_STATE_HOME` or `~/.local/state`; on macOS of `~/Library/Application Support`;
   *   on Windows of `%LOCALAPPDATA%`
   */
  path?: string | URL;
  /** The name of the program, for the default path: a name that a folder can have. @default "doorcode" */
  name?: string;
  /**
   * A cache that MSAL Node, MSAL Python or the Azure CLI has written, as a path or a `file:` URL. It is read as long as there is no file at
   * `path`, and is never changed: the first change is stored at `path`. If that file is deleted, this one is read again.
   */
  migrateFrom?: string | URL;
  /**
   * Hears that the file was damaged, and was kept under another name. May be async; what it throws fails the operation. The operation
   * waits for it, and so would anything that it asked of the application: tell people to sign in, and do it later.
   * @default a warning of the process's, with the code `DOORCODE_CACHE_SET_ASIDE`
   */
  onSetAside?: (event: FileSetAside) => unknown;
}

/** What became of a file that could not be read as a token cache. */
export interface FileSetAside {
  /** The file; it is empty now. If it was `migrateFrom`, it is as it was, and there is an empty one at the plugin's `path`. */
  path: string;
  /** What was in it: a file beside `path`, with the time in its name. It may hold tokens, which no sign-out removes. */
  keptAs: string;
  /** Why it is no token cache. */
  reason: Error;
}

/**
 * Keeps the token cache in a file.
 *
 * - Nobody but its owner may read it (mode 0600; on Windows what the folder's rules say). It is not encrypted: see
 *   `EncryptedCachePlugin` of `doorcode/cache/encrypted`.
 * - It is replaced as a whole, after its content has reached the disk: a crash or a loss of power leaves the old file or the new one.
 * - Processes that share it wait for each other (in the folder `<path>.lock`, which is there while one of them writes). One that was killed
 *   is not waited for on the same machine, and for five seconds where that cannot be told: on another machine, in another container, and
 *   in Deno without `--allow-all`. Several plugins of a process may share it as well.
 * - It is read again only after it has changed.
 * - A file that is damaged is kept under a dated name, and `onSetAside` is told. A symbolic link, and another user's file, is refused.
 *
 * Errors are `AuthError`s: `cache_store_failed` with a `remedy` where the file system refuses, or somebody else holds the lock for 15
 * seconds (`retryable`).
 */
export declare class FileCachePlugin implements ICachePlugin, IVersionedCachePlugin {
  /** @throws `ClientConfigurationError` naming the option that is wrong */
  constructor(options?: FileCacheOptions);
  /** The file, as an absolute path. */
  readonly path: string;
  readCache(since: string | undefined): Promise<StoredCache | null>;
  writeCache(cache: string, expected: string | undefined): Promise<string | null>;
  setAside(version: string, reason: Error): Promise<void>;
  beforeCacheAccess(cacheContext: TokenCacheContext): Promise<void>;
  afterCacheAccess(cacheContext: TokenCacheContext): Promise<void>;
}
