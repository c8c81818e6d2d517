// What crosses between the program and the core: requests in, device codes and results out, in MSAL's shapes.

import { Input } from './check.js';

/** MSAL's names of the clouds, as in `azureCloudOptions`. */
export const AzureCloudInstance = Object.freeze({
  None: 'none',
  AzurePublic: 'https://login.microsoftonline.com',
  AzureChina: 'https://login.chinacloudapi.cn',
  AzureGermany: 'https://login.microsoftonline.de',
  AzureUsGovernment: 'https://login.microsoftonline.us',
});

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
function asciiHost(authority) {
  return authority && /[^\x00-\x7f]/.test(authority) && URL.canParse(authority) ? new URL(authority).href : authority;
}

/**
 * The part of a device code request that the core reads.
 * @param {Input} input
 */
export function deviceCodeRequest(input) {
  const scopes = input.texts('scopes');
  if (!scopes) throw input.wrong('scopes', 'it is missing; name the scopes in an array, as in ["User.Read"] (an empty array is allowed)');
  return {
    scopes,
    authority: authorityOf(input),
    correlationId: input.filledText('correlationId'),
    claims: input.filledText('claims'),
    resource: input.filledText('resource'),
    extraQueryParameters: input.textsByName('extraQueryParameters'),
    extraParameters: input.textsByName('extraParameters'),
    timeout: input.positive('timeout', 'seconds'),
  };
}

/**
 * The codes as a program gets them. The device code is there for whoever asks for it by name, but not for a
 * `console.log` of the whole.
 * @param {import('./index.js').DeviceCodeResponse} codes
 * @returns {import('./index.js').DeviceCodeResponse}
 */
export function deviceCodeResponse(codes) {
  return Object.defineProperty(codes, 'deviceCode', { enumerable: false });
}

/**
 * @param {any} core what the core resolves to; see `ResultShape` in src/wasm/shapes.rs
 * @returns {import('./index.js').AuthenticationResult}
 */
export function authenticationResult({ account, idTokenClaims, expiresOn, extExpiresOn, refreshOn, ...core }) {
  const claims = JSON.parse(idTokenClaims);
  const date = (/** @type {number | undefined} */ time) => (time === undefined ? undefined : new Date(time));
  return {
    ...core,
    account: account ? accountInfo(account, core.idToken, claims) : null,
    idTokenClaims: claims,
    expiresOn: date(expiresOn) ?? null,
    extExpiresOn: date(extExpiresOn),
    refreshOn: date(refreshOn),
    fromCache: false,
    fromPlatformBroker: false,
    state: '',
    cloudGraphHostName: '',
    msGraphHost: '',
  };
}

/**
 * @param {any} account see `AccountShape` in src/wasm/shapes.rs
 * @param {string} idToken
 * @param {object} idTokenClaims
 * @returns {import('./index.js').AccountInfo}
 */
function accountInfo({ isHomeTenant, ...account }, idToken, idTokenClaims) {
  const { tenantId, localAccountId, name, username, loginHint, upn } = account;
  const profile = { tenantId, localAccountId, name, username, loginHint, upn, isHomeTenant };
  return { ...account, idToken, idTokenClaims, tenantProfiles: new Map([[tenantId, profile]]) };
}
