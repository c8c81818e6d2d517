// A server that speaks as Entra ID does, over TLS on this machine, under Entra's own host name: what only Entra says cannot
// be had from another server. Written from Microsoft's documentation of its flows and their error codes.
//
// `fetch` is that of hosts.mjs while it runs.

import { createServer } from 'node:https';
import { createHash, randomUUID } from 'node:crypto';
import { jwtVerify } from 'jose';
import { generate } from 'selfsigned';
import { environmentHere, fetchHere } from './hosts.mjs';
import { jwt } from './jwt.mjs';

const HOST = 'login.microsoftonline.com';
/** The names of the public cloud: MSAL Python files what it has under the first, msal-node under the second. */
export const ALIASES = [HOST, 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'];
export const TENANT = '11111111-2222-4333-8444-555555555555';
/** Its domains. */
const DOMAINS = ['contoso.example', 'contoso.com'];
/** Where whoever is at home in TENANT is a guest. */
export const OTHER_TENANT = '66666666-2222-4333-8444-555555555555';
export const CLIENT = '00000000-aaaa-4bbb-8ccc-dddddddddddd';
/** Another app; of the same family, while there is one. */
export const SIBLING = '00000000-eeee-4bbb-8ccc-dddddddddddd';
/** A web app, which has to prove who it is, and the address that people come back to. */
export const WEB_APP = '00000000-bbbb-4bbb-8ccc-dddddddddddd';
export const WEB_SECRET = 'S3cret~of the web app&=+';
export const REDIRECT_URI = 'https://app.contoso.example/signed-in';
export const PERSON = {
  oid: '99999999-8888-4777-8666-555555555555',
  name: 'Ada Lovelace',
  preferred_username: 'ada@contoso.example',
};
export const OTHER_PERSON = {
  oid: '77777777-8888-4777-8666-555555555555',
  name: 'Grace Hopper',
  preferred_username: 'grace@contoso.example',
};
export const homeAccountId = (person = PERSON) => `${person.oid}.${TENANT}`;

const GUID = /^[0-9a-f-]{36}$/;
const OIDC_SCOPES = ['openid', 'profile', 'email', 'offline_access'];

/** Entra's error body. */
function refusal(error, code, text, more = {}) {
  const [traceId, correlationId, timestamp] = [randomUUID(), randomUUID(), '2026-01-01 00:00:00Z'];
  return {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://${HOST}/error?code=${code}`,
    ...more,
  };
}

/** What Entra grants: what was asked for, and with Graph's scopes what was consented to before. */
function granted(scope) {
  const asked = scope.split(' ').filter((word) => word && !OIDC_SCOPES.includes(word));
  const ofAnotherApi = asked.some((word) => word.includes('/'));
  return [...new Set(ofAnotherApi ? asked : [...asked, 'User.Read', 'profile', 'openid', 'email'])].join(' ');
}

/**
 * @param {object} [given] what may be changed later, in `options` of what is returned
 * @param {(form: URLSearchParams) => object | undefined} [given.onDeviceCode] an answer to a request for codes, instead of codes:
 *   `{ status?, body }`, with status 200 unless it says otherwise, as Entra sends its refusals there
 * @param {(poll: number) => object | undefined} [given.onPoll] the answer to each poll, counted from 1: nothing for "pending",
 *   `{ status?, headers?, body }` for an answer, `{ done: true }` for tokens
 * @param {(form: URLSearchParams, count: number) => object | undefined | Promise<object | undefined>} [given.onRefresh] an answer
 *   to a refresh, counted from 1, instead of tokens: `{ status?, headers?, body }`
 * @param {{ oid: string, name: string, preferred_username: string }} [given.person] who signs in
 * @param {(form: URLSearchParams) => object | undefined} [given.onToken] an answer to any other request for tokens, instead of tokens:
 *   `{ status?, headers?, body }`
 * @param {{ publicKey: import('node:crypto').KeyObject }} [given.certificate] what the web app may prove itself with, beside its secret
 * @param {string} [given.assertion] a text that proves it as well, as a token of another issuer that is trusted
 * @param {boolean} [given.assertionsOnce] each assertion that is signed works once, as RFC 7523 would have it
 * @param {object} [given.idToken] claims that are to be in the ID token
 * @param {boolean} [given.unique] every token is another: AT-1, RT-1, AT-2, …
 * @param {boolean} [given.rotate] each refresh token works once; goes with `unique`
 * @param {string} [given.accessToken] what every access token is
 * @param {string} [given.foci] the family that every app belongs to
 * @param {number} [given.interval]
 * @param {number} [given.expiresIn]
 * @param {number} [given.extExpiresIn]
 * @param {number} [given.refreshIn]
 */
export async function startEntra(given = {}) {
  const options = {
    onDeviceCode: () => undefined,
    onPoll: (poll) => (poll > 2 ? { done: true } : undefined),
    onRefresh: () => undefined,
    onToken: () => undefined,
    person: PERSON,
    interval: 5,
    expiresIn: 4000,
    extExpiresIn: 4000,
    ...given,
  };
  const { private: key, cert } = await generate([{ name: 'commonName', value: HOST }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames: ALIASES.map((value) => ({ type: 2, value })) }],
  });
  const seen = [];
  const codes = new Map();
  const authorizationCodes = new Map();
  /** The ids of client assertions. */
  const assertions = new Set();
  const refreshTokens = new Map();
  let issued = 0;
  let refreshes = 0;
  const https = createServer({ key, cert }, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url, `https://${request.headers.host}`);
    const form = new URLSearchParams(body);
    seen.push({ url, form, headers: request.headers });
    const [status, answer, headers] = await respond(request, url, form);
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'x-ms-request-id': randomUUID(), ...headers });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });

  async function respond({ method, headers }, url, form) {
    if (url.pathname === '/common/discovery/instance') return [200, instances()];
    const [, tenant, path] = /^\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
    if (!['common', 'organizations', 'consumers', TENANT, OTHER_TENANT, ...DOMAINS].includes(tenant)) {
      return [400, refusal('invalid_request', 90002, `Tenant '${tenant}' not found.`)];
    }
    if (path === 'v2.0/.well-known/openid-configuration') return [200, configuration(url.host, DOMAINS.includes(tenant) ? TENANT : tenant)];
    if (method === 'GET' && path === 'oauth2/v2.0/authorize') return authorize(url.searchParams);
    const answer = { 'oauth2/v2.0/devicecode': deviceCode, 'oauth2/v2.0/token': token }[path];
    if (method !== 'POST' || !answer) return [404, {}];
    if (!form.get('client_id')) return [400, refusal('invalid_request', 900144, "The request body must contain: 'client_id'.")];
    return (await unproven(form, headers, url.origin + url.pathname)) ?? answer(form, tenant);
  }

  /** Signs the person in at once, and sends them back. */
  function authorize(query) {
    const [client, redirectUri] = [query.get('client_id'), query.get('redirect_uri')];
    if (![CLIENT, SIBLING, WEB_APP].includes(client) || redirectUri !== REDIRECT_URI) {
      return [400, refusal('invalid_request', 50011, 'The redirect URI does not match those of the application.')];
    }
    const code = `code-${randomUUID()}`;
    const { person } = options;
    authorizationCodes.set(code, { query, person, used: false });
    const back = new URL(redirectUri);
    const given = { code, client_info: clientInfo(person), state: query.get('state'), session_state: randomUUID() };
    for (const [name, value] of Object.entries(given)) if (value !== null) back.searchParams.set(name, value);
    return [302, '', { location: back.href }];
  }

  /** Why a client is not believed to be the one that it says it is, if it is not. */
  async function unproven(form, headers, endpoint) {
    const refused = (code, text) => [401, refusal('invalid_client', code, text)];
    const [, basic] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? [];
    const ofHeader = basic && decodeURIComponent(Buffer.from(basic, 'base64').toString().split(':')[1]);
    const [secret, assertion] = [form.get('client_secret') ?? ofHeader, form.get('client_assertion')];
    if (form.get('client_id') !== WEB_APP) return secret || assertion ? refused(700025, 'The client is public, and shows a secret.') : undefined;
    if (secret) return secret === WEB_SECRET ? undefined : refused(7000215, 'Invalid client secret provided.');
    if (!assertion || form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') {
      return refused(7000218, "The request body must contain: 'client_assertion' or 'client_secret'.");
    }
    if (assertion === options.assertion) return undefined;
    try {
      const { publicKey } = options.certificate;
      const expected = { audience: endpoint, issuer: WEB_APP, subject: WEB_APP, algorithms: ['PS256', 'RS256'], clockTolerance: 5 };
      const { payload, protectedHeader } = await jwtVerify(assertion, publicKey, expected);
      if (!protectedHeader.x5t && !protectedHeader['x5t#S256']) throw new Error('it names no certificate');
      if (options.assertionsOnce && assertions.has(payload.jti)) throw new Error('it was used before');
      assertions.add(payload.jti);
      return undefined;
    } catch (error) {
      return refused(700027, `The client assertion is refused: ${error.message}.`);
    }
  }

  const clientInfo = (person) => Buffer.from(JSON.stringify({ uid: person.oid, utid: TENANT })).toString('base64url');

  const instances = () => ({
    tenant_discovery_endpoint: `https://${HOST}/common/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: HOST, preferred_cache: 'login.windows.net', aliases: ALIASES }],
  });

  const configuration = (host, tenant) => ({
    issuer: `https://${HOST}/${GUID.test(tenant) ? tenant : '{tenantid}'}/v2.0`,
    authorization_endpoint: `https://${host}/${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `https://${host}/${tenant}/oauth2/v2.0/token`,
    device_authorization_endpoint: `https://${host}/${tenant}/oauth2/v2.0/devicecode`,
    jwks_uri: `https://${host}/${tenant}/discovery/v2.0/keys`,
  });

  function deviceCode(form) {
    const said = options.onDeviceCode(form);
    // Entra sends these with status 200.
    if (said) return [said.status ?? 200, said.body];
    if (![CLIENT, SIBLING].includes(form.get('client_id'))) {
      return [200, refusal('unauthorized_client', 700016, 'Application was not found in the directory.')];
    }
    const code = { polls: 0, scope: form.get('scope') };
    const deviceCode = `DC-${randomUUID()}`;
    codes.set(deviceCode, code);
    return [
      200,
      {
        user_code: 'ABCD-EFGH',
        device_code: deviceCode,
        verification_uri: 'https://microsoft.com/devicelogin',
        expires_in: 900,
        interval: options.interval,
        message: 'To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code ABCD-EFGH.',
      },
    ];
  }

  function token(form, tenant) {
    const grant = form.get('grant_type');
    if (grant === 'refresh_token') return refresh(form, tenant);
    const other = {
      authorization_code: redeem, client_credentials: clientCredentials, 'urn:ietf:params:oauth:grant-type:jwt-bearer': onBehalfOf,
    }[grant];
    if (other) {
      const said = options.onToken(form);
      return said ? [said.status ?? 400, said.body, said.headers] : other(form, tenant);
    }
    if (!['urn:ietf:params:oauth:grant-type:device_code', 'device_code'].includes(grant)) {
      return [400, refusal('unsupported_grant_type', 70003, 'The grant type is not supported.')];
    }
    const code = codes.get(form.get('device_code'));
    if (!code) return [400, refusal('bad_verification_code', 70018, 'The verification code is not recognised.')];
    code.polls += 1;
    const said = options.onPoll(code.polls);
    if (!said) return [400, refusal('authorization_pending', 70016, 'The person has not finished yet.')];
    if (!said.done) return [said.status ?? 400, said.body, said.headers];
    codes.delete(form.get('device_code'));
    return [200, tokens(form, tenant, code.scope, options.person)];
  }

  function redeem(form, tenant) {
    const refused = (code, text) => [400, refusal('invalid_grant', code, text)];
    const code = authorizationCodes.get(form.get('code'));
    if (!code || code.query.get('client_id') !== form.get('client_id')) return refused(70000, 'The code is not valid.');
    if (code.used) return refused(54005, 'The code was already redeemed.');
    if (form.get('redirect_uri') !== code.query.get('redirect_uri')) return refused(500112, 'The redirect URI is another.');
    const challenge = code.query.get('code_challenge');
    const verifier = form.get('code_verifier') ?? '';
    if (challenge !== null && createHash('sha256').update(verifier).digest('base64url') !== challenge) {
      return refused(501481, 'The code verifier does not match the code challenge.');
    }
    code.used = true;
    return [200, tokens(form, tenant, form.get('scope') ?? '', code.person, { nonce: code.query.get('nonce') ?? undefined })];
  }

  function clientCredentials(form, tenant) {
    const scope = form.get('scope') ?? '';
    if (form.get('client_id') !== WEB_APP) return [401, refusal('invalid_client', 7000218, 'The client is public.')];
    if (!/^\S+\/\.default$/.test(scope)) return [400, refusal('invalid_scope', 1002012, 'The scope must be one API, with /.default behind it.')];
    const { token_type, expires_in, ext_expires_in, refresh_in, access_token } = tokens(form, tenant, scope, options.person);
    return [200, { token_type, expires_in, ext_expires_in, refresh_in, access_token }];
  }

  function onBehalfOf(form, tenant) {
    if (form.get('requested_token_use') !== 'on_behalf_of') return [400, refusal('invalid_request', 900144, 'requested_token_use is missing.')];
    if (!form.get('assertion')?.startsWith('AT-for-us')) {
      return [400, refusal('invalid_grant', 500131, 'The audience of the assertion is not this app.')];
    }
    return [200, tokens(form, tenant, form.get('scope') ?? '', options.person)];
  }

  async function refresh(form, tenant) {
    const said = await options.onRefresh(form, ++refreshes);
    if (said) return [said.status ?? 400, said.body, said.headers];
    const known = refreshTokens.get(form.get('refresh_token'));
    if (!known) return [400, refusal('invalid_grant', 9002313, 'The refresh token is malformed.')];
    if (known.used) return [400, refusal('invalid_grant', 70000, 'The provided grant has been used or revoked.', { suberror: 'token_expired' })];
    if (known.client !== form.get('client_id') && !known.family) {
      return [400, refusal('invalid_grant', 70000, 'The grant was issued to another client.', { suberror: 'client_mismatch' })];
    }
    known.used = Boolean(options.rotate);
    return [200, tokens(form, tenant, form.get('scope') ?? '', known.person)];
  }

  function tokens(form, tenant, scope, person, claims) {
    const { expiresIn, extExpiresIn, refreshIn, foci, unique } = options;
    issued += 1;
    const name = unique ? String(issued) : 'secret';
    const client = form.get('client_id');
    refreshTokens.set(`RT-${name}`, { client, person, family: foci, used: false });
    const now = Math.floor(Date.now() / 1000);
    const tid = GUID.test(tenant) ? tenant : TENANT;
    return {
      token_type: 'Bearer',
      scope: granted(scope),
      expires_in: expiresIn,
      ext_expires_in: extExpiresIn,
      ...(refreshIn !== undefined && { refresh_in: refreshIn }),
      ...(foci && { foci }),
      access_token: options.accessToken ?? `AT-${name}`,
      refresh_token: `RT-${name}`,
      id_token: jwt({
        aud: client,
        iss: `https://${HOST}/${tid}/v2.0`,
        iat: now,
        nbf: now,
        exp: now + 3600,
        sub: 'subject',
        tid,
        ver: '2.0',
        ...person,
        ...claims,
        ...options.idToken,
        // A guest is another object in each tenant.
        ...(tid !== TENANT && { oid: tid.slice(0, 8) + person.oid.slice(8) }),
      }),
      ...(form.get('client_info') === '1' && { client_info: clientInfo(person) }),
    };
  }

  await new Promise((resolve) => https.listen(0, '127.0.0.1', resolve));
  const { port } = https.address();
  const { fetch } = globalThis;
  const ports = Object.fromEntries(ALIASES.map((name) => [name, port]));
  const toEntra = fetchHere(ports, cert);
  globalThis.fetch = toEntra.fetch;
  return {
    /** Every request so far. */
    seen,
    /** What the server does, from now on. */
    options,
    refusal,
    /** For another process: where the server is, and the certificate to trust. */
    port,
    cert,
    /** The same for a program in Node, as its environment. */
    env: environmentHere(ports, cert),
    async close() {
      globalThis.fetch = fetch;
      await toEntra.close();
      https.closeAllConnections();
      await new Promise((resolve) => https.close(resolve));
    },
  };
}
