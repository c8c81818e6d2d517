// `doorcode call`

/** @param {any} options @param {AbortSignal} signal @param {string} url */
export async function call(options, signal, url) {
  throw new Error(`to come ${options} ${signal} ${url}`);
}
