// A lock between processes, which a holder that dies or sleeps does not keep.
//
// It is a folder. Whoever wants the lock puts a file of a name of its own there, and has the lock if it then finds no other's. That file
// is what the holder renames in the end to the file that the lock is for. To break a lock is to remove that very file: so a holder who
// was taken for dead has nothing left to rename when it wakes, and no lock but the dead one can be broken, by however many at once.
//
// proper-lockfile 4.1.2 knows no owner: of two who find a dead lock, one can remove the lock that the other has just made. Eight processes,
// 17 of them killed, with up to 4 ms before each rmdir: in 2007 holds it was seen 51 times that two held at once.

import { dirname, join } from 'node:path';
import { storeFailed } from './plugin.js';

/** @typedef {import('./file-system.js').System} System */
/**
 * A lock that is held, and the holder's file, which is empty at first. The holder may close and rename it.
 * @typedef {{ file: string, handle: import('node:fs/promises').FileHandle, release: () => Promise<void> }} Held
 */

/** Milliseconds after which a lock that was watched, and not touched by its holder, is dead. */
const DEAD_AFTER = 5000;
const TOUCHED_EACH = 1000;
/** Milliseconds after which nobody waits any more. */
const PATIENCE = 15_000;
const SHORTEST_WAIT = 4;
const LONGEST_WAIT = 100;
/** How often Windows is asked, and half of the first pause in between. */
const ATTEMPTS = 8;
const SHORTEST_PAUSE = 10;

/**
 * Waits until no other process has the lock.
 * @param {string} folder whose name is for the lock alone; it is there only while the lock is wanted
 * @param {System} system
 * @returns {Promise<Held>}
 */
export async function takeLock(folder, system) {
  const { fs, elapsed } = system;
  const name = `${system.machine()}-${system.pid}-${crypto.randomUUID()}`;
  const file = join(folder, name);
  const end = elapsed() + PATIENCE;
  /** When each of the others' files was first seen as it is. @type {Map<string, { state: string, since: number }>} */
  const watched = new Map();
  /** @type {Held['handle'] | undefined} */
  let handle;
  try {
    for (let wait = SHORTEST_WAIT; ; wait = Math.min(wait * 1.5, LONGEST_WAIT)) {
      let others = await patiently(system, () => list(folder, system));
      if (others.length === 0) {
        handle = await patiently(system, () => enter(folder, file, system));
        if (handle) {
          others = (await patiently(system, () => list(folder, system))).filter((other) => other !== name);
          if (others.length === 0) return hold(folder, file, handle, system);
          await leave(folder, file, handle, fs); // both go, and come back at different times
        }
      }
      for (const other of others) {
        if (await isDead(other)) await fs.unlink(join(folder, other)).catch(unless('ENOENT', ...passing(system)));
      }
      if (elapsed() >= end) throw timedOut(folder, others[0], system);
      await system.sleep(wait * (0.5 + Math.random()));
    }
  } catch (error) {
    await leave(folder, file, handle, fs);
    throw error;
  }

  /** @param {string} other */
  async function isDead(other) {
    const [machine, pid] = other.split('-');
    if (machine === system.machine() && !system.isAlive(Number(pid))) return true;
    const stat = await fs.lstat(join(folder, other), { bigint: true }).catch(unless('ENOENT', ...passing(system)));
    const state = `${stat?.mtimeNs} ${stat?.size}`;
    const seen = watched.get(other);
    if (seen?.state === state) return elapsed() - seen.since >= DEAD_AFTER;
    watched.set(other, { state, since: elapsed() });
    return false;
  }
}

/** @param {string} folder @param {string} file @param {Held['handle']} handle @param {System} system @returns {Held} */
function hold(folder, file, handle, { fs, every }) {
  const touch = () => void fs.utimes(file, new Date(), new Date()).catch(() => {}); // it may be gone
  const rest = every(TOUCHED_EACH, touch);
  return { file, handle, release: () => (rest(), leave(folder, file, handle, fs)) };
}

/** Who has the lock, or wants it. @param {string} folder @param {System} system */
async function list(folder, system) {
  const names = (await isThere(folder, system)) ? await system.fs.readdir(folder).catch(unless('ENOENT')) : undefined;
  return (names ?? []).filter((name) => /^\w+-\d+-[\w-]+$/.test(name)); // some file systems have files of their own there
}

/** Whether there is a folder, which is ours: where a link leads to, nothing is to be removed. @param {string} folder @param {System} system */
async function isThere(folder, { fs, uid }) {
  const found = await fs.lstat(folder, { bigint: true }).catch(unless('ENOENT'));
  const owner = uid();
  if (found && (!found.isDirectory() || (owner !== undefined && ![0n, BigInt(owner)].includes(found.uid)))) {
    throw storeFailed(`${folder} is in the way: it is not a folder of this user's`, { remedy: 'Remove it.' });
  }
  return Boolean(found);
}

/**
 * Makes one's file, and the folders above it.
 * @param {string} folder
 * @param {string} file
 * @param {System} system
 * @returns {Promise<Held['handle'] | undefined>} undefined if the folder was removed at this moment
 */
async function enter(folder, file, system) {
  const { fs, platform } = system;
  const made = await fs.mkdir(folder, { mode: 0o700 }).then(() => true, unless('EEXIST', 'ENOENT'));
  if (!made && !(await isThere(folder, system))) return makeFolder(dirname(folder), fs, platform);
  return (await fs.open(file, 'wx', 0o600).catch(unless('ENOENT'))) ?? undefined;
}

/**
 * Makes a folder that only its owner may look into, and those above it, to stay after a loss of power. Node's own way to do that never ends
 * where a file system takes no folders, as /proc does.
 * @param {string} folder
 * @param {System['fs']} fs
 * @param {string} platform
 * @returns {Promise<undefined>}
 */
export async function makeFolder(folder, fs, platform) {
  const make = () => fs.mkdir(folder, { mode: 0o700 }).then(() => true, unless('EEXIST'));
  const above = dirname(folder);
  const orAbove = (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== 'ENOENT' || above === folder) throw error;
    return makeFolder(above, fs, platform).then(make);
  };
  if (await make().catch(orAbove)) await syncFolder(above, fs, platform);
}

/**
 * Has the names in a folder stay after a loss of power, where the platform can do that.
 * @param {string} folder
 * @param {System['fs']} fs
 * @param {string} platform
 */
export async function syncFolder(folder, fs, platform) {
  if (platform === 'win32') return;
  // A folder may be one that can be written and not read, and Deno may not allow to read what is above; some file systems know no such thing.
  const handle = await fs.open(folder, 'r').catch(unless('EACCES', 'EPERM', 'NotCapable'));
  if (!handle) return;
  try {
    await handle.sync().catch(unless('EINVAL', 'ENOTSUP'));
  } finally {
    await handle.close();
  }
}

/** @param {string} folder @param {string} file @param {Held['handle'] | undefined} handle @param {System['fs']} fs */
async function leave(folder, file, handle, fs) {
  await handle?.close().catch(() => {});
  await fs.unlink(file).catch(() => {});
  await fs.rmdir(folder).catch(() => {}); // as long as others are there, it stays
}

/** @param {string} folder @param {string | undefined} other @param {System} system */
function timedOut(folder, other, system) {
  const [machine, pid] = other?.split('-') ?? [];
  const holder = !other ? 'others' : machine === system.machine() ? `process ${pid}` : 'a process that is not of this machine';
  const problem = `${folder} was held for ${PATIENCE / 1000} seconds by ${holder}`;
  return storeFailed(problem, { remedy: 'Try again. If that process hangs, end it.', retryable: true });
}

/** What Windows says of files that others have open, or are just removing. @param {System} system */
const passing = ({ platform }) => (platform === 'win32' ? ['EACCES', 'EBUSY', 'EPERM'] : []);

/**
 * Asks Windows again, for two and a half seconds, while others are in the way.
 * @template T
 * @param {System} system
 * @param {() => Promise<T>} work
 */
export async function patiently(system, work) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !passing(system).includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) throw error;
      await system.sleep(SHORTEST_PAUSE * 2 ** attempt);
    }
  }
}

/** Takes some errors for nothing. @param {string[]} codes */
export function unless(...codes) {
  return (/** @type {NodeJS.ErrnoException} */ error) => {
    if (!codes.includes(error.code ?? error.name)) throw error; // Deno's refusals have a name alone
    return undefined;
  };
}
