// The package's face: MSAL Node's classes over the core. Types are checked here; what happens is decided in Rust.

import { Core } from 'doorcode-core';
import { Input } from './check.js';
import { coreOf, keepCore } from './core-of.js';
import { fromCore } from './errors.js';
import { Logger, LogLevel } from './logger.js';
import { harmless, networkHook } from './network.js';
import { authenticationResult, authorityOf, deviceCodeRequest, deviceCodeResponse } from './shapes.js';
import { stoppable } from './stop.js';

export {
  AuthError,
  AuthErrorCodes,
  ClientAuthError,
  ClientAuthErrorCodes,
  ClientConfigurationError,
  ClientConfigurationErrorCodes,
  InteractionRequiredAuthError,
  InteractionRequiredAuthErrorCodes,
  ServerError,
} from './errors.js';
export { Logger, LogLevel } from './logger.js';
export { AzureCloudInstance } from './shapes.js';
export { DeviceCodeFlow } from './device-code-flow.js';

export const version = DOORCODE_VERSION;

export const ProtocolMode = Object.freeze({ AAD: 'AAD', OIDC: 'OIDC', EAR: 'EAR' });

/** @type {('error' | 'warning' | 'info' | 'verbose')[]} */
const LOG_METHODS = ['error', 'warning', 'info', 'verbose'];

/**
 * @import { PublicClientApplication as Contract } from './index.js'
 * @implements {Contract}
 */
export class PublicClientApplication {
  /** @type {import('./index.js').Logger} */
  #logger;

  /** @param {import('./index.js').Configuration} configuration */
  constructor(configuration) {
    const input = Input.configuration(configuration);
    const system = input.part('system');
    const logger = new Logger(loggerOptions(system.part('loggerOptions')));
    this.#logger = logger;
    const core = new Core(JSON.stringify(coreConfiguration(input)), this.#hooks(system));
    core.setLogLevel(logger.level);
    keepCore(this, core);
  }

  /** What only JavaScript can provide; see `Hooks` in src/wasm/host.rs. @param {Input} system */
  #hooks(system) {
    const client = /** @type {import('./index.js').INetworkModule | undefined} */ (system.value.networkClient ?? undefined);
    const clock = /** @type {import('./index.js').Clock | undefined} */ (system.value.clock ?? undefined);
    if (client) requireMethods(system.part('networkClient'), ['sendGetRequestAsync', 'sendPostRequestAsync']);
    if (clock) requireMethods(system.part('clock'), ['now', 'sleep']);
    return {
      error: fromCore,
      harmless: (/** @type {unknown} */ thrown, /** @type {string} */ form) => {
        try {
          return harmless(thrown, form);
        } catch {
          // A value that cannot even be read; the core must not be left by an exception.
          return new Error('what the network threw cannot be read');
        }
      },
      log: (/** @type {number} */ level, /** @type {string} */ correlationId, /** @type {string} */ line) => {
        const method = LOG_METHODS[level] ?? 'trace';
        try {
          this.#logger[method](line, correlationId);
        } catch {
          // A logger that throws must not end a sign-in.
        }
      },
      hasNetwork: client !== undefined,
      send: client && networkHook(client),
      hasClock: clock !== undefined,
      now: () => Number(clock?.now()),
      sleep: (/** @type {number} */ milliseconds) => Promise.resolve(clock?.sleep(milliseconds)),
    };
  }

  /**
   * @param {import('./index.js').DeviceCodeRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireTokenByDeviceCode(request) {
    const input = Input.request(request);
    const show = input.callback('deviceCodeCallback');
    if (!show) throw input.wrong('deviceCodeCallback', 'it is missing; pass a function that shows response.message to the person');
    const fields = deviceCodeRequest(input);
    const progress = input.callback('progressCallback');
    const result = await stoppable({ signal: input.signal('signal'), request }, (signal) =>
      coreOf(this).acquireTokenByDeviceCode(
        JSON.stringify(fields),
        (/** @type {any} */ codes) => show(deviceCodeResponse(codes)),
        progress,
        signal,
      ),
    );
    return authenticationResult(result);
  }

  getLogger() {
    return this.#logger;
  }

  /** @param {import('./index.js').Logger} logger */
  setLogger(logger) {
    this.#logger = logger;
    // Another library's logger keeps its level to itself, so it gets every line and chooses.
    coreOf(this).setLogLevel(logger instanceof Logger ? logger.level : LogLevel.Trace);
  }
}

/** @param {Input} input */
function coreConfiguration(input) {
  const auth = input.part('auth');
  // Taken by MSAL, and without an effect here so far: better said than ignored.
  for (const name of ['authorityMetadata', 'cloudDiscoveryMetadata']) {
    if (auth.filledText(name)) throw auth.wrong(name, 'this version of doorcode cannot use it yet; remove it');
  }
  if (auth.flag('isMcp')) throw auth.wrong('isMcp', 'this version of doorcode cannot use it yet; remove it, and name the `resource` in the request');
  if (input.part('cache').value.cachePlugin) {
    throw input.part('cache').wrong('cachePlugin', 'this version of doorcode keeps no tokens yet; remove it');
  }
  const protocolMode = input.part('system').filledText('protocolMode');
  if (protocolMode && !Object.hasOwn(ProtocolMode, protocolMode)) {
    throw input.part('system').wrong('protocolMode', 'it must be one of the values of ProtocolMode');
  }
  auth.texts('knownAuthorities');
  const application = input.part('telemetry').part('application');
  const { platform = '', arch = '' } = globalThis.process ?? {};
  return {
    clientId: auth.text('clientId') ?? '',
    authority: authorityOf(auth),
    capabilities: auth.texts('clientCapabilities'),
    appName: application.text('appName'),
    appVersion: application.text('appVersion'),
    os: platform,
    cpu: arch,
    requestTimeout: input.part('system').positive('requestTimeout', 'milliseconds'),
  };
}

/** @param {Input} options @returns {import('./index.js').LoggerOptions} */
function loggerOptions(options) {
  const level = options.value.logLevel;
  if (level !== undefined && (typeof level !== 'number' || !(level >= 0 && level <= 4))) {
    throw options.wrong('logLevel', 'it must be one of the values of LogLevel');
  }
  return {
    loggerCallback: /** @type {any} */ (options.callback('loggerCallback')),
    logLevel: level,
    piiLoggingEnabled: options.flag('piiLoggingEnabled'),
  };
}

/** @param {Input} part @param {string[]} names */
function requireMethods(part, names) {
  for (const name of names) {
    if (!part.callback(name)) throw part.wrong(name, 'it is missing; it must be a function');
  }
}
