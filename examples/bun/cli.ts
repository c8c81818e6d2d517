#!/usr/bin/env bun
// Has a person sign in the first time, and knows them from then on; `cli.ts sign-out` forgets them. See README.md.

import { AuthError, PublicClientApplication } from 'doorcode';
import { EncryptedCachePlugin } from 'doorcode/cache/encrypted';
import { FileCachePlugin } from 'doorcode/cache/file';

const { CLIENT_ID: clientId = '', AUTHORITY: authority, CACHE_FILE: path = 'token-cache.jwe', CACHE_KEY: key = '' } = Bun.env;
const giveUp = new AbortController();
process.once('SIGINT', () => giveUp.abort());

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
  // 32 random bytes, written as base64.
  const cachePlugin = new EncryptedCachePlugin(new FileCachePlugin({ path }), { key: Buffer.from(key, 'base64') });
  const pca = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin } });
  await (Bun.argv[2] === 'sign-out' ? signOut(pca) : greet(pca));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof AuthError && error.remedy) console.error(error.remedy);
  process.exitCode = giveUp.signal.aborted ? 130 : 1;
}
