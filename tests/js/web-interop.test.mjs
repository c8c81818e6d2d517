// msal-node and doorcode side by side: the same configuration and the same requests, at a server of Entra's shape. What msal-node asks for we
// ask for, what it returns we return, what it refuses we refuse; and what either keeps, the other finds.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as theirs from '@azure/msal-node';
import * as ours from 'doorcode';
import { failure } from './support/app.mjs';
import { makeCertificate, plain } from './support/certificate.mjs';
import { CLIENT, OTHER_PERSON, PERSON, REDIRECT_URI, startEntra, TENANT, WEB_APP, WEB_SECRET } from './support/entra.mjs';

const AUTHORITY = `https://login.microsoftonline.com/${TENANT}`;
const CORRELATION_ID = '12345678-1234-4234-8234-123456789012';
const STATE = 'a state & more';
const NONCE = 'a-nonce';
const ASSERTION = 'a.federated.token';
const scopes = ['User.Read'];

let entra;
let certificate;
/** PKCE's, the same for both. */
let pkce;
before(async () => {
  certificate = await makeCertificate();
  pkce = await new ours.CryptoProvider().generatePkceCodes();
  entra = await startEntra({ certificate, assertion: ASSERTION, unique: true, rotate: true });
});
after(() => entra?.close());
beforeEach(() => {
  entra.seen.length = 0;
  Object.assign(entra.options, { person: PERSON, idToken: undefined, onToken: () => undefined });
});

/** What clients there are: the class, and what `auth` has. */
const CLIENTS = {
  'a public client': () => ['PublicClientApplication', { clientId: CLIENT }],
  'a client with a secret': () => ['ConfidentialClientApplication', { clientId: WEB_APP, clientSecret: WEB_SECRET }],
  'a client with an assertion': () => ['ConfidentialClientApplication', { clientId: WEB_APP, clientAssertion: ASSERTION }],
  'a client with a callback for assertions': () => ['ConfidentialClientApplication', { clientId: WEB_APP, clientAssertion: async () => ASSERTION }],
  'a client with a certificate': () => ['ConfidentialClientApplication', { clientId: WEB_APP, clientCertificate: ofCertificate() }],
  'a client with a certificate that is sent along': () => [
    'ConfidentialClientApplication',
    { clientId: WEB_APP, clientCertificate: { ...ofCertificate(), x5c: certificate.cert } },
  ],
  'a client with a SHA-1 thumbprint': () => [
    'ConfidentialClientApplication',
    { clientId: WEB_APP, clientCertificate: { thumbprint: plain(certificate.sha1), privateKey: certificate.pkcs8 } },
  ],
};
const CONFIDENTIAL = Object.entries(CLIENTS).slice(1);
const ofCertificate = () => ({ thumbprintSha256: plain(certificate.sha256), privateKey: certificate.pkcs8 });

function application(library, [className, auth], { auth: more, ...configuration } = {}) {
  return new library[className]({ auth: { authority: AUTHORITY, ...auth, ...more }, ...configuration });
}
const withSecret = (library, more) => application(library, CLIENTS['a client with a secret'](), { auth: more });

/** Has each library do the same; the first answer is msal-node's. */
const both = async (act) => [await act(theirs), await act(ours)];

/** What tells of the library itself. Each says its own. */
const OWN = ['x-client-SKU', 'x-client-VER'];
/** What the client proves itself with by a JWT, which is another each time. Its parts are compared in client-credential.test.mjs. */
const isJwt = (value) => value.split('.').length === 3 && value.startsWith('ey');

/** Parameters, to be compared: `claims` and `scope` as what they say, and without what is each library's own. */
function comparable(parameters) {
  const fields = Object.fromEntries(parameters);
  assert.equal(Object.keys(fields).length, [...parameters].length, 'nothing is said twice');
  for (const name of OWN) if (name in fields) fields[name] = name;
  if (fields.client_assertion && isJwt(fields.client_assertion)) fields.client_assertion = Object.keys(header(fields.client_assertion)).sort();
  const scope = fields.scope?.split(' ').sort();
  return { ...fields, ...(scope && { scope }), ...(fields.claims && { claims: JSON.parse(fields.claims) }) };
}
const header = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));

describe('the authorization URL is msal-node\'s', () => {
  const account = {
    homeAccountId: `${PERSON.oid}.${TENANT}`, environment: 'login.windows.net', tenantId: TENANT, username: 'ada@contoso.example', localAccountId: PERSON.oid,
  };
  const withHint = { ...account, loginHint: 'O.opaque-hint', idTokenClaims: { login_hint: 'O.opaque-hint', sid: 'sid-of-token' } };
  const withSid = { ...account, idTokenClaims: { sid: 'sid-of-token' } };
  const challenge = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
  const hinted = { loginHint: 'grace@contoso.example' };
  const cases = {
    'with nothing but what it must have': {},
    'without scopes': { scopes: [] },
    'with scopes of OpenID among others': { scopes: ['openid', 'api://an-api/read', 'email'] },
    'with a state': { state: STATE },
    'with a nonce': { nonce: NONCE },
    'with PKCE': () => ({ codeChallenge: pkce.challenge, codeChallengeMethod: 'S256' }),
    ...Object.fromEntries(Object.values(theirs.PromptValue).map((prompt) => [`with prompt ${prompt}`, { prompt }])),
    ...Object.fromEntries(Object.values(theirs.ResponseMode).map((responseMode) => [`with response mode ${responseMode}`, { responseMode }])),
    'with a login hint': hinted,
    'with a domain hint': { domainHint: 'contoso.example' },
    'with a session, silently': { sid: 'a-session', prompt: 'none' },
    'with a session, and the person at hand': { sid: 'a-session' },
    'with a session and a login hint, silently': { sid: 'a-session', prompt: 'none', ...hinted },
    'with an account': { account },
    'with an account and a login hint': { account, ...hinted },
    'with an account that has a login_hint claim': { account: withHint },
    'with an account that has a login_hint claim, and a login hint': { account: withHint, ...hinted },
    'with an account that has a login_hint claim, and a domain hint': { account: withHint, domainHint: 'contoso.example' },
    'with an account that has a sid claim, silently': { account: withSid, prompt: 'none' },
    'with an account that has a sid claim, and a login hint, silently': { account: withSid, prompt: 'none', ...hinted },
    'with an account that has a sid claim': { account: withSid },
    'with an account and a session, silently': { account: withHint, sid: 'a-session', prompt: 'none' },
    'with hints, where the person is to choose': { account: withHint, ...hinted, sid: 'a-session', prompt: 'select_account' },
    'with claims': { claims: challenge },
    'with a claims request for the ID token': { claims: '{"id_token":{"login_hint":{"essential":true},"auth_time":null}}' },
    'with what the client can handle': [{}, { clientCapabilities: ['cp1', 'another'] }],
    'with claims and what the client can handle': [{ claims: challenge }, { clientCapabilities: ['cp1'] }],
    'with more in the query': { extraQueryParameters: { dc: 'ESTS-PUB-WUS2', slice: 'test slice' } },
    'with more scopes to consent to': { extraScopesToConsent: ['api://another/write', 'User.Read'] },
    'with another authority': { authority: 'https://login.microsoftonline.com/organizations' },
    'with a resource': { resource: 'https://api.contoso.example/' },
  };

  /** The two URLs, taken apart; msal-node's first. */
  async function urls(request, make) {
    const asked = { scopes, redirectUri: REDIRECT_URI, correlationId: CORRELATION_ID, ...request };
    const [expected, url] = (await both((library) => make(library).getAuthCodeUrl(asked))).map((text) => new URL(text));
    assert.equal(url.origin + url.pathname, expected.origin + expected.pathname);
    return [expected, url].map(({ searchParams }) => comparable(searchParams));
  }

  for (const [title, given] of Object.entries(cases)) {
    it(title, async () => {
      const [request, auth] = [typeof given === 'function' ? given() : given].flat();
      const [expected, query] = await urls(request, (library) => withSecret(library, auth));
      assert.deepEqual(query, expected);
    });
  }

  it('for a public client as well, and tells of the program', async () => {
    const telemetry = { application: { appName: 'an-app', appVersion: '1.2.3' } };
    const [expected, query] = await urls({}, (library) => application(library, CLIENTS['a public client'](), { telemetry }));
    assert.equal(query['x-app-name'], 'an-app');
    assert.deepEqual(query, expected);
  });

  it('but for where the account of another server is, which msal-node tells Entra\'s gateways', async () => {
    const another = { ...account, homeAccountId: 'a-subject' };
    const [{ 'X-AnchorMailbox': gateway, ...expected }, query] = await urls({ account: another }, withSecret);
    assert.equal(gateway, 'Oid:a-subject@');
    assert.deepEqual(query, expected);
  });
});

/** Goes to the sign-in page and comes back. */
async function answer(app, request) {
  const response = await fetch(await app.getAuthCodeUrl({ scopes, redirectUri: REDIRECT_URI, ...request }), { redirect: 'manual' });
  return Object.fromEntries(new URL(response.headers.get('location')).searchParams);
}

/** Signs somebody in with a code. */
async function signIn(app, { payload, ...more } = {}) {
  const asked = { state: STATE, nonce: NONCE };
  const came = await answer(app, { ...asked, codeChallenge: pkce.challenge, codeChallengeMethod: 'S256' });
  const request = { scopes, redirectUri: REDIRECT_URI, code: came.code, codeVerifier: pkce.verifier, correlationId: CORRELATION_ID, ...asked, ...more };
  return app.acquireTokenByCode(request, { code: came.code, state: came.state, ...payload });
}

/** What was asked at the token endpoint last. */
function lastAsked() {
  const { url, form, headers } = entra.seen.at(-1);
  assert.match(url.pathname, /\/token$/);
  const fields = comparable(form);
  for (const name of ['code', 'refresh_token']) if (name in fields) fields[name] = name;
  return { query: comparable(url.searchParams), fields, headers };
}

/** msal-node has this in the query or in the form. We have it in both, in every flow. */
const EVERYWHERE = { 'client-request-id': CORRELATION_ID };

const CURRENT = 'x-client-current-telemetry';
const LAST = 'x-client-last-telemetry';

/** msal-node counts why a token was not taken from its cache: the number behind that of the operation. Ours is 0. */
const uncounted = ({ [CURRENT]: current, ...fields }) => ({ ...fields, [CURRENT]: current.replace(/^(5\|\d+),\d/, '$1,0') });

/** That we asked as msal-node did: the same parameters with the same values, and headers. */
function assertAsked([expected, asked]) {
  assert.deepEqual(asked.query, { ...expected.query, ...EVERYWHERE });
  assert.deepEqual(asked.fields, { ...uncounted(expected.fields), ...EVERYWHERE });
  for (const name of ['content-type', 'x-anchormailbox']) assert.equal(asked.headers[name], expected.headers[name], name);
}

/** Fields of a result in which two runs differ. */
const VARYING = ['accessToken', 'idToken', 'requestId', 'expiresOn', 'extExpiresOn', 'refreshOn', 'correlationId'];

/** That results are the same, but for what is of one run, and for fields that are undefined. */
function assertSame([expected, result]) {
  assert.deepEqual(shape(result), shape(expected));
}
function shape(value) {
  if (value instanceof Map) return shape(Object.fromEntries(value));
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const one = ([name, field]) => [name, VARYING.includes(name) ? typeof field : ['iat', 'nbf', 'exp'].includes(name) ? 'time' : shape(field)];
  return Array.isArray(value) ? value.map(shape) : Object.fromEntries(fields.map(one).sort());
}

describe('a code is redeemed as msal-node does it', () => {
  for (const [name, client] of Object.entries(CLIENTS)) {
    it(`by ${name}`, async () => {
      const results = [];
      const asked = await both(async (library) => {
        results.push(await signIn(application(library, client())));
        return lastAsked();
      });
      assertAsked(asked);
      assertSame(results);
      assert.equal(results[1].idTokenClaims.nonce, NONCE);
    });
  }

  for (const [title, more, auth] of [
    ['without PKCE, state and nonce', { codeVerifier: undefined, state: undefined, nonce: undefined, plain: true }],
    ['with claims', { claims: '{"access_token":{"nbf":{"essential":true}}}' }],
    ['with what the client can handle', {}, { clientCapabilities: ['cp1'] }],
    ['with a resource', { resource: 'https://api.contoso.example/' }],
    ['with more in query and form', { extraQueryParameters: { slice: 'test slice' }, extraParameters: { dc: 'somewhere' } }],
    ['with other scopes', { scopes: ['api://an-api/read', 'offline_access'] }],
  ]) {
    it(title, async () => {
      const { plain: isPlain, ...request } = more;
      assertAsked(await both(async (library) => {
        const app = withSecret(library, auth);
        if (isPlain) {
          const { code } = await answer(app);
          await app.acquireTokenByCode({ scopes, redirectUri: REDIRECT_URI, code, correlationId: CORRELATION_ID });
        } else {
          await signIn(app, request);
        }
        return lastAsked();
      }));
    });
  }

  it('with client_info, which tells Entra\'s gateways whose it is', async () => {
    assertAsked(await both(async (library) => {
      const app = withSecret(library);
      const { code, client_info: clientInfo } = await answer(app);
      await app.acquireTokenByCode({ scopes, redirectUri: REDIRECT_URI, code, clientInfo, correlationId: CORRELATION_ID });
      return lastAsked();
    }));
    assert.ok(lastAsked().headers['x-anchormailbox']);
  });
});

describe('a confidential client renews as msal-node does', () => {
  for (const [name, client] of CONFIDENTIAL) {
    it(`by ${name}`, async () => {
      const results = [];
      assertAsked(await both(async (library) => {
        const app = application(library, client());
        const { account } = await signIn(app);
        results.push(await app.acquireTokenSilent({ scopes, account, forceRefresh: true, correlationId: CORRELATION_ID }));
        return lastAsked();
      }));
      assertSame(results);
    });
  }
});

const API = ['https://api.contoso.example/.default'];
const CALLER = { oboAssertion: 'AT-for-us.of-ada' };

/** Tokens without a sign-in, by the method's name and its request. */
const AS_CLIENT = [
  ['acquireTokenByClientCredential', { scopes: API }],
  ['acquireTokenOnBehalfOf', { scopes: ['https://api.contoso.example/read'], ...CALLER }],
];

/** The same of these two, in which msal-node is not quite what it is elsewhere. */
function assertAskedAsClient([expected, asked], { resource, extraQueryParameters }) {
  const { claims, ...fields } = expected.fields;
  // It tells nothing of itself when it asks on behalf of somebody, forgets the resource, and where there are claims asks for some of an ID
  // token that there may not be.
  const { [CURRENT]: current = asked.fields[CURRENT], [LAST]: last = asked.fields[LAST] } = fields;
  if (claims) delete claims.id_token;
  const meant = { ...fields, [CURRENT]: current, [LAST]: last, ...(claims && { claims }), ...(resource && { resource }) };
  assertAsked([{ ...expected, fields: meant, query: { ...expected.query, ...extraQueryParameters } }, asked]);
}

for (const [method, usual] of AS_CLIENT) {
  describe(`${method} asks as msal-node does`, () => {
    for (const [name, client] of CONFIDENTIAL) {
      it(`by ${name}`, async () => {
        const results = [];
        assertAskedAsClient(await both(async (library) => {
          results.push(await application(library, client())[method]({ ...usual, correlationId: CORRELATION_ID }));
          return lastAsked();
        }), {});
        assertSame(results);
      });
    }

    for (const [title, request, auth] of [
      ['with scopes of OpenID among others', { scopes: [...usual.scopes, 'openid', 'profile', 'offline_access'] }],
      ['with claims', { claims: '{"access_token":{"nbf":{"essential":true}}}' }],
      ['with what the client can handle', {}, { clientCapabilities: ['cp1'] }],
      ['with a resource', { resource: 'https://api.contoso.example/' }],
      ['with more in the query', { extraQueryParameters: { slice: 'test slice' } }],
    ]) {
      it(title, async () => {
        assertAskedAsClient(await both(async (library) => {
          await withSecret(library, auth)[method]({ ...usual, correlationId: CORRELATION_ID, ...request });
          return lastAsked();
        }), request);
      });
    }

    it('and what one keeps, the other finds', async () => {
      for (const [writer, reader] of [[theirs, ours], [ours, theirs]]) {
        const first = withSecret(writer);
        const fresh = await first[method](usual);
        const second = withSecret(reader);
        second.getTokenCache().deserialize(first.getTokenCache().serialize());
        entra.seen.length = 0;
        const found = await Promise.all([first, second].map((app) => app[method]({ ...usual, correlationId: CORRELATION_ID })));
        assert.deepEqual(found.map(({ accessToken, fromCache }) => [accessToken, fromCache]), Array(2).fill([fresh.accessToken, true]));
        assert.deepEqual(entra.seen.filter(({ form }) => form.has('grant_type')), []);
        const [expected, result] = writer === theirs ? found : found.reverse();
        // msal-node finds no account to a token from the cache that it got on behalf of somebody.
        const { account, idToken, idTokenClaims, tenantId, uniqueId } = result;
        assert.equal(account?.username, usual.oboAssertion && PERSON.preferred_username);
        assertSame([{ ...expected, account, idToken, idTokenClaims, tenantId, uniqueId }, result]);
      }
    });

    it('and keeps it by the same keys', async () => {
      const keys = await both(async (library) => {
        const app = withSecret(library);
        await app[method](usual);
        const cache = JSON.parse(app.getTokenCache().serialize());
        return Object.fromEntries(Object.entries(cache).map(([section, entities]) => [
          section, Object.fromEntries(Object.entries(entities).map(([key, entity]) => [key, Object.keys(entity).sort()])),
        ]));
      });
      assert.deepEqual(keys[1].AccessToken, keys[0].AccessToken);
    });
  });
}

describe('client credentials', () => {
  it('may bring an assertion for one request, as with msal-node', async () => {
    const clientAssertion = async ({ clientId }) => (clientId === WEB_APP ? ASSERTION : assert.fail('another client'));
    assertAsked(await both(async (library) => {
      const app = application(library, CLIENTS['a client with a certificate']());
      await app.acquireTokenByClientCredential({ scopes: API, clientAssertion, correlationId: CORRELATION_ID });
      return lastAsked();
    }));
  });

  it('are one proof: msal-node sends the secret along with the assertion, and we do not', async () => {
    const [expected, asked] = await both(async (library) => {
      await withSecret(library).acquireTokenByClientCredential({ scopes: API, clientAssertion: ASSERTION, correlationId: CORRELATION_ID });
      return lastAsked();
    });
    const { client_secret: secret, ...fields } = expected.fields;
    assert.equal(secret, WEB_SECRET);
    assertAsked([{ ...expected, fields }, asked]);
  });
});

describe('on behalf of somebody', () => {
  it('a token is found for the very token that they called with, and for no other', async () => {
    for (const library of [theirs, ours]) {
      const app = withSecret(library);
      const request = { scopes: ['https://api.contoso.example/read'] };
      entra.options.person = PERSON;
      const first = await app.acquireTokenOnBehalfOf({ ...request, ...CALLER });
      entra.options.person = OTHER_PERSON;
      const other = await app.acquireTokenOnBehalfOf({ ...request, oboAssertion: 'AT-for-us.of-grace' });
      assert.notEqual(other.accessToken, first.accessToken);
      assert.equal((await app.acquireTokenOnBehalfOf({ ...request, ...CALLER })).accessToken, first.accessToken);
    }
  });
});

describe('what one keeps, the other finds', () => {
  for (const [from, writer, to, reader] of [['msal-node', theirs, 'doorcode', ours], ['doorcode', ours, 'msal-node', theirs]]) {
    it(`a person who signed in by code through ${from} is known to ${to}, and renewed`, async () => {
      const first = withSecret(writer);
      const signedIn = await signIn(first);
      const second = withSecret(reader);
      second.getTokenCache().deserialize(first.getTokenCache().serialize());
      const [account] = await second.getTokenCache().getAllAccounts();
      assert.equal(account.homeAccountId, signedIn.account.homeAccountId);
      entra.seen.length = 0;
      const silent = await second.acquireTokenSilent({ scopes, account });
      assert.deepEqual([silent.accessToken, silent.fromCache, entra.seen.length], [signedIn.accessToken, true, 0]);
      const renewed = await second.acquireTokenSilent({ scopes, account, forceRefresh: true });
      assert.notEqual(renewed.accessToken, signedIn.accessToken);

      const third = withSecret(writer);
      third.getTokenCache().deserialize(second.getTokenCache().serialize());
      const [again] = await third.getTokenCache().getAllAccounts();
      assert.equal((await third.acquireTokenSilent({ scopes, account: again })).accessToken, renewed.accessToken);
    });
  }
});

describe('what msal-node refuses is refused with its class and code', () => {
  const said = ({ name, errorCode }) => ({ name, errorCode });
  async function assertRefused(act, expected) {
    const [first, second] = (await both((library) => failure(Promise.resolve().then(() => act(library))))).map(said);
    assert.deepEqual(first, expected);
    assert.deepEqual(second, expected);
  }

  it('an answer with another state', () =>
    assertRefused((library) => signIn(withSecret(library), { payload: { state: 'another' } }), { name: 'ClientAuthError', errorCode: 'state_mismatch' }));

  it('an ID token with another nonce, or none', async () => {
    for (const nonce of ['another', undefined]) {
      entra.options.idToken = { nonce };
      await assertRefused((library) => signIn(withSecret(library)), { name: 'ClientAuthError', errorCode: 'nonce_mismatch' });
    }
  });

  it('a code that was redeemed before; that the person can help, by signing in again, is ours to say', async () => {
    const [first, second] = await both(async (library) => {
      const app = withSecret(library);
      const { code } = await answer(app);
      const request = { scopes, redirectUri: REDIRECT_URI, code };
      await app.acquireTokenByCode(request);
      return said(await failure(app.acquireTokenByCode(request)));
    });
    assert.deepEqual(first, { name: 'ServerError', errorCode: 'invalid_grant' });
    assert.deepEqual(second, { name: 'InteractionRequiredAuthError', errorCode: 'invalid_grant' });
  });

  it('a client\'s own token in no tenant', async () => {
    for (const tenant of ['common', 'organizations', 'consumers']) {
      const authority = `https://login.microsoftonline.com/${tenant}`;
      const expected = { name: 'ClientAuthError', errorCode: 'missing_tenant_id_error' };
      await assertRefused((library) => withSecret(library, { authority }).acquireTokenByClientCredential({ scopes: API }), expected);
      await assertRefused((library) => withSecret(library).acquireTokenByClientCredential({ scopes: API, authority }), expected);
    }
  });

  it('a challenge to whoever called, with its claims', async () => {
    const claims = '{"access_token":{"polids":{"essential":true,"values":["x"]}}}';
    const body = { ...entra.refusal('interaction_required', 50076, 'More is needed.'), suberror: 'basic_action', claims };
    entra.options.onToken = () => ({ body });
    const errors = await both((library) => failure(withSecret(library).acquireTokenOnBehalfOf({ scopes, ...CALLER })));
    for (const error of errors) {
      assert.deepEqual([error.name, error.errorCode, error.subError, error.claims], ['InteractionRequiredAuthError', body.error, body.suberror, claims]);
    }
  });

  it('no credential, and two of them', async () => {
    const expected = { name: 'ClientAuthError', errorCode: 'invalid_client_credential' };
    await assertRefused((library) => withSecret(library, { clientSecret: undefined }), expected);
    await assertRefused((library) => withSecret(library, { clientAssertion: ASSERTION }), expected);
    await assertRefused((library) => withSecret(library, { clientCertificate: ofCertificate() }), expected);
  });

  it('a wrong secret', () =>
    assertRefused((library) => signIn(withSecret(library, { clientSecret: 'another' })), { name: 'ServerError', errorCode: 'invalid_client' }));
});
