#!/usr/bin/env node
// Has a person sign in the first time, and knows them from then on; `cli.mjs sign-out` forgets them. See README.md.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { PublicClientApplication } from 'doorcode';

const { CLIENT_ID: clientId, AUTHORITY: authority, CACHE_FILE: file = 'token-cache.json' } = process.env;
const giveUp = new AbortController();
process.once('SIGINT', () => giveUp.abort()); // Ctrl-C

const cachePlugin = {
  async beforeCacheAccess({ tokenCache }) {
    const none = (error) => (error.code === 'ENOENT' ? '' : Promise.reject(error));
    tokenCache.deserialize(await readFile(file, 'utf8').catch(none));
  },
  async afterCacheAccess({ tokenCache, cacheHasChanged }) {
    if (!cacheHasChanged) return;
    const next = `${file}.${crypto.randomUUID()}`;
    await writeFile(next, tokenCache.serialize(), { mode: 0o600, flag: 'wx' }); // nobody else may read it
    await rename(next, file); // whole, or not at all
  },
};

try {
  const pca = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin } });
  if (process.argv[2] === 'sign-out') {
    for (const account of await pca.getAllAccounts()) await pca.signOut({ account });
    console.log('signed out');
  } else {
    const { account, fromCache } = await pca.acquireToken({
      scopes: ['email'],
      signal: giveUp.signal,
      deviceCodeCallback: ({ message }) => console.log(message),
      progressCallback: ({ status, secondsLeft, polls }) => console.log(`  poll ${polls}: ${status}, ${secondsLeft} s left`),
    });
    console.log(`The access token ${fromCache ? 'was at hand' : 'is new'}.`);
    console.log(`signed in as ${account.username}`);
  }
} catch (error) {
  console.error(error.message);
  if (error.remedy) console.error(error.remedy);
  process.exitCode = giveUp.signal.aborted ? 130 : 1;
}
