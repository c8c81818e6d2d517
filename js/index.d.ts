/**
 * Sign people in from programs that have no browser: the OAuth 2.0 Device Authorization Grant (RFC 8628); and from those that have one, by an
 * authorization code (RFC 6749 section 4.1). With the API of MSAL Node's public and confidential clients.
 *
 * Names and shapes are those of `@azure/msal-node`, so that a program moves over by changing one import. What doorcode adds
 * is marked as such.
 *
 * @module doorcode
 */

/** The package's version. */
export declare const version: string;

// ── Configuration ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What an application is made from. */
export interface Configuration {
  /** The app registration, and whom to ask. */
  auth: NodeAuthOptions;
  /** Where tokens are kept. */
  cache?: CacheOptions;
  /** Logging, network, clock. */
  system?: NodeSystemOptions;
  /** What Microsoft's servers are told of the program. */
  telemetry?: NodeTelemetryOptions;
}

/** Where tokens are kept when the program ends. Without a plugin they are kept in memory. */
export interface CacheOptions {
  /** One of the `doorcode/cache/…` entries, MSAL's `DistributedCachePlugin`, or one of your own. */
  cachePlugin?: ICachePlugin | IVersionedCachePlugin;
}

/** The app registration, and whom to ask. */
export interface NodeAuthOptions {
  /** The application (client) id from the app registration. */
  clientId: string;
  /**
   * Whom to ask: an Entra authority such as `https://login.microsoftonline.com/organizations`, or the issuer of any OpenID
   * provider. `https:`, except to this very machine. Paths keep their case.
   * @default "https://login.microsoftonline.com/common/"
   */
  authority?: string;
  /** Names the cloud and the tenant instead of `authority`. */
  azureCloudOptions?: AzureCloudOptions;
  /** What the program can handle, such as `"cp1"` for claims challenges. Sent inside `claims`. */
  clientCapabilities?: string[];
  /**
   * Hosts that you vouch for: a domain of your own for External ID, or the host that its tenant has in its issuer. Of any other host
   * that doorcode does not know, Microsoft is asked whether it is one of Entra's, as MSAL does; servers on this machine, AD FS and
   * those of `protocolMode: "OIDC"` need not be listed.
   */
  knownAuthorities?: string[];
  /**
   * The authority's discovery document, as JSON text (doorcode: or the object), so that it is not asked for. `{tenantid}` or
   * `{tenant}` in it stands for the authority's tenant. An authority that is described without an `issuer` is a plain OAuth server, such
   * as GitHub: `token_endpoint` and `device_authorization_endpoint` suffice, no OpenID scopes are added, no ID token is looked at.
   */
  authorityMetadata?: string | AuthorityMetadata;
  /** What Microsoft's instance discovery answers, as JSON text (doorcode: or the object), so that it is not asked. */
  cloudDiscoveryMetadata?: string | CloudDiscoveryMetadata;
  /** An application of the Model Context Protocol: each request must name its `resource`. @default false */
  isMcp?: boolean;

  // How a confidential client proves who it is: one of these.

  /** The secret from the app registration. Keep it out of the program's text. */
  clientSecret?: string;
  /**
   * doorcode: how the secret is sent (RFC 6749 section 2.3.1): in the form as MSAL does, or by HTTP Basic. A server that says it takes
   * nothing but Basic is sent that anyway.
   * @default "client_secret_post"
   */
  clientSecretMethod?: 'client_secret_post' | 'client_secret_basic';
  /**
   * A signed JWT that says who the client is (RFC 7523), such as the token of a Kubernetes workload; or a function that is asked for one
   * before each token request, for such tokens expire. What it throws is what the caller gets.
   */
  clientAssertion?: string | ClientAssertionCallback;
  /** A certificate that was uploaded to the app registration, and its private key. */
  clientCertificate?: ClientCertificate;
}

/** Brings a client assertion. */
export type ClientAssertionCallback = (config: ClientAssertionConfig) => string | Promise<string>;

/** For whom a client assertion is, and whom it is shown to. */
export interface ClientAssertionConfig {
  /** The assertion's issuer and subject. */
  clientId: string;
  /** The assertion's audience. */
  tokenEndpoint?: string;
}

/** A certificate by which a client proves who it is. Its key signs an assertion for each token request, by WebCrypto. */
export interface ClientCertificate {
  /** The private key as PEM text: RSA, not encrypted, as PKCS #8 or PKCS #1. Other blocks may stand beside it. */
  privateKey: string;
  /** The certificate's SHA-256 thumbprint in hex; colons and spaces may be in it. Needed unless there is `x5c`. */
  thumbprintSha256?: string;
  /** Its SHA-1 thumbprint, for servers that know no other. Counts if there is no `thumbprintSha256`. */
  thumbprint?: string;
  /**
   * The certificate as PEM text, and those that it was issued by, in this order. It is sent along: Entra needs it where the app
   * registration names a subject and an issuer, rather than a certificate.
   */
  x5c?: string;
  /**
   * doorcode: what to sign with, if the server does not know the default, as AD FS may not.
   * @default "PS256"; "RS256" with `thumbprint` alone
   */
  algorithm?: 'PS256' | 'RS256';
}

/** doorcode: a discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414), as far as it is used. */
export interface AuthorityMetadata {
  /** Where codes and refresh tokens are exchanged. */
  token_endpoint: string;
  /** Where device codes come from (RFC 8628 section 4). */
  device_authorization_endpoint?: string;
  /** The page that people sign in on. */
  authorization_endpoint?: string;
  /** The page that people sign out on. */
  end_session_endpoint?: string;
  /** Who signs the ID tokens: their `iss`. */
  issuer?: string;
  /** With `"S256"` in it, the server is sent PKCE where it asks for it. */
  code_challenge_methods_supported?: string[];
  [member: string]: unknown;
}

/** doorcode: the answer of Microsoft's instance discovery, as far as it is used. */
export interface CloudDiscoveryMetadata {
  /** The clouds: the host to ask, the host that caches file accounts under, and every name of theirs. */
  metadata: CloudNames[];
  [member: string]: unknown;
}

/** doorcode: what an Entra cloud is called. */
export interface CloudNames {
  /** The host that requests go to. */
  preferred_network: string;
  /** The host that caches file its accounts under. */
  preferred_cache: string;
  /** All of its hosts. */
  aliases: string[];
}

/** An Entra cloud, and the tenant in it. */
export interface AzureCloudOptions {
  /** One of `AzureCloudInstance`. */
  azureCloudInstance: AzureCloudInstance;
  /** A tenant id or domain. @default "common" */
  tenant?: string;
}

/** The hosts of Entra's clouds. */
export declare const AzureCloudInstance: {
  /** No cloud: `authority` counts. */
  readonly None: 'none';
  /** The public cloud. */
  readonly AzurePublic: 'https://login.microsoftonline.com';
  /** China, run by 21Vianet. */
  readonly AzureChina: 'https://login.chinacloudapi.cn';
  /** The former German cloud. */
  readonly AzureGermany: 'https://login.microsoftonline.de';
  /** The US government. */
  readonly AzureUsGovernment: 'https://login.microsoftonline.us';
};
/** A value of that name's constant. */
export type AzureCloudInstance = (typeof AzureCloudInstance)[keyof typeof AzureCloudInstance];

/** How the world outside is reached. */
export interface NodeSystemOptions {
  /** Who hears what happens. @default nobody */
  loggerOptions?: LoggerOptions;
  /** Sends the requests instead of the runtime's `fetch`: for a proxy, or a client of one's own. */
  networkClient?: INetworkModule;
  /** `"OIDC"` says that hosts which are not known to be Microsoft's are OpenID providers. @default "AAD" */
  protocolMode?: ProtocolMode;
  /** doorcode: the time limit of one HTTP request, in milliseconds. @default 30000 */
  requestTimeout?: number;
  /** doorcode: another clock, for tests. Polling waits by it; the time limit of a request does not. */
  clock?: Clock;
}

/** doorcode: a clock for tests. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Resolves when so many milliseconds have passed. */
  sleep(milliseconds: number): Promise<void>;
}

/** What the program tells Microsoft's servers of itself. Sent to no other host. */
export interface NodeTelemetryOptions {
  /** Sent as `x-app-name` and `x-app-ver`. */
  application?: ApplicationTelemetry;
  /** doorcode: tells Microsoft's servers nothing of the library, the program, the operating system and the processor. @default false */
  disabled?: boolean;
}

/** What a program is called. */
export interface ApplicationTelemetry {
  /** Its name. */
  appName?: string;
  /** Its version. */
  appVersion?: string;
}

/** MSAL's names of what a server speaks. */
export declare const ProtocolMode: {
  /** Entra ID, External ID, AD FS. */
  readonly AAD: 'AAD';
  /** OpenID Connect, as any provider has it. */
  readonly OIDC: 'OIDC';
  /** MSAL: for its browser library. */
  readonly EAR: 'EAR';
};
/** A value of that name's constant. */
export type ProtocolMode = (typeof ProtocolMode)[keyof typeof ProtocolMode];

/** An HTTP client of the program's own. It must not follow redirects of a POST. */
export interface INetworkModule {
  /** Fetches a discovery document. `timeout` is in milliseconds. */
  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions, timeout?: number): Promise<NetworkResponse<T>>;
  /** Posts a form. */
  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>>;
}

/** What to send. */
export interface NetworkRequestOptions {
  /** Its headers. */
  headers?: Record<string, string>;
  /** The form of a POST. It holds secrets. */
  body?: string;
}

/** What came back. */
export interface NetworkResponse<T> {
  /** Its headers, by names in lower case. */
  headers: Record<string, string>;
  /** The parsed JSON, as in MSAL; the text of the body is taken as well. */
  body: T;
  /** The HTTP status. */
  status: number;
}

// ── Signing in ────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * doorcode: looks for what could keep people from signing in, and says what to do about it. Asks what a sign-in would ask, short of
 * the person: Microsoft about a host that is not known, the authority for its discovery document, the device endpoint for a code
 * (which is left to expire), and the token endpoint once.
 *
 * Resolves to findings in the order in which they were made, errors included. Rejects only when the `signal` aborts, or for options
 * that are wrong.
 */
export declare function diagnose(configuration: Configuration, options?: DiagnoseOptions): Promise<Finding[]>;

/** doorcode: what `diagnose` is to ask for, and of whom. */
export interface DiagnoseOptions extends Partial<DeviceCodeFlowRequest> {
  /** Gives up at once. */
  signal?: AbortSignal;
}

/** doorcode: one thing that `diagnose` looked at. */
export interface Finding {
  /**
   * `client_id`, `authority`, `discovery` (is it reachable), `tenant`, `issuer`, `device_endpoint`, `public_client` (may it do without
   * a secret), `verification_uri`, `clock`, `request`; or the field of a configuration that is wrong.
   */
  check: string;
  /** With an `error` nobody can sign in. */
  severity: 'ok' | 'info' | 'warning' | 'error';
  /** What was found, as a sentence. */
  message: string;
  /** What to do about it; "" where there is nothing to do. */
  remedy: string;
  /** The page to open for it. */
  remedyUrl?: string;
}

/** What `PublicClientApplication` is, for programs that name MSAL's interface. */
export type IPublicClientApplication = PublicClientApplication;

/** What a public and a confidential client have in common. A type only. */
export interface ClientApplication {
  /**
   * The address to send a person to, to sign in (RFC 6749 section 4.1.1). They come back to `redirectUri` with a code for
   * `acquireTokenByCode`.
   *
   * Use PKCE (`codeChallenge`), `state` and `nonce`, each new for every sign-in, and keep what belongs to them where only that browser's
   * session finds it again.
   *
   * Rejects with
   * - `ClientConfigurationError`: `redirect_uri_empty`, `pkce_params_missing`, `invalid_code_challenge_method`,
   *   `invalid_response_mode`, and what is wrong with any request
   * - `ClientAuthError` `endpoints_resolution_error`
   */
  getAuthCodeUrl(request: AuthorizationUrlRequest): Promise<string>;

  /**
   * Gets tokens for an authorization code (RFC 6749 section 4.1.3), and keeps them. A code is good for one call.
   *
   * @param payload the answer at the redirect URI. Its `state` must be the request's. doorcode: it may be the whole query or form as
   * it came, as an object, URLSearchParams or FormData: a refusal in it rejects as the typed error that it is, and `iss` must be the
   * server's own (RFC 9207); a server that says it always sends `iss` must have sent it.
   *
   * Rejects with
   * - `ClientAuthError` `state_mismatch`, `issuer_mismatch`: the answer is not to this request
   * - `ClientAuthError` `nonce_mismatch`, `invalid_id_token`: the tokens are not for this request, or not for this program
   * - `ServerError` `access_denied`: the person said no
   * - `InteractionRequiredAuthError` `invalid_grant`: the code was used, has expired, or is another's; sign in again
   */
  acquireTokenByCode(
    request: AuthorizationCodeRequest,
    payload?: AuthorizationCodePayload | Iterable<[string, unknown]>,
  ): Promise<AuthenticationResult>;

  /**
   * doorcode: the address to send a person to, to sign out at the server as well (OpenID Connect RP-Initiated Logout 1.0). `signOut`
   * forgets the tokens here.
   *
   * Rejects with `ClientAuthError` `end_session_endpoint_not_supported` where the server has no such page.
   */
  getLogoutUri(request?: EndSessionRequest): Promise<string>;

  /**
   * Gets a token for an account without the person: from the cache while it lasts, and with the refresh token when it does not.
   *
   * - A token that expires within five minutes is renewed. One that the server would like renewed (`refreshOn`) is handed out,
   *   and renewed in the background.
   * - While the server cannot be reached, a token that is still valid serves, or one within `extExpiresOn`.
   * - Which tenant: that of `authority` if it names one, else `account.tenantId`.
   * - `forceRefresh`, or a `claims` challenge, renews in any case.
   *
   * Rejects with
   * - `InteractionRequiredAuthError`: the person has to sign in: `no_tokens_found`, `refresh_token_expired`, or the server's own
   *   word, such as `invalid_grant` or `interaction_required`; pass its `claims` along
   * - `ClientAuthError` `no_account_in_silent_request`, `network_error`, `endpoints_resolution_error`, `invalid_cache_record`
   * - `ServerError`, and what the cache plugin threw, as it is
   */
  acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult>;

  /** Gets tokens for a refresh token from elsewhere. They are kept if the account is known here, or with `forceCache`. */
  acquireTokenByRefreshToken(request: RefreshTokenRequest): Promise<AuthenticationResult>;

  /** The token cache. */
  getTokenCache(): TokenCache;

  /** Every account that is signed in: one for each tenant of each person. */
  getAllAccounts(): Promise<AccountInfo[]>;

  /** Forgets an account and its tokens, here and in the store of the cache plugin. The server is not told. */
  signOut(request: SignOutRequest): Promise<void>;

  /** Forgets everything in memory. What the cache plugin has stored stays. */
  clearCache(): void;

  /** What `loggerOptions` made, or `setLogger` set. */
  getLogger(): Logger;
  /** Logs by another logger from now on. */
  setLogger(logger: Logger): void;
}

/** What `ConfidentialClientApplication` is, for programs that name MSAL's interface. */
export type IConfidentialClientApplication = ConfidentialClientApplication;

export interface ConfidentialClientApplication extends ClientApplication {}
/** A program with a credential of its own: a web app, or a service. */
export declare class ConfidentialClientApplication {
  /**
   * Asks nothing of anybody yet.
   * @throws `ClientConfigurationError` naming the field that is missing or wrong
   * @throws `ClientAuthError` `invalid_client_credential` where there is not exactly one credential
   */
  constructor(configuration: Configuration);

  /**
   * Gets a token for the program itself, whoever uses it (client credentials, RFC 6749 section 4.4): from the cache while it lasts. Entra
   * wants one scope, `<api>/.default`, and an authority that names the tenant.
   *
   * - A token that expires within five minutes is renewed. One that the server would like renewed (`refreshOn`) is handed out, and
   *   renewed in the background. While the server cannot be reached, a token that is still valid serves.
   * - Of those who ask for the same at the same time, one asks the server.
   * - The result has no account.
   *
   * Rejects with `ClientAuthError` `missing_tenant_id_error`, `network_error`, `endpoints_resolution_error`; with `ServerError`, such as
   * `invalid_client`; with what a `clientAssertion` function threw, as it is.
   */
  acquireTokenByClientCredential(request: ClientCredentialRequest): Promise<AuthenticationResult>;

  /**
   * Gets a token for another API on behalf of whoever called this one (Entra's on-behalf-of flow): from the cache while it lasts, for the
   * very token that they called with.
   *
   * Verify that token first: issuer, audience, expiry, signature and scopes.
   *
   * Rejects with `InteractionRequiredAuthError` where the person is needed: pass its `claims` on to the caller, in a 401 with
   * `WWW-Authenticate: Bearer error="insufficient_claims"`; else as `acquireTokenByClientCredential` does.
   */
  acquireTokenOnBehalfOf(request: OnBehalfOfRequest): Promise<AuthenticationResult>;
}

export interface PublicClientApplication extends ClientApplication {}
/** A program that people sign in to, without a secret of its own. */
export declare class PublicClientApplication {
  /**
   * Asks nothing of anybody yet.
   * @throws `ClientConfigurationError` naming the field that is missing or wrong
   */
  constructor(configuration: Configuration);

  /**
   * Signs a person in with a device code (RFC 8628): gets a code, has it shown, and polls until there is an end.
   *
   * The request is never changed and may be frozen.
   *
   * Rejects with
   * - `ClientConfigurationError`: the request or the authority is wrong; `field` names what. Nobody was bothered.
   * - `ClientAuthError` `device_code_expired`, `user_timeout_reached`, `device_code_polling_cancelled`, `network_error`,
   *   `endpoints_resolution_error`, `invalid_id_token`
   * - `ServerError`: the server refused; `errorCode` is its own word, such as `authorization_declined` or `access_denied`
   * - `InteractionRequiredAuthError`: only the person can set it right; pass its `claims` along when asking again
   * - `AuthError` `token_parsing_error`: the server's answer cannot be read
   * - whatever a callback threw, as it is
   */
  acquireTokenByDeviceCode(request: DeviceCodeRequest): Promise<AuthenticationResult>;

  /**
   * Signs a person in in the browser of this machine (RFC 8252), in Node, Deno and Bun: listens on a port of 127.0.0.1, has the page of the
   * sign-in opened, and takes the answer that the browser brings back. PKCE, `state` and `nonce` are made and checked here. The port is
   * closed when the promise settles, whatever came of it.
   *
   * Register `http://localhost` as a redirect URI of a *mobile and desktop application*; its port does not matter.
   *
   * Rejects with
   * - `ClientConfigurationError`: the request or the authority is wrong, or `redirect_uri_not_supported`; nothing was opened
   * - `ClientAuthError` `user_timeout_reached`, `device_code_polling_cancelled` (the `signal`), `no_loopback_server_exists` (no port can
   *   be had), `method_not_implemented` (in browsers and on Cloudflare), and those of `acquireTokenByCode`
   * - `ServerError` `access_denied`: the person said no
   * - what `openBrowser` threw, as it is
   */
  acquireTokenInteractive(request: InteractiveRequest): Promise<AuthenticationResult>;

  /**
   * doorcode: gets a token in one call. Silently for `account`, or for the account that was used last if none is named; by
   * device code where the person is needed, with the claims that the server asks for; without a `deviceCodeCallback` nobody is asked.
   * Rejects as the two flows do.
   */
  acquireToken(request: TokenRequest): Promise<AuthenticationResult>;
}

/** What every request has. */
export interface BaseRequest {
  /** What the token is to be good for. `openid`, `profile` and `offline_access` are added. May be empty. */
  scopes: string[];
  /** Whom to ask, instead of the application's authority. */
  authority?: string;
  /** Names the cloud and the tenant instead of `authority`. */
  azureCloudOptions?: AzureCloudOptions;
  /** A GUID that ties together what client and server log. @default a new one */
  correlationId?: string;
  /** A claims request: the text of a JSON object (OpenID Connect Core 1.0 section 5.5), as an error's `claims` has it. */
  claims?: string;
  /** The API that the token is for (RFC 8707). */
  resource?: string;
  /** Added to the query of each request. What is there already stays. */
  extraQueryParameters?: Record<string, string>;
  /** Added to the form of each request. What is there already stays. */
  extraParameters?: Record<string, string>;

  // Fields that MSAL's requests share. They are for other flows than these, and without an effect here as there.
  /** MSAL: without an effect. */
  authenticationScheme?: string;
  /** MSAL: without an effect. */
  storeInCache?: Partial<Record<'accessToken' | 'idToken' | 'refreshToken', boolean>>;
  /** MSAL: without an effect. */
  attributeTokens?: string[];
  /** MSAL: without an effect. */
  embeddedClientId?: string;
  /** MSAL: without an effect. */
  httpMethod?: string;
  /** MSAL: without an effect. */
  maxAge?: number;
  /** MSAL: without an effect. */
  popKid?: string;
  /** MSAL: without an effect. */
  dpopJkt?: string;
  /** MSAL: without an effect. */
  scenarioId?: string;
  /** MSAL: without an effect. */
  shrClaims?: string;
  /** MSAL: without an effect. */
  shrNonce?: string;
  /** MSAL: without an effect. */
  shrOptions?: object;
  /** MSAL: without an effect. */
  skipBrokerClaims?: boolean;
  /** MSAL: without an effect. */
  sshJwk?: string;
  /** MSAL: without an effect. */
  sshKid?: string;
}

/** What a silent token is asked for with. */
export interface SilentFlowRequest extends BaseRequest {
  /** Whose token: an account of `getAllAccounts`, or of a result. Its `homeAccountId`, `environment` and `tenantId` count. */
  account: AccountInfo;
  /** Renew the token, whether or not the one at hand is still good. */
  forceRefresh?: boolean;
  /** A refresh token that expires within so many seconds counts as expired, where the server told when it does. */
  refreshTokenExpirationOffsetSeconds?: number;
  /** MSAL: sends it along with a refresh token. No server needs it there, and it is not sent. */
  redirectUri?: string;
  /** doorcode: gives up at once. */
  signal?: AbortSignal;
}

/** doorcode: what `acquireToken` asks for. */
export interface TokenRequest extends Omit<DeviceCodeRequest, 'deviceCodeCallback'> {
  /** Shows the page and the code, if the person is needed. @default nobody is asked: that rejects, with `needsInteraction` */
  deviceCodeCallback?: DeviceCodeRequest['deviceCodeCallback'];
  /** Whose token. @default the account that was used last */
  account?: AccountInfo;
  /** Renew the token, whether or not the one at hand is still good. */
  forceRefresh?: boolean;
  /** As in `SilentFlowRequest`. */
  refreshTokenExpirationOffsetSeconds?: number;
}

/** MSAL's names of what a sign-in page is to ask (OpenID Connect Core 1.0 section 3.1.2.1), and two of Entra's. */
export declare const PromptValue: {
  /** The person is to sign in, even if they are signed in. */
  readonly LOGIN: 'login';
  /** They are to choose an account. */
  readonly SELECT_ACCOUNT: 'select_account';
  /** They are to be asked for their consent. */
  readonly CONSENT: 'consent';
  /** Nothing is to be asked; what cannot be done so is refused (`needsInteraction`). */
  readonly NONE: 'none';
  /** They are to make an account. */
  readonly CREATE: 'create';
  /** They are to sign in, and not to stay signed in. */
  readonly NO_SESSION: 'no_session';
};

/** How the answer to an authorization request comes back. */
export declare const ResponseMode: {
  /** In the query of the redirect URI. */
  readonly QUERY: 'query';
  /** Behind its `#`, where only a page's script sees it. */
  readonly FRAGMENT: 'fragment';
  /** As a form that the browser posts. */
  readonly FORM_POST: 'form_post';
};
/** A value of that name's constant. */
export type ResponseMode = (typeof ResponseMode)[keyof typeof ResponseMode];

/** What a sign-in in a browser asks for. */
export interface AuthorizationUrlRequest extends BaseRequest {
  /** The address of yours that the person comes back to. One that is registered. */
  redirectUri: string;
  /** @default "query" */
  responseMode?: ResponseMode;
  /** Comes back with the code: a value that nobody can guess, and that belongs to this browser's session. */
  state?: string;
  /** Comes back in the ID token: a value that nobody can guess. */
  nonce?: string;
  /** PKCE: the `challenge` of `CryptoProvider.generatePkceCodes` (RFC 7636). */
  codeChallenge?: string;
  /** `"S256"`; goes with `codeChallenge`. */
  codeChallengeMethod?: string;
  /** One of `PromptValue`; or several with spaces in between. */
  prompt?: string;
  /** Who is expected: what they type to sign in, or the `login_hint` claim of an ID token. */
  loginHint?: string;
  /** The domain whose sign-in page is expected. Entra. */
  domainHint?: string;
  /** Which session of the browser's is meant, with `prompt: "none"`. Entra. */
  sid?: string;
  /** Whose account is expected. What its ID token calls the person goes before `loginHint`. */
  account?: AccountInfo;
  /** Scopes of other APIs, to be consented to now and asked for later. Entra. */
  extraScopesToConsent?: string[];
  /** doorcode: the language of the page, such as `"de"` (RFC 5646). */
  locale?: string;
}

/** What a program asks for in its own name. */
export interface ClientCredentialRequest extends BaseRequest {
  /** Ask the server, whether or not the token at hand is still good. */
  skipCache?: boolean;
  /** The assertion for this request, instead of the application's credential. */
  clientAssertion?: string | ClientAssertionCallback;
  /** doorcode: gives up at once. */
  signal?: AbortSignal;
}

/** What a program asks for on behalf of whoever called it. */
export interface OnBehalfOfRequest extends BaseRequest {
  /** The access token that it was called with. A secret. */
  oboAssertion: string;
  /** Ask the server, whether or not the token at hand is still good. */
  skipCache?: boolean;
  /** doorcode: gives up at once. */
  signal?: AbortSignal;
}

/** What an authorization code is spent for. */
export interface AuthorizationCodeRequest extends BaseRequest {
  /** The code; "" where it is in the payload. */
  code: string;
  /** As it was in the `AuthorizationUrlRequest`. */
  redirectUri: string;
  /** PKCE: the `verifier` of `CryptoProvider.generatePkceCodes`. */
  codeVerifier?: string;
  /** As it was in the `AuthorizationUrlRequest`; held against the payload's. */
  state?: string;
  /** As it was in the `AuthorizationUrlRequest`; held against the ID token's. */
  nonce?: string;
  /** What came with the code of that name. Entra. */
  clientInfo?: string;
  /** doorcode: gives up at once. */
  signal?: AbortSignal;
}

/** What a sign-in in the browser of this machine asks for. */
export interface InteractiveRequest
  extends Partial<Omit<AuthorizationUrlRequest, 'codeChallenge' | 'codeChallengeMethod' | 'responseMode'>> {
  /** Opens the address in a browser on this machine. May be async; it need not end before the person is done. If it throws, that ends the sign-in. */
  openBrowser: (url: string) => unknown;
  /** A page in HTML that is shown when the tokens are there, instead of doorcode's own. */
  successTemplate?: string;
  /** The same for when there are none. */
  errorTemplate?: string;
  /** The port to listen on. If it is taken, any other one is. */
  preferredPort?: number;
  /** Comes back in the result. The server is sent another. */
  state?: string;
  /**
   * doorcode: `http://localhost`, `http://127.0.0.1` or `http://[::1]`, with any path and without a port, which is filled in. As it is
   * registered.
   * @default "http://localhost"
   */
  redirectUri?: string;
  /**
   * doorcode: how the answer comes back.
   * @default `"form_post"` from Entra and AD FS, so that no code is ever in an address; `"query"` from others
   */
  responseMode?: 'form_post' | 'query';
  /** doorcode: seconds that the person may take. @default 300 */
  timeout?: number;
  /** doorcode: ends the sign-in at once. */
  signal?: AbortSignal;
}

/** The answer at the redirect URI (RFC 6749 section 4.1.2). */
export interface AuthorizationCodePayload {
  /** The code. */
  code?: string;
  /** The request's `state`. */
  state?: string;
  /** MSAL: for public clients, what the ID token must have, where the request does not say. */
  nonce?: string;
  /** Who signed in, from Entra. */
  client_info?: string;
  /** doorcode: the server that answers (RFC 9207). */
  iss?: string;
  /** Why there is no code, such as `access_denied`. */
  error?: string;
  /** The same in the server's words. */
  error_description?: string;
  [parameter: string]: unknown;
}

/** doorcode: how a person signs out at the server. */
export interface EndSessionRequest extends Partial<Omit<BaseRequest, 'scopes'>> {
  /** Who signs out. Its ID token is the `idTokenHint`. */
  account?: AccountInfo;
  /** An ID token of who signs out, instead of `account`. */
  idTokenHint?: string;
  /** The `login_hint` claim of who signs out. Entra then does not ask. @default the account's */
  logoutHint?: string;
  /** The address of yours to come back to. One that is registered. */
  postLogoutRedirectUri?: string;
  /** Comes back to that address. */
  state?: string;
}

/** What a refresh token is spent for. */
export interface RefreshTokenRequest extends BaseRequest {
  /** The refresh token. A secret. */
  refreshToken: string;
  /** Keep the tokens even of an account that is not known here yet. @default false */
  forceCache?: boolean;
  /** As in `SilentFlowRequest`. */
  redirectUri?: string;
  /** doorcode: gives up at once. */
  signal?: AbortSignal;
}

/** Who signs out. */
export interface SignOutRequest {
  /** Who signs out: an account of `getAllAccounts`, or of a result. */
  account: AccountInfo;
  /** A GUID for the log. */
  correlationId?: string;
}

/** What both forms of the device flow ask for. */
export interface DeviceCodeFlowRequest extends BaseRequest {
  /**
   * doorcode: the language of `message`, where the server has it: a tag such as `"de"` or `"pt-BR"` (RFC 5646). Entra is asked by its
   * `mkt` parameter, every server by `Accept-Language`.
   */
  locale?: string;
  /**
   * Seconds of polling after which to give up, counted from when `deviceCodeCallback` is done. The code's own expiry comes first
   * if it is earlier.
   */
  timeout?: number;
}

/** What a sign-in with a device code asks for. */
export interface DeviceCodeRequest extends DeviceCodeFlowRequest {
  /** Shows the page and the code. May be async: polling waits for it. If it throws, that ends the flow. */
  deviceCodeCallback: (response: DeviceCodeResponse) => unknown;
  /** doorcode: hears of each poll that brought no answer. May be async. If it throws, that ends the flow. */
  progressCallback?: (progress: DeviceCodeProgress) => unknown;
  /** doorcode: ends the flow at once, in the middle of a wait or a request. */
  signal?: AbortSignal;
  /** Set to true on the very object that was passed in, it ends the flow within a second. */
  cancel?: boolean;
}

/** What to show the person (RFC 8628 section 3.2). */
export interface DeviceCodeResponse {
  /** What the person types. */
  userCode: string;
  /** The program's own half of the pair: a secret. Not enumerable, so that printing the object does not show it. */
  readonly deviceCode: string;
  /** The page to open. Always `https:`, or `http:` on this machine. */
  verificationUri: string;
  /** doorcode: the page with the code already in it, for a QR code; where the server has one. */
  verificationUriComplete?: string;
  /** Seconds until the code expires. */
  expiresIn: number;
  /** Seconds between polls. */
  interval: number;
  /** A sentence to show that names the page and the code. One line, without control characters. */
  message: string;
  /**
   * doorcode: the page that the server named, where it does not work and `verificationUri` is the one that does. External ID names
   * `https://microsoft.com/devicelogin`, which takes no accounts of its tenants (AADSTS500208).
   */
  refusedUri?: string;
}

/** doorcode: how far a sign-in has come. */
export interface DeviceCodeProgress {
  /** The person is not done; the server wants fewer polls; or it could not be reached and is asked again. */
  status: 'pending' | 'slow_down' | 'retrying';
  /** Seconds until the code expires. */
  secondsLeft: number;
  /** Seconds until the next poll. */
  nextPollIn: number;
  /** Polls made so far. */
  polls: number;
}

/** Who signed in, and the tokens. */
export interface AuthenticationResult {
  /** The authority that was asked, with a slash at the end. */
  authority: string;
  /** The `oid` claim, or `sub`; "" without an ID token. */
  uniqueId: string;
  /** The `tid` claim; "" where there is none. */
  tenantId: string;
  /** What was granted. */
  scopes: string[];
  /** Who signed in; null without a person. */
  account: AccountInfo | null;
  /** The ID token; "" where there is none. */
  idToken: string;
  /** Its claims. Issuer, audience, expiry and nonce were checked. */
  idTokenClaims: IdTokenClaims;
  /** For the `Authorization` header. A secret. */
  accessToken: string;
  /** Whether the token was at hand, rather than received just now. */
  fromCache: boolean;
  /** When the access token expires; null where the server does not tell. */
  expiresOn: Date | null;
  /** Until when the token may serve while the server is unreachable. */
  extExpiresOn?: Date;
  /** When the token should be renewed. */
  refreshOn?: Date;
  /** "Bearer", or what the server calls it. */
  tokenType: string;
  /** The request's. */
  correlationId: string;
  /** The server's name for this exchange; "" where it has none. */
  requestId: string;
  /** The request's; "" without one. */
  state: string;
  /** "1" for a token of Microsoft's own family of clients, else "". */
  familyId: string;
  /** MSAL: "". */
  cloudGraphHostName: string;
  /** MSAL: "". */
  msGraphHost: string;
  /** MSAL: false. */
  fromPlatformBroker: boolean;
}

/** An account, as MSAL describes it. */
export interface AccountInfo {
  /** `uid.utid`, or the token's subject where the server is not Entra. */
  homeAccountId: string;
  /** The host that caches file the account under. */
  environment: string;
  /** The tenant signed in to. */
  tenantId: string;
  /** What the person types to sign in; "" where the server does not tell. */
  username: string;
  /** The account's id in the tenant signed in to. */
  localAccountId: string;
  /** What names the person to a sign-in page. */
  loginHint?: string;
  /** The `name` claim: for display. */
  name?: string;
  /** The `upn` claim. */
  upn?: string;
  /** The ID token. */
  idToken?: string;
  /** Its claims. */
  idTokenClaims?: IdTokenClaims;
  /** MSAL: for brokers. */
  nativeAccountId?: string;
  /** "MSSTS", "ADFS" or "Generic". */
  authorityType?: string;
  /** The account in each tenant that it is known in, by tenant id. */
  tenantProfiles?: Map<string, TenantProfile>;
  /** "EU" or "None", where Entra tells. */
  dataBoundary?: 'EU' | 'None';
  /** Whether the person asked to be kept signed in; not there without an ID token. */
  kmsi?: boolean;
}

/** What an account is called in one tenant. */
export interface TenantProfile {
  /** The tenant. */
  tenantId: string;
  /** The account's id in it. */
  localAccountId: string;
  /** For display. */
  name?: string;
  /** What the person types to sign in. */
  username: string;
  /** What names the person to a sign-in page. */
  loginHint?: string;
  /** The `upn` claim. */
  upn?: string;
  /** MSAL: for brokers. */
  nativeAccountId?: string;
  /** Whether the account belongs to this tenant, rather than being a guest. */
  isHomeTenant?: boolean;
}

/** The claims of an ID token (OpenID Connect Core 1.0 section 2, and Entra's). */
export interface IdTokenClaims {
  /** Who issued it. */
  iss?: string;
  /** The person, as this client knows them. */
  sub?: string;
  /** A list with some providers other than Entra. */
  aud?: string;
  /** When it expires, in seconds since 1970. */
  exp?: number;
  /** When it was issued, in seconds since 1970. */
  iat?: number;
  /** The person, in the tenant. Entra. */
  oid?: string;
  /** The tenant. Entra. */
  tid?: string;
  /** For display. */
  name?: string;
  /** What the person types to sign in. It may change. */
  preferred_username?: string;
  /** An address, which nobody may have verified. */
  email?: string;
  /** Addresses. External ID and B2C. */
  emails?: string[];
  /** The user principal name. AD FS, Entra. */
  upn?: string;
  /** What names the person to a sign-in page. Entra. */
  login_hint?: string;
  [claim: string]: unknown;
}

/**
 * doorcode: the device flow in two steps, for programs that show the code in one place and wait in another, or that cannot
 * wait at all.
 *
 * ```js
 * const flow = new DeviceCodeFlow(pca, { scopes: ['User.Read'] });
 * console.log((await flow.initiateDeviceCodeFlow()).message);
 * const result = await flow.acquireTokenByDeviceCode();
 * ```
 */
export declare class DeviceCodeFlow {
  /** @throws `ClientConfigurationError` naming the field that is wrong */
  constructor(pca: PublicClientApplication, request: DeviceCodeFlowRequest);

  /**
   * Goes on with a flow that another process saved, under the same `clientId`. Where its tokens are, the authority is asked again, for
   * what was saved may have lain where others can write.
   * @throws `ClientConfigurationError` for what `toJSON` did not return, or another client's
   */
  static resume(pca: PublicClientApplication, saved: SavedDeviceCodeFlow | string): DeviceCodeFlow;

  /** Gets the code. Show its `message`. */
  initiateDeviceCodeFlow(options?: { signal?: AbortSignal }): Promise<DeviceCodeResponse>;

  /** The code, once there is one; also after `resume`. */
  readonly deviceCodeResponse: DeviceCodeResponse | undefined;

  /** Polls until there is an end. Rejects as `PublicClientApplication.acquireTokenByDeviceCode` does. */
  acquireTokenByDeviceCode(options?: FinishOptions): Promise<AuthenticationResult>;

  /**
   * Makes exactly one poll, now. While it is pending, save the flow again and ask again when `retryAfter` seconds have passed,
   * no sooner; how many depends on the server and grows when it says `slow_down` or cannot be reached. Rejects when the flow has come to
   * an end without a token: `device_code_expired` at the latest a minute after the code has expired.
   */
  poll(options?: { signal?: AbortSignal }): Promise<DeviceCodePoll>;

  /**
   * The flow as plain data, for another process to `resume`. **It holds the device code**: whoever reads it can fetch the
   * tokens once the person has signed in, so keep it like a password, and only until the code expires.
   */
  toJSON(): SavedDeviceCodeFlow;
}

/** doorcode: what one poll brought. */
export type DeviceCodePoll =
  | {
      /** The person is not done. */
      status: 'pending';
      /** Seconds until the next poll. */
      retryAfter: number;
    }
  | {
      /** They are. */
      status: 'done';
      /** The tokens. */
      result: AuthenticationResult;
    };

/** doorcode: how to wait for the end of a flow. */
export interface FinishOptions {
  /** Ends the flow at once. */
  signal?: AbortSignal;
  /** Set to true on the very object that was passed in, it ends the flow within a second. */
  cancel?: boolean;
  /** Seconds of polling after which to give up. @default the request's */
  timeout?: number;
  /** Hears of each poll that brought no answer. */
  progressCallback?: (progress: DeviceCodeProgress) => unknown;
}

/** doorcode: a flow at rest. A secret. Its fields are nobody's business but doorcode's. */
export interface SavedDeviceCodeFlow {
  /** Of this format. */
  version: number;
  [field: string]: unknown;
}

// ── The token cache ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The token cache. Its JSON is MSAL's: MSAL Node and MSAL Python read and write the same. */
export declare class TokenCache implements ITokenCache, ISerializableTokenCache {
  private constructor();

  /** Whether something changed that has not been serialized, or could not be stored. */
  hasChanged(): boolean;

  /**
   * The cache as JSON text. What doorcode does not know is in it as it was read.
   * @throws `ClientAuthError` `invalid_cache_record` in a plugin's callback, when what is stored could not be read: it is not to
   *   be written over
   */
  serialize(): string;

  /**
   * Takes over a cache that `serialize`, or a version of MSAL, wrote; an empty one where nothing is stored. It replaces what was
   * known, but for changes that have not been stored yet: those are kept. The very text that is known already is skipped.
   * @throws `ClientAuthError` `invalid_cache_record` telling line and column, when it is not a cache; nothing is changed then
   */
  deserialize(cache: string): void;

  /** Every entity by its key, in MSAL's in-memory form. It holds tokens. */
  getKVStore(): CacheKVStore;
  /** The same of what was last read or written. It holds tokens. */
  getCacheSnapshot(): CacheKVStore;

  getAllAccounts(correlationId?: string): Promise<AccountInfo[]>;
  getAccountByHomeId(homeAccountId: string): Promise<AccountInfo | null>;
  getAccountByLocalId(localAccountId: string): Promise<AccountInfo | null>;
  /** Forgets an account and its tokens, here and in the store of the cache plugin. */
  removeAccount(account: AccountInfo, correlationId?: string): Promise<void>;
  /** Has the cache plugin load what is stored. */
  overwriteCache(): Promise<void>;
  /** The cache plugin. */
  readonly persistence: ICachePlugin;
}

/** The account methods of `TokenCache`. */
export interface ITokenCache {
  /** Every account that is signed in: one for each tenant of each person. */
  getAllAccounts(correlationId?: string): Promise<AccountInfo[]>;
  /** The account of that `homeAccountId`; null if there is none. */
  getAccountByHomeId(homeAccountId: string): Promise<AccountInfo | null>;
  /** The account of that `localAccountId`; null if there is none. */
  getAccountByLocalId(localAccountId: string): Promise<AccountInfo | null>;
  /** Forgets an account and its tokens. */
  removeAccount(account: AccountInfo, correlationId?: string): Promise<void>;
}

/** What a cache plugin reads and writes. */
export interface ISerializableTokenCache {
  /** Takes over a cache. */
  deserialize(cache: string): void;
  /** The cache as JSON text. */
  serialize(): string;
}

/**
 * Keeps the cache somewhere. Before each look into it `beforeCacheAccess` loads what is stored
 * (`context.tokenCache.deserialize`); after it `afterCacheAccess` stores it (`serialize`) if `context.cacheHasChanged`.
 *
 * Turns at one plugin follow one another, whichever application of the program has them. If `beforeCacheAccess` rejects, so does
 * the operation; `afterCacheAccess` is then called with nothing changed, so that a lock can be released, and nothing can be
 * written over what could not be read.
 */
export interface ICachePlugin {
  /** Loads what is stored. */
  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  /** Stores what has changed. */
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
}

/** doorcode: what is stored, and its version. */
export interface StoredCache {
  /** The text; "" where nothing is stored. */
  cache: string;
  /** Changes whenever the text does. */
  version: string;
}

/**
 * doorcode: a cache plugin whose store knows versions: an ETag, a counter, a modification time. It need not be read again while
 * it has not changed, and two processes that write at once lose nothing: the second is told, reads what the first wrote, makes
 * its own change to that, and writes again. A plugin with these two methods is used through them alone.
 */
export interface IVersionedCachePlugin {
  /**
   * Reads what is stored. `since` is the version that was read or written last.
   * @returns the cache (empty where nothing is stored) and its version; null if that is still `since`
   */
  readCache(since: string | undefined): Promise<StoredCache | null>;

  /**
   * Writes the cache, if what is stored is still of the version `expected`.
   * @returns the new version; null if somebody else has written meanwhile, and nothing was done
   */
  writeCache(cache: string, expected: string | undefined): Promise<string | null>;

  /**
   * Called when what was read is no cache, before the operation fails with that error. Moves what is stored out of the way, where people
   * can find it, unless it is not of that version any more; `readCache` is then called once more. A plugin without this method leaves
   * what it has as it is.
   */
  setAside?(version: string, reason: Error): Promise<void>;
}

/** What a cache plugin is handed. */
export declare class TokenCacheContext {
  /** For those who call a plugin themselves. */
  constructor(tokenCache: ISerializableTokenCache, hasChanged: boolean);
  /** What `cacheHasChanged` returns. */
  hasChanged: boolean;
  /** What `tokenCache` returns. */
  cache: ISerializableTokenCache;
  /** Before: whether a change is meant. After: whether there was one, which is to be stored. */
  get cacheHasChanged(): boolean;
  /** The cache, to load into or to store. */
  get tokenCache(): ISerializableTokenCache;
}

/** Keeps a cache for each person, in a store with a get and a set. */
export declare class DistributedCachePlugin implements ICachePlugin {
  /** @throws `ClientConfigurationError` naming the method that is missing */
  constructor(client: ICacheClient, partitionManager: IPartitionManager);
  beforeCacheAccess(cacheContext: TokenCacheContext): Promise<void>;
  afterCacheAccess(cacheContext: TokenCacheContext): Promise<void>;
}

/** A store for `DistributedCachePlugin`. */
export interface ICacheClient {
  /** Resolves to what is stored under the key; to "" where nothing is. */
  get(key: string): Promise<string>;
  /** Stores the value under the key. What it resolves to is not used. */
  set(key: string, value: string): Promise<string>;
}

/** Names the partitions of `DistributedCachePlugin`. */
export interface IPartitionManager {
  /** The key of the person that the program is serving. */
  getKey(): Promise<string>;
  /** The key of an account that was just stored. */
  extractKey(accountEntity: AccountEntity): Promise<string>;
}

/** An account as MSAL keeps it in memory. */
export interface AccountEntity {
  /** `uid.utid`, or the subject. */
  homeAccountId: string;
  /** The host that it is filed under. */
  environment: string;
  /** Its home tenant. */
  realm: string;
  /** The account's id in it. */
  localAccountId: string;
  /** What the person types to sign in. */
  username: string;
  /** "MSSTS", "ADFS" or "Generic". */
  authorityType: string;
  /** For display. */
  name?: string;
  /** As Entra sent it. */
  clientInfo?: string;
  /** In seconds since 1970, as text. */
  lastModificationTime?: string;
  /** The account in each tenant. */
  tenantProfiles?: TenantProfile[];
  [field: string]: unknown;
}

/** Any entity of the cache, as MSAL keeps it in memory: an account, a token, or what is known of a client. */
export type CacheEntity = AccountEntity | Record<string, unknown>;

/** Entities by their keys. */
export type CacheKVStore = Record<string, CacheEntity>;

// ── Helpers ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A pair for PKCE (RFC 7636). */
export interface PkceCodes {
  /** For `AuthorizationCodeRequest.codeVerifier`. A secret. */
  verifier: string;
  /** For `AuthorizationUrlRequest.codeChallenge`. */
  challenge: string;
}

/** What a sign-in in a browser needs: random values, hashes, base64. Made of WebCrypto, in every runtime. */
export declare class CryptoProvider {
  /** A random GUID, which nobody can guess: for a request's `state` and `nonce`. */
  createNewGuid(): string;

  /**
   * A new pair for PKCE (RFC 7636, S256): `challenge` goes into the authorization URL, `verifier` into the token request. Until then keep the
   * verifier where the browser's user cannot be taken for another, such as in the session.
   */
  generatePkceCodes(): Promise<PkceCodes>;

  /** Base64 of a text's UTF-8. */
  base64Encode(input: string): string;

  /**
   * The text whose UTF-8 this is the base64 of. Takes base64url as well, with padding or without.
   * @throws `ClientConfigurationError` if it is neither
   */
  base64Decode(input: string): string;

  /** The SHA-256 of a text's UTF-8, as base64url. */
  hashString(plainText: string): Promise<string>;
}

// ── Logging ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** How much a line matters. */
export declare enum LogLevel {
  /** Something failed. */
  Error = 0,
  /** Something is odd, and went on. */
  Warning = 1,
  /** What was done. */
  Info = 2,
  /** Each poll and each question. */
  Verbose = 3,
  /** MSAL: doorcode writes no such lines. */
  Trace = 4,
}

/** Takes a line. No line holds a secret. */
export type ILoggerCallback = (level: LogLevel, message: string, containsPii: boolean) => void;

/** Who hears of what. */
export interface LoggerOptions {
  /** Takes each line. @default nobody */
  loggerCallback?: ILoggerCallback;
  /** Whether lines that name a person are wanted. doorcode writes none. @default false */
  piiLoggingEnabled?: boolean;
  /** The least important level that is wanted. @default LogLevel.Info */
  logLevel?: LogLevel;
}

/** Writes lines of the form `[time] : [correlation id] : doorcode@version : level - text`. */
export declare class Logger {
  /** The package is doorcode, unless named. */
  constructor(options?: LoggerOptions, packageName?: string, packageVersion?: string);
  /** The same for another package. */
  clone(packageName: string, packageVersion: string): Logger;
  /** Hands a line to the callback as it is. */
  executeCallback(level: LogLevel, message: string, containsPii: boolean): void;
  /** Whether the `…Pii` methods write. */
  isPiiLoggingEnabled(): boolean;
  /** Logs on the level `LogLevel.Error`. */
  error(message: string, correlationId?: string): void;
  /** The same of what names a person; only with `piiLoggingEnabled`. */
  errorPii(message: string, correlationId?: string): void;
  /** Logs on the level `LogLevel.Warning`. */
  warning(message: string, correlationId?: string): void;
  /** The same of what names a person; only with `piiLoggingEnabled`. */
  warningPii(message: string, correlationId?: string): void;
  /** Logs on the level `LogLevel.Info`. */
  info(message: string, correlationId?: string): void;
  /** The same of what names a person; only with `piiLoggingEnabled`. */
  infoPii(message: string, correlationId?: string): void;
  /** Logs on the level `LogLevel.Verbose`. */
  verbose(message: string, correlationId?: string): void;
  /** The same of what names a person; only with `piiLoggingEnabled`. */
  verbosePii(message: string, correlationId?: string): void;
  /** Logs on the level `LogLevel.Trace`. */
  trace(message: string, correlationId?: string): void;
  /** The same of what names a person; only with `piiLoggingEnabled`. */
  tracePii(message: string, correlationId?: string): void;
}

// ── Errors ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Every error of this package. `message` is `<errorCode>: <errorMessage>`. None holds a secret. */
export declare class AuthError extends Error {
  /** As MSAL has it, for programs that make such errors themselves. */
  constructor(errorCode?: string, correlationId?: string, errorMessage?: string, subError?: string);
  /** What programs go by: MSAL's code, or the server's own `error`. */
  errorCode: string;
  /** What people read. Keeps the server's words, without control characters. */
  errorMessage: string;
  /** Entra's refinement of the code; "" where there is none. */
  subError: string;
  /** The request's, which the server logs as well; "" without one. */
  correlationId: string;
  /** The number of Entra's error, such as "50076". A hint: programs should go by `errorCode` and `subError`. */
  errorNo?: string;
  /** The HTTP status, where the server answered. */
  status?: number;
  /** What Microsoft's support asks for; "" where there is none. */
  traceId: string;
  /** When, by the server's clock and in its format; "" where there is none. */
  timestamp: string;
  /** A challenge to pass back as the `claims` of the next request; "" where there is none. */
  claims: string;
  /** doorcode: what to do about it, in a sentence, where that is known. docs/errors.md lists them all. */
  remedy?: string;
  /** doorcode: the page to open for it, where there is one: of the app registration, for consent, or Microsoft's on the error. */
  remedyUrl?: string;
  /**
   * doorcode: whether the person can help by signing in again, with the error's `claims` in the request. False where Entra says that they
   * would only be shown a message (`subError` `message_only`).
   */
  needsInteraction: boolean;
  /** doorcode: whether the very same request may do later: the network or the server was in trouble. */
  retryable: boolean;
  /** doorcode: the address that was asked in vain, where it is that. */
  url?: string;
  /** doorcode: the server's own description, where the server answered. */
  errorDescription?: string;
  /** doorcode: all of Entra's numbers. Hints, as `errorNo` is. */
  errorCodes?: number[];
  /** doorcode: the server's own page on the error (`error_uri`). */
  errorUri?: string;
  /**
   * What the network or a store threw; the reason of an abort; or the server's answer by its own names, cleaned
   * (`error`, `error_description`, `suberror`, `error_codes`, …, `status`); or else what is known, as an object.
   */
  cause?: unknown;
}

/** Something went wrong on this side: no network, no time left, given up. */
export declare class ClientAuthError extends AuthError {
  /** doorcode: the field that is missing, where it is that. */
  field?: string;
}

/** The configuration or a request is wrong. */
export declare class ClientConfigurationError extends AuthError {
  /** doorcode: the field that is wrong. */
  field?: string;
}

/** The server refused. */
export declare class ServerError extends AuthError {
  /** As MSAL has it. */
  constructor(
    errorCode?: string,
    correlationId?: string,
    errorMessage?: string,
    subError?: string,
    errorNo?: string,
    status?: number,
  );
}

/** Only the person can set it right, by signing in anew. */
export declare class InteractionRequiredAuthError extends AuthError {
  /** As MSAL has it. */
  constructor(
    errorCode?: string,
    correlationId?: string,
    errorMessage?: string,
    subError?: string,
    timestamp?: string,
    traceId?: string,
    claims?: string,
    errorNo?: string,
  );
}

/** Codes of `AuthError`. */
export declare const AuthErrorCodes: {
  readonly postRequestFailed: 'post_request_failed';
  /** The runtime held an operation up for so long that others took it for ended. Try again. */
  readonly unexpectedError: 'unexpected_error';
  readonly cacheConflict: 'cache_conflict';
  readonly cacheDecryptionFailed: 'cache_decryption_failed';
  readonly cacheStoreFailed: 'cache_store_failed';
};

/** Codes of `ClientAuthError`; the device flow's own are among them. */
export declare const ClientAuthErrorCodes: {
  readonly authorizationCodeMissingFromServerResponse: 'authorization_code_missing_from_server_response';
  readonly bindingKeyNotRemoved: 'binding_key_not_removed';
  readonly cannotAppendScopeSet: 'cannot_append_scopeset';
  readonly cannotRemoveEmptyScope: 'cannot_remove_empty_scope';
  readonly clientInfoDecodingError: 'client_info_decoding_error';
  readonly clientInfoEmptyError: 'client_info_empty_error';
  readonly dpopTokenTypeMismatch: 'dpop_token_type_mismatch';
  readonly emptyInputScopeSet: 'empty_input_scopeset';
  readonly endSessionEndpointNotSupported: 'end_session_endpoint_not_supported';
  readonly endpointResolutionError: 'endpoints_resolution_error';
  readonly hashNotDeserialized: 'hash_not_deserialized';
  readonly invalidAssertion: 'invalid_assertion';
  readonly invalidCacheEnvironment: 'invalid_cache_environment';
  readonly invalidCacheRecord: 'invalid_cache_record';
  readonly invalidClientCredential: 'invalid_client_credential';
  readonly invalidState: 'invalid_state';
  readonly keyIdMissing: 'key_id_missing';
  /** `acquireTokenInteractive` where no port can be opened: in browsers and on Cloudflare. */
  readonly methodNotImplemented: 'method_not_implemented';
  readonly misplacedResourceParam: 'misplaced_resource_parameter';
  readonly multipleMatchingAppMetadata: 'multiple_matching_appMetadata';
  readonly multipleMatchingTokens: 'multiple_matching_tokens';
  readonly nestedAppAuthBridgeDisabled: 'nested_app_auth_bridge_disabled';
  readonly networkError: 'network_error';
  readonly noAccountFound: 'no_account_found';
  readonly noAccountInSilentRequest: 'no_account_in_silent_request';
  readonly noCryptoObject: 'no_crypto_object';
  readonly noNetworkConnectivity: 'no_network_connectivity';
  readonly nonceMismatch: 'nonce_mismatch';
  readonly nullOrEmptyToken: 'null_or_empty_token';
  readonly openIdConfigError: 'openid_config_error';
  readonly platformBrokerError: 'platform_broker_error';
  readonly requestCannotBeMade: 'request_cannot_be_made';
  readonly resourceParameterRequired: 'resource_parameter_required';
  readonly stateMismatch: 'state_mismatch';
  readonly stateNotFound: 'state_not_found';
  readonly tokenClaimsCnfRequiredForSignedJwt: 'token_claims_cnf_required_for_signedjwt';
  readonly tokenParsingError: 'token_parsing_error';
  readonly tokenRefreshRequired: 'token_refresh_required';
  readonly unexpectedCredentialType: 'unexpected_credential_type';
  readonly userCanceled: 'user_canceled';
  readonly deviceCodePollingCancelled: 'device_code_polling_cancelled';
  readonly deviceCodeExpired: 'device_code_expired';
  readonly deviceCodeUnknownError: 'device_code_unknown_error';
  readonly userTimeoutReached: 'user_timeout_reached';
  readonly missingTenantIdError: 'missing_tenant_id_error';
  readonly noLoopbackServerExists: 'no_loopback_server_exists';
  readonly invalidIdToken: 'invalid_id_token';
  readonly issuerMismatch: 'issuer_mismatch';
  readonly unsafeVerificationUri: 'unsafe_verification_uri';
};

/** Codes of `ClientConfigurationError`. */
export declare const ClientConfigurationErrorCodes: {
  readonly authorityMismatch: 'authority_mismatch';
  readonly authorityUriInsecure: 'authority_uri_insecure';
  readonly cannotAllowPlatformBroker: 'cannot_allow_platform_broker';
  readonly cannotSetOIDCOptions: 'cannot_set_OIDCOptions';
  readonly claimsRequestParsingError: 'claims_request_parsing_error';
  readonly dpopMissingResourceContext: 'dpop_missing_resource_context';
  readonly emptyInputScopesError: 'empty_input_scopes_error';
  readonly invalidAuthenticationHeader: 'invalid_authentication_header';
  readonly invalidAuthorityMetadata: 'invalid_authority_metadata';
  readonly invalidClaims: 'invalid_claims';
  readonly invalidCloudDiscoveryMetadata: 'invalid_cloud_discovery_metadata';
  readonly invalidCodeChallengeMethod: 'invalid_code_challenge_method';
  readonly invalidDpopHtm: 'invalid_dpop_htm';
  readonly invalidDpopHtu: 'invalid_dpop_htu';
  readonly invalidDpopNonce: 'invalid_dpop_nonce';
  readonly invalidPlatformBrokerConfiguration: 'invalid_platform_broker_configuration';
  readonly invalidRequestMethodForEAR: 'invalid_request_method_for_EAR';
  readonly invalidResponseMode: 'invalid_response_mode';
  readonly issuerValidationFailed: 'issuer_validation_failed';
  readonly logoutRequestEmpty: 'logout_request_empty';
  readonly missingNonceAuthenticationHeader: 'missing_nonce_authentication_header';
  readonly missingSshJwk: 'missing_ssh_jwk';
  readonly missingSshKid: 'missing_ssh_kid';
  readonly pkceParamsMissing: 'pkce_params_missing';
  readonly redirectUriEmpty: 'redirect_uri_empty';
  readonly tokenRequestEmpty: 'token_request_empty';
  readonly unsupportedAuthenticationScheme: 'unsupported_authentication_scheme';
  readonly untrustedAuthority: 'untrusted_authority';
  readonly urlEmptyError: 'empty_url_error';
  readonly urlParseError: 'url_parse_error';
  /** A `redirectUri` of `acquireTokenInteractive` that is not of this machine. */
  readonly redirectUriNotSupported: 'redirect_uri_not_supported';
  readonly deviceCodeNotOffered: 'device_code_not_offered';
  readonly invalidConfiguration: 'invalid_configuration';
  readonly invalidRequestParameter: 'invalid_request_parameter';
};

/** Codes of `InteractionRequiredAuthError`. */
export declare const InteractionRequiredAuthErrorCodes: {
  readonly badToken: 'bad_token';
  readonly consentRequired: 'consent_required';
  readonly interactionRequired: 'interaction_required';
  readonly interruptedUser: 'interrupted_user';
  readonly loginRequired: 'login_required';
  readonly nativeAccountUnavailable: 'native_account_unavailable';
  readonly noTokensFound: 'no_tokens_found';
  readonly refreshTokenExpired: 'refresh_token_expired';
  readonly uiNotAllowed: 'ui_not_allowed';
};

/** doorcode: what servers answer with, as the `errorCode` of their refusals (RFC 6749, RFC 8628, RFC 8707, OpenID Connect, Entra). */
export declare const ServerErrorCodes: {
  readonly accessDenied: 'access_denied';
  readonly authorizationDeclined: 'authorization_declined';
  /** The person is not done. No error: polling goes on. */
  readonly authorizationPending: 'authorization_pending';
  readonly badVerificationCode: 'bad_verification_code';
  readonly expiredToken: 'expired_token';
  readonly invalidClient: 'invalid_client';
  readonly invalidGrant: 'invalid_grant';
  readonly invalidRequest: 'invalid_request';
  readonly invalidResource: 'invalid_resource';
  readonly invalidScope: 'invalid_scope';
  readonly invalidTarget: 'invalid_target';
  readonly serverError: 'server_error';
  /** Polls come too often. No error: polling goes on, more slowly. */
  readonly slowDown: 'slow_down';
  readonly temporarilyUnavailable: 'temporarily_unavailable';
  readonly unauthorizedClient: 'unauthorized_client';
  readonly unsupportedGrantType: 'unsupported_grant_type';
};
