/**
 * Any other store, encrypted.
 *
 * @module doorcode/cache/encrypted
 */

import type { ICachePlugin, IVersionedCachePlugin, TokenCacheContext } from 'doorcode';

/** What is encrypted with: one of the three. */
export type EncryptionKey =
  | {
      /**
       * 256 random bits: 32 bytes, or a `CryptoKey` for AES-GCM with the usages `encrypt` and `decrypt`. One that is not extractable
       * can be kept in IndexedDB. As with any key for AES-GCM, use it for less than 2³² writes.
       */
      key: Uint8Array | AesGcmKey;
      passphrase?: undefined;
      keyring?: undefined;
    }
  | {
      /** A text that a person knows, or that is handed to the program. A key is made of it by PBKDF2 with HMAC-SHA-512. */
      passphrase: string;
      /**
       * How often PBKDF2 goes round: from 1000 to 1000000. What is stored with fewer is read, and strengthened at the next write; what is
       * stored with more keeps that. Cloudflare allows 100000 at most. In `previous` it says nothing.
       * @default 210000, OWASP's figure
       */
      iterations?: number;
      key?: undefined;
      keyring?: undefined;
    }
  | {
      /**
       * Where the operating system keeps a key for this person: an entry of `@napi-rs/keyring`, or anything else with these two
       * methods; or a function that makes one when it is needed, so that what goes wrong there is an `AuthError` as well.
       *
       * ```ts
       * import { AsyncEntry } from '@napi-rs/keyring';
       * const keyring = () => new AsyncEntry('my-cli', 'token-cache', { linux: { store: 'secret-service' } });
       * ```
       *
       * Without that last argument, a Linux without a Secret Service uses the kernel's keyring, which is forgotten when the machine starts
       * anew; what is stored cannot be read any more then.
       *
       * A random key is put there at the first write, as 43 letters. What else is there is left alone. Where nothing is stored yet, the
       * first write takes half a second longer: several processes may be putting a key there at the same time. Should one of them be held
       * up for longer than that while it does so, what another has written meanwhile cannot be read any more: delete it, and sign in again.
       */
      keyring: Keyring | (() => Keyring | Promise<Keyring>);
      key?: undefined;
      passphrase?: undefined;
    };

/** What `EncryptedCachePlugin` takes. */
export type EncryptedCachePluginOptions = EncryptionKey & {
  /**
   * What the cache may still be encrypted with, tried in turn if the current key does not open it. The next write, or `rotate()`, encrypts
   * with the current one.
   */
  previous?: EncryptionKey[];
  /**
   * Whether a cache that is not encrypted is read as well, to be encrypted at the next write or by `rotate()`: for a store from before.
   * Whoever can write to the store can put a cache of their own there while this is so.
   * @default false
   */
  acceptPlain?: boolean;
};

/** A `CryptoKey`, as far as it is looked at. */
export interface AesGcmKey {
  /** What the key is for. */
  readonly algorithm: {
    /** "AES-GCM". */
    readonly name: string;
  };
  /** Whether scripts can read it. */
  readonly extractable: boolean;
  /** "secret". */
  readonly type: string;
  /** With "encrypt" and "decrypt". */
  readonly usages: readonly string[];
}

/** One entry of a keyring. */
export interface Keyring {
  /** Returns or resolves to what is there; null if nothing is. */
  getPassword(): string | null | undefined | Promise<string | null | undefined>;
  /** Puts it there; may be async. */
  setPassword(password: string): unknown;
}

/**
 * Encrypts what another plugin stores, by AES-256-GCM with WebCrypto. What is stored is a JWE in its compact serialization (RFC 7516), with
 * `dir` or `PBES2-HS512+A256KW` and with `A256GCM`, which every JOSE library reads that is given the same key.
 *
 * ```ts
 * const cachePlugin = new EncryptedCachePlugin(new FileCachePlugin(), { key });
 * ```
 *
 * If the key is wrong, or the text was changed, the operation fails with `cache_decryption_failed`, and what is stored is left as it is: it
 * is never set aside. What happens on a crash, and when several write at once, is as with the store itself. While what is stored stays the
 * same, nothing is decrypted again.
 *
 * It does not hide how large the cache is, and cannot tell if an older text, or none, is put in the place of a newer one.
 *
 * It needs `crypto.subtle`, which browsers have on secure pages alone.
 */
export declare class EncryptedCachePlugin implements ICachePlugin {
  /**
   * @param store any other plugin but a `DistributedCachePlugin`
   * @throws `ClientConfigurationError` naming what is wrong with the arguments
   */
  constructor(store: ICachePlugin | IVersionedCachePlugin, options: EncryptedCachePluginOptions);

  /**
   * There if the store knows versions, as `IVersionedCachePlugin` has it.
   * @throws `AuthError` `cache_decryption_failed`; `cache_store_failed` if the keyring fails
   */
  readonly readCache?: IVersionedCachePlugin['readCache'];
  /**
   * There if the store knows versions, as `IVersionedCachePlugin` has it.
   * @throws `AuthError` `cache_store_failed` if the keyring fails, or PBKDF2 does
   */
  readonly writeCache?: IVersionedCachePlugin['writeCache'];

  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;

  /**
   * Encrypts what is stored with the current key, unless it is. A store without versions and without a lock must not be in use meanwhile:
   * call this before the first operation.
   * @returns whether anything was changed
   * @throws `AuthError` `cache_decryption_failed`; `cache_conflict` if others wrote all the time; `cache_store_failed` as above
   */
  rotate(): Promise<boolean>;
}
