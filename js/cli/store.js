// Where tokens are kept: a file that its owner alone may read, the same encrypted, or nowhere.

import { access, constants, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { configFolder, homeless } from './profiles.js';
import { UsageError } from './failure.js';
import { reasonOf } from './files.js';
import { mark, say, shortPath } from './terminal.js';

/** Taken out of the environment: what is started from here, such as a browser, need not have the key. */
const { DOORCODE_CACHE_KEY: base64, DOORCODE_CACHE_PASSPHRASE: passphrase } = process.env;
delete process.env.DOORCODE_CACHE_KEY;
delete process.env.DOORCODE_CACHE_PASSPHRASE;

/**
 * @typedef {object} Store
 * @property {import('doorcode').IVersionedCachePlugin} plugin
 * @property {string} [path] of the file, if tokens are kept
 * @property {string} [unsaved] why they are not
 */

/**
 * @param {string | undefined} profile each has a file of its own
 * @param {import('./profiles.js').Settings['store']} kind a key in the environment says that it is to be encrypted
 * @returns {Promise<Store>}
 */
export async function openStore(profile, kind) {
  if (kind === 'memory') return { plugin: inMemory(), unsaved: 'as --store memory says' };
  const isEncrypted = (kind ?? usualKind()) === 'encrypted';
  const { FileCachePlugin } = await import('doorcode/cache/file');
  const path = join(await tokenFolder(profile), isEncrypted ? 'token-cache.jwe' : 'token-cache.json');
  const file = new FileCachePlugin({ path, onSetAside });
  const obstacle = await obstacleTo(path);
  const kept = obstacle === undefined ? file : inMemory(obstacle.isInThePlace ? undefined : file);
  const plugin = isEncrypted ? await encrypted(kept, profile) : kept;
  return obstacle === undefined ? { plugin, path } : { plugin, unsaved: obstacle.why };
}

/** Where tokens are kept if nobody says. @returns {'file' | 'encrypted'} */
export function usualKind() {
  return base64 || passphrase ? 'encrypted' : 'file';
}

/** Where the tokens of a profile are, and nothing else; without one, where the library has its own. @param {string | undefined} profile */
export async function tokenFolder(profile) {
  const { FileCachePlugin } = await import('doorcode/cache/file');
  // Whoever names the folder of everything, such as a container with one volume, has the tokens there as well.
  const folder = process.env.DOORCODE_CONFIG_DIR ? join(configFolder(), 'tokens') : dirname(usualPath());
  return profile === undefined ? folder : join(folder, 'profiles', profile);

  function usualPath() {
    try {
      return new FileCachePlugin().path;
    } catch (error) {
      throw /** @type {Error} */ (error).name === 'ClientConfigurationError' ? homeless() : error;
    }
  }
}

/** @param {import('doorcode/cache/file').FileSetAside} event */
function onSetAside({ path, keptAs }) {
  say(`${mark('warning')} ${shortPath(path)} was damaged; everybody who was signed in has to sign in again.`);
  say(`  It is kept as ${shortPath(keptAs)}`);
}

/**
 * What keeps a file from being written. Asked before anybody signs in, for it would be in vain.
 * @param {string} path
 * @returns {Promise<{ why: string, isInThePlace?: true } | undefined>} `isInThePlace` of a folder: there is nothing to read either
 */
async function obstacleTo(path) {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      // Root may write into anything, and hears otherwise when it does.
      if (!(await stat(folder)).isDirectory()) return { why: `${shortPath(folder)} is a file, and it has to be a folder`, isInThePlace: true };
      await access(folder, constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if ((code === 'ENOENT' || code === 'ENOTDIR') && folder !== dirname(folder)) continue;
      return { why: `${shortPath(folder)}: ${reasonOf(error)}` };
    }
  }
}

/** What is stored, if anything is; what is added is forgotten when the command ends. @param {import('doorcode').IVersionedCachePlugin} [stored] */
function inMemory(stored) {
  /** @type {string | undefined} */
  let kept;
  let version = 0;
  /** @type {import('doorcode').IVersionedCachePlugin} */
  const plugin = {
    async readCache(since) {
      if (kept === undefined && stored) return stored.readCache(since);
      return since === `kept ${version}` ? null : { cache: kept ?? '', version: `kept ${version}` };
    },
    async writeCache(cache) {
      kept = cache;
      version += 1;
      return `kept ${version}`;
    },
  };
  return plugin;
}

/** @param {import('doorcode').IVersionedCachePlugin} store @param {string | undefined} profile */
async function encrypted(store, profile) {
  const { EncryptedCachePlugin } = await import('doorcode/cache/encrypted');
  return /** @type {import('doorcode').IVersionedCachePlugin} */ (/** @type {unknown} */ (new EncryptedCachePlugin(store, await encryptionKey(profile))));
}

/** @param {string | undefined} profile @returns {Promise<import('doorcode/cache/encrypted').EncryptionKey>} */
async function encryptionKey(profile) {
  if (base64) {
    const key = Buffer.from(base64, 'base64');
    if (key.length === 32) return { key };
    throw new UsageError(`DOORCODE_CACHE_KEY must be 32 bytes in base64; it is ${key.length}.`, 'Make one with: openssl rand -base64 32');
  }
  if (passphrase) return { passphrase };
  /** @type {{ AsyncEntry: new (service: string, user: string, options: object) => import('doorcode/cache/encrypted').Keyring }} */
  let keyring;
  try {
    // Not a dependency: it is native, and whoever wants it installs it beside doorcode.
    keyring = await import(/** @type {string} */ ('@napi-rs/keyring'));
  } catch (cause) {
    const remedy = 'Set DOORCODE_CACHE_KEY (openssl rand -base64 32) or DOORCODE_CACHE_PASSPHRASE, or install @napi-rs/keyring beside doorcode.';
    throw new UsageError('There is no key to encrypt the tokens with.', remedy, cause);
  }
  return { keyring: () => new keyring.AsyncEntry('doorcode', profile ?? 'token-cache', { linux: { store: 'secret-service' } }) };
}
