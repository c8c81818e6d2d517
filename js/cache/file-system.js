// What the file store needs of the machine: files, clocks and processes. The tests have another.

import { readFileSync, readlinkSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import process from 'node:process';

/** @typedef {typeof system} System */

export const system = {
  fs: /** @type {Pick<typeof fs, 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rmdir' | 'stat' | 'unlink' | 'utimes'>} */ (fs),
  platform: /** @type {string} */ (process.platform),
  env: process.env,
  home: homedir,
  pid: process.pid,
  /** Milliseconds since 1970, as files are dated. */
  now: () => Date.now(),
  /** Milliseconds of a clock that nobody sets. */
  elapsed: () => performance.now(),
  sleep: (/** @type {number} */ milliseconds) => /** @type {Promise<void>} */ (new Promise((resolve) => setTimeout(resolve, milliseconds))),
  /** Calls a function again and again; returns what ends that. @param {number} milliseconds @param {() => void} act */
  every(milliseconds, act) {
    const interval = setInterval(act, milliseconds);
    return () => clearInterval(interval);
  },
  warn: (/** @type {string} */ text, /** @type {string} */ code) => process.emitWarning(text, { code }),

  /** Who runs this program, if that may be known. @returns {number | undefined} */
  uid: () => (may({ name: 'sys', kind: 'uid' }) ? process.getuid?.() : undefined),

  /** False if there is no such process on this machine; true also if that cannot be known. @param {number} pid */
  isAlive(pid) {
    if (!may({ name: 'run' })) return true;
    try {
      return process.kill(pid, 0);
    } catch (error) {
      return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH';
    }
  },

  /** What processes have in common that see each other by the same numbers, in letters and digits. */
  machine() {
    // A name may have no such letter.
    return (machine ??= [identify() ?? '', crypto.randomUUID()].map((name) => name.replaceAll(/\W|_/g, '')).find(Boolean) ?? '');
  },
};

/** @type {string | undefined} */
let machine;

/** @returns {string | undefined} undefined where that cannot be told: no other process is believed to be of this machine then */
function identify() {
  const boot = '/proc/sys/kernel/random/boot_id';
  try {
    if (process.platform === 'linux') {
      // The boot, and the namespace of processes: containers have their own numbers.
      return may({ name: 'read', path: boot }) ? readFileSync(boot, 'utf8') + readlinkSync('/proc/self/ns/pid') : undefined;
    }
    return may({ name: 'sys', kind: 'hostname' }) ? hostname() : undefined;
  } catch {
    return undefined;
  }
}

/** Whether Deno would neither refuse nor ask the user. @param {object} permission */
function may(permission) {
  const { Deno } = /** @type {any} */ (globalThis);
  return !Deno || Deno.permissions.querySync(permission).state === 'granted';
}
