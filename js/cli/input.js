// What somebody hands in: a file, or standard input.

import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { cancelled } from './failure.js';

/** @param {string | undefined} file @returns {file is undefined | '-'} */
export function isStandardInput(file) {
  return file === undefined || file === '-';
}

/**
 * @param {string | undefined} file
 * @param {AbortSignal} signal
 * @param {number} most bytes
 * @param {import('./failure.js').Failure} tooLong what to say of more
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
    throw signal.aborted ? cancelled() : error;
  }
  return Buffer.concat(chunks);
}
