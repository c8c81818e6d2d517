// A program that shares a token cache in a file with others: does what its parent tells it, and reports when that is done.
// Its server is a function, which signs in whoever a refresh token is named after.

import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { PublicClientApplication } from 'doorcode';
import { FileCachePlugin } from 'doorcode/cache/file';

const ISSUER = 'https://id.example';
const CLIENT = 'the-client';
const scopes = ['api'];
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const networkClient = {
  sendGetRequestAsync: async (url) => Promise.reject(new Error(`nothing is to be asked of ${url}`)),
  async sendPostRequestAsync(_, { body }) {
    const [, person] = new URLSearchParams(body).get('refresh_token').split('.');
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, aud: CLIENT, sub: person, preferred_username: person, iat, exp: iat + 3600 };
    return {
      status: 200,
      headers: {},
      body: {
        access_token: `AT.${person}.${randomUUID()}`, refresh_token: `RT.${person}`, token_type: 'Bearer', expires_in: 3600, scope: 'api',
        id_token: `${base64url({ alg: 'none' })}.${base64url(claims)}.`,
      },
    };
  },
};

let broken = 0;
let conflicts = 0;
/** Removes a file of the lock: its own, or that of one who is dead. */
async function unlink(path) {
  await fs.unlink(path);
  if (!path.includes(`-${process.pid}-`)) broken += 1;
}
const cachePlugin = new FileCachePlugin({ path: process.argv[2] }, { fs: { ...fs, unlink } });
const { writeCache } = cachePlugin;
cachePlugin.writeCache = async (...args) => {
  const version = await writeCache.apply(cachePlugin, args);
  if (version === null) conflicts += 1;
  return version;
};
const pca = new PublicClientApplication({
  auth: { clientId: CLIENT, authority: ISSUER, authorityMetadata: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` } },
  cache: { cachePlugin },
  system: { protocolMode: 'OIDC', networkClient },
});

/** A person's token, as it is or renewed; none if they are not there, or leave meanwhile. */
async function silent(person, forceRefresh) {
  const account = (await pca.getAllAccounts()).find(({ username }) => username === person);
  if (!account) return undefined;
  const request = { scopes, account, forceRefresh };
  return pca.acquireTokenSilent(request).then(({ accessToken }) => accessToken, (error) => {
    if (error.errorCode !== 'no_tokens_found') throw error;
  });
}

const acts = {
  signIn: async (person) =>
    (await pca.acquireTokenByRefreshToken({ scopes, refreshToken: `RT.${person}`, forceCache: true })).accessToken,
  silent: (person) => silent(person, false),
  renew: (person) => silent(person, true),
  async signOut(person) {
    const account = (await pca.getAllAccounts()).find(({ username }) => username === person);
    if (account) await pca.signOut({ account });
  },
  list: async () => (await pca.getAllAccounts()).map(({ username }) => username),
};

process.on('message', async ({ act, person }) => {
  try {
    const value = await acts[act](person);
    process.send({ value, conflicts, broken });
  } catch (error) {
    process.send({ error: `${error.stack}` });
  }
  conflicts = broken = 0;
});
process.on('disconnect', () => process.exit());
process.send({ isReady: true });
