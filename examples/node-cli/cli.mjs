#!/usr/bin/env node
// Greets a person: has them sign in the first time, and knows them from then on. `cli.mjs sign-out` forgets them.
// CLIENT_ID and AUTHORITY say to whom, CACHE_FILE where the tokens are kept; Ctrl-C gives up. AUTHORITY is a tenant of Entra's, or a
// server on this machine; ../openid is for other providers.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { PublicClientApplication } from 'doorcode';

const { CLIENT_ID: clientId, AUTHORITY: authority, CACHE_FILE: file = 'token-cache.json' } = process.env;

/** Keeps the tokens in a file that nobody else may read. */
const cachePlugin = {
  async beforeCacheAccess({ tokenCache }) {
    const isMissing = (error) => error.code === 'ENOENT';
    const text = await readFile(file, 'utf8').catch((error) => (isMissing(error) ? '' : Promise.reject(error)));
    tokenCache.deserialize(text);
  },
  async afterCacheAccess({ tokenCache, cacheHasChanged }) {
    if (!cacheHasChanged) return;
    await writeFile(`${file}.new`, tokenCache.serialize(), { mode: 0o600 });
    await rename(`${file}.new`, file); // whole, or not at all
  },
};

const pca = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin } });
const giveUp = new AbortController();
process.on('SIGINT', () => giveUp.abort());

async function greet() {
  const result = await pca.acquireToken({
    scopes: ['email'],
    signal: giveUp.signal,
    deviceCodeCallback: ({ message, verificationUriComplete }) => {
      console.log(message);
      if (verificationUriComplete) console.log(`Or open it with the code in it: ${verificationUriComplete}`);
    },
    progressCallback: ({ status, secondsLeft, polls }) => console.log(`  poll ${polls}: ${status}, ${secondsLeft} s left`),
  });
  const minutes = Math.round((result.expiresOn - Date.now()) / 60_000);
  console.log(`Hello ${result.account.name}. The access token ${result.fromCache ? 'was at hand' : 'is new'}, and lives for ${minutes} minutes.`);

  const discovery = await (await fetch(`${result.authority}.well-known/openid-configuration`)).json();
  const userinfo = await fetch(discovery.userinfo_endpoint, { headers: { authorization: `Bearer ${result.accessToken}` } });
  console.log(`userinfo (status ${userinfo.status}): ${JSON.stringify(await userinfo.json())}`);
  console.log(`signed in as ${result.account.username}`);
}

async function signOut() {
  for (const account of await pca.getAllAccounts()) {
    await pca.signOut({ account });
    console.log(`signed out ${account.username}`);
  }
  console.log(`accounts left: ${(await pca.getAllAccounts()).length}`);
}

try {
  await (process.argv[2] === 'sign-out' ? signOut() : greet());
} catch (error) {
  console.error(error.message);
  if (error.remedy) console.error(error.remedy);
  process.exitCode = giveUp.signal.aborted ? 130 : 1;
}
