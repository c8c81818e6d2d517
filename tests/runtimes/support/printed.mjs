// What a runtime shows of doorcode's objects when a program prints them, and the secrets that must not be in it. Like job.mjs it imports
// nothing; it is copied beside a consumer.

/**
 * @param {typeof import('doorcode')} doorcode
 * @param {{ clientId: string, authority: string }} auth a server whose person approves after some polls
 * @param {((value: unknown) => string)[]} ways in which the runtime prints a value
 * @returns {Promise<{ printed: number, leaks: string[] }>} how much was printed, and what showed a secret
 */
export async function printed({ DeviceCodeFlow, PublicClientApplication }, auth, ways) {
  const clock = { now: () => Date.now(), sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds / 50)) };
  const pca = new PublicClientApplication({ auth, system: { clock } });
  const flow = new DeviceCodeFlow(pca, { scopes: ['email'] });
  const codes = await flow.initiateDeviceCodeFlow();
  const aborted = await flow.poll({ signal: AbortSignal.abort(new Error('enough')) }).catch((error) => error);

  // As HTTP libraries do, it attaches the request to its error.
  const fail = async (_, request) => {
    throw Object.assign(new Error(`refused ${request.body}`), { request });
  };
  const failing = { sendGetRequestAsync: fail, sendPostRequestAsync: fail };
  const network = new PublicClientApplication({
    auth: { ...auth, authorityMetadata: { token_endpoint: `${auth.authority}/token`, issuer: auth.authority } },
    system: { clock, networkClient: failing },
  });
  const refreshToken = 'a-refresh-token-from-elsewhere';
  const refused = await network.acquireTokenByRefreshToken({ scopes: ['email'], refreshToken }).catch((error) => error);

  const { accessToken, idToken } = await flow.acquireTokenByDeviceCode();
  const kept = JSON.parse(pca.getTokenCache().serialize());
  const secrets = [codes.deviceCode, accessToken, idToken, refreshToken, Object.values(kept.RefreshToken)[0].secret];

  const values = { codes, flow, pca, cache: pca.getTokenCache(), network, aborted, refused, cause: refused.cause };
  const texts = Object.entries(values).flatMap(([name, value]) => ways.map((print) => [name, print(value)]));
  const leaks = texts.filter(([, text]) => secrets.some((secret) => text.includes(secret))).map(([name]) => name);
  const isReal = secrets.every((secret) => secret.length > 20) && aborted.errorCode && refused.errorCode === 'network_error';
  return { printed: isReal ? texts.length : 0, leaks: [...new Set(leaks)] };
}
