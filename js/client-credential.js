// What a confidential client proves itself with.

import { ClientAuthError, ClientAuthErrorCodes } from './errors.js';
import { failed } from './failed.js';

/**
 * @typedef {object} Credential
 * @property {string} [secret]
 * @property {boolean} [sendsBasic] by HTTP Basic, whatever the server says
 * @property {(tokenEndpoint: string) => Promise<string>} [assertion] a JWT for one token request
 */

/** @param {import('./check.js').Input} auth @param {string} clientId @returns {Credential} */
export function clientCredential(auth, clientId) {
  const secret = auth.filledText('clientSecret');
  if (!secret) {
    throw failed(ClientAuthError, ClientAuthErrorCodes.invalidClientCredential, 'auth.clientSecret: it is missing.', { remedy: `Give ${clientId} one.` });
  }
  const method = auth.filledText('clientSecretMethod');
  if (method && !['client_secret_post', 'client_secret_basic'].includes(method)) {
    throw auth.wrong('clientSecretMethod', 'it must be "client_secret_post" or "client_secret_basic"');
  }
  return { secret, sendsBasic: method === 'client_secret_basic' };
}
