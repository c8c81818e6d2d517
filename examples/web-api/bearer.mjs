// Whom to let in: checks the access token of a request with `jose`, and answers as RFC 6750 section 3 says. What
// is wrong with a token is told in few words: enough for whoever holds a good one, no help to whoever makes them up.

import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

/** The algorithms that a token may be signed with: none with a shared secret, and not "none". */
const ALGORITHMS = ['RS256', 'PS256', 'ES256'];

/** Seconds that the clocks of two machines may differ. */
const SKEW = 30;

/** How long to wait for the token service, in milliseconds. */
const PATIENCE = 5000;

/**
 * @param {object} configuration
 * @param {string} configuration.issuer as its discovery document and its tokens write it
 * @param {string} configuration.audience whom tokens have to be for
 * @param {string} configuration.realm
 */
export function bearer({ issuer, audience, realm }) {
  const keys = keysOf(issuer);

  /** @param {import('hono').Context} c @param {400 | 401 | 403} status @param {Record<string, string>} [why] */
  function refuse(c, status, why = {}) {
    const parameters = Object.entries({ realm, ...why }).map(([name, value]) => `${name}="${value}"`);
    c.header('www-authenticate', `Bearer ${parameters.join(', ')}`);
    return c.json({ error: why.error ?? 'a token is needed' }, status);
  }

  /**
   * Lets requests through whose token allows something; the person is in `c.get('person')` then.
   * @param {string} scope @returns {import('hono').MiddlewareHandler}
   */
  const needs = (scope) => async (c, next) => {
    c.header('cache-control', 'no-store');
    const [scheme, token, ...more] = (c.req.header('authorization') ?? '').split(' ');
    // Without an error code: who has not tried needs no reason.
    if (scheme.toLowerCase() !== 'bearer') return refuse(c, 401);
    if (!token || more.length > 0) return refuse(c, 400, { error: 'invalid_request', error_description: 'One token belongs behind Bearer' });

    let claims;
    try {
      const expected = { issuer, audience, algorithms: ALGORITHMS, requiredClaims: ['exp', 'sub'], clockTolerance: SKEW };
      ({ payload: claims } = await jwtVerify(token, keys, expected));
    } catch (error) {
      const fault = faultOf(error);
      if (fault) return refuse(c, 401, { error: 'invalid_token', error_description: fault });
      console.error(`the keys of the token service cannot be had: ${error.message}`);
      return c.json({ error: 'tokens cannot be checked just now; try again' }, 503, { 'retry-after': '5' });
    }
    // Entra has them in `scp`, RFC 9068 in `scope`.
    const scopes = String(claims.scp ?? claims.scope ?? '').split(' ');
    if (!scopes.includes(scope)) return refuse(c, 403, { error: 'insufficient_scope', scope });
    c.set('person', claims.sub);
    await next();
  };
  return { needs };
}

/** The keys of the token service, found by its discovery document when the first token comes. @param {string} issuer */
function keysOf(issuer) {
  /** @type {Promise<import('jose').JWTVerifyGetKey> | undefined} */
  let found;
  const find = async () => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE), redirect: 'error' });
    if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
    const document = await response.json();
    if (document.issuer !== issuer) throw new Error(`${url} is that of another issuer, ${document.issuer}: ISSUER must be written as it is there`);
    return createRemoteJWKSet(new URL(document.jwks_uri), { timeoutDuration: PATIENCE });
  };
  /** @type {import('jose').JWTVerifyGetKey} */
  return async (header, token) => {
    found ??= find();
    const keys = await found.catch((error) => {
      found = undefined; // the next request tries again
      throw error;
    });
    return keys(header, token);
  };
}

/** What is wrong with a token, by jose's code of the error. What is not here is no fault of the token. */
const FAULTS = new Map([
  ['ERR_JWT_EXPIRED', 'The token has expired'],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', 'The token is not for this API'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'The signature is not valid'],
  ['ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'The signature is not valid'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'The signature is not valid'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'The signature is not valid'],
  ['ERR_JOSE_NOT_SUPPORTED', 'The token cannot be read'],
  ['ERR_JWS_INVALID', 'The token cannot be read'],
  ['ERR_JWT_INVALID', 'The token cannot be read'],
]);

/** @param {unknown} error */
const faultOf = (error) => (error instanceof errors.JOSEError ? FAULTS.get(error.code) : undefined);
