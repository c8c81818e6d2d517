// `doorcode accounts`, `sign-out` and `refresh`

/** @param {any} options */
export async function accounts(options) {
  throw new Error(`to come ${options}`);
}

/** @param {any} options */
export async function signOut(options) {
  throw new Error(`to come ${options}`);
}

/** @param {any} options @param {AbortSignal} signal */
export async function refresh(options, signal) {
  throw new Error(`to come ${options} ${signal}`);
}
