// The core's module, and which core belongs to which application.

import { Core, initSync } from 'doorcode-core';
import { wrong } from './check.js';
import { ClientConfigurationError, ClientConfigurationErrorCodes } from './errors.js';
import { failed } from './failed.js';

/**
 * What the loader brought; nothing once it is in use.
 * @type {(() => WebAssembly.Module) | undefined}
 */
let load;

/**
 * Called by the loader. The module is made when the first application is: a program that imports us and signs nobody in, pays nothing.
 * @param {() => WebAssembly.Module} loader
 */
export function provide(loader) {
  load = loader;
}

/** Kept apart from the application, so that nobody can read or print its core from there. @type {WeakMap<object, Core>} */
const cores = new WeakMap();

/**
 * @param {object} application
 * @param {ConstructorParameters<typeof Core>} parameters
 */
export function makeCore(application, ...parameters) {
  if (load) {
    initSync({ module: loaded(load) });
    load = undefined;
  }
  const core = new Core(...parameters);
  cores.set(application, core);
  return core;
}

/** @param {object} application */
export function coreOf(application) {
  const core = cores.get(application);
  if (!core) {
    throw wrong(ClientConfigurationErrorCodes.invalidRequestParameter, 'pca', 'it must be an application of this package');
  }
  return core;
}

/** @param {() => WebAssembly.Module} load */
function loaded(load) {
  try {
    return load();
  } catch (cause) {
    const remedy =
      "In pages and extensions, let the Content-Security-Policy say script-src 'self' 'wasm-unsafe-eval'. Where a bundle holds index.cjs, " +
      "add 'module' to the bundler's conditions, or keep core.wasm beside the bundle. For Cloudflare Workers, bundle with the condition 'workerd'.";
    const { invalidConfiguration } = ClientConfigurationErrorCodes;
    const message = 'WebAssembly: the core of doorcode cannot be loaded here; the cause says why.';
    throw failed(ClientConfigurationError, invalidConfiguration, message, { remedy, field: 'WebAssembly', cause });
  }
}
