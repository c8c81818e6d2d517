/** What becomes of the first application; of an error, what can be told from it. */
export function attempt({ ClientConfigurationError, PublicClientApplication }) {
  try {
    new PublicClientApplication({ auth: { clientId: 'c' } });
    return 'it was made';
  } catch (error) {
    const { errorCode, field, remedy, cause } = error;
    return { isConfiguration: error instanceof ClientConfigurationError, errorCode, field, remedy, cause: cause?.message };
  }
}

/** How a sign-in ends at a server where none can succeed. */
export async function fail({ PublicClientApplication }, auth) {
  const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
  const pca = new PublicClientApplication({ auth, system: { clock } });
  const request = { scopes: ['email'], deviceCodeCallback() {} };
  return pca.acquireTokenByDeviceCode(request).then(() => 'it has succeeded', ({ errorCode }) => errorCode);
}
