// How an error is made on this side of the core. It imports none of the classes: cache plugins, which are files of their own in the
// package, have those of the main entry, so that `instanceof` holds.

/**
 * Sets an error's cause. Not enumerable, as JavaScript's own.
 * @template {import('./index.js').AuthError} E
 * @param {E} error
 * @param {unknown} cause
 */
export function withCause(error, cause) {
  return Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
}

/**
 * An error that is made on this side of the core; the advice is that of src/protocol/remedy.rs.
 * @template {import('./index.js').AuthError} E
 * @param {new (errorCode: string, correlationId: string, errorMessage: string) => E} Class
 * @param {string} errorCode
 * @param {string} errorMessage
 * @param {{ remedy: string, correlationId?: string, retryable?: boolean, field?: string, cause?: unknown }} more
 */
export function failed(Class, errorCode, errorMessage, { correlationId = '', cause, ...more }) {
  const error = Object.assign(new Class(errorCode, correlationId, errorMessage), more);
  return withCause(error, cause ?? { errorCode, correlationId, ...more });
}
