// A client with a credential of its own: MSAL Node's ConfidentialClientApplication, for web apps and services.

import { ClientApplication, clockOf } from './application.js';
import { Input } from './check.js';
import { clientCredential } from './client-credential.js';

/**
 * @import { ConfidentialClientApplication as Contract } from './index.js'
 * @implements {Contract}
 */
export class ConfidentialClientApplication extends ClientApplication {
  /** @param {import('./index.js').Configuration} configuration */
  constructor(configuration) {
    const input = Input.configuration(configuration);
    const auth = input.part('auth');
    super(input, clientCredential(auth, auth.text('clientId') ?? '', clockOf(input)));
  }

  /**
   * MSAL: what came with the code is not taken at its word for the nonce.
   * @param {import('./index.js').AuthorizationCodeRequest} request
   * @param {import('./index.js').AuthorizationCodePayload} [payload]
   */
  async acquireTokenByCode(request, payload) {
    return super.acquireTokenByCode(request, payload && { ...payload, nonce: undefined });
  }
}
