// Applications at a server that is a function: it signs in whoever a refresh token is named after, and nothing is sent anywhere.

import { PublicClientApplication } from '../../../pkg/node.js';

const ISSUER = 'https://id.example';
const CLIENT = 'the-client';
export const scopes = ['api'];

/**
 * @param {object} [cachePlugin]
 * @param {(person: string, accessToken: string) => void} [onIssue] sees each token before the application does
 */
export function application(cachePlugin, onIssue = () => {}) {
  const networkClient = {
    sendGetRequestAsync: () => Promise.reject(new Error('nothing is to be asked for')),
    async sendPostRequestAsync(_, { body }) {
      const person = new URLSearchParams(body).get('refresh_token').slice('RT-'.length);
      const accessToken = `AT-${person}-${crypto.randomUUID()}`;
      onIssue(person, accessToken);
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: ISSUER, aud: CLIENT, sub: person, preferred_username: person, iat: now, exp: now + 3600 };
      const idToken = [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      return {
        status: 200,
        headers: {},
        body: {
          access_token: accessToken, refresh_token: `RT-${person}`, id_token: `${idToken}.`, token_type: 'Bearer', expires_in: 3600, scope: 'api',
        },
      };
    },
  };
  return new PublicClientApplication({
    auth: { clientId: CLIENT, authority: ISSUER, authorityMetadata: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` } },
    cache: cachePlugin && { cachePlugin },
    system: { protocolMode: 'OIDC', networkClient },
  });
}

export const signIn = (pca, person) => pca.acquireTokenByRefreshToken({ scopes, refreshToken: `RT-${person}`, forceCache: true });
export const people = async (pca) => (await pca.getAllAccounts()).map(({ username }) => username).sort();
export const accountOf = async (pca, person) => (await pca.getAllAccounts()).find(({ username }) => username === person);
/** The access token that is at hand; null if the person is not signed in. */
export async function tokenOf(pca, person) {
  const account = await accountOf(pca, person);
  return account ? (await pca.acquireTokenSilent({ scopes, account })).accessToken : null;
}
