// Stores of keys and values that platforms have: Workers KV and the storage of Durable Objects at Cloudflare, Deno KV.

import { Input, storeFailed, VersionedCachePlugin, wrongOption } from './plugin.js';

const KEY = 'token-cache';
/** The version of what is not there. */
const NONE = 'none';

/** What Workers KV takes as a value, in bytes. */
const MOST_IN_WORKERS_KV = 25 * 1024 * 1024;

/** In bytes. A value of a Durable Object's storage has 128 KiB where that is no SQLite, and 2 MB where it is. */
const PART_IN_DURABLE_OBJECT = 120 * 1024;
/** How many keys a Durable Object's storage takes at once. */
const KEYS_IN_DURABLE_OBJECT = 128;

/** In bytes. A value of Deno KV has 64 KiB. */
const PART_IN_DENO_KV = 60 * 1024;
/** How many keys Deno KV reads at once. */
const KEYS_IN_DENO_KV = 10;
/** In bytes. An atomic operation of Deno KV has 800 KiB, in which each key, of 2 KiB at most, counts twice. */
const MOST_IN_DENO_KV = 736 * 1024;
/** How often a cache that is replaced while it is read is read again. */
const MOST_READS = 10;
/** How often a file that another process is writing to is tried: for some two and a half seconds. */
const MOST_TRIES = 100;
/** In milliseconds: how much longer the parts of a cache live than what says how many there are. */
const GRACE = 60_000;

/** More than any store takes. What says that there are more is none of ours. */
const MOST_PARTS = 10_000;

/**
 * What is stored under the key itself. The text is in parts, each of which has a key of its own.
 * @typedef {{ parts: number, version?: string }} Head
 */

/**
 * @import { KvCachePlugin as Kv, DurableObjectCachePlugin as DurableObject, DenoKvCachePlugin as DenoKv } from './kv.js'
 * @implements {Kv}
 */
export class KvCachePlugin extends VersionedCachePlugin {
  #namespace;
  #key;
  #expirationTtl;

  /**
   * @param {import('./kv.js').KvNamespace} namespace
   * @param {import('./kv.js').KvCachePluginOptions} [options]
   */
  constructor(namespace, options = {}) {
    super();
    const fix = 'bind a KV namespace in wrangler.jsonc, under kv_namespaces, and pass that binding, such as env.TOKENS';
    requireStore('namespace', namespace, ['get', 'put'], fix);
    const given = Input.configuration(options);
    this.#namespace = namespace;
    this.#key = keyOf(given);
    this.#expirationTtl = given.positive('expirationTtl', 'seconds');
    if (this.#expirationTtl && !(Number.isInteger(this.#expirationTtl) && this.#expirationTtl >= 60)) {
      throw wrongOption('expirationTtl', 'it must be a whole number of seconds, and 60 at least');
    }
  }

  /** @param {string | undefined} since */
  async readCache(since) {
    const text = await this.#get();
    const version = await versionOf(text);
    return version === since ? null : { cache: unquoted(text ?? ''), version };
  }

  /** @param {string} cache @param {string | undefined} expected */
  async writeCache(cache, expected) {
    requireRoom('Workers KV', new TextEncoder().encode(cache).length, MOST_IN_WORKERS_KV);
    if ((await versionOf(await this.#get())) !== expected) return null;
    const options = this.#expirationTtl ? { expirationTtl: this.#expirationTtl } : {};
    await ask('The token cache could not be written to Workers KV.', () => this.#namespace.put(this.#key, cache, options));
    return versionOf(cache);
  }

  #get() {
    return ask('The token cache could not be read from Workers KV.', () => this.#namespace.get(this.#key, 'text'));
  }
}

/** @implements {DurableObject} */
export class DurableObjectCachePlugin extends VersionedCachePlugin {
  #storage;
  #key;

  /**
   * @param {import('./kv.js').DurableObjectStorage} storage
   * @param {import('./kv.js').DurableObjectCachePluginOptions} [options]
   */
  constructor(storage, options = {}) {
    super();
    requireStore('storage', storage, ['get', 'transaction'], 'pass the storage of a Durable Object: this.ctx.storage');
    this.#storage = storage;
    this.#key = keyOf(Input.configuration(options));
  }

  /** @param {string | undefined} since */
  async readCache(since) {
    const problem = 'The token cache could not be read from the Durable Object.';
    // A transaction holds up all else that the object does; a hit needs none.
    if (since !== undefined && (await this.#versionOf(await ask(problem, () => this.#storage.get(this.#key)))) === since) return null;
    const { head, parts } = await ask(problem, () =>
      this.#storage.transaction(async (transaction) => {
        const head = await transaction.get(this.#key);
        /** @type {unknown[]} */
        const parts = [];
        for (const keys of groups(this.#keys(0, countOf(head)), KEYS_IN_DURABLE_OBJECT)) {
          const found = await transaction.get(keys);
          parts.push(...keys.map((key) => found.get(key)));
        }
        return { head, parts };
      }));
    const version = await this.#versionOf(head);
    const cache = head === undefined ? '' : textOf(head, parts);
    if (version === undefined || cache === undefined) throw foreign();
    return { cache, version };
  }

  /** @param {string} cache @param {string | undefined} expected */
  async writeCache(cache, expected) {
    const parts = partsOf(cache, PART_IN_DURABLE_OBJECT);
    return ask('The token cache could not be written to the Durable Object.', () =>
      this.#storage.transaction(async (transaction) => {
        const head = await transaction.get(this.#key);
        const found = await this.#versionOf(head);
        if (found === undefined || found !== expected) return null;
        const version = crypto.randomUUID();
        await transaction.put({ [this.#key]: { version, parts: parts.length } });
        const entries = this.#keys(0, parts.length).map((key, number) => [key, parts[number]]);
        for (const group of groups(entries, KEYS_IN_DURABLE_OBJECT)) await transaction.put(Object.fromEntries(group));
        for (const keys of groups(this.#keys(parts.length, countOf(head)), KEYS_IN_DURABLE_OBJECT)) await transaction.delete(keys);
        return version;
      }));
  }

  /** The keys of parts. @param {number} from @param {number} to */
  #keys(from, to) {
    return numbers(from, to).map((number) => `${this.#key}#${number}`);
  }

  /** @param {unknown} head @returns {Promise<string | undefined>} undefined if it is none of ours */
  async #versionOf(head) {
    return head === undefined || typeof head === 'string' ? versionOf(head) : isHead(head) ? head.version : undefined;
  }
}

/** @implements {DenoKv} */
export class DenoKvCachePlugin extends VersionedCachePlugin {
  #kv;
  #key;
  #expireIn;

  /**
   * @param {import('./kv.js').DenoKvStore} kv
   * @param {import('./kv.js').DenoKvCachePluginOptions} [options]
   */
  constructor(kv, options = {}) {
    super();
    requireStore('kv', kv, ['get', 'getMany', 'atomic'], 'pass what Deno.openKv() resolves to, with --unstable-kv');
    const given = Input.configuration(options);
    const { key = ['doorcode', KEY] } = options;
    if (!Array.isArray(key) || key.length === 0 || !key.every(isKeyPart) || ('key' in options && options.key === undefined)) {
      throw wrongOption('key', 'it must be a key of Deno KV: an array of strings, numbers, bigints, booleans and Uint8Arrays, none empty');
    }
    this.#kv = kv;
    this.#key = [...key];
    this.#expireIn = given.positive('expireIn', 'milliseconds');
  }

  /** @param {string | undefined} since */
  async readCache(since) {
    for (let reads = 0; reads < MOST_READS; reads += 1) {
      const { value, versionstamp } = await this.#get();
      const version = versionstamp ?? NONE;
      if (version === since) return null;
      if (versionstamp === null) return { cache: '', version };
      const parts = await this.#getParts(countOf(value));
      // What is written at once has one versionstamp: another is that of a cache that came meanwhile.
      if (parts.some((part) => part.versionstamp !== version)) continue;
      const cache = textOf(value, parts.map((part) => part.value));
      if (cache === undefined) throw foreign();
      return { cache, version };
    }
    const problem = `The token cache in Deno KV could not be read whole in ${MOST_READS} tries: parts are missing, or of another version.`;
    throw storeFailed(problem, {
      remedy: 'Try again; if that does not help, delete what is stored under the key of the cache, with its parts, and sign in again.',
      retryable: true,
    });
  }

  /** @param {string} cache @param {string | undefined} expected */
  async writeCache(cache, expected) {
    const parts = partsOf(cache, PART_IN_DENO_KV);
    requireRoom('an atomic operation of Deno KV', parts.reduce((sum, { length }) => sum + length, 0), MOST_IN_DENO_KV);
    const { value, versionstamp } = await this.#get();
    if ((versionstamp ?? NONE) !== expected) return null;
    const operation = this.#kv.atomic().check({ key: this.#key, versionstamp });
    // The head goes first, so that nobody finds it without its parts.
    const [ofHead, ofParts] = this.#expireIn ? [{ expireIn: this.#expireIn }, { expireIn: this.#expireIn + GRACE }] : [];
    operation.set(this.#key, { parts: parts.length }, ofHead);
    for (const [number, part] of parts.entries()) operation.set(this.#partKey(number), part, ofParts);
    for (const number of numbers(parts.length, countOf(value))) operation.delete(this.#partKey(number));
    const result = await ask('The token cache could not be written to Deno KV.', () => unlocked(() => operation.commit()));
    return result.ok ? result.versionstamp : null;
  }

  /** @param {number} number */
  #partKey(number) {
    return [...this.#key, 'part', number];
  }

  #get() {
    return ask('The token cache could not be read from Deno KV.', () => unlocked(() => this.#kv.get(this.#key)));
  }

  /** @param {number} count */
  async #getParts(count) {
    const parts = [];
    for (const group of groups(numbers(0, count), KEYS_IN_DENO_KV)) {
      const keys = group.map((number) => this.#partKey(number));
      parts.push(...await ask('The token cache could not be read from Deno KV.', () => unlocked(() => this.#kv.getMany(keys))));
    }
    return parts;
  }
}

/** @param {string} field @param {any} store @param {string[]} methods @param {string} fix */
function requireStore(field, store, methods, fix) {
  if (!methods.every((method) => typeof store?.[method] === 'function')) throw wrongOption(field, fix);
}

/** A key that is there, but empty, is a mistake: people would share a cache. @param {Input} options */
function keyOf({ value }) {
  const key = 'key' in value ? value.key : KEY;
  if (typeof key !== 'string' || key === '') throw wrongOption('key', 'it must be a string that is not empty, such as one for each person');
  return key;
}

/** @param {unknown} part of a key of Deno KV's */
function isKeyPart(part) {
  if (typeof part === 'string' || part instanceof Uint8Array) return part.length > 0;
  return ['number', 'bigint', 'boolean'].includes(typeof part);
}

/** The version of a text in a store that keeps none. @param {string | null | undefined} text */
async function versionOf(text) {
  if (text === null || text === undefined) return NONE;
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Some plugins store JSON of the text, which is JSON itself. @param {string} text */
function unquoted(text) {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text; // The error would quote it; the cache says that it cannot be read.
  }
}

/** @param {unknown} value @returns {value is Head} */
function isHead(value) {
  const { parts } = /** @type {Partial<Head>} */ (value ?? {});
  return typeof parts === 'number' && Number.isInteger(parts) && parts >= 0 && parts <= MOST_PARTS;
}

/** How many parts there are. @param {unknown} head */
function countOf(head) {
  return isHead(head) ? head.parts : 0;
}

/** Each is a copy: some stores keep all of the memory that bytes are in. @param {string} text @param {number} size */
function partsOf(text, size) {
  const bytes = new TextEncoder().encode(text);
  return numbers(0, Math.ceil(bytes.length / size)).map((number) => bytes.slice(number * size, (number + 1) * size));
}

/**
 * @param {unknown} head or a text, as other plugins store it
 * @param {unknown[]} parts
 * @returns {string | undefined} undefined if it is none of ours
 */
function textOf(head, parts) {
  if (typeof head === 'string') return head;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    if (!isHead(head) || !parts.every((part) => part instanceof Uint8Array)) return undefined;
    return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
  } catch {
    return undefined;
  }
}

/** @param {number} from @param {number} to */
function numbers(from, to) {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}

/** @template T @param {T[]} items @param {number} size */
function groups(items, size) {
  return numbers(0, Math.ceil(items.length / size)).map((number) => items.slice(number * size, (number + 1) * size));
}

const LOCKED = /\bdatabase is locked\b/;

/**
 * Does something in Deno KV. Where that is a file, it is not waited for another process that is writing: this one is told so at once.
 * @template T
 * @param {() => Promise<T>} task
 */
async function unlocked(task) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await task();
    } catch (error) {
      if (tries === MOST_TRIES || !LOCKED.test(/** @type {Error} */ (error)?.message)) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * tries));
    }
  }
}

/**
 * Asks the store for something.
 * @template T
 * @param {string} problem if it throws
 * @param {() => Promise<T>} task
 */
async function ask(problem, task) {
  try {
    return await task();
  } catch (cause) {
    const { name = '', message = '' } = /** @type {Error} */ (cause ?? {});
    // A wrong argument stays wrong, as does a store that was closed, or a request that was refused, unless there were too many.
    const isLasting = !LOCKED.test(message) && (/^(TypeError|BadResource)$/.test(name) || /\b4(?!29)\d\d\b/.test(message));
    const remedy = `${isLasting ? '' : 'Try again in a while. '}See the cause, which is what the store said.`;
    throw storeFailed(problem, { remedy, retryable: !isLasting, cause });
  }
}

/** @param {string} store @param {number} size @param {number} most */
function requireRoom(store, size, most) {
  if (size <= most) return;
  throw storeFailed(`The token cache has ${size} bytes, and ${store} takes ${most}; nothing was changed.`, {
    remedy: 'Keep a cache for each person, with a key of its own.',
  });
}

/** The key is not named: it may be that of a session, which whoever knows it has. */
function foreign() {
  return storeFailed("What is stored under the cache's key is no token cache of doorcode's, or is damaged; it was left as it is.", {
    remedy: 'Choose another key, or delete what is stored under this one, with its parts.',
  });
}
