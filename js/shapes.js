// What crosses between the program and the core: requests in, device codes and results out, in MSAL's shapes.

import { Input } from './check.js';
import { ClientAuthError, ClientAuthErrorCodes, ClientConfigurationErrorCodes } from './errors.js';
import { failed } from './failed.js';

/** MSAL's names of the clouds, as in `azureCloudOptions`. */
export const AzureCloudInstance = Object.freeze({
  None: 'none',
  AzurePublic: 'https://login.microsoftonline.com',
  AzureChina: 'https://login.chinacloudapi.cn',
  AzureGermany: 'https://login.microsoftonline.de',
  AzureUsGovernment: 'https://login.microsoftonline.us',
});

/** MSAL's names of what a sign-in page is to ask (OpenID Connect Core 1.0 section 3.1.2.1), and two of Entra's. */
export const PromptValue = Object.freeze({
  LOGIN: 'login',
  SELECT_ACCOUNT: 'select_account',
  CONSENT: 'consent',
  NONE: 'none',
  CREATE: 'create',
  NO_SESSION: 'no_session',
});

/** How the answer to an authorization request comes back. */
export const ResponseMode = Object.freeze({ QUERY: 'query', FRAGMENT: 'fragment', FORM_POST: 'form_post' });

/**
 * The authority that a configuration or request names; `azureCloudOptions` goes first, as in MSAL.
 * @param {Input} input
 * @returns {string | undefined}
 */
export function authorityOf(input) {
  const cloud = input.part('azureCloudOptions');
  const instance = cloud.filledText('azureCloudInstance');
  if (!instance || instance === AzureCloudInstance.None) return asciiHost(input.text('authority'));
  if (!Object.values(AzureCloudInstance).includes(/** @type {any} */ (instance))) {
    throw cloud.wrong('azureCloudInstance', 'it must be one of the values of AzureCloudInstance');
  }
  return `${instance}/${cloud.filledText('tenant') ?? 'common'}/`;
}

/** A host in another script becomes punycode, which is what the core reads. @param {string | undefined} authority */
export function asciiHost(authority) {
  return authority && /[^\x00-\x7f]/.test(authority) && URL.canParse(authority) ? new URL(authority).href : authority;
}

let isFirstId = true;

/**
 * A GUID; the core makes one where the runtime has none to give, as on a page without TLS. The first of a process is made without
 * `crypto`, which takes Node 3 ms to load: that is felt by a program that takes one token from its cache and ends. Nothing secret hangs
 * on it.
 */
export function newCorrelationId() {
  if (!isFirstId) return globalThis.crypto?.randomUUID?.() ?? '';
  isFirstId = false;
  const digit = (/** @type {string} */ letter) => Math.floor(letter === 'x' ? Math.random() * 16 : 8 + Math.random() * 4).toString(16);
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, digit);
}

/**
 * The part of a request that the core reads, whatever the flow.
 * @param {Input} input
 */
function commonRequest(input) {
  const scopes = input.texts('scopes');
  if (!scopes) throw input.wrong('scopes', 'it is missing; name the scopes in an array, as in ["User.Read"] (an empty array is allowed)');
  return { scopes, ...anyRequest(input) };
}

/** What every request may have. @param {Input} input */
function anyRequest(input) {
  return {
    authority: authorityOf(input),
    correlationId: input.filledText('correlationId') ?? newCorrelationId(),
    claims: input.filledText('claims'),
    resource: input.filledText('resource'),
    extraQueryParameters: input.textsByName('extraQueryParameters'),
    extraParameters: input.textsByName('extraParameters'),
    locale: input.filledText('locale'),
  };
}

/**
 * An address that the server is to send the person back to.
 * @param {Input} input
 * @param {string} name
 */
function wayBack(input, name) {
  const address = input.filledText(name);
  if (address === undefined || (URL.canParse(address) && !address.includes('#'))) return address;
  throw input.wrong(name, 'it must be a whole address, such as https://app.example/callback, and have no # in it');
}

/** @param {Input} input */
export function deviceCodeRequest(input) {
  return { ...commonRequest(input), timeout: input.positive('timeout', 'seconds') };
}

/** @param {Input} input */
export function silentRequest(input) {
  const { account } = input.value;
  if (account === undefined || account === null) {
    const remedy = 'Pass an account that getAllAccounts or a sign-in returned.';
    throw failed(ClientAuthError, ClientAuthErrorCodes.noAccountInSilentRequest, `account: it is missing. ${remedy}`, {
      remedy,
      correlationId: input.filledText('correlationId'),
      field: 'account',
    });
  }
  const fields = { ...commonRequest(input), ...silentFields(input) };
  if (!fields.homeAccountId) throw input.part('account').wrong('homeAccountId', 'it is missing; pass an account that getAllAccounts or a sign-in returned');
  return fields;
}

/** What a silent request has beside, which need not name an account here. @param {Input} input */
export function silentFields(input) {
  const account = input.part('account');
  return {
    homeAccountId: account.text('homeAccountId'),
    environment: account.text('environment'),
    tenantId: account.text('tenantId'),
    forceRefresh: input.flag('forceRefresh'),
    refreshTokenExpirationOffsetSeconds: input.positive('refreshTokenExpirationOffsetSeconds', 'seconds'),
  };
}

/** @param {Input} input */
export function authorizationRequest(input) {
  const common = commonRequest(input);
  const account = input.part('account');
  const claims = account.part('idTokenClaims');
  return {
    ...common,
    scopes: [...common.scopes, ...(input.texts('extraScopesToConsent') ?? [])],
    redirectUri: wayBack(input, 'redirectUri'),
    responseMode: input.filledText('responseMode'),
    state: input.filledText('state'),
    nonce: input.filledText('nonce'),
    codeChallenge: input.filledText('codeChallenge'),
    codeChallengeMethod: input.filledText('codeChallengeMethod'),
    prompt: input.filledText('prompt'),
    loginHint: input.filledText('loginHint'),
    domainHint: input.filledText('domainHint'),
    sid: input.filledText('sid'),
    account: input.value.account
      ? {
          loginHint: account.filledText('loginHint') ?? claims.filledText('login_hint'),
          sid: claims.filledText('sid'),
          username: account.filledText('username'),
          homeAccountId: account.text('homeAccountId'),
        }
      : undefined,
  };
}

/**
 * The answer at the redirect URI, by whichever means the program has read the form or the query: Express has an object, what speaks `fetch`
 * has URLSearchParams or FormData. A parameter that is there twice is none.
 * @param {import('./index.js').AuthorizationCodePayload | Iterable<[string, unknown]>} [payload]
 * @returns {Record<string, string> | undefined}
 */
function redirectAnswer(payload) {
  if (payload === undefined || payload === null) return undefined;
  const { value } = new Input(payload, 'payload', ClientConfigurationErrorCodes.invalidRequestParameter);
  /** @type {[string, unknown][]} */
  const pairs = Symbol.iterator in value ? [.../** @type {any} */ (value)] : Object.entries(value);
  /** @type {Map<string, unknown>} */
  const answer = new Map();
  for (const [name, text] of pairs) answer.set(name, answer.has(name) ? undefined : text);
  return Object.fromEntries([.../** @type {Map<string, string>} */ (answer)].filter(([, text]) => typeof text === 'string'));
}

/** MSAL's fields that make a token another one, or bring more than tokens, and of which nothing is known here. */
const OTHERS = ['azureRegion', 'claimsFromClient', 'enableSpaAuthorizationCode', 'fmiPath'];

/** @param {Input} input */
function refuseOthers(input) {
  for (const name of OTHERS) {
    const value = input.value[name];
    // MSAL: this says that there is no region.
    if (value && value !== 'DisableMsalForceRegion') throw input.wrong(name, 'doorcode does not know it; leave it out');
  }
}

/**
 * @param {Input} input
 * @param {import('./index.js').AuthorizationCodePayload | Iterable<[string, unknown]> | undefined} payload the answer at the redirect URI
 * @param {boolean} isConfidential
 */
export function codeRequest(input, payload, isConfidential) {
  refuseOthers(input);
  const response = redirectAnswer(payload);
  return {
    ...commonRequest(input),
    code: input.text('code'),
    redirectUri: wayBack(input, 'redirectUri'),
    codeVerifier: input.filledText('codeVerifier'),
    clientInfo: input.filledText('clientInfo'),
    // MSAL: a public client's program may have put it there; to a confidential one the payload is what came from the browser.
    nonce: input.filledText('nonce') ?? (isConfidential ? undefined : response?.nonce),
    state: input.filledText('state'),
    response,
  };
}

/** @param {Input} input */
export function clientCredentialRequest(input) {
  refuseOthers(input);
  return { ...commonRequest(input), skipCache: input.flag('skipCache') };
}

/** @param {Input} input */
export function onBehalfOfRequest(input) {
  const oboAssertion = input.filledText('oboAssertion');
  if (!oboAssertion) throw input.wrong('oboAssertion', 'it is missing; pass the access token that your API was called with');
  return { ...clientCredentialRequest(input), oboAssertion };
}

/** @param {Input} input */
export function endSessionRequest(input) {
  const account = input.part('account');
  return {
    ...anyRequest(input),
    idTokenHint: input.filledText('idTokenHint') ?? account.filledText('idToken'),
    logoutHint: input.filledText('logoutHint') ?? account.part('idTokenClaims').filledText('login_hint'),
    postLogoutRedirectUri: wayBack(input, 'postLogoutRedirectUri'),
    state: input.filledText('state'),
  };
}

/** @param {Input} input */
export function refreshRequest(input) {
  const refreshToken = input.filledText('refreshToken');
  if (!refreshToken) throw input.wrong('refreshToken', 'it is missing; pass the refresh token');
  return { ...commonRequest(input), refreshToken, forceCache: input.flag('forceCache') };
}

/**
 * The codes as a program gets them. The device code is there for whoever asks for it by name, but not for a
 * `console.log` of the whole.
 * @param {import('./index.js').DeviceCodeResponse} codes
 * @returns {import('./index.js').DeviceCodeResponse}
 */
export function deviceCodeResponse(codes) {
  const { deviceCode } = codes;
  // A getter, for Bun prints what is not enumerable; it calls no getter.
  return Object.defineProperty(codes, 'deviceCode', { enumerable: false, get: () => deviceCode });
}

/**
 * @param {any} core what the core resolved to, parsed; see `result` in src/wasm/shapes.rs
 * @returns {import('./index.js').AuthenticationResult}
 */
export function authenticationResult(core) {
  const date = (/** @type {number | undefined} */ time) => (time === undefined ? undefined : new Date(time));
  const { idToken, idTokenClaims } = core;
  return {
    authority: core.authority,
    uniqueId: core.uniqueId,
    tenantId: core.tenantId,
    scopes: core.scopes,
    account: core.account ? { ...accountInfo(core.account), ...(idToken && { idToken, idTokenClaims: copy(idTokenClaims) }) } : null,
    idToken,
    idTokenClaims,
    accessToken: core.accessToken,
    fromCache: core.fromCache,
    expiresOn: date(core.expiresOn) ?? null,
    extExpiresOn: date(core.extExpiresOn),
    refreshOn: date(core.refreshOn),
    tokenType: core.tokenType,
    correlationId: core.correlationId,
    requestId: core.requestId,
    familyId: core.familyId,
    fromPlatformBroker: false,
    state: '',
    cloudGraphHostName: '',
    msGraphHost: '',
  };
}

/**
 * A result of its own for each caller, who may change it.
 * @param {import('./index.js').AuthenticationResult} result
 * @param {string} correlationId
 * @returns {import('./index.js').AuthenticationResult}
 */
export function copyOfResult(result, correlationId) {
  const { account, expiresOn, extExpiresOn, refreshOn } = result;
  return {
    ...result,
    correlationId,
    scopes: [...result.scopes],
    idTokenClaims: copy(result.idTokenClaims),
    account: account && copyOfAccount(account),
    expiresOn: expiresOn && new Date(expiresOn),
    extExpiresOn: extExpiresOn && new Date(extExpiresOn),
    refreshOn: refreshOn && new Date(refreshOn),
  };
}

/**
 * @param {any} account see `account` in src/wasm/shapes.rs
 * @returns {import('./index.js').AccountInfo}
 */
export function accountInfo({ tenantProfiles, ...account }) {
  return { ...account, tenantProfiles: new Map(tenantProfiles.map((/** @type {any} */ profile) => [profile.tenantId, profile])) };
}

/** @param {import('./index.js').AccountInfo} account @returns {import('./index.js').AccountInfo} */
export function copyOfAccount(account) {
  const tenantProfiles = new Map();
  for (const [tenant, profile] of account.tenantProfiles ?? []) tenantProfiles.set(tenant, { ...profile });
  return { ...account, ...(account.idTokenClaims && { idTokenClaims: copy(account.idTokenClaims) }), tenantProfiles };
}

/** A copy of what came from JSON. @template T @param {T} value @returns {T} */
function copy(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return /** @type {T} */ (value.map(copy));
  const object = { ...value };
  for (const name in object) {
    if (typeof object[name] === 'object') object[name] = copy(object[name]);
  }
  return object;
}
