#!/usr/bin/env node
// Has a person sign in the first time, and knows them from then on; `cli.mjs sign-out` forgets them. The tokens are in a file, encrypted;
// the key is in the keyring of the operating system. See README.md.

import { AsyncEntry } from '@napi-rs/keyring';
import { PublicClientApplication } from 'doorcode';
import { EncryptedCachePlugin } from 'doorcode/cache/encrypted';
import { FileCachePlugin } from 'doorcode/cache/file';

const { CLIENT_ID: clientId, AUTHORITY: authority, CACHE_FILE: path = 'token-cache.jwe' } = process.env;
const giveUp = new AbortController();
process.once('SIGINT', () => giveUp.abort()); // Ctrl-C

// On Linux a Secret Service, such as GNOME's or KDE's, and never the kernel's keyring, which is empty whenever the machine has started.
const keyring = () => new AsyncEntry('doorcode-keyring-cli', 'token-cache', { linux: { store: 'secret-service' } });

try {
  const cachePlugin = new EncryptedCachePlugin(new FileCachePlugin({ path }), { keyring });
  const pca = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin } });
  if (process.argv[2] === 'sign-out') {
    for (const account of await pca.getAllAccounts()) await pca.signOut({ account });
    console.log('signed out');
  } else {
    const { account, fromCache } = await pca.acquireToken({
      scopes: ['email'],
      signal: giveUp.signal,
      deviceCodeCallback: ({ message }) => console.log(message),
    });
    console.log(`The access token ${fromCache ? 'was at hand' : 'is new'}.`);
    console.log(`signed in as ${account.username}`);
  }
} catch (error) {
  console.error(error.message);
  if (error.remedy) console.error(error.remedy);
  process.exitCode = giveUp.signal.aborted ? 130 : 1;
}
