// Has people sign in and sign out, of whom none has to do with those of other processes: `share.mjs <name> <path>`. Without a path it
// takes the default one, and says which that is.

import process from 'node:process';
import { AuthError, PublicClientApplication } from 'doorcode';
import { FileCachePlugin } from 'doorcode/cache/file';

const [, , name, path] = process.argv;
const issuer = 'https://id.example';
const base64url = (value) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

/** A server that signs in whoever a refresh token is named after. */
const networkClient = {
  sendGetRequestAsync: async (url) => Promise.reject(new Error(`nothing is to be asked of ${url}`)),
  async sendPostRequestAsync(_, { body }) {
    const person = new URLSearchParams(body).get('refresh_token');
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, aud: 'the-client', sub: person, preferred_username: person, iat, exp: iat + 3600 };
    const idToken = `${base64url({ alg: 'none' })}.${base64url(claims)}.`;
    return { status: 200, headers: {}, body: { access_token: `AT-${person}`, refresh_token: person, id_token: idToken, token_type: 'Bearer', expires_in: 3600 } };
  },
};
const cachePlugin = new FileCachePlugin(path ? { path } : { name: 'my-tool' });
const pca = new PublicClientApplication({
  auth: { clientId: 'the-client', authority: issuer, authorityMetadata: { issuer, token_endpoint: `${issuer}/token` } },
  cache: { cachePlugin },
  system: { protocolMode: 'OIDC', networkClient },
});
for (let number = 0; number < 10; number += 1) {
  const { account } = await pca.acquireTokenByRefreshToken({ scopes: [], refreshToken: `${name}${number}`, forceCache: true });
  if (number % 2 === 1) await pca.signOut({ account });
}
const mine = (await pca.getAllAccounts()).map(({ username }) => username).filter((person) => person.startsWith(name)).sort();
const refused = await new FileCachePlugin({ path: `${cachePlugin.path}/below` }).readCache(undefined).catch((error) => error);
console.log(JSON.stringify({ path: cachePlugin.path, mine, refused: refused instanceof AuthError && refused.errorCode }));
