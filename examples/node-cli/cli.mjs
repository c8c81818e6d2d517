#!/usr/bin/env node
// Has a person sign in the first time, and knows them from then on; `cli.mjs sign-out` forgets them. See README.md.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { PublicClientApplication } from 'doorcode';

const { CLIENT_ID: clientId, AUTHORITY: authority, CACHE_FILE: file = 'token-cache.json' } = process.env;
const giveUp = new AbortController();
process.once('SIGINT', () => giveUp.abort());

/** Keeps the tokens in a file that nobody else may read. */
const cachePlugin = {
  async beforeCacheAccess({ tokenCache }) {
    const none = (error) => (error.code === 'ENOENT' ? '' : Promise.reject(error));
    tokenCache.deserialize(await readFile(file, 'utf8').catch(none));
  },
  async afterCacheAccess({ tokenCache, cacheHasChanged }) {
    if (!cacheHasChanged) return;
    const next = `${file}.${crypto.randomUUID()}`;
    await writeFile(next, tokenCache.serialize(), { mode: 0o600, flag: 'wx' });
    await rename(next, file); // whole, or not at all
  },
};

async function greet(pca) {
  const { account, accessToken, expiresOn, fromCache, idTokenClaims } = await pca.acquireToken({
    scopes: ['email'],
    signal: giveUp.signal,
    deviceCodeCallback: ({ message }) => console.log(message),
    progressCallback: ({ status, secondsLeft, polls }) => console.log(`  poll ${polls}: ${status}, ${secondsLeft} s left`),
  });
  const minutes = Math.round((expiresOn - Date.now()) / 60_000);
  console.log(`The access token ${fromCache ? 'was at hand' : 'is new'}, and lives for ${minutes} minutes.`);

  const discovery = await (await fetch(`${idTokenClaims.iss}/.well-known/openid-configuration`)).json();
  const userinfo = await fetch(discovery.userinfo_endpoint, { headers: { authorization: `Bearer ${accessToken}` } });
  console.log(`userinfo (status ${userinfo.status}): ${await userinfo.text()}`);
  console.log(`signed in as ${account.username}`);
}

async function signOut(pca) {
  for (const account of await pca.getAllAccounts()) {
    await pca.signOut({ account });
    console.log(`signed out ${account.username}`);
  }
  console.log(`accounts left: ${(await pca.getAllAccounts()).length}`);
}

try {
  const pca = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin } });
  await (process.argv[2] === 'sign-out' ? signOut(pca) : greet(pca));
} catch (error) {
  console.error(error.message);
  if (error.remedy) console.error(error.remedy);
  process.exitCode = giveUp.signal.aborted ? 130 : 1;
}
