// Any other store, encrypted. What is stored is a JWE (RFC 7516) in its compact serialization, which every JOSE library can read.
//
// It is written and read here, and not by jose 6.2: that makes the passphrase's key anew for each text (134 ms, where here it is once a
// process), takes texts of which the last letter of a part was changed, and is 26 KB. The tests have it read what is written here, and write
// what is read.

import { DistributedCachePlugin } from '../distributed-cache.js';
import { AuthError, AuthErrorCodes } from '../errors.js';
import { failed, isVersioned, requireMethods, storeFailed, VersionedCachePlugin, wrongOption } from './plugin.js';

const KINDS = /** @type {const} */ (['key', 'passphrase', 'keyring']);
const ONE = 'one of key, passphrase and keyring';
const DIRECT = 'dir';
const BY_PASSPHRASE = 'PBES2-HS512+A256KW';
const CONTENT = 'A256GCM';
const GCM = 'AES-GCM';
const KEY_BYTES = 32;
const TAG_BYTES = 16;

/** OWASP's figure for PBKDF2 with HMAC-SHA-512. */
const ITERATIONS = 210_000;
/** RFC 7518 asks for this many at least. With more than the most, who can write to the store could make a program hang. */
const [FEWEST_ITERATIONS, MOST_ITERATIONS] = [1000, 1_000_000];

/**
 * How long, in milliseconds, a key stays in a keyring before anything is encrypted with it. Keyrings cannot compare and swap: of several
 * processes that find no key at the same time each puts one in. Once they all have, they all find the one that stayed.
 */
const SETTLING = 500;

/** How often a store that was changed by somebody else meanwhile is encrypted again. */
const MOST_CONFLICTS = 10;

/** @import { Keyring } from './encrypted.js' */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/**
 * A JWE, taken apart.
 * @typedef {object} Jwe
 * @property {Record<string, unknown>} header
 * @property {Bytes} signedHeader as it is written
 * @property {Bytes} wrapped the content key, encrypted; empty if the key is the content key
 * @property {Bytes} iv
 * @property {Bytes} sealed the content, encrypted, and the tag
 */

/**
 * One of the caller's keys.
 * @typedef {object} Key
 * @property {(jwe: Jwe) => Promise<string | undefined>} open undefined if it is not by this key, or was changed
 * @property {(text: string) => Promise<string>} seal
 * @property {(jwe: Jwe) => boolean} [isWeak] what this key has opened should be sealed anew
 * @property {() => boolean} [isMissing]
 * @property {() => Promise<unknown>} [check] whether there will be a key to seal with
 */

/** @param {string} text */
const utf8 = (text) => new TextEncoder().encode(text);
/** @param {number} length */
const random = (length) => crypto.getRandomValues(new Uint8Array(length));

const CODES = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const VALUES = new Map([...CODES].map((code, value) => [code, value]));

/** @param {Uint8Array} bytes */
function toBase64url(bytes) {
  const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  for (let from = 0, to = 0; from < bytes.length; from += 3) {
    const bits = (bytes[from] << 16) | (bytes[from + 1] << 8) | bytes[from + 2];
    for (let shift = 18; shift >= 0 && to < text.length; shift -= 6) text[to++] = CODES[(bits >> shift) & 63];
  }
  return new TextDecoder().decode(text);
}

/** @param {string} text @returns {Bytes | undefined} undefined if it is not what `toBase64url` writes, to the last bit */
function fromBase64url(text) {
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let [bits, count, to] = [0, 0, 0];
  for (let from = 0; from < text.length; from += 1) {
    const value = VALUES.get(text.charCodeAt(from));
    if (value === undefined) return undefined;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[to++] = bits >> count;
    bits &= (1 << count) - 1;
  }
  return count < 6 && bits === 0 ? bytes : undefined;
}

/** @param {Bytes} one @param {Bytes} other */
function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** @param {Bytes} bytes @returns {string | undefined} undefined if they are not UTF-8 */
function fromUtf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @param {string} text @returns {Jwe | undefined} */
function parse(text) {
  const parts = text.split('.');
  const [head, wrapped, iv, content, tag] = parts.map(fromBase64url);
  if (parts.length !== 5 || !head || !wrapped || !content || iv?.length !== 12 || tag?.length !== TAG_BYTES) return undefined;
  try {
    const header = JSON.parse(fromUtf8(head) ?? '');
    // What must be understood (`crit`) and what is compressed (`zip`) is not ours.
    return header.enc === CONTENT && !('crit' in header) && !('zip' in header)
      ? { header, signedHeader: utf8(parts[0]), wrapped, iv, sealed: joined(content, tag) }
      : undefined;
  } catch {
    return undefined;
  }
}

/** @param {CryptoKey} key @param {Jwe} jwe @returns {Promise<string | undefined>} */
async function open(key, { signedHeader, iv, sealed }) {
  try {
    return fromUtf8(new Uint8Array(await crypto.subtle.decrypt({ name: GCM, iv, additionalData: signedHeader }, key, sealed)));
  } catch {
    return undefined;
  }
}

/** @param {CryptoKey} key @param {object} more of the header @param {Bytes} wrapped @param {string} text */
async function seal(key, more, wrapped, text) {
  const head = toBase64url(utf8(JSON.stringify({ ...more, enc: CONTENT })));
  const iv = random(12);
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: GCM, iv, additionalData: utf8(head) }, key, utf8(text)));
  const end = sealed.length - TAG_BYTES;
  return [head, ...[wrapped, iv, sealed.subarray(0, end), sealed.subarray(end)].map(toBase64url)].join('.');
}

/** @param {Bytes} bytes */
const imported = (bytes) => crypto.subtle.importKey('raw', bytes, GCM, false, ['encrypt', 'decrypt']);

/** @param {CryptoKey} key @param {string} text */
const sealDirectly = (key, text) => seal(key, { alg: DIRECT }, new Uint8Array(), text);

/** @param {Jwe} jwe */
const isDirect = ({ header, wrapped }) => header.alg === DIRECT && wrapped.length === 0;

/** A key that the caller has. @implements {Key} */
class GivenKey {
  /** Not a promise: in workerd it would be of one request alone. The bytes are not kept longer than they are needed. */
  #key;

  /** @param {Bytes | CryptoKey} key */
  constructor(key) {
    this.#key = key;
  }

  async #ready() {
    if (this.#key instanceof Uint8Array) this.#key = await imported(this.#key);
    return this.#key;
  }

  /** @param {Jwe} jwe */
  async open(jwe) {
    return isDirect(jwe) ? open(await this.#ready(), jwe) : undefined;
  }

  /** @param {string} text */
  async seal(text) {
    return sealDirectly(await this.#ready(), text);
  }
}

/** A key that is made of a passphrase, as RFC 7518 has it in section 4.8. @implements {Key} */
class Passphrase {
  #passphrase;
  #iterations;
  /** The key that was made last. @type {{ p2s: string, p2c: number, key: CryptoKey } | undefined} */
  #made;
  /** What is opened with these is sealed with them, so that a key is made once. @type {{ p2s: string, p2c: number } | undefined} */
  #parameters;

  /** @param {string} passphrase @param {number} iterations */
  constructor(passphrase, iterations) {
    this.#passphrase = passphrase;
    this.#iterations = iterations;
  }

  /** @param {string} p2s @param {number} p2c @param {Bytes} salt */
  async #key(p2s, p2c, salt) {
    if (this.#made?.p2s === p2s && this.#made.p2c === p2c) return this.#made.key;
    const name = 'PBKDF2';
    try {
      const material = await crypto.subtle.importKey('raw', utf8(this.#passphrase), name, false, ['deriveKey']);
      const derived = { name, hash: 'SHA-512', salt: joined(utf8(`${BY_PASSPHRASE}\0`), salt), iterations: p2c };
      const wrapping = { name: 'AES-KW', length: 8 * KEY_BYTES };
      const key = await crypto.subtle.deriveKey(derived, material, wrapping, false, ['wrapKey', 'unwrapKey']);
      this.#made = { p2s, p2c, key };
      return key;
    } catch (cause) {
      throw storeFailed(`This runtime makes no key of a passphrase with ${p2c} iterations.`, {
        remedy: 'Cloudflare allows 100000: pass that as iterations before anything is stored, or pass a key.',
        cause,
      });
    }
  }

  /** @param {Jwe} jwe */
  async open(jwe) {
    const { alg, p2s, p2c } = jwe.header;
    const salt = typeof p2s === 'string' && fromBase64url(p2s);
    if (alg !== BY_PASSPHRASE || jwe.wrapped.length !== KEY_BYTES + 8 || !salt || salt.length < 8 || !isIterations(p2c)) return undefined;
    const key = await this.#key(p2s, p2c, salt);
    const content = await crypto.subtle.unwrapKey('raw', jwe.wrapped, key, 'AES-KW', GCM, false, ['decrypt']).catch(() => undefined);
    const text = content && (await open(content, jwe));
    if (text !== undefined && !this.isWeak(jwe)) this.#parameters = { p2s, p2c };
    return text;
  }

  /** @param {Jwe} jwe */
  isWeak({ header }) {
    return Number(header.p2c) < this.#iterations;
  }

  /** @param {string} text */
  async seal(text) {
    this.#parameters ??= { p2s: toBase64url(random(16)), p2c: this.#iterations };
    const { p2s, p2c } = this.#parameters;
    const key = await this.#key(p2s, p2c, fromBase64url(p2s) ?? random(0));
    const content = await crypto.subtle.generateKey({ name: GCM, length: 8 * KEY_BYTES }, true, ['encrypt']);
    const wrapped = new Uint8Array(await crypto.subtle.wrapKey('raw', content, key, 'AES-KW'));
    return seal(content, { alg: BY_PASSPHRASE, p2s, p2c }, wrapped, text);
  }
}

/** @param {unknown} count @returns {count is number} */
function isIterations(count) {
  return Number.isInteger(count) && Number(count) >= FEWEST_ITERATIONS && Number(count) <= MOST_ITERATIONS;
}

/** A key in the keyring of the operating system. @implements {Key} */
class KeyringKey {
  #keyring;
  /** What the keyring held when it was asked last. @type {string | undefined} */
  #held;
  /** @type {CryptoKey | undefined} */
  #key;
  /** Whether the key is known to stay: something was opened with it, or it has settled. */
  #isSettled = false;

  /** @param {Keyring | (() => Keyring | Promise<Keyring>)} keyring */
  constructor(keyring) {
    this.#keyring = keyring;
  }

  /**
   * @template T
   * @param {string} problem
   * @param {(entry: Keyring) => T | Promise<T>} ask
   * @param {string} [secret] that the keyring is handed
   */
  async #ask(problem, ask, secret) {
    try {
      return await ask(typeof this.#keyring === 'function' ? (this.#keyring = await this.#keyring()) : this.#keyring);
    } catch (cause) {
      const isTold = secret !== undefined && `${/** @type {any} */ (cause)?.message ?? cause}`.includes(secret);
      throw storeFailed(problem, {
        remedy: 'See that a keyring is running (on Linux: a Secret Service) and unlocked, or pass a key or a passphrase.',
        retryable: true,
        cause: isTold ? undefined : cause,
      });
    }
  }

  /** Asks the keyring. @returns whether it has another key than the last time */
  async #look() {
    const held = (await this.#ask('The keyring cannot be read.', (entry) => entry.getPassword())) || undefined;
    if (held === this.#held) return false;
    this.#held = held;
    this.#key = undefined;
    this.#isSettled = false;
    if (held === undefined) return false;
    const bytes = typeof held === 'string' && fromBase64url(held);
    if (!bytes || bytes.length !== KEY_BYTES) {
      this.#held = undefined;
      throw decryptionFailed('What the keyring holds under this name is no key of a token cache', 'Use another name in the keyring.');
    }
    this.#key = await imported(bytes);
    return true;
  }

  /** Whether there was none when it was needed last. */
  isMissing() {
    return this.#held === undefined;
  }

  async check() {
    await this.#look();
  }

  /** @param {Jwe} jwe */
  async open(jwe) {
    if (!isDirect(jwe)) return undefined;
    let text = this.#key && (await open(this.#key, jwe));
    // Another process may have put another key there.
    if (text === undefined && (await this.#look()) && this.#key) text = await open(this.#key, jwe);
    if (text !== undefined) this.#isSettled = true;
    return text;
  }

  /** @param {string} text */
  async seal(text) {
    if (!this.#isSettled) {
      await this.#look();
      if (this.#held === undefined) {
        const made = toBase64url(random(KEY_BYTES));
        await this.#ask('The keyring takes no key.', (entry) => entry.setPassword(made), made);
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLING));
      await this.#look();
      if (!this.#key || this.#held === undefined) {
        throw storeFailed('The keyring does not keep what is put into it.', { remedy: 'Pass a key or a passphrase.' });
      }
      this.#isSettled = true;
    }
    return sealDirectly(/** @type {CryptoKey} */ (this.#key), text);
  }
}

/** @param {string} problem @param {string} remedy */
function decryptionFailed(problem, remedy) {
  return failed(AuthError, AuthErrorCodes.cacheDecryptionFailed, `${problem}; it was left as it is.`, { remedy });
}

const IF_LOST = 'If that is lost, delete what is stored: everybody signs in again.';

/** What is stored, opened and sealed with the caller's keys. */
class Vault {
  #keys;
  #acceptPlain;
  /** A text that was opened or sealed last: while it stays, nothing is decrypted. @type {{ text: string, opened: Opened } | undefined} */
  #last;

  /** @param {Key[]} keys the one to seal with first @param {boolean} acceptPlain */
  constructor(keys, acceptPlain) {
    this.#keys = keys;
    this.#acceptPlain = acceptPlain;
  }

  /**
   * @typedef {{ cache: string, isCurrent: boolean }} Opened `isCurrent`: it need not be sealed anew
   * @param {unknown} text
   * @returns {Promise<Opened>}
   */
  async open(text) {
    if (typeof text !== 'string') throw decryptionFailed('What the store has is not text', 'Use a store that keeps text.');
    if (text === this.#last?.text) return this.#last.opened;
    if (!text.trim()) {
      // Before a person signs in for nothing.
      await this.#keys[0].check?.();
      return { cache: '', isCurrent: true };
    }
    const jwe = parse(text.trim());
    if (!jwe) return { cache: this.#plain(text), isCurrent: false };
    for (const [place, key] of this.#keys.entries()) {
      const cache = await key.open(jwe);
      if (cache === undefined) continue;
      const opened = { cache, isCurrent: place === 0 && !key.isWeak?.(jwe) };
      this.#last = { text, opened };
      return opened;
    }
    if (jwe.header.alg === DIRECT && this.#keys[0].isMissing?.()) {
      throw decryptionFailed('The token cache is encrypted, and the keyring has no key for it', `Restore the keyring. ${IF_LOST}`);
    }
    const problem = 'The token cache was encrypted with another key, or changed since';
    throw decryptionFailed(problem, `Pass its key, or add it to previous. ${IF_LOST}`);
  }

  /** @param {string} text */
  #plain(text) {
    const isPlain = /^\s*\{/.test(text);
    if (isPlain && this.#acceptPlain) return text;
    if (isPlain) {
      throw decryptionFailed('What is stored is not encrypted', 'If it is your token cache, pass acceptPlain: true until it is encrypted.');
    }
    throw decryptionFailed('What is stored is no encrypted token cache', `Restore the one that was there. ${IF_LOST}`);
  }

  /** @param {string} cache */
  async seal(cache) {
    const text = await this.#keys[0].seal(cache);
    this.#last = { text, opened: { cache, isCurrent: true } };
    return text;
  }
}

/** Over a store that knows versions. */
class Versions extends VersionedCachePlugin {
  #store;
  #vault;

  /** @param {import('../index.js').IVersionedCachePlugin} store @param {Vault} vault */
  constructor(store, vault) {
    super();
    this.#store = store;
    this.#vault = vault;
  }

  /** @override @param {string | undefined} since */
  async readCache(since) {
    const read = await this.#store.readCache(since);
    return read && { cache: (await this.#vault.open(read.cache)).cache, version: read.version };
  }

  /** @override @param {string} cache @param {string | undefined} expected */
  async writeCache(cache, expected) {
    return this.#store.writeCache(await this.#vault.seal(cache), expected);
  }

  async rotate() {
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts += 1) {
      const read = await this.#store.readCache(undefined);
      const opened = read && (await this.#vault.open(read.cache));
      if (!opened || opened.isCurrent) return false;
      if ((await this.writeCache(opened.cache, read.version)) !== null) return true;
    }
    const text = 'The token cache was changed by others each time that it was being encrypted; try again.';
    throw failed(AuthError, AuthErrorCodes.cacheConflict, text, { remedy: 'Try again.', retryable: true });
  }
}

/** Over a store that has MSAL's two callbacks alone. It may hold a lock from one to the other. */
class Turns {
  #store;
  #vault;
  /** By their contexts. @type {WeakMap<object, { isOpen: boolean, isRead: boolean, isCurrent: boolean, text: string | undefined }>} */
  #turns = new WeakMap();

  /** @param {import('../index.js').ICachePlugin} store @param {Vault} vault */
  constructor(store, vault) {
    this.#store = store;
    this.#vault = vault;
  }

  /** @param {import('../index.js').TokenCacheContext} context */
  async beforeCacheAccess(context) {
    const turn = { isOpen: true, isRead: false, isCurrent: true, text: /** @type {string | undefined} */ (undefined) };
    this.#turns.set(context, turn);
    const cache = { deserialize: (/** @type {string} */ text) => void (turn.text = text ?? ''), serialize: () => turn.text ?? '' };
    await this.#store.beforeCacheAccess(contextOf(cache, context.cacheHasChanged));
    try {
      if (turn.text !== undefined) {
        const opened = await this.#vault.open(turn.text);
        context.tokenCache.deserialize(opened.cache);
        turn.isCurrent = opened.isCurrent;
      }
      turn.isRead = true;
    } catch (error) {
      // It may hold a lock, and MSAL Node does not always say that a turn is over which began badly.
      await this.afterCacheAccess(context).catch(() => {});
      throw error;
    }
  }

  /** @param {import('../index.js').TokenCacheContext} context */
  async afterCacheAccess(context) {
    const turn = this.#turns.get(context) ?? { isOpen: true, isRead: true, text: undefined };
    if (!turn.isOpen) return;
    turn.isOpen = false;
    // MSAL Node would have what it could not read written over.
    let hasChanged = context.cacheHasChanged && turn.isRead;
    let { text } = turn;
    let problem;
    try {
      // Now, as `serialize` cannot wait for it.
      if (hasChanged) text = await this.#vault.seal(context.tokenCache.serialize());
    } catch (error) {
      hasChanged = false;
      problem = { error };
    }
    // Some stores write what they get, changed or not.
    const serialize = () => {
      if (text !== undefined) return text;
      if (turn.isRead && !problem) return '';
      throw storeFailed('What is stored could not be read, so nothing is written over it.', { remedy: 'See the error before this one.' });
    };
    const ended = this.#store.afterCacheAccess(contextOf({ serialize, deserialize() {} }, hasChanged));
    if (!problem) return ended;
    await Promise.resolve(ended).catch(() => {});
    throw problem.error;
  }

  async rotate() {
    let cache = '';
    const tokenCache = { deserialize: (/** @type {string} */ text) => void (cache = text), serialize: () => cache };
    const context = contextOf(tokenCache, true);
    try {
      await this.beforeCacheAccess(context);
      context.hasChanged = context.cacheHasChanged = !this.#turns.get(context)?.isCurrent;
    } finally {
      await this.afterCacheAccess(context);
    }
    return context.cacheHasChanged;
  }
}

/** @param {import('../index.js').ISerializableTokenCache} cache @param {boolean} hasChanged */
function contextOf(cache, hasChanged) {
  return { cache, tokenCache: cache, hasChanged, cacheHasChanged: hasChanged };
}

/**
 * @param {unknown} options
 * @param {string} at what the program calls them, with a point
 * @returns {Key}
 */
function keyOf(options, at = '') {
  if (options === null || typeof options !== 'object') throw wrongOption(at.slice(0, -1) || 'options', `it must be an object with ${ONE}`);
  const given = /** @type {Record<string, any>} */ (options);
  const names = KINDS.filter((name) => given[name] !== undefined && given[name] !== null);
  const name = names[0] ?? KINDS.find((name) => name in given) ?? 'key';
  const field = at + name;
  if (names.length !== 1) throw wrongOption(field, names.length ? `it cannot be given with ${names[1]}` : `it is missing; give ${ONE}`);
  const value = given[name];
  if (name === 'keyring') {
    if (typeof value !== 'function') requireMethods(field, value, ['getPassword', 'setPassword']);
    return new KeyringKey(value);
  }
  if (name === 'key') return new GivenKey(checkedKey(value, field, at === ''));
  if (typeof value !== 'string') throw wrongOption(field, 'it must be a string; bytes are given as key');
  if (!value) throw wrongOption(field, 'it is empty');
  const { iterations = ITERATIONS } = given;
  if (!isIterations(iterations)) throw wrongOption(`${at}iterations`, `it must be from ${FEWEST_ITERATIONS} to ${MOST_ITERATIONS}`);
  return new Passphrase(value, iterations);
}

/** @param {any} value @param {string} field @param {boolean} seals @returns {Bytes | CryptoKey} */
function checkedKey(value, field, seals) {
  if (typeof value === 'string') throw wrongOption(field, 'it must be bytes, not a string: decode it, or give it as passphrase');
  // Of this realm or another.
  if (Object.prototype.toString.call(value) === '[object Uint8Array]') {
    if (value.length !== KEY_BYTES) throw wrongOption(field, `it must have ${KEY_BYTES} bytes, not ${value.length}`);
    return Uint8Array.from(value);
  }
  const { algorithm, usages } = Object(value);
  if (!algorithm?.name || !Array.isArray(usages)) throw wrongOption(field, 'it must be a Uint8Array of 32 bytes, or a CryptoKey');
  if (algorithm.name !== GCM || algorithm.length !== 256) throw wrongOption(field, 'the CryptoKey must be for AES-GCM with 256 bits');
  for (const usage of seals ? ['encrypt', 'decrypt'] : ['decrypt']) {
    if (!usages.includes(usage)) throw wrongOption(field, `the CryptoKey must have the usage "${usage}"`);
  }
  return value;
}

/**
 * @import { EncryptedCachePlugin as Contract } from './encrypted.js'
 * @implements {Contract}
 */
export class EncryptedCachePlugin {
  #inside;

  /**
   * @param {import('../index.js').ICachePlugin | import('../index.js').IVersionedCachePlugin} store
   * @param {import('./encrypted.js').EncryptedCachePluginOptions} options
   */
  constructor(store, options) {
    if (!globalThis.crypto?.subtle) {
      throw wrongOption('crypto.subtle', 'it is missing; browsers have it on pages of https: and localhost');
    }
    if (store instanceof DistributedCachePlugin) {
      throw wrongOption('store', 'a DistributedCachePlugin must see the cache: encrypt in its client');
    }
    const versions = isVersioned(Object(store)) ? /** @type {import('../index.js').IVersionedCachePlugin} */ (store) : undefined;
    requireMethods('store', store, versions ? ['readCache', 'writeCache'] : ['beforeCacheAccess', 'afterCacheAccess']);
    const keys = [keyOf(options)];
    const { previous = [], acceptPlain = false } = options;
    if (!Array.isArray(previous)) throw wrongOption('previous', `it must be an array of objects with ${ONE}`);
    keys.push(...previous.map((item, place) => keyOf(item, `previous[${place}].`)));
    if (typeof acceptPlain !== 'boolean') throw wrongOption('acceptPlain', 'it must be true or false');
    const vault = new Vault(keys, acceptPlain);
    if (!versions) {
      this.#inside = new Turns(/** @type {import('../index.js').ICachePlugin} */ (store), vault);
      return;
    }
    const inside = new Versions(versions, vault);
    this.#inside = inside;
    // Of its own, and only here: by these a plugin is known as one with versions.
    Object.defineProperties(this, {
      readCache: { value: inside.readCache.bind(inside) },
      writeCache: { value: inside.writeCache.bind(inside) },
    });
  }

  /** @param {import('../index.js').TokenCacheContext} context */
  async beforeCacheAccess(context) {
    return this.#inside.beforeCacheAccess(context);
  }

  /** @param {import('../index.js').TokenCacheContext} context */
  async afterCacheAccess(context) {
    return this.#inside.afterCacheAccess(context);
  }

  async rotate() {
    return this.#inside.rotate();
  }
}
