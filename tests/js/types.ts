// Compiled, not run: what a TypeScript program writes, and what must not compile.

import {
  AuthError,
  ClientAuthErrorCodes,
  ClientConfigurationError,
  DeviceCodeFlow,
  InteractionRequiredAuthError,
  LogLevel,
  PublicClientApplication,
  type AuthenticationResult,
  type Configuration,
  type DeviceCodeRequest,
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

// @ts-expect-error: scopes are required
const withoutScopes: DeviceCodeRequest = { deviceCodeCallback() {} };
// @ts-expect-error: so is the callback
const withoutCallback: DeviceCodeRequest = { scopes: [] };
// @ts-expect-error: and a clientId
const withoutClient: Configuration = { auth: {} };
void [withoutScopes, withoutCallback, withoutClient];
