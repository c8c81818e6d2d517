// Signs a person in, or says who is signed in: `node person.mjs <file> <Entry or AsyncEntry> <options of the entry> [name]`. It says
// `ready`, and goes on when it is told to. Then it prints who is there, or what went wrong. An Entry is made before, an AsyncEntry when it
// is needed.

import { createRequire } from 'node:module';
import { PublicClientApplication } from 'doorcode';
import { EncryptedCachePlugin } from 'doorcode/cache/encrypted';
import { fileStore } from './file-store.mjs';

const [, , file, kind, options, name] = process.argv;
const Entry = createRequire(import.meta.url)('@napi-rs/keyring')[kind];
const make = () => new Entry('doorcode-test', 'token-cache', JSON.parse(options));
const keyring = kind === 'Entry' ? make() : make;

const ISSUER = 'https://id.example';
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const networkClient = {
  sendGetRequestAsync: () => Promise.reject(new Error('nothing is to be asked')),
  async sendPostRequestAsync() {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, aud: 'client', sub: name, preferred_username: name, iat: now, exp: now + 3600 };
    const id_token = `${base64url({ alg: 'none' })}.${base64url(claims)}.`;
    const more = { token_type: 'Bearer', expires_in: 3600, scope: 'api' };
    return { status: 200, headers: {}, body: { access_token: `AT-${name}`, refresh_token: `RT-${name}`, id_token, ...more } };
  },
};
const pca = new PublicClientApplication({
  auth: { clientId: 'client', authority: ISSUER, authorityMetadata: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` } },
  cache: { cachePlugin: new EncryptedCachePlugin(fileStore(file), { keyring }) },
  system: { protocolMode: 'OIDC', networkClient },
});

console.log('ready');
process.stdin.once('data', async () => {
  process.stdin.destroy();
  try {
    if (name) await pca.acquireTokenByRefreshToken({ scopes: ['api'], refreshToken: 'RT', forceCache: true });
    console.log(JSON.stringify({ people: (await pca.getAllAccounts()).map(({ username }) => username).sort() }));
  } catch (error) {
    const { errorCode, remedy, message, cause } = error;
    console.log(JSON.stringify({ errorCode, remedy, message, cause: cause?.message }));
  }
});
