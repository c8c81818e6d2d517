// A client without a secret: MSAL Node's PublicClientApplication, by which people sign in with a code on another device, or in a browser.

import { ClientApplication } from './application.js';
import { Input } from './check.js';
import { coreOf } from './core.js';
import { signInInteractively } from './interactive.js';
import { authenticationResult, deviceCodeRequest, deviceCodeResponse, silentFields } from './shapes.js';
import { stoppable } from './stop.js';

/**
 * @import { PublicClientApplication as Contract } from './index.js'
 * @implements {Contract}
 */
export class PublicClientApplication extends ClientApplication {
  /** @param {import('./index.js').Configuration} configuration */
  constructor(configuration) {
    super(Input.configuration(configuration));
  }

  /**
   * @param {import('./index.js').DeviceCodeRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireTokenByDeviceCode(request) {
    const input = Input.request(request);
    const show = showCode(input);
    const fields = deviceCodeRequest(input);
    const progress = input.callback('progressCallback');
    const result = await stoppable({ signal: input.signal('signal'), request }, (signal) =>
      coreOf(this).acquireTokenByDeviceCode(JSON.stringify(fields), show, progress, signal),
    );
    return authenticationResult(JSON.parse(result));
  }

  /**
   * @param {import('./index.js').InteractiveRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  acquireTokenInteractive(request) {
    return signInInteractively(this, request);
  }

  /**
   * @param {import('./index.js').TokenRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireToken(request) {
    const input = Input.request(request);
    const fields = { ...deviceCodeRequest(input), ...silentFields(input) };
    if (input.value.deviceCodeCallback === undefined) {
      return authenticationResult(JSON.parse(await coreOf(this).acquireTokenSilent(JSON.stringify(fields), input.signal('signal'), undefined)));
    }
    const show = showCode(input);
    const progress = input.callback('progressCallback');
    const result = await stoppable({ signal: input.signal('signal'), request }, (signal) =>
      coreOf(this).acquireToken(JSON.stringify(fields), show, progress, signal),
    );
    return authenticationResult(JSON.parse(result));
  }
}

/** The callback that shows the code. @param {Input} input */
function showCode(input) {
  const show = input.callback('deviceCodeCallback');
  if (!show) throw input.wrong('deviceCodeCallback', 'it is missing; pass a function that shows response.message to the person');
  return (/** @type {any} */ codes) => show(deviceCodeResponse(codes));
}
