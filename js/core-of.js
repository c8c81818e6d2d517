// Which core belongs to which application. Kept apart from the object, so that nobody can read or print it from there.

import { wrong } from './check.js';
import { ClientConfigurationErrorCodes } from './errors.js';

/** @type {WeakMap<object, import('doorcode-core').Core>} */
const cores = new WeakMap();

/**
 * @param {object} application
 * @param {import('doorcode-core').Core} core
 */
export function keepCore(application, core) {
  cores.set(application, core);
}

/** @param {object} application */
export function coreOf(application) {
  const core = cores.get(application);
  if (!core) {
    throw wrong(ClientConfigurationErrorCodes.invalidRequestParameter, 'pca', 'it must be a PublicClientApplication of this package');
  }
  return core;
}
