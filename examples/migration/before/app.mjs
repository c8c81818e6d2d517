// Asks Graph who has signed in. `app.mjs accounts` lists who is signed in, `app.mjs sign-out` forgets them.

import { AuthError, InteractionRequiredAuthError, LogLevel, PublicClientApplication } from '@azure/msal-node';
import { fileCache } from './cache-plugin.mjs';

const { CLIENT_ID: clientId, AUTHORITY: authority, CACHE_FILE: path = 'token-cache.json' } = process.env;
const scopes = ['User.Read'];

const pca = new PublicClientApplication({
  auth: { clientId, authority },
  cache: { cachePlugin: fileCache(path) },
  system: {
    loggerOptions: {
      loggerCallback: (level, message) => console.error(message),
      logLevel: LogLevel.Error,
      piiLoggingEnabled: false,
    },
  },
});

async function getToken() {
  const [account] = await pca.getAllAccounts();
  if (account) {
    try {
      return await pca.acquireTokenSilent({ scopes, account });
    } catch (error) {
      if (!(error instanceof InteractionRequiredAuthError)) throw error;
    }
  }
  const request = {
    scopes,
    timeout: 900,
    deviceCodeCallback: ({ message }) => console.error(message),
  };
  process.once('SIGINT', () => (request.cancel = true));
  return pca.acquireTokenByDeviceCode(request);
}

function explain(error) {
  if (!(error instanceof AuthError)) return error.stack;
  switch (error.errorCode) {
    case 'device_code_expired':
    case 'user_timeout_reached':
      return 'The code has expired. Please start again.';
    case 'device_code_polling_cancelled':
      return 'Nobody was signed in.';
    case 'post_request_failed':
      return `The server refused: ${error.errorMessage}`;
    default:
      return error.message;
  }
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
