// The libraries, each with one client that signs in, hits and refreshes, so that the operations need not know which one it is.

import { accountInfo, auth, person, scopes } from './blob.mjs';
import { startServer } from './server.mjs';

export const OURS = 'doorcode';
export const MSAL = '@azure/msal-node';
export const IDENTITY = '@azure/identity';
export const OPENID = 'openid-client';

/**
 * @typedef {import('@azure/msal-node').AccountInfo} Account
 * @typedef {object} Options
 * @property {string} [blob] the accounts that it holds in memory
 * @property {object} [plugin] an MSAL cache plugin
 * @property {import('./server.mjs').Server} [server]
 * @property {ReturnType<typeof import('./server.mjs').fastClock>} [clock]
 * @property {boolean} [overFetch] speak to the server by `fetch`, where a library could do otherwise
 *
 * @typedef {object} Client
 * @property {any} app the library's own object
 * @property {(account: Account) => Promise<any>} hit
 * @property {(account: Account) => Promise<any>} refresh
 * @property {() => Promise<any>} signIn by device code
 *
 * @typedef {object} Library
 * @property {(options?: Options) => Client} open
 * @property {(result: any) => string} token the access token of what `hit`, `refresh` and `signIn` resolve to
 * @property {(result: any) => string | undefined} person the `oid`, where the result tells
 * @property {(result: any) => boolean | undefined} fromCache where the result tells
 */

/** @type {Record<string, (module: any) => Library>} */
const makers = { [OURS]: likeMsal, [MSAL]: likeMsal, [IDENTITY]: azureIdentity, [OPENID]: openidClient };

/** @param {string} name */
export const load = async (name) => makers[name](await import(name));

/** @param {typeof import('@azure/msal-node')} module @returns {Library} */
function likeMsal({ PublicClientApplication }) {
  return {
    open({ blob, plugin, server, clock, overFetch } = {}) {
      if (server && overFetch) globalThis.fetch = server.fetch;
      const networkClient = overFetch ? undefined : server?.networkClient;
      const app = new PublicClientApplication(/** @type {any} */ ({ auth, cache: { cachePlugin: plugin }, system: { networkClient, clock } }));
      if (blob) app.getTokenCache().deserialize(blob);
      return {
        app,
        hit: (account) => app.acquireTokenSilent({ account, scopes: ['User.Read'] }),
        refresh: (account) => app.acquireTokenSilent({ account, scopes: ['User.Read'], forceRefresh: true }),
        signIn: () => /** @type {Promise<any>} */ (app.acquireTokenByDeviceCode({ scopes: ['User.Read'], deviceCodeCallback() {} })),
      };
    },
    token: (result) => result.accessToken,
    person: (result) => result.account.localAccountId,
    fromCache: (result) => result.fromCache,
  };
}

/**
 * MSAL Node in another dress. A credential holds one person, so everybody has one of their own.
 * @param {typeof import('@azure/identity')} module
 * @returns {Library}
 */
function azureIdentity({ DeviceCodeCredential, useIdentityPlugin }) {
  const { clientId, authority } = auth;
  const tenantId = authority.slice(authority.lastIndexOf('/') + 1);
  return {
    open({ blob, plugin, server, overFetch } = {}) {
      if (overFetch) throw new Error('it knows no fetch');
      // It reads no blob. The server has the same tokens, and the first hit signs in.
      const { httpClient } = server ?? startServer(blob ? 1 : 0, { same: true });
      useIdentityPlugin((/** @type {any} */ { cachePluginControl }) => cachePluginControl.setPersistence(async () => plugin));
      const credential = (/** @type {Account | undefined} */ account) =>
        new DeviceCodeCredential({
          clientId,
          tenantId,
          httpClient: /** @type {any} */ (httpClient),
          userPromptCallback() {},
          ...(plugin && { tokenCachePersistenceOptions: { enabled: true } }),
          ...(plugin && account && { authenticationRecord: { ...account, authority: account.environment, clientId } }),
        });
      /** @type {Map<string, InstanceType<typeof DeviceCodeCredential>>} */
      const credentials = new Map();
      const of = (/** @type {Account} */ account) => {
        const known = credentials.get(account.homeAccountId) ?? credential(account);
        credentials.set(account.homeAccountId, known);
        return known;
      };
      return {
        app: undefined,
        hit: (account) => of(account).getToken(scopes),
        // It can be told to do so in no other way than with claims, as a resource sends them that refused a token.
        refresh: (account) => of(account).getToken(scopes, { claims: '{"access_token":{"nbf":{"essential":true}}}' }),
        signIn: () => credential(undefined).getToken(scopes),
      };
    },
    token: (result) => result.token,
    person: () => undefined,
    fromCache: () => undefined,
  };
}

/**
 * It keeps nothing: what signs in and refreshes is the program's to remember.
 * @param {typeof import('openid-client')} module
 * @returns {Library}
 */
function openidClient(module) {
  const host = `${auth.authority}/oauth2/v2.0`;
  const metadata = { issuer: `${auth.authority}/v2.0`, token_endpoint: `${host}/token`, device_authorization_endpoint: `${host}/devicecode` };
  const scope = 'openid profile offline_access User.Read';
  return {
    open({ server, clock } = {}) {
      const config = new module.Configuration(metadata, auth.clientId, undefined, module.None());
      if (server) config[module.customFetch] = server.fetch;
      const refreshTokens = new Map([[accountInfo(0).homeAccountId, person(0).refreshToken]]);
      return {
        app: config,
        hit: () => Promise.reject(new Error('it has no cache')),
        refresh: (account) => module.refreshTokenGrant(config, String(refreshTokens.get(account.homeAccountId)), { scope }),
        async signIn() {
          const codes = await module.initiateDeviceAuthorization(config, { scope });
          // It has no clock, but waits for as long as it is told.
          return module.pollDeviceAuthorizationGrant(config, clock ? { ...codes, interval: 0 } : codes);
        },
      };
    },
    token: (result) => result.access_token,
    person: (result) => result.claims().oid,
    fromCache: () => undefined,
  };
}
