// Compiled, not run: what a TypeScript program writes, and what must not compile.

import {
  AuthError,
  ClientAuthErrorCodes,
  ClientConfigurationError,
  ConfidentialClientApplication,
  CryptoProvider,
  DeviceCodeFlow,
  InteractionRequiredAuthError,
  LogLevel,
  PromptValue,
  PublicClientApplication,
  ResponseMode,
  type AccountInfo,
  type AuthenticationResult,
  type AuthorizationCodePayload,
  type AuthorizationCodeRequest,
  type AuthorizationUrlRequest,
  type ClientAssertionCallback,
  type ClientAssertionConfig,
  type ClientCertificate,
  type ClientCredentialRequest,
  type Configuration,
  type DeviceCodeRequest,
  type EndSessionRequest,
  type IConfidentialClientApplication,
  type InteractiveRequest,
  type IPublicClientApplication,
  type NodeAuthOptions,
  type OnBehalfOfRequest,
  type RefreshTokenRequest,
  type SilentFlowRequest,
} from 'doorcode';

const configuration: Configuration = {
  auth: { clientId: 'client', authority: 'https://login.microsoftonline.com/organizations' },
  system: { loggerOptions: { logLevel: LogLevel.Verbose, loggerCallback: (level, message) => void (level + message) } },
};
const pca = new PublicClientApplication(configuration);

const request: DeviceCodeRequest = {
  scopes: ['User.Read'],
  timeout: 60,
  authenticationScheme: 'Bearer',
  signal: new AbortController().signal,
  deviceCodeCallback: async ({ userCode, verificationUri, verificationUriComplete }) => {
    const shown: string = `${userCode} ${verificationUri} ${verificationUriComplete ?? ''}`;
    void shown;
  },
  progressCallback: ({ status, secondsLeft }) => void (status === 'slow_down' && secondsLeft > 1),
};

// MSAL's callbacks return nothing, and TypeScript lets a function for them return anything.
export const terse: DeviceCodeRequest = { scopes: [], deviceCodeCallback: ({ message }) => [message].push(message) };

export async function signIn(): Promise<AuthenticationResult | undefined> {
  try {
    const result = await pca.acquireTokenByDeviceCode(request);
    const username: string = result.account?.username ?? '';
    const expires: Date | null = result.expiresOn;
    void [username, expires];
    return result;
  } catch (error) {
    if (error instanceof InteractionRequiredAuthError) request.claims = error.claims;
    if (error instanceof ClientConfigurationError && error.field) return undefined;
    if (error instanceof AuthError && error.errorCode === ClientAuthErrorCodes.deviceCodeExpired) return signIn();
    throw error;
  }
}

export async function inTwoSteps() {
  const flow = new DeviceCodeFlow(pca, { scopes: [] });
  const { message } = await flow.initiateDeviceCodeFlow();
  const resumed = DeviceCodeFlow.resume(pca, flow.toJSON());
  const polled = await resumed.poll();
  return polled.status === 'done' ? polled.result.accessToken : `${message} ${polled.retryAfter}`;
}

// A web app, as it is written for MSAL.
export class AuthProvider {
  readonly #crypto = new CryptoProvider();
  readonly #app: IConfidentialClientApplication;

  constructor(auth: NodeAuthOptions) {
    this.#app = new ConfidentialClientApplication({ auth });
  }

  async begin(redirectUri: string, account?: AccountInfo): Promise<{ url: string; pending: AuthorizationCodeRequest }> {
    const { verifier, challenge } = await this.#crypto.generatePkceCodes();
    const state: string = this.#crypto.base64Encode(JSON.stringify({ csrfToken: this.#crypto.createNewGuid() }));
    const request: AuthorizationUrlRequest = {
      scopes: ['User.Read'],
      redirectUri,
      state,
      nonce: this.#crypto.createNewGuid(),
      codeChallenge: challenge,
      codeChallengeMethod: 'S256',
      responseMode: ResponseMode.FORM_POST,
      prompt: PromptValue.SELECT_ACCOUNT,
      loginHint: 'ada@contoso.example',
      domainHint: 'organizations',
      claims: '{}',
      extraQueryParameters: { dc: 'ESTS' },
      ...(account && { account }),
    };
    const { scopes } = request;
    return { url: await this.#app.getAuthCodeUrl(request), pending: { scopes, redirectUri, state, code: '', codeVerifier: verifier } };
  }

  async end(pending: AuthorizationCodeRequest, body: AuthorizationCodePayload | Map<string, string>): Promise<AccountInfo | null> {
    const { account }: AuthenticationResult = await this.#app.acquireTokenByCode(pending, body);
    return account;
  }

  async token(account: AccountInfo, session: { cache: string }): Promise<string> {
    const cache = this.#app.getTokenCache();
    cache.deserialize(session.cache);
    const silent: SilentFlowRequest = { scopes: ['User.Read'], account, redirectUri: 'https://app.contoso.example/' };
    const { accessToken } = await this.#app.acquireTokenSilent(silent);
    session.cache = cache.serialize();
    return accessToken;
  }

  async leave(account: AccountInfo): Promise<string> {
    const request: EndSessionRequest = { account, postLogoutRedirectUri: 'https://app.contoso.example/' };
    return this.#app.getLogoutUri(request);
  }
}

// A service, with each credential.
const clientCertificate: ClientCertificate = { thumbprintSha256: '', privateKey: '', x5c: '', algorithm: 'PS256' };
const clientAssertion: ClientAssertionCallback = async ({ clientId, tokenEndpoint }: ClientAssertionConfig) => `${clientId} ${tokenEndpoint ?? ''}`;
const credentials: Partial<NodeAuthOptions>[] = [
  { clientCertificate }, { clientAssertion }, { clientAssertion: 'a.b.c' }, { clientSecret: '', clientSecretMethod: 'client_secret_basic' },
];

export async function serve(oboAssertion: string): Promise<string[]> {
  const own: ClientCredentialRequest = { scopes: ['https://graph.microsoft.com/.default'], skipCache: true, clientAssertion };
  const theirs: OnBehalfOfRequest = { scopes: ['User.Read'], oboAssertion, skipCache: false };
  const renewed: RefreshTokenRequest = { scopes: ['User.Read'], refreshToken: '', redirectUri: 'https://app.contoso.example/', forceCache: true };
  const apps = credentials.map((auth) => new ConfidentialClientApplication({ auth: { clientId: 'client', ...auth } }));
  const results = await Promise.all(apps.flatMap((app) => [
    app.acquireTokenByClientCredential(own), app.acquireTokenOnBehalfOf(theirs), app.acquireTokenByRefreshToken(renewed),
  ]));
  return results.map((result) => result?.accessToken ?? '');
}

// A program on a desktop.
export async function inTheBrowser(app: IPublicClientApplication): Promise<string> {
  const interactive: InteractiveRequest = {
    scopes: ['User.Read'],
    openBrowser: async (url: string): Promise<void> => void url,
    successTemplate: '<h1>Done</h1>',
    errorTemplate: '<h1>Not done</h1>',
    preferredPort: 8080,
    timeout: 60,
    responseMode: 'query',
    prompt: PromptValue.LOGIN,
  };
  return (await app.acquireTokenInteractive(interactive)).accessToken;
}

// @ts-expect-error: a fragment reaches no port
const postedFragment: InteractiveRequest = { openBrowser() {}, responseMode: ResponseMode.FRAGMENT };
// @ts-expect-error: PKCE is made here
const ownChallenge: InteractiveRequest = { openBrowser() {}, codeChallenge: '' };
// @ts-expect-error: people have to come back to somewhere
const withoutRedirect: AuthorizationUrlRequest = { scopes: [] };
// @ts-expect-error: whose call is it
const onNobodysBehalf: OnBehalfOfRequest = { scopes: [] };
// @ts-expect-error: a public client has no proof of itself
void pca.acquireTokenByClientCredential;
// @ts-expect-error: a confidential client has no browser here
void ConfidentialClientApplication.prototype.acquireTokenInteractive;
void [postedFragment, ownChallenge, withoutRedirect, onNobodysBehalf];

// @ts-expect-error: scopes are required
const withoutScopes: DeviceCodeRequest = { deviceCodeCallback() {} };
// @ts-expect-error: so is the callback
const withoutCallback: DeviceCodeRequest = { scopes: [] };
// @ts-expect-error: and a clientId
const withoutClient: Configuration = { auth: {} };
void [withoutScopes, withoutCallback, withoutClient];
