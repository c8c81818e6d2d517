// The two ways in which a program gives up: an AbortSignal, and MSAL's `cancel` set on the request it passed in.

/** How often requests are looked at for `cancel`, in milliseconds. */
const LOOK_EVERY = 200;

/**
 * The requests that may still be cancelled. One timer looks at them all, however many wait.
 * @type {Map<AbortController, { cancel?: unknown }>}
 */
const watched = new Map();

/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

function look() {
  for (const [controller, request] of watched) {
    try {
      if (request.cancel) controller.abort(new Error('request.cancel was set'));
    } catch (error) {
      controller.abort(error); // a getter of the program's that throws
    }
  }
}

/**
 * Runs an operation with a signal that aborts when the caller's does, or when the caller sets `cancel`.
 * @template T
 * @param {{ signal?: AbortSignal, request?: object }} given
 * @param {(signal: AbortSignal) => Promise<T>} operation
 * @returns {Promise<T>}
 */
export async function stoppable({ signal, request }, operation) {
  const controller = new AbortController();
  const forward = () => controller.abort(signal?.reason);
  if (signal?.aborted) forward();
  signal?.addEventListener('abort', forward);
  if (request && (!Object.isFrozen(request) || /** @type {any} */ (request).cancel)) {
    watched.set(controller, request);
    look();
    timer ??= setInterval(look, LOOK_EVERY);
  }
  try {
    return await operation(controller.signal);
  } finally {
    signal?.removeEventListener('abort', forward);
    watched.delete(controller);
    if (watched.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  }
}
