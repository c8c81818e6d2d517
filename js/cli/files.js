// Files that their owner alone may read.

import { randomUUID } from 'node:crypto';
import { access, appendFile, constants, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from './failure.js';
import { shortPath } from './terminal.js';

/** What keeps a file from being written, in words. @type {Record<string, string>} */
const REASONS = {
  EACCES: 'permission denied', EPERM: 'permission denied', EROFS: 'the file system is read-only', ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up', ENOENT: 'there is no such folder', ENOTDIR: 'a file is in the place of a folder', EISDIR: 'it is a folder',
};

/** @param {unknown} error @param {Record<string, string>} [words] for this place */
export function reasonOf(error, words) {
  const { code = '', message } = /** @type {NodeJS.ErrnoException} */ (error);
  return words?.[code] ?? REASONS[code] ?? (code || message);
}

/** Replaces a file, or makes it: whole or not at all. @param {string} path @param {string} text */
export async function replaceFile(path, text) {
  const file = await realpath(path).catch(() => path);
  // Others may write to its folder, such as /tmp. What has a name that they can foretell could be theirs already, and they would read along;
  // and what they own is not handed back to them.
  const temporary = `${file}.${randomUUID()}`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Writes what somebody wants in a file of theirs. @param {string} path @param {string} text */
export async function writePrivate(path, text) {
  try {
    if (await isReplaced(path)) await replaceFile(path, text);
    else await appendFile(path, text);
  } catch (error) {
    throw notWritable(path, error);
  }
}

/** Whether a file can be written, asked while nobody has done anything for it yet. @param {string} path @throws {Failure} if it cannot */
export async function checkWritable(path) {
  try {
    const found = await lookAt(path);
    if (found?.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    if (!(await isReplaced(path))) return;
    const folder = dirname(found ? await realpath(path) : path);
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw notWritable(path, error);
  }
}

/**
 * Whether a new file comes to that place. A pipe or a device is written to, and so is what the shell has opened, which may be a file with
 * something in it already.
 * @param {string} path
 */
export async function isReplaced(path) {
  if (/^\/(dev|proc\/self)\/(stdin|stdout|stderr|fd\/\d+)$/.test(path)) return false;
  const found = await lookAt(path);
  return found === undefined || found.isFile();
}

/** What there is. A link that somebody else has put into /tmp the system may refuse to follow. @param {string} path */
function lookAt(path) {
  return stat(path).catch((/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
}

/** @param {string} path @param {unknown} cause */
function notWritable(path, cause) {
  return new Failure(`${shortPath(path)} cannot be written: ${reasonOf(cause)}.`, 'Name another file, in a folder that you may write to.', { cause });
}
