// Asks Graph who has signed in. `app.mjs accounts` lists who is signed in, `app.mjs sign-out` forgets them.

import { AuthError, LogLevel, PublicClientApplication } from 'doorcode';
import { FileCachePlugin } from 'doorcode/cache/file';

const { CLIENT_ID: clientId, AUTHORITY: authority, CACHE_FILE: path = 'token-cache.json' } = process.env;
const scopes = ['User.Read'];

const pca = new PublicClientApplication({
  auth: { clientId, authority },
  cache: { cachePlugin: new FileCachePlugin({ path }) },
  system: {
    loggerOptions: {
      loggerCallback: (level, message) => console.error(message),
      logLevel: LogLevel.Error,
      piiLoggingEnabled: false,
    },
  },
});

function getToken() {
  const giveUp = new AbortController();
  process.once('SIGINT', () => giveUp.abort());
  return pca.acquireToken({
    scopes,
    timeout: 900,
    signal: giveUp.signal,
    deviceCodeCallback: ({ message }) => console.error(message),
  });
}

function explain(error) {
  if (!(error instanceof AuthError)) return error.stack;
  return error.remedy ? `${error.message}\n${error.remedy}` : error.message;
}

try {
  switch (process.argv[2]) {
    case 'accounts':
      for (const { username, tenantId } of await pca.getAllAccounts()) console.log(`${username} in ${tenantId}`);
      break;
    case 'sign-out':
      for (const account of await pca.getAllAccounts()) await pca.signOut({ account });
      break;
    default: {
      const { accessToken, account } = await getToken();
      const headers = { authorization: `Bearer ${accessToken}` };
      const response = await fetch('https://graph.microsoft.com/v1.0/me', { headers });
      const { displayName } = await response.json();
      console.log(`${displayName} (${account.username})`);
    }
  }
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
