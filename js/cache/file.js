// The token cache in a file, which processes share: for Node, Deno and Bun.

import { constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AuthError } from '../errors.js';
import { patiently, syncFolder, takeLock, unless } from './file-lock.js';
import { defaultPath, isSegment } from './file-path.js';
import { system as host } from './file-system.js';
import { Input, storeFailed, VersionedCachePlugin, wrongOption } from './plugin.js';

/** @import { Held } from './file-lock.js' */

/** A file whose dates are as old as this has not been changed since without another date: clocks and file systems have coarse ticks. */
const SETTLED_AFTER = 2000;
/** How long somebody may take who writes into the file itself. */
const WRITING_TAKES = 200;

/** Milliseconds that a lock is kept for one who tries again. */
const KEPT_FOR = 1000;

/**
 * What is known of the file: its text, our number for it, and how the file looked. The text is the very string that the cache has.
 * @typedef {{ text: string, version: string, stat?: import('node:fs').BigIntStats | undefined }} Known
 */

/**
 * @import { FileCacheOptions, FileCachePlugin as Contract } from './file.js'
 * @implements {Contract}
 */
export class FileCachePlugin extends VersionedCachePlugin {
  #system;
  #folder;
  /** @type {string | undefined} */
  #migrateFrom;
  #onSetAside;
  /** @type {Known | undefined} */
  #known;
  #versions = 0;
  /** How many writes before this one came too late. */
  #conflicts = 0;
  /** The lock, kept for the next write. @type {{ held: Held, rest: () => void } | undefined} */
  #kept;

  /**
   * @param {FileCacheOptions} [options]
   * @param {Partial<import('./file-system.js').System>} [world] what tests have instead
   */
  constructor(options = {}, world = {}) {
    super();
    this.#system = { ...host, ...world };
    const input = Input.configuration(options);
    const given = pathOf(input, 'path');
    const name = input.text('name');
    if (given !== undefined && name !== undefined) throw input.wrong('name', 'it is for the default path; leave it out, or leave out path');
    if (name !== undefined && !isSegment(name)) throw input.wrong('name', 'it must be a name that a folder can have, such as that of your program');
    this.#migrateFrom = pathOf(input, 'migrateFrom');
    this.#onSetAside = /** @type {FileCacheOptions['onSetAside']} */ (input.callback('onSetAside'));
    this.path = given ?? homePath(name ?? 'doorcode', this.#system);
    this.#folder = dirname(this.path);
    if (this.#migrateFrom === this.path) throw input.wrong('migrateFrom', 'it must be another file than path');
  }

  /** @param {string | undefined} since */
  async readCache(since) {
    const { text, version } = await this.#guarded('read', () => this.#read());
    return version === since ? null : { cache: text, version };
  }

  /** @param {string} cache @param {string | undefined} expected */
  async writeCache(cache, expected) {
    if (expected === undefined || expected !== this.#known?.version) return null;
    return this.#guarded('written', () =>
      this.#locked(async (held) => {
        if ((await this.#read()).version !== expected) {
          this.#conflicts += 1;
          return null;
        }
        this.#conflicts = 0;
        if (!(await this.#swap(held, cache))) return null;
        await this.#sync();
        return this.#learn(cache).version;
      }));
  }

  /** @param {string} version @param {Error} reason */
  async setAside(version, reason) {
    const found = this.#known;
    if (found?.version !== version) return;
    // JWE in compact serialization (RFC 7516 section 7.1), which EncryptedCachePlugin stores.
    if (/^eyJ[\w-]*(\.[\w-]*){4}$/.test(found.text)) {
      throw storeFailed(`The token cache ${this.path} is encrypted`, {
        remedy: 'Wrap this plugin in EncryptedCachePlugin of doorcode/cache/encrypted, with the key.',
      });
    }
    const { sleep, now, fs, warn } = this.#system;
    await sleep(WRITING_TAKES);
    const date = new Date(now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const keptAs = `${this.path}.unreadable-${date}-${crypto.randomUUID().slice(0, 8)}`;
    const path = await this.#guarded('set aside', () =>
      this.#locked(async (held) => {
        const stored = await this.#stored(undefined);
        if (!stored || this.#learn(textOf(stored.bytes), stored.stat).version !== version) return undefined;
        // A copy, then an empty file: only a file of the holder's own, renamed, cannot do harm if the lock is lost.
        let isDone = false;
        try {
          await this.#writeNew(keptAs, stored.bytes);
          await this.#sync();
          isDone = await this.#swap(held, '');
        } finally {
          if (!isDone) await fs.unlink(keptAs).catch(() => {});
        }
        await this.#sync();
        return isDone ? stored.source : undefined;
      }));
    if (!path) return;
    this.#learn('');
    if (this.#onSetAside) await this.#onSetAside({ path, keptAs, reason });
    else warn(`The token cache ${path} is damaged. It is kept as ${keptAs}; people have to sign in again.`, 'DOORCODE_CACHE_SET_ASIDE');
  }

  /** What is stored. The file is read only if it may have changed. @returns {Promise<Known>} */
  async #read() {
    const stored = await this.#stored(this.#known);
    if (!stored) return this.#learn('');
    return 'bytes' in stored ? this.#learn(textOf(stored.bytes), stored.stat) : stored;
  }

  /**
   * The file, or while there is none the one to migrate from; undefined while there is neither.
   * @template {Known | undefined} K
   * @param {K} known what is returned if the file looks as it did
   * @returns {Promise<K | { bytes: Uint8Array, stat: Known['stat'], source: string } | undefined>}
   */
  async #stored(known) {
    const old = this.#migrateFrom;
    return (await this.#open(this.path, known)) ?? (old === undefined ? undefined : this.#guarded('read', () => this.#open(old, known), old));
  }

  /**
   * @template {Known | undefined} K
   * @param {string} source
   * @param {K} known
   * @returns {Promise<K | { bytes: Uint8Array, stat: Known['stat'], source: string } | undefined>}
   */
  async #open(source, known) {
    const { fs, now, platform } = this.#system;
    const isOurs = source === this.path;
    const settled = BigInt(Math.floor(now()) - SETTLED_AFTER);
    const found = await patiently(this.#system, () => fs[isOurs ? 'lstat' : 'stat'](source, { bigint: true })).catch(unless('ENOENT'));
    if (!found) return undefined;
    if (known?.stat && isSame(known.stat, found)) return known;
    this.#check(source, found);
    const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = constants; // Windows has not all of them
    const flags = O_RDONLY | O_NONBLOCK | (isOurs ? O_NOFOLLOW : 0);
    const handle = await patiently(this.#system, () => fs.open(source, flags)).catch(unless('ENOENT'));
    if (!handle) return undefined;
    try {
      let stat = await handle.stat({ bigint: true });
      this.#check(source, stat);
      if (isOurs && platform !== 'win32' && (stat.mode & 0o077n) !== 0n) {
        await handle.chmod(0o600).catch(() => {}); // some file systems have no modes
        stat = await handle.stat({ bigint: true });
      }
      const bytes = await handle.readFile();
      const isSettled = stat.mtimeMs < settled && stat.ctimeMs < settled;
      return { bytes, stat: isSettled ? stat : undefined, source };
    } finally {
      await handle.close();
    }
  }

  /** Refuses what nobody should read tokens from. @param {string} source @param {import('node:fs').BigIntStats} stat */
  #check(source, stat) {
    if (stat.isSymbolicLink()) {
      throw storeFailed(`The token cache ${source} is a symbolic link`, { remedy: 'Pass the path that it leads to.' });
    }
    if (!stat.isFile()) {
      throw storeFailed(`The token cache ${source} is not a file`, { remedy: 'Pass the path of a file, or of one that is to be made.' });
    }
    const user = this.#system.uid();
    // The administrator as well: the file would be theirs after the next write, and its owner locked out.
    if (source === this.path && user !== undefined && stat.uid !== BigInt(user)) {
      throw storeFailed(`The token cache ${source} belongs to another user`, {
        remedy: 'Give it to this user, if a program of theirs wrote it as another (sudo), or pass another path.',
      });
    }
  }

  /** @param {string} path of a file that does not exist @param {Uint8Array} bytes */
  async #writeNew(path, bytes) {
    const handle = await this.#system.fs.open(path, 'wx', 0o600);
    try {
      await fill(handle, bytes);
    } finally {
      await handle.close();
    }
  }

  /**
   * Puts a text in the place of the file, whole.
   * @param {Held} held
   * @param {string} text
   * @returns {Promise<boolean>} false if the lock was lost meanwhile, and nothing was done
   */
  async #swap({ file, handle }, text) {
    await fill(handle, text);
    await handle.close();
    const renamed = patiently(this.#system, () => this.#system.fs.rename(file, this.path));
    return renamed.then(() => true, unless('ENOENT')).then(Boolean);
  }

  /** What was made and renamed stays after a loss of power. */
  async #sync() {
    await syncFolder(this.#folder, this.#system.fs, this.#system.platform);
  }

  /** @template T @param {(held: Held) => Promise<T>} work */
  async #locked(work) {
    const held = this.#takeKept() ?? (await takeLock(`${this.path}.lock`, this.#system));
    try {
      return await work(held);
    } finally {
      if (this.#conflicts < 2) await held.release();
      else this.#keep(held);
    }
  }

  /** Where many write all the time, others are always faster: after two conflicts the lock is kept for the next try. @param {Held} held */
  #keep(held) {
    this.#conflicts = 0;
    this.#kept = { held, rest: this.#system.every(KEPT_FOR, () => void this.#takeKept()?.release()) };
  }

  #takeKept() {
    const kept = this.#kept;
    this.#kept = undefined;
    kept?.rest();
    return kept?.held;
  }

  /** @template T @param {string} doing @param {() => Promise<T>} work @param {string} [path] */
  async #guarded(doing, work, path = this.path) {
    try {
      return await work();
    } catch (error) {
      throw error instanceof AuthError ? error : failure(doing, path, this.#system.platform, /** @type {NodeJS.ErrnoException} */ (error));
    }
  }

  /** Gives a text a version, if it is another than the one before. @param {string} text @param {Known['stat']} [stat] @returns {Known} */
  #learn(text, stat) {
    const version = this.#known?.text === text ? this.#known.version : `${(this.#versions += 1)}`;
    return (this.#known = { text, version, stat });
  }
}

/** @param {import('node:fs/promises').FileHandle} handle of a new file @param {string | Uint8Array} content */
async function fill(handle, content) {
  await handle.chmod(0o600); // whatever the mask is
  await handle.writeFile(content);
  await handle.sync();
}

/** @param {import('node:fs').BigIntStats} one @param {import('node:fs').BigIntStats} other */
function isSame(one, other) {
  return /** @type {const} */ (['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs']).every((name) => one[name] === other[name]);
}

/** A file's text. What is no text becomes one that is no cache either. @param {Uint8Array} bytes */
function textOf(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return `\ufffd${new TextDecoder('latin1').decode(bytes)}`;
  }
}

/** @param {Input} input @param {string} name @returns {string | undefined} an absolute path */
function pathOf(input, name) {
  const value = input.value[name];
  if (value === undefined || value === null) return undefined;
  try {
    const path = value instanceof URL || /^file:\/\//.test(value) ? fileURLToPath(value) : value;
    if (typeof path === 'string' && path !== '' && !path.includes('\0')) return resolve(path);
  } catch {} // a URL of something else
  throw input.wrong(name, 'it must be the path of a file, or a file: URL');
}

/** @param {string} name @param {import('./file-system.js').System} system */
function homePath(name, system) {
  try {
    const path = defaultPath(name, system);
    if (path) return path;
  } catch {} // Deno may not allow it
  throw wrongOption('path', 'it must be given where no home folder is known; Deno must be allowed to know it (--allow-env=XDG_STATE_HOME,HOME)');
}

const LEAVE = 'Give this user leave to read and write the file and its folder, or pass another path.';
const MANY = 'Have fewer files open at a time, or raise the limit; then try again.';
const ROOM = 'Make room on that disk, or pass a path on another.';
/** @type {Record<string, string>} */
const REMEDIES = {
  EACCES: LEAVE,
  EBUSY: 'Mount the folder that the file is in, not the file alone; on Windows, end what has it open.',
  EDQUOT: ROOM,
  ELOOP: 'Pass the path that the symbolic link leads to.',
  EMFILE: MANY,
  ENAMETOOLONG: 'Pass a shorter path.',
  ENFILE: MANY,
  ENOSPC: ROOM,
  ENOTDIR: 'Pass a path of which each part but the last is a folder.',
  EPERM: LEAVE,
  EROFS: 'Pass a path on a file system that can be written to.',
};

/** @param {string} doing @param {string} path @param {string} platform @param {NodeJS.ErrnoException} error */
function failure(doing, path, platform, error) {
  const { code = error?.name } = error ?? {};
  const folder = dirname(path);
  const isRefused = code === 'NotCapable'; // by Deno
  const remedy = isRefused ? `Run Deno with --allow-read=${folder} --allow-write=${folder}.` : REMEDIES[code] ?? 'See the cause.';
  const retryable = ['EAGAIN', 'EMFILE', 'ENFILE', ...(platform === 'win32' ? ['EBUSY'] : [])].includes(code);
  return storeFailed(`The token cache ${path} could not be ${doing} (${code})`, { remedy, retryable, cause: error });
}
