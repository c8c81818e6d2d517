// One worker, many requests: each with an application of its own, or all with one. The store is the process's memory.

import { DeviceCodeFlow, PublicClientApplication } from 'doorcode';

let stored = '';
let isSlow = false;
const application = (auth, requestTimeout) => {
  const cachePlugin = {
    async beforeCacheAccess({ tokenCache }) {
      if (isSlow) await fetch(`${auth.authority}/store`);
      tokenCache.deserialize(stored);
    },
    async afterCacheAccess({ tokenCache, cacheHasChanged }) {
      if (cacheHasChanged) stored = tokenCache.serialize();
    },
  };
  const clock = { now: () => Date.now(), sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds / 50)) };
  return new PublicClientApplication({ auth, cache: { cachePlugin }, system: { clock, requestTimeout } });
};

let shared;

const scopes = ['email'];
const tasks = {
  async '/start'(pca) {
    return Boolean((await new DeviceCodeFlow(pca, { scopes }).initiateDeviceCodeFlow()).userCode);
  },
  async '/sign-in'(pca) {
    return (await pca.acquireTokenByDeviceCode({ scopes, deviceCodeCallback() {} })).account.username;
  },
  async '/silent'(pca) {
    [account] = await pca.getAllAccounts();
    return (await pca.acquireTokenSilent({ scopes, account })).fromCache;
  },
  async '/renew'(pca) {
    const [account] = await pca.getAllAccounts();
    return (await pca.acquireTokenSilent({ scopes, account, forceRefresh: true })).account.username;
  },
  /** Two requests that end before the store has answered. */
  '/leave/silent': (pca) => leave(() => pca.acquireTokenSilent({ scopes, account })),
  '/leave/renew': (pca) => leave(() => pca.acquireTokenSilent({ scopes, account, forceRefresh: true })),
};

let account;

async function leave(task) {
  isSlow = true;
  task().catch(() => {});
  await scheduler.wait(20);
  isSlow = false;
  return true;
}

export default {
  async fetch(request, { AUTH, SHARED, REQUEST_TIMEOUT }) {
    const pca = SHARED ? (shared ??= application(AUTH, REQUEST_TIMEOUT)) : application(AUTH, REQUEST_TIMEOUT);
    const { pathname } = new URL(request.url);
    try {
      return Response.json(await tasks[pathname](pca));
    } catch (error) {
      return new Response(error.stack, { status: 500 });
    }
  },
};
