// The two-step form of the device flow: start here, finish there, in another process if need be.

import { Input, jsonOf, wrong } from './check.js';
import { coreOf } from './core.js';
import { ClientAuthError, ClientAuthErrorCodes, ClientConfigurationErrorCodes } from './errors.js';
import { failed } from './failed.js';
import { PublicClientApplication } from './public-application.js';
import { authenticationResult, deviceCodeRequest, deviceCodeResponse } from './shapes.js';
import { stoppable } from './stop.js';

/**
 * @import { DeviceCodeFlow as Contract } from './index.js'
 * @implements {Contract}
 */
export class DeviceCodeFlow {
  #pca;
  #core;
  #request;
  /** @type {import('doorcode-core').DeviceCode | undefined} */
  #started;
  #starting = false;

  /**
   * @param {import('./index.js').PublicClientApplication} pca
   * @param {import('./index.js').DeviceCodeFlowRequest} request
   */
  constructor(pca, request) {
    if (!(pca instanceof PublicClientApplication)) {
      throw wrong(ClientConfigurationErrorCodes.invalidRequestParameter, 'pca', 'it must be a PublicClientApplication of this package');
    }
    this.#pca = pca; // with its cache, where the tokens are going to be
    this.#core = coreOf(pca);
    this.#request = deviceCodeRequest(Input.request(request));
  }

  /**
   * @param {import('./index.js').PublicClientApplication} pca
   * @param {import('./index.js').SavedDeviceCodeFlow | string} saved
   */
  static resume(pca, saved) {
    const text = typeof saved === 'string' ? saved : jsonOf(saved) ?? '';
    const flow = new this(pca, { scopes: [] });
    flow.#started = flow.#core.resumeDeviceCode(text);
    return flow;
  }

  /** @param {{ signal?: AbortSignal }} [options] */
  async initiateDeviceCodeFlow(options = {}) {
    if (this.#started || this.#starting) throw notNow('This flow has its code already; make a new DeviceCodeFlow for a new one.');
    const signal = Input.request(options).signal('signal');
    this.#starting = true;
    try {
      this.#started = await stoppable({ signal }, (signal) => this.#core.startDeviceCode(JSON.stringify(this.#request), signal));
    } finally {
      this.#starting = false;
    }
    return deviceCodeResponse(this.#code().codes());
  }

  get deviceCodeResponse() {
    return this.#started && deviceCodeResponse(this.#started.codes());
  }

  /** @param {import('./index.js').FinishOptions} [options] */
  async acquireTokenByDeviceCode(options = {}) {
    const input = Input.request(options);
    const timeout = input.positive('timeout', 'seconds');
    const progress = input.callback('progressCallback');
    const code = this.#code();
    const result = await stoppable({ signal: input.signal('signal'), request: options }, (signal) =>
      code.finish(timeout, progress, signal),
    );
    return authenticationResult(JSON.parse(result));
  }

  /** @param {{ signal?: AbortSignal }} [options] */
  async poll(options = {}) {
    const signal = Input.request(options).signal('signal');
    const code = this.#code();
    const polled = await stoppable({ signal }, (signal) => code.poll(signal));
    return polled.status === 'done' ? { ...polled, result: authenticationResult(JSON.parse(polled.result)) } : polled;
  }

  /** @returns {import('./index.js').SavedDeviceCodeFlow} */
  toJSON() {
    return JSON.parse(this.#code().save());
  }

  #code() {
    if (!this.#started) throw notNow('This flow has no code yet; call initiateDeviceCodeFlow first.');
    return this.#started;
  }
}

/** @param {string} text */
function notNow(text) {
  return failed(ClientAuthError, ClientAuthErrorCodes.requestCannotBeMade, text, { remedy: 'The message says what comes first.' });
}
