#!/usr/bin/env bun
// Has a person sign in the first time, and knows them from then on; `cli.ts sign-out` forgets them. See README.md.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { AuthError, type ICachePlugin, PublicClientApplication } from 'doorcode';

const { CLIENT_ID: clientId = '', AUTHORITY: authority, CACHE_FILE: file = 'token-cache.json' } = Bun.env;
const giveUp = new AbortController();
process.once('SIGINT', () => giveUp.abort());

/** Keeps the tokens in a file that nobody else may read. */
const cachePlugin: ICachePlugin = {
  async beforeCacheAccess({ tokenCache }) {
    const none = (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? '' : Promise.reject(error));
    tokenCache.deserialize(await readFile(file, 'utf8').catch(none));
  },
  async afterCacheAccess({ tokenCache, cacheHasChanged }) {
    if (!cacheHasChanged) return;
    const next = `${file}.${crypto.randomUUID()}`;
    await writeFile(next, tokenCache.serialize(), { mode: 0o600, flag: 'wx' });
    await rename(next, file); // whole, or not at all
  },
};

async function greet(pca: PublicClientApplication) {
  const { account, fromCache } = await pca.acquireToken({
    scopes: ['email'],
    signal: giveUp.signal,
    deviceCodeCallback: ({ message }) => console.log(message),
  });
  console.log(`The access token ${fromCache ? 'was at hand' : 'is new'}.`);
  console.log(`signed in as ${account?.username}`);
}

async function signOut(pca: PublicClientApplication) {
  for (const account of await pca.getAllAccounts()) await pca.signOut({ account });
  console.log('signed out');
}

try {
  const pca = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin } });
  await (Bun.argv[2] === 'sign-out' ? signOut(pca) : greet(pca));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof AuthError && error.remedy) console.error(error.remedy);
  process.exitCode = giveUp.signal.aborted ? 130 : 1;
}
