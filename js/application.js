// What a public and a confidential client have in common: MSAL Node's methods over the core. Types are checked here; what happens is
// decided in Rust.

import { Input, requireMethods } from './check.js';
import { coreOf, makeCore } from './core.js';
import { digest, utf8 } from './crypto-provider.js';
import { drive } from './drive.js';
import { fromCore } from './errors.js';
import { Hits, isPlain } from './hits.js';
import { Logger, LogLevel } from './logger.js';
import { harmless, networkHook } from './network.js';
import {
  asciiHost,
  authenticationResult,
  authorityOf,
  authorizationRequest,
  codeRequest,
  copyOfResult,
  endSessionRequest,
  newCorrelationId,
  refreshRequest,
  silentRequest,
} from './shapes.js';
import { stoppable } from './stop.js';
import { clearCache, openCache, TokenCache } from './token-cache.js';
import { isVersioned } from './versioned.js';

export const ProtocolMode = Object.freeze({ AAD: 'AAD', OIDC: 'OIDC', EAR: 'EAR' });

const encoder = new TextEncoder();

/** @type {('error' | 'warning' | 'info' | 'verbose')[]} */
const LOG_METHODS = ['error', 'warning', 'info', 'verbose'];

/**
 * @import { ClientApplication as Contract } from './index.js'
 * @implements {Contract}
 */
export class ClientApplication {
  /** In a box, for the core reaches it without holding the application. @type {{ logger: import('./index.js').Logger }} */
  #log;
  /** @type {TokenCache} */
  #cache;
  #hits = new Hits();
  #isConfidential;
  /** @type {() => number} */
  #now;

  /**
   * @param {Input} input the configuration
   * @param {import('./client-credential.js').Credential} [credential]
   */
  constructor(input, credential) {
    this.#isConfidential = credential !== undefined;
    const system = input.part('system');
    const logger = new Logger(loggerOptions(system.part('loggerOptions')));
    this.#log = { logger };
    const plugin = cachePlugin(input.part('cache'));
    /** @type {{ deref: () => TokenCache | undefined } | undefined} */
    let cache;
    const core = makeCore(
      this,
      JSON.stringify({ ...coreConfiguration(input), ...credentialFields(credential) }),
      hooks(system, this.#log, plugin !== undefined, () => /** @type {TokenCache} */ (cache?.deref()), credential?.assertion),
    );
    core.setLogLevel(logger.level);
    this.#cache = new TokenCache(core, plugin);
    cache = weakly(this.#cache);
    this.#now = clockOf(input);
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
   * @param {import('./index.js').AuthorizationUrlRequest} request
   * @returns {Promise<string>}
   */
  async getAuthCodeUrl(request) {
    return coreOf(this).authorizationUrl(JSON.stringify(authorizationRequest(Input.request(request))), undefined);
  }

  /**
   * @param {import('./index.js').AuthorizationCodeRequest} request
   * @param {import('./index.js').AuthorizationCodePayload | Iterable<[string, unknown]>} [payload]
   * @returns {Promise<import('./index.js').AuthenticationResult>}
   */
  async acquireTokenByCode(request, payload) {
    const input = Input.request(request);
    const fields = codeRequest(input, payload, this.#isConfidential);
    const result = await stoppable({ signal: input.signal('signal') }, (signal) =>
      coreOf(this).acquireTokenByCode(JSON.stringify(fields), signal),
    );
    return authenticationResult(JSON.parse(result));
  }

  /**
   * @param {import('./index.js').EndSessionRequest} [request]
   * @returns {Promise<string>}
   */
  async getLogoutUri(request = {}) {
    return coreOf(this).endSessionUrl(JSON.stringify(endSessionRequest(Input.request(request))), undefined);
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

/** Tells the time, in milliseconds. @param {Input} configuration @returns {() => number} */
export function clockOf(configuration) {
  const clock = /** @type {import('./index.js').Clock | undefined} */ (configuration.part('system').value.clock ?? undefined);
  return clock ? () => Number(clock.now()) : Date.now;
}

/**
 * What only JavaScript can provide; see `Hooks` in src/wasm/host.rs. WebAssembly's references are never collected, so what it holds
 * must not hold the application, or no application would ever be freed.
 * @param {Input} system
 * @param {{ logger: import('./index.js').Logger }} log
 * @param {boolean} hasCachePlugin
 * @param {() => TokenCache} cache
 * @param {import('./client-credential.js').Credential['assertion']} clientAssertion
 */
function hooks(system, log, hasCachePlugin, cache, clientAssertion) {
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
    clientAssertion,
    sha256: (/** @type {string} */ text) => digest('SHA-256', utf8(text)),
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

/** @param {Input} cache @returns {import('./index.js').ICachePlugin | undefined} */
function cachePlugin(cache) {
  const plugin = cache.value.cachePlugin ?? undefined;
  if (plugin === undefined) return undefined;
  const methods = typeof plugin === 'object' && isVersioned(plugin) ? ['readCache', 'writeCache'] : ['beforeCacheAccess', 'afterCacheAccess'];
  requireMethods('cache.cachePlugin', plugin, methods);
  return /** @type {import('./index.js').ICachePlugin} */ (plugin);
}

/** What the core is told of a client's credential. @param {import('./client-credential.js').Credential} [credential] */
function credentialFields({ secret, sendsBasic, assertion } = {}) {
  return { clientSecret: secret, sendsBasic, hasClientAssertion: assertion !== undefined };
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
