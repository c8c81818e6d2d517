// `doorcode doctor`

/** @param {any} options @param {AbortSignal} signal */
export async function doctor(options, signal) {
  throw new Error(`to come ${options} ${signal}`);
}
