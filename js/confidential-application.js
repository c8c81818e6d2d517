// A client with a credential of its own: MSAL Node's ConfidentialClientApplication, for web apps and services.

import { ClientApplication, clockOf } from './application.js';
import { Input } from './check.js';
import { clientAssertion, clientCredential } from './client-credential.js';
import { coreOf } from './core.js';
import { authenticationResult, clientCredentialRequest, onBehalfOfRequest } from './shapes.js';
import { stoppable } from './stop.js';

/**
 * @import { ConfidentialClientApplication as Contract } from './index.js'
 * @implements {Contract}
 */
export class ConfidentialClientApplication extends ClientApplication {
  #clientId;

  /** @param {import('./index.js').Configuration} configuration */
  constructor(configuration) {
    const input = Input.configuration(configuration);
    const auth = input.part('auth');
    const clientId = auth.text('clientId') ?? '';
    super(input, clientCredential(auth, clientId, clockOf(input)));
    this.#clientId = clientId;
  }

  /**
   * @param {import('./index.js').ClientCredentialRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireTokenByClientCredential(request) {
    const input = Input.request(request);
    const fields = clientCredentialRequest(input);
    // MSAL: it is told no endpoint, which need not be known yet.
    const assertion = await clientAssertion(input, this.#clientId)?.();
    return this.#asClient(input, { ...fields, clientAssertion: assertion });
  }

  /**
   * @param {import('./index.js').OnBehalfOfRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireTokenOnBehalfOf(request) {
    const input = Input.request(request);
    return this.#asClient(input, onBehalfOfRequest(input));
  }

  /** @param {Input} input @param {object} fields checked */
  async #asClient(input, fields) {
    const result = await stoppable({ signal: input.signal('signal') }, (signal) =>
      coreOf(this).acquireTokenAsClient(JSON.stringify(fields), signal),
    );
    return authenticationResult(JSON.parse(result));
  }
}
