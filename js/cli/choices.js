// What some flags may say. On its own, so that reading the command line loads nothing else.

/** How a token is had: people sign in with a code on any device, or in a browser on this machine; or a service proves itself. */
export const FLOWS = /** @type {const} */ (['device-code', 'interactive-browser', 'client-credentials']);
/** How a token is printed. */
export const OUTPUTS = /** @type {const} */ (['text', 'json', 'env', 'header']);
/** Where tokens are kept. */
export const STORES = /** @type {const} */ (['file', 'encrypted', 'memory']);
/** For which `doorcode completion` has a script. */
export const SHELLS = /** @type {const} */ (['bash', 'zsh', 'fish']);
