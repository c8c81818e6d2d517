// Where a runtime may end an operation behind our back, and nobody is told; see load/heartbeat.js. Elsewhere nothing is done.

import { AuthError, AuthErrorCodes } from './errors.js';
import { failed } from './failed.js';

/**
 * @typedef {object} Life
 * @property {object} circle who may have to wait for it has the same
 * @property {() => void} drop ends it, in another's context: it seems to be gone
 * @property {(error: Error) => void} lost it was dropped, and was not gone
 */

/** @typedef {(life: Omit<Life, 'lost'> & { lost: () => void }) => () => void} KeepAlive keeps it alive until what is returned is called */

/** @type {KeepAlive | undefined} */
let way;

/** Called by the loader of a runtime that needs it. @param {KeepAlive} given */
export function keepAliveBy(given) {
  way = given;
}

/** @param {Life} life @returns {() => void} to be called at its end */
export function keepAlive(life) {
  return way?.({ ...life, lost: () => life.lost(lostError()) }) ?? (() => {});
}

/** Of what was dropped and goes on all the same. */
export function lostError() {
  const text = 'The runtime held this operation up for so long that others took it for ended, and went on without it.';
  return failed(AuthError, AuthErrorCodes.unexpectedError, text, { remedy: 'Try again.', retryable: true });
}
