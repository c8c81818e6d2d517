// The world as an application sees it through `system.networkClient` (MSAL's INetworkModule): answers what a test gives it, and
// keeps what it was asked. For Entra's hosts and everybody else's, which cannot be had on this machine.

import { jwt } from './jwt.mjs';

export const CLIENT = '00000000-aaaa-4bbb-8ccc-dddddddddddd';
export const TENANT = '11111111-2222-4333-8444-555555555555';
export const OTHER_TENANT = '66666666-2222-4333-8444-555555555555';

/** Who signs in, and the account's home, as Entra names them. */
export const PERSON = '99999999-8888-4777-8666-555555555555';
export const HOME_ACCOUNT = `${PERSON}.${TENANT}`;

/** Where Microsoft tells of its clouds. */
export const INSTANCES = 'https://login.microsoftonline.com/common/discovery/instance';

/** The address at which Microsoft is asked about an authority, to be read. */
export const vouching = (authority) => `GET ${INSTANCES}?api-version=1.1&authorization_endpoint=${authority}/oauth2/v2.0/authorize`;
/** A discovery document's address. */
export const document = (base) => `GET ${base}/.well-known/openid-configuration`;
/** The two requests of a sign-in at Entra. */
export const entra = (base) => [`POST ${base}/oauth2/v2.0/devicecode`, `POST ${base}/oauth2/v2.0/token`];

/** A discovery document of Entra's shape: of older servers, which do not say that they know device codes. */
export const entraDocument = (base, issuer) => ({
  issuer,
  authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
  token_endpoint: `${base}/oauth2/v2.0/token`,
  jwks_uri: `${base}/discovery/v2.0/keys`,
});

/** A discovery document of Keycloak's shape, whose device endpoint cannot be guessed. */
export const openidDocument = (issuer, base = issuer) => ({
  issuer,
  authorization_endpoint: `${base}/auth`,
  token_endpoint: `${base}/token`,
  device_authorization_endpoint: `${base}/auth/device`,
  jwks_uri: `${base}/certs`,
});

/** What Microsoft answers of a host: its clouds, which may not have it; or that it knows no such host. */
export const clouds = (...metadata) => ({
  tenant_discovery_endpoint: 'https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration',
  'api-version': '1.1',
  metadata,
});
export const STRANGER = {
  status: 400,
  body: { error: 'invalid_instance', error_description: 'AADSTS50049: Unknown or invalid instance.', error_codes: [50049] },
};

/** What servers answer unless a test says otherwise. */
export const CODES = {
  device_code: 'DC',
  user_code: 'ABCD-EFGH',
  verification_uri: 'https://page.example/device',
  expires_in: 900,
  interval: 1,
};

/**
 * @param {Record<string, unknown>} [pages] what is at an address without its query: a body, `{ status, body }`, an error that is thrown,
 *   or a function of the request that returns one of these, or a promise of it. Elsewhere there is nothing to GET, and a POST is
 *   answered with codes or tokens.
 * @param {object} [answers]
 * @param {string} [answers.iss] the ID token's issuer; without one there is none
 * @param {object} [answers.claims] more claims of it
 * @param {boolean | 'unasked'} [answers.tellsHome] whether it tells an account's home to who asks, as Entra does
 * @param {object} [answers.codes] the answer to a device authorization request
 */
export function world(pages = {}, { iss, claims, tellsHome = true, codes = CODES } = {}) {
  const sent = [];
  const answer = async (method, address, { headers, body = '' } = {}) => {
    const url = new URL(address);
    const [query, form] = [url.searchParams, new URLSearchParams(body)].map(Object.fromEntries);
    const request = { method, url, query, form, body, headers };
    sent.push(request);
    let said = pages[url.origin + url.pathname];
    if (typeof said === 'function') said = await said(request);
    if (said instanceof Error) throw said;
    said ??= method === 'GET' ? { status: 404, body: 'Not found' } : request.form.grant_type ? tokens(request.form) : codes;
    return { headers: {}, ...(Number.isInteger(said.status) ? said : { status: 200, body: said }) };
  };

  function tokens(form) {
    const now = Math.floor(Date.now() / 1000);
    const person = { sub: 'Subject', oid: PERSON, preferred_username: 'ada@contoso.example' };
    const id = iss && jwt({ iss, aud: form.client_id, iat: now, nbf: now, exp: now + 3600, ...person, ...claims });
    const home = (tellsHome === 'unasked' || (tellsHome && form.client_info)) && { uid: PERSON, utid: TENANT };
    return {
      token_type: 'Bearer',
      access_token: 'AT',
      refresh_token: 'RT',
      expires_in: 3600,
      scope: form.scope ?? '',
      ...(id && { id_token: id }),
      ...(home && { client_info: Buffer.from(JSON.stringify(home)).toString('base64url') }),
    };
  }

  return {
    /** Every request. */
    sent,
    /** Every request as a line: method and address, decoded, without the correlation id. */
    asked: () => sent.map(({ method, url }) => `${method} ${line(url)}`),
    networkClient: {
      sendGetRequestAsync: (url, options) => answer('GET', url, options),
      sendPostRequestAsync: (url, options) => answer('POST', url, options),
    },
  };
}

function line(url) {
  const query = [...url.searchParams].filter(([name]) => name !== 'client-request-id').map((pair) => pair.join('='));
  return `${url.origin}${url.pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}
