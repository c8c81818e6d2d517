// MSAL's error classes and code tables. Which class and which code an error has is decided in Rust (src/error.rs).

import { withCause } from './failed.js';

/**
 * What Rust says of an error; see `ErrorShape` in src/wasm/shapes.rs.
 * @typedef {object} Details
 * @property {string} class
 * @property {string} errorCode
 * @property {string} errorMessage
 * @property {string} subError
 * @property {string} [errorNo]
 * @property {string} correlationId
 * @property {string} traceId
 * @property {string} timestamp
 * @property {string} claims
 * @property {number} [status]
 * @property {string} [remedy]
 * @property {string} [remedyUrl]
 * @property {boolean} needsInteraction
 * @property {boolean} retryable
 * @property {string} [field]
 * @property {string} [url]
 * @property {{ error_description: string, error_codes: number[], error_uri: string }} [answer] what the server said
 */

export class AuthError extends Error {
  /**
   * @param {string} [errorCode]
   * @param {string} [correlationId]
   * @param {string} [errorMessage]
   * @param {string} [subError]
   */
  constructor(errorCode = '', correlationId = '', errorMessage = '', subError = '') {
    super(errorMessage ? `${errorCode}: ${errorMessage}` : errorCode);
    this.errorCode = errorCode;
    this.errorMessage = errorMessage;
    this.subError = subError;
    this.correlationId = correlationId;
    this.traceId = '';
    this.timestamp = '';
    this.claims = '';
    this.needsInteraction = false;
    this.retryable = false;
    // Not enumerable: as with every Error, printing shows it in front of the message already.
    Object.defineProperty(this, 'name', { value: 'AuthError', configurable: true, writable: true });
  }
}

export class ClientAuthError extends AuthError {
  /** @param {ConstructorParameters<typeof AuthError>} args */
  constructor(...args) {
    super(...args);
    this.name = 'ClientAuthError';
  }
}

export class ClientConfigurationError extends AuthError {
  /** @param {ConstructorParameters<typeof AuthError>} args */
  constructor(...args) {
    super(...args);
    this.name = 'ClientConfigurationError';
  }
}

export class ServerError extends AuthError {
  /**
   * @param {string} [errorCode]
   * @param {string} [correlationId]
   * @param {string} [errorMessage]
   * @param {string} [subError]
   * @param {string} [errorNo]
   * @param {number} [status]
   */
  constructor(errorCode, correlationId, errorMessage, subError, errorNo, status) {
    super(errorCode, correlationId, errorMessage, subError);
    this.name = 'ServerError';
    if (errorNo !== undefined) Object.assign(this, { errorNo });
    if (status !== undefined) this.status = status;
  }
}

export class InteractionRequiredAuthError extends AuthError {
  /**
   * @param {string} [errorCode]
   * @param {string} [correlationId]
   * @param {string} [errorMessage]
   * @param {string} [subError]
   * @param {string} [timestamp]
   * @param {string} [traceId]
   * @param {string} [claims]
   * @param {string} [errorNo]
   */
  constructor(errorCode, correlationId, errorMessage, subError, timestamp = '', traceId = '', claims = '', errorNo) {
    super(errorCode, correlationId, errorMessage, subError);
    this.name = 'InteractionRequiredAuthError';
    this.timestamp = timestamp;
    this.traceId = traceId;
    this.claims = claims;
    this.needsInteraction = true;
    if (errorNo !== undefined) Object.assign(this, { errorNo });
  }
}

const CLASSES = { AuthError, ClientAuthError, ClientConfigurationError, ServerError, InteractionRequiredAuthError };

/**
 * The error hook: makes what a promise of the core rejects with. Its cause is what was thrown, or what the server said, or what else
 * there is to know.
 * @param {Details} details
 * @param {unknown} cause
 * @returns {AuthError}
 */
export function fromCore({ class: name, errorCode, errorMessage, correlationId, subError, answer, ...fields }, cause) {
  const Class = CLASSES[/** @type {keyof typeof CLASSES} */ (name)] ?? AuthError;
  const error = new Class(errorCode, correlationId, errorMessage, subError);
  for (const [field, value] of Object.entries(fields)) {
    if (value !== undefined) Object.assign(error, { [field]: value });
  }
  if (answer) {
    const { error_description: errorDescription, error_codes: errorCodes, error_uri: errorUri } = answer;
    Object.assign(error, { errorDescription, errorCodes, ...(errorUri && { errorUri }) });
  }
  // From the call into the core on; what is above is this function and the glue.
  Error.captureStackTrace?.(error, fromCore);
  const { status, field, url } = fields;
  const known = Object.entries({ errorCode, correlationId, status, field, url }).filter(([, value]) => value !== undefined);
  return withCause(error, cause ?? answer ?? Object.fromEntries(known));
}

export const AuthErrorCodes = Object.freeze({
  postRequestFailed: 'post_request_failed',
  unexpectedError: 'unexpected_error',
  // doorcode's own.
  cacheConflict: 'cache_conflict',
  cacheDecryptionFailed: 'cache_decryption_failed',
  cacheStoreFailed: 'cache_store_failed',
});

export const ClientAuthErrorCodes = Object.freeze({
  authorizationCodeMissingFromServerResponse: 'authorization_code_missing_from_server_response',
  bindingKeyNotRemoved: 'binding_key_not_removed',
  cannotAppendScopeSet: 'cannot_append_scopeset',
  cannotRemoveEmptyScope: 'cannot_remove_empty_scope',
  clientInfoDecodingError: 'client_info_decoding_error',
  clientInfoEmptyError: 'client_info_empty_error',
  dpopTokenTypeMismatch: 'dpop_token_type_mismatch',
  emptyInputScopeSet: 'empty_input_scopeset',
  endSessionEndpointNotSupported: 'end_session_endpoint_not_supported',
  endpointResolutionError: 'endpoints_resolution_error',
  hashNotDeserialized: 'hash_not_deserialized',
  invalidAssertion: 'invalid_assertion',
  invalidCacheEnvironment: 'invalid_cache_environment',
  invalidCacheRecord: 'invalid_cache_record',
  invalidClientCredential: 'invalid_client_credential',
  invalidState: 'invalid_state',
  keyIdMissing: 'key_id_missing',
  methodNotImplemented: 'method_not_implemented',
  misplacedResourceParam: 'misplaced_resource_parameter',
  multipleMatchingAppMetadata: 'multiple_matching_appMetadata',
  multipleMatchingTokens: 'multiple_matching_tokens',
  nestedAppAuthBridgeDisabled: 'nested_app_auth_bridge_disabled',
  networkError: 'network_error',
  noAccountFound: 'no_account_found',
  noAccountInSilentRequest: 'no_account_in_silent_request',
  noCryptoObject: 'no_crypto_object',
  noNetworkConnectivity: 'no_network_connectivity',
  nonceMismatch: 'nonce_mismatch',
  nullOrEmptyToken: 'null_or_empty_token',
  openIdConfigError: 'openid_config_error',
  platformBrokerError: 'platform_broker_error',
  requestCannotBeMade: 'request_cannot_be_made',
  resourceParameterRequired: 'resource_parameter_required',
  stateMismatch: 'state_mismatch',
  stateNotFound: 'state_not_found',
  tokenClaimsCnfRequiredForSignedJwt: 'token_claims_cnf_required_for_signedjwt',
  tokenParsingError: 'token_parsing_error',
  tokenRefreshRequired: 'token_refresh_required',
  unexpectedCredentialType: 'unexpected_credential_type',
  userCanceled: 'user_canceled',
  // The device flow's own, which MSAL 7 throws but does not export.
  deviceCodePollingCancelled: 'device_code_polling_cancelled',
  deviceCodeExpired: 'device_code_expired',
  deviceCodeUnknownError: 'device_code_unknown_error',
  userTimeoutReached: 'user_timeout_reached',
  // Others of Node's, likewise.
  missingTenantIdError: 'missing_tenant_id_error',
  noLoopbackServerExists: 'no_loopback_server_exists',
  // doorcode's own.
  invalidIdToken: 'invalid_id_token',
  issuerMismatch: 'issuer_mismatch',
  unsafeVerificationUri: 'unsafe_verification_uri',
});

export const ClientConfigurationErrorCodes = Object.freeze({
  authorityMismatch: 'authority_mismatch',
  authorityUriInsecure: 'authority_uri_insecure',
  cannotAllowPlatformBroker: 'cannot_allow_platform_broker',
  cannotSetOIDCOptions: 'cannot_set_OIDCOptions',
  claimsRequestParsingError: 'claims_request_parsing_error',
  dpopMissingResourceContext: 'dpop_missing_resource_context',
  emptyInputScopesError: 'empty_input_scopes_error',
  invalidAuthenticationHeader: 'invalid_authentication_header',
  invalidAuthorityMetadata: 'invalid_authority_metadata',
  invalidClaims: 'invalid_claims',
  invalidCloudDiscoveryMetadata: 'invalid_cloud_discovery_metadata',
  invalidCodeChallengeMethod: 'invalid_code_challenge_method',
  invalidDpopHtm: 'invalid_dpop_htm',
  invalidDpopHtu: 'invalid_dpop_htu',
  invalidDpopNonce: 'invalid_dpop_nonce',
  invalidPlatformBrokerConfiguration: 'invalid_platform_broker_configuration',
  invalidRequestMethodForEAR: 'invalid_request_method_for_EAR',
  invalidResponseMode: 'invalid_response_mode',
  issuerValidationFailed: 'issuer_validation_failed',
  logoutRequestEmpty: 'logout_request_empty',
  missingNonceAuthenticationHeader: 'missing_nonce_authentication_header',
  missingSshJwk: 'missing_ssh_jwk',
  missingSshKid: 'missing_ssh_kid',
  pkceParamsMissing: 'pkce_params_missing',
  redirectUriEmpty: 'redirect_uri_empty',
  tokenRequestEmpty: 'token_request_empty',
  unsupportedAuthenticationScheme: 'unsupported_authentication_scheme',
  untrustedAuthority: 'untrusted_authority',
  urlEmptyError: 'empty_url_error',
  urlParseError: 'url_parse_error',
  // Of MSAL's NodeAuthError, which it does not export.
  redirectUriNotSupported: 'redirect_uri_not_supported',
  // doorcode's own.
  deviceCodeNotOffered: 'device_code_not_offered',
  invalidConfiguration: 'invalid_configuration',
  invalidRequestParameter: 'invalid_request_parameter',
});

export const InteractionRequiredAuthErrorCodes = Object.freeze({
  badToken: 'bad_token',
  consentRequired: 'consent_required',
  interactionRequired: 'interaction_required',
  interruptedUser: 'interrupted_user',
  loginRequired: 'login_required',
  nativeAccountUnavailable: 'native_account_unavailable',
  noTokensFound: 'no_tokens_found',
  refreshTokenExpired: 'refresh_token_expired',
  uiNotAllowed: 'ui_not_allowed',
});

/** What servers answer with: RFC 6749, RFC 8628, RFC 8707, OpenID Connect and Entra. */
export const ServerErrorCodes = Object.freeze({
  accessDenied: 'access_denied',
  authorizationDeclined: 'authorization_declined',
  authorizationPending: 'authorization_pending',
  badVerificationCode: 'bad_verification_code',
  expiredToken: 'expired_token',
  invalidClient: 'invalid_client',
  invalidGrant: 'invalid_grant',
  invalidRequest: 'invalid_request',
  invalidResource: 'invalid_resource',
  invalidScope: 'invalid_scope',
  invalidTarget: 'invalid_target',
  serverError: 'server_error',
  slowDown: 'slow_down',
  temporarilyUnavailable: 'temporarily_unavailable',
  unauthorizedClient: 'unauthorized_client',
  unsupportedGrantType: 'unsupported_grant_type',
});
