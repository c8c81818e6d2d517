// What somebody hands in: a file, or standard input.

import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { cancelled, Failure } from './failure.js';
import { reasonOf } from './files.js';
import { shortPath } from './terminal.js';

/** @param {string | undefined} file @returns {file is undefined | '-'} */
export function isStandardInput(file) {
  return file === undefined || file === '-';
}

/**
 * @param {string | undefined} file
 * @param {AbortSignal} signal
 * @param {number} most bytes
 * @param {Failure} tooLong what to say of more
 */
export async function readInput(file, signal, most, tooLong) {
  /** @type {Buffer[]} */
  const chunks = [];
  let length = 0;
  try {
    for await (const chunk of addAbortSignal(signal, isStandardInput(file) ? process.stdin : createReadStream(file))) {
      length += chunk.length;
      if (length > most) throw tooLong;
      chunks.push(chunk);
    }
  } catch (error) {
    if (signal.aborted) throw cancelled();
    if (error instanceof Failure) throw error;
    const why = reasonOf(error, { ENOENT: 'there is no such file' });
    throw new Failure(`${isStandardInput(file) ? 'Standard input' : shortPath(file)} cannot be read: ${why}.`, 'Check the path, and who may read there.', { cause: error });
  }
  return Buffer.concat(chunks);
}
