#!/usr/bin/env node
// Has a person sign in the first time, and knows them from then on; `cli.mjs sign-out` forgets them. See README.md.

import { PublicClientApplication } from 'doorcode';
import { FileCachePlugin } from 'doorcode/cache/file';

const { CLIENT_ID: clientId, AUTHORITY: authority, CACHE_FILE: path } = process.env;
const giveUp = new AbortController();
process.once('SIGINT', () => giveUp.abort()); // Ctrl-C

try {
  const cachePlugin = new FileCachePlugin(path ? { path } : { name: 'node-cli' }); // the name of your program
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
