// Is checked, not run. An `any` would make each line after an expected error an error.
import { type AuthenticationResult, AuthError, DeviceCodeFlow, type DeviceCodeResponse, type ICachePlugin, PublicClientApplication } from 'doorcode';

const cachePlugin: ICachePlugin = {
  async beforeCacheAccess({ tokenCache }) {
    tokenCache.deserialize(await Deno.readTextFile('cache.json'));
  },
  async afterCacheAccess({ tokenCache, cacheHasChanged }) {
    if (cacheHasChanged) await Deno.writeTextFile('cache.json', tokenCache.serialize(), { mode: 0o600 });
  },
};

const pca = new PublicClientApplication({ auth: { clientId: 'id' }, cache: { cachePlugin } });

export async function signIn(signal: AbortSignal): Promise<string> {
  try {
    const request = { scopes: [], signal, deviceCodeCallback: ({ message }: DeviceCodeResponse) => console.log(message) };
    const result: AuthenticationResult = await pca.acquireToken(request);
    return result.account?.username ?? '';
  } catch (error) {
    return error instanceof AuthError ? error.remedy ?? error.errorCode : 'not ours';
  }
}

// @ts-expect-error: there is no such option
new PublicClientApplication({ auth: { clientID: 'id' } });
// @ts-expect-error: scopes is a list
new DeviceCodeFlow(pca, { scopes: 'User.Read' });
// @ts-expect-error: nobody would see the code
pca.acquireTokenByDeviceCode({ scopes: [] });
