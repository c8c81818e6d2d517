// What a program pays that imports doorcode, makes two applications, and asks for a token that is not there.

let made = 0;
WebAssembly.Module = new Proxy(WebAssembly.Module, {
  construct(Module, bytes) {
    made += 1;
    return new Module(...bytes);
  },
});
const { PublicClientApplication } = await import('doorcode');
const atImport = made;
const [pca] = [1, 2].map(() => new PublicClientApplication({ auth: { clientId: '00000000-aaaa-4bbb-8ccc-dddddddddddd' } }));
const account = { homeAccountId: 'a.b', environment: 'login.microsoftonline.com', tenantId: 'b', localAccountId: 'a', username: '' };
const { correlationId } = await pca.acquireTokenSilent({ scopes: ['email'], account }).catch((error) => error);
const loaded = process.moduleLoadList.filter((name) => name.includes('crypto/webcrypto'));
console.log(JSON.stringify({ atImport, made, correlationId, loaded }));
