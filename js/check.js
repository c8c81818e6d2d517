// Types of what the program hands in, checked before anything is sent. Each error names the field and what belongs there.

import { ClientConfigurationError, ClientConfigurationErrorCodes } from './errors.js';
import { withCause } from './failed.js';

/** A part of the program's input, and the code of the error if something in it is wrong. */
export class Input {
  /**
   * @param {unknown} value
   * @param {string} path what the program calls it; empty at the top
   * @param {string} code
   */
  constructor(value, path, code) {
    this.path = path;
    this.code = code;
    if (value === null || typeof value !== 'object') {
      throw wrong(code, path || 'the argument', `it must be an object, not ${kind(value)}`);
    }
    this.value = /** @type {Record<string, unknown>} */ (value);
  }

  /** @param {unknown} value */
  static configuration(value) {
    return new Input(value, '', ClientConfigurationErrorCodes.invalidConfiguration);
  }

  /** @param {unknown} value */
  static request(value) {
    return new Input(value, '', ClientConfigurationErrorCodes.invalidRequestParameter);
  }

  /** @param {string} name */
  #at(name) {
    return this.path ? `${this.path}.${name}` : name;
  }

  /**
   * @param {string} name
   * @param {string} fix
   */
  wrong(name, fix) {
    return wrong(this.code, this.#at(name), fix);
  }

  /**
   * A field that is an object; an empty one if it is not there.
   * @param {string} name
   */
  part(name) {
    return new Input(this.value[name] ?? {}, this.#at(name), this.code);
  }

  /**
   * @template T
   * @param {string} name
   * @param {string} expected
   * @param {(value: unknown) => boolean} test
   * @returns {T | undefined} undefined also for null
   */
  #optional(name, expected, test) {
    const value = this.value[name];
    if (value === undefined || value === null) return undefined;
    if (!test(value)) throw this.wrong(name, `it must be ${expected}, not ${kind(value)}`);
    return /** @type {T} */ (value);
  }

  /** @param {string} name @returns {string | undefined} */
  text(name) {
    return this.#optional(name, 'a string', (value) => typeof value === 'string');
  }

  /** A string; an empty one counts as none. @param {string} name @returns {string | undefined} */
  filledText(name) {
    return this.text(name) || undefined;
  }

  /** JSON text, or the object that it stands for; an empty text counts as none. @param {string} name @returns {string | undefined} */
  json(name) {
    const value = this.#optional(name, 'JSON text, or an object', (value) => typeof value === 'string' || typeof value === 'object');
    if (typeof value !== 'object') return /** @type {string | undefined} */ (value) || undefined;
    const text = jsonOf(value);
    if (text === undefined) throw this.wrong(name, 'it cannot be written as JSON');
    return text;
  }

  /** @param {string} name @returns {boolean | undefined} */
  flag(name) {
    return this.#optional(name, 'true or false', (value) => typeof value === 'boolean');
  }

  /** @param {string} name @returns {Function | undefined} */
  callback(name) {
    return this.#optional(name, 'a function', (value) => typeof value === 'function');
  }

  /** @param {string} name @returns {string[] | undefined} */
  texts(name) {
    const isText = (/** @type {unknown} */ item) => typeof item === 'string';
    const value = this.#optional(name, 'an array of strings', Array.isArray);
    if (value === undefined) return undefined;
    const items = /** @type {unknown[]} */ (value);
    const odd = items.findIndex((item) => !isText(item));
    if (odd >= 0) throw this.wrong(`${name}[${odd}]`, `it must be a string, not ${kind(items[odd])}`);
    return /** @type {string[]} */ ([...items]);
  }

  /** An object whose values are strings. @param {string} name @returns {Record<string, string> | undefined} */
  textsByName(name) {
    const value = this.#optional(name, 'an object of strings', (value) => typeof value === 'object' && !Array.isArray(value));
    if (value === undefined) return undefined;
    for (const [key, item] of Object.entries(/** @type {object} */ (value))) {
      if (typeof item !== 'string') throw this.wrong(`${name}.${key}`, `it must be a string, not ${kind(item)}`);
    }
    return { .../** @type {Record<string, string>} */ (value) };
  }

  /** A number above zero; zero counts as none. @param {string} name @param {string} unit @returns {number | undefined} */
  positive(name, unit) {
    const isPositive = (/** @type {unknown} */ value) => typeof value === 'number' && value >= 0 && Number.isFinite(value);
    return this.#optional(name, `a number of ${unit} above zero`, isPositive) || undefined;
  }

  /** An AbortSignal, of this realm or another. @param {string} name @returns {AbortSignal | undefined} */
  signal(name) {
    const isSignal = (/** @type {any} */ value) =>
      typeof value === 'object' && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function';
    return this.#optional(name, 'an AbortSignal', isSignal);
  }
}

/** @param {string} name what the program calls it @param {unknown} value @param {string[]} methods */
export function requireMethods(name, value, methods) {
  const part = new Input(value, name, ClientConfigurationErrorCodes.invalidConfiguration);
  for (const method of methods) {
    if (!part.callback(method)) throw part.wrong(method, 'it is missing; it must be a function');
  }
}

/**
 * @param {string} code
 * @param {string} field
 * @param {string} fix
 */
export function wrong(code, field, fix) {
  const error = new ClientConfigurationError(code, '', `${field}: ${fix}`);
  return withCause(Object.assign(error, { field, remedy: `Correct ${field}: ${fix}.` }), { field, problem: fix });
}

/** A value as JSON text; undefined where it cannot be that, as a ring cannot. @param {unknown} value */
export function jsonOf(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** What a value is, in words; never the value itself, which may be a secret in the wrong place. @param {unknown} value */
function kind(value) {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
