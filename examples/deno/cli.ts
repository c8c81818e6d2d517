// Has a person sign in the first time, and knows them from then on; `cli.ts sign-out` forgets them. See README.md.

import { AuthError, type ICachePlugin, PublicClientApplication } from 'doorcode';

const clientId = Deno.env.get('CLIENT_ID') ?? '';
const authority = Deno.env.get('AUTHORITY');
const folder = 'tokens';
const file = `${folder}/cache.json`;
const giveUp = new AbortController();
Deno.addSignalListener('SIGINT', () => giveUp.abort());

/** Keeps the tokens in a file that nobody else may read. */
const cachePlugin: ICachePlugin = {
  async beforeCacheAccess({ tokenCache }) {
    const none = (error: Error) => (error instanceof Deno.errors.NotFound ? '' : Promise.reject(error));
    tokenCache.deserialize(await Deno.readTextFile(file).catch(none));
  },
  async afterCacheAccess({ tokenCache, cacheHasChanged }) {
    if (!cacheHasChanged) return;
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const next = `${folder}/${crypto.randomUUID()}`;
    await Deno.writeTextFile(next, tokenCache.serialize(), { mode: 0o600, createNew: true });
    await Deno.rename(next, file); // whole, or not at all
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
  await (Deno.args[0] === 'sign-out' ? signOut(pca) : greet(pca));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof AuthError && error.remedy) console.error(error.remedy);
  Deno.exitCode = giveUp.signal.aborted ? 130 : 1;
}
