// `doorcode inspect`

/** @param {any} options @param {AbortSignal} signal */
export async function inspect(options, signal) {
  throw new Error(`to come ${options} ${signal}`);
}
