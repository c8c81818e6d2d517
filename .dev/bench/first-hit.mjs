// Start-up: imports a library, and if `hit` is set gets one token from its cache. Without a library it shows what Node itself takes.
// Takes `{"library":…,"hit":…,"blob":…,"auth":…,"account":…,"token":…}`; prints `{"cpu":<the process's microseconds>,"memory":<its peak>}`.
// It imports nothing of the bench, for that would count.

import { readFileSync } from 'node:fs';

const { library: name, hit, blob, auth, account, token } = JSON.parse(process.argv[2]);
const saved = readFileSync(blob, 'utf8');
const library = name && (await import(name));
const found = hit && library && (await (library.DeviceCodeCredential ? fromCredential() : fromApplication()));
const { user, system } = process.cpuUsage();
const memory = mostMemory();
if (hit && library && found !== token) throw new Error('it is not the token of the cache');
console.log(JSON.stringify({ cpu: user + system, memory }));

async function fromApplication() {
  const app = new library.PublicClientApplication({ auth });
  app.getTokenCache().deserialize(saved);
  const { accessToken } = await app.acquireTokenSilent({ account, scopes: ['User.Read'] });
  return accessToken;
}

/** By the way of `@azure/identity-cache-persistence`. */
async function fromCredential() {
  const plugin = {
    beforeCacheAccess: async (/** @type {any} */ { tokenCache }) => tokenCache.deserialize(saved),
    async afterCacheAccess() {},
  };
  library.useIdentityPlugin((/** @type {any} */ { cachePluginControl }) => cachePluginControl.setPersistence(async () => plugin));
  const { clientId, authority } = auth;
  const credential = new library.DeviceCodeCredential({
    clientId,
    tenantId: authority.split('/').pop(),
    disableAutomaticAuthentication: true,
    tokenCachePersistenceOptions: { enabled: true },
    authenticationRecord: { ...account, authority: account.environment, clientId },
  });
  return (await credential.getToken('User.Read')).token;
}

/** In bytes. Linux lets a child's `maxRSS` begin at its parent's. */
function mostMemory() {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
