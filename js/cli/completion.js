// `doorcode completion`, and what the scripts that it prints ask when somebody presses Tab.

/** @param {any} options @param {AbortSignal} signal @param {string} shell */
export async function completion(options, signal, shell) {
  throw new Error(`to come ${options} ${signal} ${shell}`);
}
