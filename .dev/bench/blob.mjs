// Accounts as Entra makes them, in MSAL Node's cache schema: what both libraries read, and what the server of `server.mjs` sends.

import { createHash } from 'node:crypto';

const HOST = 'https://login.microsoftonline.com';
const ENVIRONMENT = 'login.windows.net';
const TENANT = '6f1c2a7e-91b4-4d0e-8a55-2b7d9c3e4f10';
const CLIENT = '0c9d8e7f-1a2b-4c3d-9e8f-7a6b5c4d3e2f';
const GRANTED = 'email openid profile User.Read';
/** Tokens live as long as Entra's with continuous access evaluation, so that none expires in a long run. */
const LIFETIME = 86_400;

/** How many characters of the tokens nobody but their reader understands. With these an account takes 5.9 KB. */
const ACCESS_TOKEN = 1180;
const REFRESH_TOKEN = 820;

export const auth = { clientId: CLIENT, authority: `${HOST}/${TENANT}` };
export const scopes = ['User.Read'];

/** So many bytes that do not compress, always the same for the same name. */
const bytes = (/** @type {string} */ name, /** @type {number} */ length) =>
  createHash('shake256', { outputLength: length }).update(name).digest();

/** Random-looking text of so many characters. */
const opaque = (/** @type {string} */ name, /** @type {number} */ length) => bytes(name, length).toString('base64url').slice(0, length);

function guid(/** @type {string} */ name) {
  const hex = bytes(name, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const base64url = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT with RSA's 256 bytes of signature. */
function jwt(/** @type {string} */ name, /** @type {object} */ claims) {
  const signature = bytes(`${name} signature`, 256).toString('base64url');
  return `${base64url({ typ: 'JWT', alg: 'RS256', kid: opaque('kid', 27) })}.${base64url(claims)}.${signature}`;
}

/**
 * Account number `index`. Its getters cost; keep what they return.
 * @param {number} index
 */
export function person(index) {
  const oid = guid(`person ${index}`);
  const username = `person.${index}@contoso.onmicrosoft.com`;
  const name = `Person Number ${index}`;
  const loginHint = `O.${opaque(`hint ${index}`, 90)}`;
  const issued = Math.floor(Date.now() / 1000) - 60;
  const times = { iat: issued, nbf: issued, exp: issued + LIFETIME };
  const home = `${oid}.${TENANT}`;
  return {
    /** What a program holds of the account; MSAL's `AccountInfo` in short. */
    info: { homeAccountId: home, environment: ENVIRONMENT, tenantId: TENANT, username, localAccountId: oid },
    name,
    loginHint,
    clientInfo: base64url({ uid: oid, utid: TENANT }),
    get idToken() {
      return jwt(`id ${index}`, {
        aud: CLIENT,
        iss: `${HOST}/${TENANT}/v2.0`,
        ...times,
        email: username,
        login_hint: loginHint,
        name,
        oid,
        preferred_username: username,
        rh: `1.${opaque(`rh ${index}`, 60)}.`,
        sid: guid(`sid ${index}`),
        sub: opaque(`sub ${index}`, 43),
        tid: TENANT,
        uti: opaque(`uti ${index}`, 22),
        ver: '2.0',
      });
    },
    // Microsoft Graph's access tokens are JWTs that nobody but Graph can read.
    get accessToken() {
      return `${base64url({ typ: 'JWT', nonce: opaque(`nonce ${index}`, 43), alg: 'RS256' })}.${opaque(`at ${index}`, ACCESS_TOKEN)}`;
    },
    get refreshToken() {
      return `1.${opaque(`rt ${index}`, REFRESH_TOKEN)}`;
    },
  };
}

/** @param {number} index */
export const accountInfo = (index) => person(index).info;

/**
 * The cache blob of so many accounts.
 * @param {number} count
 */
export function makeBlob(count) {
  const now = Math.floor(Date.now() / 1000);
  const blob = { Account: {}, IdToken: {}, AccessToken: {}, RefreshToken: {}, AppMetadata: {} };
  for (let index = 0; index < count; index += 1) addPerson(blob, person(index), now);
  return JSON.stringify(blob);
}

/**
 * @param {Record<string, Record<string, object>>} blob
 * @param {ReturnType<typeof person>} who
 * @param {number} now
 */
function addPerson(blob, { info, name, loginHint, clientInfo, ...tokens }, now) {
  const { homeAccountId: home_account_id, tenantId: realm, localAccountId, username } = info;
  const owner = { home_account_id, environment: ENVIRONMENT };
  const key = (/** @type {string[]} */ ...parts) => [home_account_id, ENVIRONMENT, ...parts].join('-').toLowerCase();
  const credential = (/** @type {string} */ credential_type, /** @type {string} */ secret) =>
    ({ ...owner, credential_type, client_id: CLIENT, secret });

  blob.Account[key(realm)] = {
    ...owner,
    realm,
    local_account_id: localAccountId,
    username,
    authority_type: 'MSSTS',
    name,
    client_info: clientInfo,
    tenantProfiles: [JSON.stringify({ tenantId: realm, localAccountId, name, username, loginHint, isHomeTenant: true })],
  };
  blob.IdToken[key('idtoken', CLIENT, realm, '', '')] = { ...credential('IdToken', tokens.idToken), realm };
  blob.AccessToken[key('accesstoken', CLIENT, realm, GRANTED, '')] = {
    ...credential('AccessToken', tokens.accessToken),
    realm,
    target: GRANTED,
    cached_at: String(now - 60),
    expires_on: String(now + LIFETIME),
    extended_expires_on: String(now + LIFETIME),
    token_type: 'Bearer',
  };
  blob.RefreshToken[key('refreshtoken', CLIENT, '', '', '')] = credential('RefreshToken', tokens.refreshToken);
}
