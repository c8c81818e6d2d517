// Has a person sign in the first time, and knows them from then on; `cli.ts sign-out` forgets them. See README.md.

import { AuthError, PublicClientApplication } from 'doorcode';
import { FileCachePlugin } from 'doorcode/cache/file';

const clientId = Deno.env.get('CLIENT_ID') ?? '';
const authority = Deno.env.get('AUTHORITY');
const giveUp = new AbortController();
Deno.addSignalListener('SIGINT', () => giveUp.abort());

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
  const cachePlugin = new FileCachePlugin({ path: 'tokens/cache.json' });
  const pca = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin } });
  await (Deno.args[0] === 'sign-out' ? signOut(pca) : greet(pca));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof AuthError && error.remedy) console.error(error.remedy);
  Deno.exitCode = giveUp.signal.aborted ? 130 : 1;
}
