// MSAL's TokenCache over the core's store. The blob that was read or written last is kept as the string it was: to compare
// two strings takes a thousandth of reading one.

import { CacheAccess, TokenCacheContext } from './cache-access.js';
import { Input } from './check.js';
import { ClientAuthError, ClientAuthErrorCodes } from './errors.js';
import { failed } from './failed.js';
import { accountInfo, copyOfAccount } from './shapes.js';

export { TokenCacheContext };

/** @type {(cache: TokenCache, writes: boolean) => CacheAccess} */
let open;
/** @type {(cache: TokenCache) => void} */
let forget;
/** @type {(cache: TokenCache) => void} */
let clear;
/** @type {(cache: TokenCache) => import('./index.js').AccountEntity | undefined} */
let first;

/**
 * @import { TokenCache as Contract } from './index.js'
 * @implements {Contract}
 */
export class TokenCache {
  static {
    open = (cache, writes) => new CacheAccess(cache.#stored, writes);
    forget = (cache) => {
      cache.#core.clearCache();
      cache.#blob = undefined;
      cache.#stored.version = undefined;
    };
    clear = (cache) => {
      const { access } = cache.#stored;
      // What a turn has loaded is not taken from under it: it would store what is left over everything.
      if (access) access.afterwards = () => forget(cache);
      else forget(cache);
    };
    first = (cache) => {
      const text = cache.#core.firstAccountEntity();
      return text === undefined ? undefined : entity(JSON.parse(text));
    };
  }

  #core;
  /** The blob that the store was read from or written to last. @type {string | undefined} */
  #blob;
  /** Its generation, if nothing has changed since. */
  #blobGeneration = -1;
  /** @type {import('./cache-access.js').Stored} */
  #stored;
  /**
   * The accounts that were asked for while the cache was of one generation: all of them, or one person's by home account id. Not to
   * be changed, and copied for whoever asks.
   * @type {{ generation: number | undefined, byPerson: Map<string | undefined, import('./index.js').AccountInfo[]> }}
   */
  #accounts = { generation: undefined, byPerson: new Map() };

  /**
   * @param {import('doorcode-core').Core} core
   * @param {import('./index.js').ICachePlugin | undefined} plugin
   */
  constructor(core, plugin) {
    this.#core = core;
    this.#stored = {
      plugin: /** @type {any} */ (plugin),
      cache: this,
      version: undefined,
      access: undefined,
      isStored: () => core.cacheIsStored(),
    };
  }

  get persistence() {
    return /** @type {import('./index.js').ICachePlugin} */ (this.#stored.plugin);
  }

  hasChanged() {
    return this.#core.cacheHasChanged();
  }

  serialize() {
    const { access } = this.#stored;
    if (access?.failure) {
      throw failed(ClientAuthError, ClientAuthErrorCodes.invalidCacheRecord, 'What is stored could not be read, so nothing is written over it.', {
        remedy: 'It was left as it is: move it away to start anew, or mend it.',
        cause: access.failure.reason,
      });
    }
    const generation = this.#core.cacheGeneration;
    if (this.#blob === undefined || this.#blobGeneration !== generation) {
      this.#blob = /** @type {string} */ (this.#core.writeCache());
      this.#blobGeneration = generation;
    }
    if (access) access.wasSerialized = true;
    else this.#core.cacheIsStored();
    return this.#blob;
  }

  /** @param {string | null | undefined} cache none where nothing is stored yet */
  deserialize(cache) {
    const { access } = this.#stored;
    try {
      const blob = cache ?? '';
      if (typeof blob !== 'string') throw Input.request({ cache }).wrong('cache', 'it must be a string: the text that serialize returned');
      if (blob !== this.#blob) this.#load(blob);
      access?.loaded();
    } catch (error) {
      access?.failed(error);
      throw error;
    }
  }

  /** @param {string} blob */
  #load(blob) {
    this.#core.loadCache(blob);
    this.#blob = blob;
    // Nothing but white space, or a byte order mark in front, as some editors put it there, is not passed on: it is not JSON.
    const isForOthers = !/^\ufeff|^\s*$/.test(blob);
    this.#blobGeneration = isForOthers && !this.#core.cacheHasChanged() ? this.#core.cacheGeneration : -1;
  }

  getKVStore() {
    return entitiesByKey(/** @type {string} */ (this.#core.writeCache()));
  }

  getCacheSnapshot() {
    return entitiesByKey(this.#blob?.trim() || '{}');
  }

  /** @param {string} [_correlationId] */
  async getAllAccounts(_correlationId) {
    return (await this.#known()).map(copyOfAccount);
  }

  /** @param {string} homeAccountId */
  async getAccountByHomeId(homeAccountId) {
    const wanted = Input.request({ homeAccountId }).filledText('homeAccountId');
    const account = wanted && (await this.#known(wanted)).find((account) => account.homeAccountId === wanted);
    return account ? copyOfAccount(account) : null;
  }

  /** @param {string} localAccountId */
  async getAccountByLocalId(localAccountId) {
    const wanted = Input.request({ localAccountId }).filledText('localAccountId');
    const account = wanted && (await this.#known()).find((account) => account.localAccountId === wanted);
    return account ? copyOfAccount(account) : null;
  }

  /**
   * @param {import('./index.js').AccountInfo} account
   * @param {string} [correlationId]
   */
  async removeAccount(account, correlationId) {
    const request = Input.request({ account, correlationId });
    const input = request.part('account');
    const homeAccountId = input.filledText('homeAccountId');
    if (!homeAccountId) throw input.wrong('homeAccountId', 'it is missing; pass an account that getAllAccounts or a sign-in returned');
    await this.#core.signOut(homeAccountId, input.text('environment') ?? '', request.text('correlationId') ?? '');
  }

  async overwriteCache() {
    if (this.#stored.plugin) await this.#known('nobody');
  }

  /**
   * The accounts, or those of one person, which are found sooner than all are listed.
   * @param {string} [homeAccountId]
   */
  async #known(homeAccountId) {
    const { generation, byPerson } = this.#accounts;
    const kept = byPerson.get(undefined) ?? byPerson.get(homeAccountId);
    if (kept && !this.#stored.plugin && generation === this.#core.cacheGeneration) return kept;
    const answer = await this.#core.accounts(homeAccountId, kept && generation);
    if (answer === undefined) return kept ?? [];
    const known = JSON.parse(answer);
    /** @type {import('./index.js').AccountInfo[]} */
    const list = known.accounts.map(accountInfo);
    if (this.#accounts.generation !== known.generation) this.#accounts = { generation: known.generation, byPerson: new Map() };
    this.#accounts.byPerson.set(homeAccountId, list);
    return list;
  }
}

/** Queues for a turn at the cache. @param {TokenCache} cache @param {boolean} writes */
export function openCache(cache, writes) {
  return open(cache, writes);
}

/** Forgets everything, here only; after the turn that is open, if one is. @param {TokenCache} cache */
export function clearCache(cache) {
  clear(cache);
}

/** Forgets everything before another person's cache is loaded: also what could not be stored. @param {TokenCache} cache */
export function forgetCache(cache) {
  forget(cache);
}

/** The first account as MSAL keeps it in memory: by whom a partition is named. @param {TokenCache} cache */
export function firstAccount(cache) {
  return first(cache);
}

/**
 * A blob as MSAL keeps it in memory: its entities by key, their fields in camel case.
 * @param {string} blob
 * @returns {Record<string, import('./index.js').CacheEntity>}
 */
function entitiesByKey(blob) {
  const { Account, IdToken, AccessToken, RefreshToken, AppMetadata } = JSON.parse(blob);
  const sections = [Account, IdToken, AccessToken, RefreshToken, AppMetadata];
  // fromEntries defines, where an assignment could reach the prototype.
  return Object.fromEntries(sections.flatMap((section) => Object.entries(section ?? {}).map(([key, value]) => [key, entity(value)])));
}

/** @param {any} stored @returns {any} */
function entity(stored) {
  if (stored === null || typeof stored !== 'object') return stored;
  const camel = (/** @type {string} */ name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  const fields = Object.fromEntries(Object.entries(stored).map(([name, value]) => [camel(name), value]));
  if (Array.isArray(fields.tenantProfiles)) fields.tenantProfiles = fields.tenantProfiles.map(profile);
  return fields;
}

/** MSAL keeps each profile as JSON text; what is not that stays as it is. @param {any} stored @returns {any} */
function profile(stored) {
  try {
    return JSON.parse(stored);
  } catch {
    return stored;
  }
}
