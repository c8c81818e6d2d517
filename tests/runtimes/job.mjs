// What is tried in every runtime, with whatever copy of doorcode is handed in: a sign-in, a cache plugin, a silent token, an abort.
// It imports nothing, so that it runs wherever JavaScript does.

/** The person and the waits are quick here; everything else is real. */
const clock = { now: () => Date.now(), sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds / 50)) };

/**
 * @param {typeof import('doorcode')} doorcode
 * @param {{ clientId: string, authority: string }} auth a server whose person approves after some polls
 * @returns {Promise<object>} the same in every runtime: see `EXPECTED`
 */
export async function job({ PublicClientApplication, ClientAuthError }, auth) {
  let stored = '';
  const cachePlugin = {
    async beforeCacheAccess({ tokenCache }) {
      tokenCache.deserialize(stored);
    },
    async afterCacheAccess({ tokenCache, cacheHasChanged }) {
      if (cacheHasChanged) stored = tokenCache.serialize();
    },
  };
  const application = () => new PublicClientApplication({ auth, cache: { cachePlugin }, system: { clock } });

  let shown;
  const signedIn = await application().acquireTokenByDeviceCode({ scopes: ['email'], deviceCodeCallback: (response) => void (shown = response) });

  // Another application, which knows only what the plugin kept.
  const later = application();
  const [account] = await later.getAllAccounts();
  const silent = await later.acquireTokenSilent({ scopes: ['email'], account });

  const controller = new AbortController();
  const aborted = await later
    .acquireTokenByDeviceCode({ scopes: ['email'], signal: controller.signal, deviceCodeCallback: () => controller.abort() })
    .then(() => 'not aborted', (error) => (error instanceof ClientAuthError ? error.errorCode : `${error}`));

  return {
    shown: /^[A-Z]{4}-[A-Z]{4}$/.test(shown.userCode) && shown.message.includes(shown.userCode),
    signedIn: signedIn.account.username,
    fresh: !signedIn.fromCache,
    kept: Object.keys(JSON.parse(stored)).sort().join(' '),
    silent: silent.fromCache && silent.accessToken === signedIn.accessToken,
    aborted,
  };
}

export const EXPECTED = {
  shown: true,
  signedIn: 'ada@example.com',
  fresh: true,
  kept: 'AccessToken Account AppMetadata IdToken RefreshToken',
  silent: true,
  aborted: 'device_code_polling_cancelled',
};
