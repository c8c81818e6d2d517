// Random numbers, hashes and base64 in every runtime, and MSAL's class over them.

import { wrong } from './check.js';
import { ClientAuthError, ClientAuthErrorCodes, ClientConfigurationErrorCodes } from './errors.js';
import { failed } from './failed.js';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** The runtime's WebCrypto. Browsers have all of it on pages with TLS only. */
export function webCrypto() {
  const { crypto } = globalThis;
  if (crypto?.subtle) return crypto;
  throw failed(ClientAuthError, ClientAuthErrorCodes.noCryptoObject, 'This runtime has no WebCrypto (globalThis.crypto) here.', {
    remedy: 'Serve the page by https, or from this machine. Node has it from version 20 on.',
  });
}

const encoder = new TextEncoder();
// What starts with a byte order mark keeps it.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** @param {string} text */
export const utf8 = (text) => encoder.encode(text);

/** @param {Bytes} bytes */
export const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

/** @param {Bytes} bytes */
export const base64url = (bytes) => base64(bytes).replace(/[+/=]/g, (letter) => ({ '+': '-', '/': '_' })[letter] ?? '');

/** Takes both alphabets, with padding or without. @param {string} text @returns {Bytes | undefined} undefined if it is neither */
export function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text.replace(/[-_]/g, (letter) => (letter === '-' ? '+' : '/'))), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** @param {'SHA-256' | 'SHA-1'} algorithm @param {Bytes} bytes */
export const digest = async (algorithm, bytes) => new Uint8Array(await webCrypto().subtle.digest(algorithm, bytes));

/**
 * @import { CryptoProvider as Contract } from './index.js'
 * @implements {Contract}
 */
export class CryptoProvider {
  createNewGuid() {
    return webCrypto().randomUUID();
  }

  async generatePkceCodes() {
    const verifier = base64url(webCrypto().getRandomValues(new Uint8Array(32)));
    return { verifier, challenge: await this.hashString(verifier) };
  }

  /** @param {string} input */
  base64Encode(input) {
    return base64(utf8(text(input)));
  }

  /** @param {string} input */
  base64Decode(input) {
    const bytes = fromBase64(text(input));
    if (!bytes) throw wrongInput('it must be base64 or base64url');
    return decoder.decode(bytes);
  }

  /** @param {string} plainText */
  async hashString(plainText) {
    return base64url(await digest('SHA-256', utf8(text(plainText))));
  }
}

/** @param {unknown} input */
function text(input) {
  if (typeof input !== 'string') throw wrongInput('it must be a string');
  return input;
}

/** @param {string} fix */
const wrongInput = (fix) => wrong(ClientConfigurationErrorCodes.invalidRequestParameter, 'input', fix);
