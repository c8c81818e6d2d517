// `doorcode config`: profiles.

/** @param {any} options @param {AbortSignal} signal @param {string} [name] */
export async function create(options, signal, name) {
  throw new Error(`to come ${options} ${signal} ${name}`);
}

/** @param {any} options @param {AbortSignal} signal @param {string} [name] */
export async function list(options, signal, name) {
  throw new Error(`to come ${options} ${signal} ${name}`);
}

/** @param {any} options @param {AbortSignal} signal @param {string} [name] */
export async function show(options, signal, name) {
  throw new Error(`to come ${options} ${signal} ${name}`);
}

/** @param {any} options @param {AbortSignal} signal @param {string} [name] */
export async function edit(options, signal, name) {
  throw new Error(`to come ${options} ${signal} ${name}`);
}

/** @param {any} options @param {AbortSignal} signal @param {string} [name] */
export async function remove(options, signal, name) {
  throw new Error(`to come ${options} ${signal} ${name}`);
}

/** @param {any} options @param {AbortSignal} signal @param {string} [name] */
export async function exportProfile(options, signal, name) {
  throw new Error(`to come ${options} ${signal} ${name}`);
}

/** @param {any} options @param {AbortSignal} signal @param {string} [name] */
export async function importProfile(options, signal, name) {
  throw new Error(`to come ${options} ${signal} ${name}`);
}

/** @param {any} options @param {AbortSignal} signal @param {string} [name] */
export async function setDefault(options, signal, name) {
  throw new Error(`to come ${options} ${signal} ${name}`);
}
