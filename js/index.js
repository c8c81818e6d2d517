// The package's face: MSAL Node's classes over the core. Types are checked here; what happens is decided in Rust.

import { Input, requireMethods } from './check.js';
import { coreOf, makeCore } from './core.js';
import { drive } from './drive.js';
import { ClientConfigurationError, fromCore } from './errors.js';
import { Hits, isPlain } from './hits.js';
import { Logger, LogLevel } from './logger.js';
import { harmless, networkHook } from './network.js';
import {
  asciiHost,
  authenticationResult,
  authorityOf,
  copyOfResult,
  deviceCodeRequest,
  deviceCodeResponse,
  newCorrelationId,
  refreshRequest,
  silentFields,
  silentRequest,
} from './shapes.js';
import { stoppable } from './stop.js';
import { clearCache, openCache, TokenCache } from './token-cache.js';
import { isVersioned } from './versioned.js';

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
  ServerErrorCodes,
} from './errors.js';
export { Logger, LogLevel } from './logger.js';
export { AzureCloudInstance } from './shapes.js';
export { DeviceCodeFlow } from './device-code-flow.js';
export { DistributedCachePlugin } from './distributed-cache.js';
export { TokenCache, TokenCacheContext } from './token-cache.js';

export const version = DOORCODE_VERSION;

export const ProtocolMode = Object.freeze({ AAD: 'AAD', OIDC: 'OIDC', EAR: 'EAR' });

const encoder = new TextEncoder();

/** @type {('error' | 'warning' | 'info' | 'verbose')[]} */
const LOG_METHODS = ['error', 'warning', 'info', 'verbose'];

/**
 * @import { PublicClientApplication as Contract } from './index.js'
 * @implements {Contract}
 */
export class PublicClientApplication {
  /** In a box, for the core reaches it without holding the application. @type {{ logger: import('./index.js').Logger }} */
  #log;
  /** @type {TokenCache} */
  #cache;
  #hits = new Hits();
  /** @type {() => number} */
  #now;

  /** @param {import('./index.js').Configuration} configuration */
  constructor(configuration) {
    const input = Input.configuration(configuration);
    const system = input.part('system');
    const logger = new Logger(loggerOptions(system.part('loggerOptions')));
    this.#log = { logger };
    const plugin = cachePlugin(input.part('cache'));
    /** @type {{ deref: () => TokenCache | undefined } | undefined} */
    let cache;
    const core = makeCore(
      this,
      JSON.stringify(coreConfiguration(input)),
      hooks(system, this.#log, plugin !== undefined, () => /** @type {TokenCache} */ (cache?.deref())),
    );
    core.setLogLevel(logger.level);
    this.#cache = new TokenCache(core, plugin);
    cache = weakly(this.#cache);
    const clock = /** @type {import('./index.js').Clock | undefined} */ (system.value.clock ?? undefined);
    this.#now = clock ? () => Number(clock.now()) : Date.now;
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
   * @param {import('./index.js').SilentFlowRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireTokenSilent(request) {
    const core = coreOf(this);
    const hit = this.#hits.find(request, this.#now());
    if (!hit) {
      const input = Input.request(request);
      const isUsual = isPlain(request);
      return this.#silently(silentRequest(input), isUsual, input.signal('signal'));
    }
    const correlationId = request.correlationId || newCorrelationId();
    /** @type {import('./cache-access.js').CacheAccess | undefined} */
    let access;
    if (this.#cache.persistence) {
      access = openCache(this.#cache, false);
      await access.ready;
    }
    if (hit.generation === core.cacheGeneration) {
      await access?.close(false);
      return copyOfResult(hit.result, correlationId);
    }
    // What is stored is not what it was: the core decides, in the turn at the cache that is open. It is asked what was asked when
    // that answer was given, for the request may have been changed since.
    return this.#silently({ ...hit.question, correlationId }, true, undefined, access);
  }

  /**
   * @param {import('./hits.js').Question & { correlationId: string }} fields checked
   * @param {boolean} isUsual whether the answer may be kept
   * @param {AbortSignal | undefined} signal
   * @param {import('./cache-access.js').CacheAccess} [access] a turn at the cache that is open
   */
  async #silently(fields, isUsual, signal, access) {
    const served = JSON.parse(await coreOf(this).acquireTokenSilent(JSON.stringify(fields), signal, access));
    const result = authenticationResult(served);
    return isUsual ? this.#hits.keep(fields, served, result) : result;
  }

  /**
   * @param {import('./index.js').TokenRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireToken(request) {
    const input = Input.request(request);
    const fields = { ...deviceCodeRequest(input), ...silentFields(input) };
    if (input.value.deviceCodeCallback === undefined) return this.#silently(fields, false, input.signal('signal'));
    const show = showCode(input);
    const progress = input.callback('progressCallback');
    const result = await stoppable({ signal: input.signal('signal'), request }, (signal) =>
      coreOf(this).acquireToken(JSON.stringify(fields), show, progress, signal),
    );
    return authenticationResult(JSON.parse(result));
  }

  /**
   * @param {import('./index.js').RefreshTokenRequest} request
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireTokenByRefreshToken(request) {
    const input = Input.request(request);
    const fields = refreshRequest(input);
    const result = await stoppable({ signal: input.signal('signal') }, (signal) =>
      coreOf(this).acquireTokenByRefreshToken(JSON.stringify(fields), signal),
    );
    return authenticationResult(JSON.parse(result));
  }

  getTokenCache() {
    return this.#cache;
  }

  async getAllAccounts() {
    return this.#cache.getAllAccounts();
  }

  /** @param {import('./index.js').SignOutRequest} request */
  async signOut(request) {
    const input = Input.request(request);
    await this.#cache.removeAccount(/** @type {any} */ (input.part('account').value), input.filledText('correlationId'));
  }

  clearCache() {
    this.#hits = new Hits();
    clearCache(this.#cache);
  }

  getLogger() {
    return this.#log.logger;
  }

  /** @param {import('./index.js').Logger} logger */
  setLogger(logger) {
    this.#log.logger = logger;
    // Another library's logger keeps its level to itself, so it gets every line and chooses.
    coreOf(this).setLogLevel(logger instanceof Logger ? logger.level : LogLevel.Trace);
  }
}

/**
 * @param {import('./index.js').Configuration} configuration
 * @param {import('./index.js').DiagnoseOptions} [options]
 * @returns {Promise<import('./index.js').Finding[]>}
 */
export async function diagnose(configuration, options = {}) {
  const input = Input.request({ scopes: [], ...options });
  const fields = JSON.stringify(deviceCodeRequest(input));
  const given = { signal: input.signal('signal') };
  try {
    const core = coreOf(new PublicClientApplication(configuration));
    return JSON.parse(await stoppable(given, (signal) => core.diagnose(fields, signal)));
  } catch (error) {
    if (!(error instanceof ClientConfigurationError)) throw error;
    const { field, message, remedy } = /** @type {import('./index.js').ClientConfigurationError} */ (error);
    return [{ check: field ?? 'configuration', severity: 'error', message, remedy: remedy ?? '' }];
  }
}

/**
 * What only JavaScript can provide; see `Hooks` in src/wasm/host.rs. WebAssembly's references are never collected, so what it holds
 * must not hold the application, or no application would ever be freed.
 * @param {Input} system
 * @param {{ logger: import('./index.js').Logger }} log
 * @param {boolean} hasCachePlugin
 * @param {() => TokenCache} cache
 */
function hooks(system, log, hasCachePlugin, cache) {
  const client = /** @type {import('./index.js').INetworkModule | undefined} */ (system.value.networkClient ?? undefined);
  const clock = /** @type {import('./index.js').Clock | undefined} */ (system.value.clock ?? undefined);
  if (client) requireMethods('system.networkClient', client, ['sendGetRequestAsync', 'sendPostRequestAsync']);
  if (clock) requireMethods('system.clock', clock, ['now', 'sleep']);
  return {
    // Whatever runs keeps the cache, to store what comes of it.
    drive: (/** @type {import('doorcode-core').Task} */ task) => {
      const kept = cache();
      return drive(task, kept, kept?.persistence ?? log);
    },
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
        log.logger[method](line, correlationId);
      } catch {
        // A logger that throws must not end a sign-in.
      }
    },
    hasCachePlugin,
    openCache: (/** @type {boolean} */ writes) => openCache(cache(), writes),
    encode: (/** @type {string} */ text, /** @type {Uint8Array} */ bytes) => {
      const { read, written } = encoder.encodeInto(text, bytes);
      return read === text.length ? written : -1;
    },
    sha256: async (/** @type {string} */ text) =>
      new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', encoder.encode(text))),
    hasNetwork: client !== undefined,
    send: client && networkHook(client),
    hasClock: clock !== undefined,
    now: () => Number(clock?.now()),
    sleep: (/** @type {number} */ milliseconds) => Promise.resolve(clock?.sleep(milliseconds)),
  };
}

/**
 * Cloudflare has no WeakRef before compatibility date 2025-05-05; applications are never freed there.
 * @template {object} T @param {T} target @returns {{ deref: () => T | undefined }}
 */
function weakly(target) {
  return typeof WeakRef === 'function' ? new WeakRef(target) : { deref: () => target };
}

/** The callback that shows the code. @param {Input} input */
function showCode(input) {
  const show = input.callback('deviceCodeCallback');
  if (!show) throw input.wrong('deviceCodeCallback', 'it is missing; pass a function that shows response.message to the person');
  return (/** @type {any} */ codes) => show(deviceCodeResponse(codes));
}

/** @param {Input} cache @returns {import('./index.js').ICachePlugin | undefined} */
function cachePlugin(cache) {
  const plugin = cache.value.cachePlugin ?? undefined;
  if (plugin === undefined) return undefined;
  const methods = typeof plugin === 'object' && isVersioned(plugin) ? ['readCache', 'writeCache'] : ['beforeCacheAccess', 'afterCacheAccess'];
  requireMethods('cache.cachePlugin', plugin, methods);
  return /** @type {import('./index.js').ICachePlugin} */ (plugin);
}

/** @param {Input} input */
function coreConfiguration(input) {
  const auth = input.part('auth');
  const protocolMode = input.part('system').filledText('protocolMode');
  if (protocolMode && !Object.hasOwn(ProtocolMode, protocolMode)) {
    throw input.part('system').wrong('protocolMode', 'it must be one of the values of ProtocolMode');
  }
  const telemetry = input.part('telemetry');
  const application = telemetry.part('application');
  const { platform = '', arch = '' } = globalThis.process ?? {};
  return {
    clientId: auth.text('clientId') ?? '',
    authority: authorityOf(auth),
    protocolMode,
    // Hosts, or URLs of them.
    knownAuthorities: auth.texts('knownAuthorities')?.map((text) => asciiHost(text.includes('://') || !text ? text : `https://${text}`)),
    authorityMetadata: auth.json('authorityMetadata'),
    cloudDiscoveryMetadata: auth.json('cloudDiscoveryMetadata'),
    isMcp: auth.flag('isMcp'),
    capabilities: auth.texts('clientCapabilities'),
    withoutTelemetry: telemetry.flag('disabled'),
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
