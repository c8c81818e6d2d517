// MSAL's Logger and its levels.

/** @type {typeof import('./index.js').LogLevel} */
export const LogLevel = /** @type {any} */ (
  Object.freeze({
    0: 'Error',
    1: 'Warning',
    2: 'Info',
    3: 'Verbose',
    4: 'Trace',
    Error: 0,
    Warning: 1,
    Info: 2,
    Verbose: 3,
    Trace: 4,
  })
);

/**
 * @import { Logger as Contract } from './index.js'
 * @implements {Contract}
 */
export class Logger {
  #callback;
  #level;
  #pii;
  #name;
  #version;

  /**
   * @param {import('./index.js').LoggerOptions} [options]
   * @param {string} [packageName]
   * @param {string} [packageVersion]
   */
  constructor(options = {}, packageName = 'doorcode', packageVersion = DOORCODE_VERSION) {
    this.#callback = options.loggerCallback;
    this.#level = options.logLevel ?? LogLevel.Info;
    this.#pii = options.piiLoggingEnabled ?? false;
    this.#name = packageName;
    this.#version = packageVersion;
  }

  /** Above which level nothing is wanted; below Error when there is nobody to hear. */
  get level() {
    return this.#callback ? this.#level : -1;
  }

  /**
   * @param {string} packageName
   * @param {string} packageVersion
   */
  clone(packageName, packageVersion) {
    const options = { loggerCallback: this.#callback, logLevel: this.#level, piiLoggingEnabled: this.#pii };
    return new Logger(options, packageName, packageVersion);
  }

  isPiiLoggingEnabled() {
    return this.#pii;
  }

  /**
   * @param {import('./index.js').LogLevel} level
   * @param {string} message
   * @param {boolean} containsPii
   */
  executeCallback(level, message, containsPii) {
    const returned = /** @type {unknown} */ (this.#callback?.(level, message, containsPii));
    // An async callback that fails must not end the process as an unhandled rejection.
    if (returned instanceof Promise) returned.catch(() => {});
  }

  /**
   * @param {number} level
   * @param {string} text
   * @param {string} [correlationId]
   * @param {boolean} [containsPii]
   */
  #log(level, text, correlationId = '', containsPii = false) {
    if (level > this.level || (containsPii && !this.#pii)) return;
    const line = `[${new Date().toUTCString()}] : [${correlationId}] : ${this.#name}@${this.#version} : ${LogLevel[level]} - ${text}`;
    this.executeCallback(level, line, containsPii);
  }

  /** @param {string} text @param {string} [correlationId] */
  error(text, correlationId) {
    this.#log(LogLevel.Error, text, correlationId);
  }

  /** @param {string} text @param {string} [correlationId] */
  errorPii(text, correlationId) {
    this.#log(LogLevel.Error, text, correlationId, true);
  }

  /** @param {string} text @param {string} [correlationId] */
  warning(text, correlationId) {
    this.#log(LogLevel.Warning, text, correlationId);
  }

  /** @param {string} text @param {string} [correlationId] */
  warningPii(text, correlationId) {
    this.#log(LogLevel.Warning, text, correlationId, true);
  }

  /** @param {string} text @param {string} [correlationId] */
  info(text, correlationId) {
    this.#log(LogLevel.Info, text, correlationId);
  }

  /** @param {string} text @param {string} [correlationId] */
  infoPii(text, correlationId) {
    this.#log(LogLevel.Info, text, correlationId, true);
  }

  /** @param {string} text @param {string} [correlationId] */
  verbose(text, correlationId) {
    this.#log(LogLevel.Verbose, text, correlationId);
  }

  /** @param {string} text @param {string} [correlationId] */
  verbosePii(text, correlationId) {
    this.#log(LogLevel.Verbose, text, correlationId, true);
  }

  /** @param {string} text @param {string} [correlationId] */
  trace(text, correlationId) {
    this.#log(LogLevel.Trace, text, correlationId);
  }

  /** @param {string} text @param {string} [correlationId] */
  tracePii(text, correlationId) {
    this.#log(LogLevel.Trace, text, correlationId, true);
  }
}
