// A confidential client: at a server of Entra's shape, with every credential, and at oidc-provider.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { AuthError, ClientConfigurationError, ConfidentialClientApplication, CryptoProvider, ServerError } from 'doorcode';
import { signIn as signInThere } from '../../examples/authorization-server/person.mjs';
import { startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { AUTHORITY, BEHAVIOUR, failure, textStore } from './support/app.mjs';
import { makeCertificate } from './support/certificate.mjs';
import { fastClock } from './support/clock.mjs';
import { OTHER_PERSON, PERSON, REDIRECT_URI, startEntra, WEB_APP, WEB_SECRET } from './support/entra.mjs';

const ASSERTION = 'a.federated.token';
const API = ['https://api.contoso.example/.default'];
const scopes = ['User.Read'];

let entra;
let certificate;
before(async () => {
  certificate = await makeCertificate();
  entra = await startEntra({ ...BEHAVIOUR, certificate, assertion: ASSERTION, assertionsOnce: true });
});
after(() => entra?.close());
beforeEach(() => {
  entra.seen.length = 0;
  Object.assign(entra.options, { ...BEHAVIOUR, onToken: () => undefined, idToken: undefined });
});

const CREDENTIALS = {
  'a secret': () => ({ clientSecret: WEB_SECRET }),
  'a secret by HTTP Basic': () => ({ clientSecret: WEB_SECRET, clientSecretMethod: 'client_secret_basic' }),
  'an assertion': () => ({ clientAssertion: ASSERTION }),
  'a callback for assertions': () => ({ clientAssertion: async () => ASSERTION }),
  'a certificate': () => ({ clientCertificate: { privateKey: certificate.pkcs8, x5c: certificate.cert } }),
  'a certificate and RS256': () => ({ clientCertificate: { privateKey: certificate.pkcs1, thumbprintSha256: certificate.sha256, algorithm: 'RS256' } }),
};

function app(auth = CREDENTIALS['a secret'](), { clock, cachePlugin, ...system } = {}) {
  return new ConfidentialClientApplication({
    auth: { clientId: WEB_APP, authority: AUTHORITY, ...auth },
    ...(cachePlugin && { cache: { cachePlugin } }),
    system: { ...(clock && { clock }), ...system },
  });
}

/** Goes to the sign-in page and comes back: what there is to redeem, and the query that came. */
async function comeBack(client, asked = {}) {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const request = { scopes, redirectUri: REDIRECT_URI, state: 'a-state', nonce: 'a-nonce', ...asked };
  const url = await client.getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: 'S256' });
  const response = await fetch(url, { redirect: 'manual' });
  const query = new URL(response.headers.get('location')).searchParams;
  return { request: { ...request, code: query.get('code'), codeVerifier: verifier }, query };
}
async function signIn(client) {
  const { request, query } = await comeBack(client);
  return client.acquireTokenByCode(request, query);
}
const forms = () => entra.seen.filter(({ url }) => url.pathname.endsWith('/token')).map(({ form }) => form);

describe('with every credential', () => {
  for (const [name, credential] of Object.entries(CREDENTIALS)) {
    it(`signs people in, renews their tokens, and gets tokens of its own and on behalf of others, with ${name}`, async () => {
      const client = app(credential());
      const { account, accessToken } = await signIn(client);
      assert.equal(account.username, PERSON.preferred_username);
      assert.equal((await client.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
      assert.notEqual((await client.acquireTokenSilent({ scopes, account, forceRefresh: true })).accessToken, accessToken);
      assert.equal((await client.acquireTokenByClientCredential({ scopes: API })).account, null);
      const behalf = await client.acquireTokenOnBehalfOf({ scopes, oboAssertion: 'AT-for-us.of-ada' });
      assert.equal(behalf.account.username, PERSON.preferred_username);

      const proofs = forms().map((form) => form.get('client_secret') ?? form.get('client_assertion'));
      assert.equal(proofs.length, 4);
      if (name.includes('certificate')) assert.equal(new Set(proofs).size, 4, 'each is another');
      if (name.includes('Basic')) assert.deepEqual(proofs, Array(4).fill(null));
    });
  }

  it('makes an assertion anew for a request that is made once more', async () => {
    let calls = 0;
    entra.options.onToken = () => (++calls === 1 ? { status: 503, body: {} } : undefined);
    const client = app(CREDENTIALS['a certificate'](), { clock: fastClock() });
    assert.ok((await client.acquireTokenByClientCredential({ scopes: API })).accessToken);
    const [first, second] = forms().map((form) => form.get('client_assertion'));
    assert.ok(first && second && first !== second);
  });

  it('dates its assertions by the application\'s clock', async () => {
    const start = Date.now() - 60_000;
    const clock = { now: () => start, sleep: async () => {} };
    await app(CREDENTIALS['a certificate'](), { clock }).acquireTokenByClientCredential({ scopes: API });
    const [, claims] = forms()[0].get('client_assertion').split('.');
    assert.equal(JSON.parse(Buffer.from(claims, 'base64url')).iat, Math.floor(start / 1000));
  });

  it('is refused by the server\'s own words where the credential is wrong', async () => {
    for (const [auth, number] of [
      [{ clientSecret: 'another' }, '7000215'],
      [{ clientAssertion: 'another.federated.token' }, '700027'],
      [{ clientCertificate: { privateKey: (await makeCertificate()).pkcs8, thumbprint: certificate.sha1 } }, '700027'],
    ]) {
      const error = await failure(app(auth).acquireTokenByClientCredential({ scopes: API }));
      assert.ok(error instanceof ServerError);
      assert.deepEqual([error.errorCode, error.errorNo], ['invalid_client', number]);
    }
  });
});

describe('a callback for assertions', () => {
  it('that throws is the caller\'s error, as it was thrown, and nothing is asked for', async () => {
    const thrown = new Error('no token at /var/run/secrets');
    const client = app({ clientAssertion: async () => { throw thrown; } });
    const { request, query } = await comeBack(client);
    entra.seen.length = 0;
    for (const act of [
      () => client.acquireTokenByCode(request, query),
      () => client.acquireTokenByClientCredential({ scopes: API }),
      () => client.acquireTokenOnBehalfOf({ scopes, oboAssertion: 'AT-for-us' }),
      () => client.acquireTokenByRefreshToken({ scopes, refreshToken: 'RT' }),
    ]) {
      assert.equal(await failure(act()), thrown);
    }
    assert.deepEqual(forms(), []);
  });

  it('is told the client and the token endpoint', async () => {
    const told = [];
    const client = app({ clientAssertion: (config) => (told.push(config), ASSERTION) });
    await client.acquireTokenByClientCredential({ scopes: API });
    assert.deepEqual(told, [{ clientId: WEB_APP, tokenEndpoint: `${AUTHORITY}/oauth2/v2.0/token` }]);
  });

  it('may be the request\'s', async () => {
    const client = app({ clientAssertion: 'another.federated.token' });
    assert.ok((await client.acquireTokenByClientCredential({ scopes: API, clientAssertion: () => ASSERTION })).accessToken);
    assert.equal((await failure(client.acquireTokenByClientCredential({ scopes: API, skipCache: true, clientAssertion: () => '' }))).field, 'clientAssertion');
  });
});

describe('the answer at the redirect URI', () => {
  const client = () => app();

  it('is taken as an object, as a query and as a form', async () => {
    for (const write of [
      (query) => Object.fromEntries(query),
      (query) => query,
      (query) => new Map(query),
      (query) => { const form = new FormData(); for (const [name, value] of query) form.set(name, value); return form; },
    ]) {
      const app = client();
      const { request, query } = await comeBack(app);
      const result = await app.acquireTokenByCode({ ...request, code: '' }, write(query));
      assert.equal(result.account.username, PERSON.preferred_username);
    }
  });

  it('is refused with another state, or none, however it was written', async () => {
    const app = client();
    const { request, query } = await comeBack(app);
    for (const payload of [{ state: 'another' }, {}, new URLSearchParams({ state: 'another' }), new URLSearchParams()]) {
      assert.equal((await failure(app.acquireTokenByCode(request, payload))).errorCode, 'state_mismatch');
    }
    for (const payload of [{ state: ['a-state', 'another'] }, new URLSearchParams([['state', 'a-state'], ['state', 'a-state']])]) {
      assert.equal((await failure(app.acquireTokenByCode(request, payload))).errorCode, 'state_mismatch', 'said twice, it is said by nobody');
    }
    assert.equal(forms().length, 0);
    assert.ok((await app.acquireTokenByCode(request, query)).accessToken, 'the code was not spent');
  });

  it('is looked through once, however much there is of it: anybody may send one', async () => {
    let looks = 0;
    const pair = { * [Symbol.iterator]() { looks++; yield* ['a', 'b']; } };
    const request = { scopes, redirectUri: REDIRECT_URI, code: '', state: 'a-state' };
    assert.equal((await failure(client().acquireTokenByCode(request, Array(1000).fill(pair)))).errorCode, 'state_mismatch');
    assert.equal(looks, 1000);
  });

  it('that is none is told so', async () => {
    const app = client();
    const { request } = await comeBack(app);
    for (const payload of ['code=a&state=a-state', 42]) {
      const error = await failure(app.acquireTokenByCode(request, payload));
      assert.ok(error instanceof ClientConfigurationError);
      assert.match(error.message, /payload: it must be an object/);
    }
  });

  it('may be a refusal, with the words and no code', async () => {
    const error = await failure(client().acquireTokenByCode(
      { scopes, redirectUri: REDIRECT_URI, code: '', state: 'a-state' },
      new URLSearchParams({ error: 'access_denied', error_description: 'AADSTS65004: The person said no.\u001b[2J', state: 'a-state' }),
    ));
    assert.ok(error instanceof ServerError);
    assert.equal(error.errorCode, 'access_denied');
    assert.match(error.message, /AADSTS65004: The person said no\./);
    assert.doesNotMatch(error.message, /\u001b/);
  });

  it('is not believed about the nonce: the request\'s counts', async () => {
    entra.options.idToken = { nonce: 'of-an-attacker' };
    const app = client();
    const { request, query } = await comeBack(app);
    const error = await failure(app.acquireTokenByCode({ ...request, nonce: undefined }, { ...Object.fromEntries(query), nonce: 'of-an-attacker' }));
    assert.equal(error.errorCode, 'nonce_mismatch');
  });

  it('is good once', async () => {
    const app = client();
    const { request, query } = await comeBack(app);
    await app.acquireTokenByCode(request, query);
    assert.equal((await failure(app.acquireTokenByCode(request, query))).errorCode, 'invalid_grant');
  });
});

describe('a request that is wrong', () => {
  const redirected = { scopes, redirectUri: REDIRECT_URI };
  const refused = async (act, field) => {
    const error = await failure(act);
    assert.ok(error instanceof ClientConfigurationError, `${field}: ${error}`);
    assert.deepEqual([error.errorCode, error.field, entra.seen.length], ['invalid_request_parameter', field, 0]);
    assert.equal(error.remedy, `Correct ${error.errorMessage}.`);
  };

  it('by an address to come back to that is none, or has a fragment, is told so before anybody is sent away', async () => {
    for (const address of ['/signed-in', 'app.contoso.example', `${REDIRECT_URI}#part`, `${REDIRECT_URI}#`]) {
      await refused(app().getAuthCodeUrl({ scopes, redirectUri: address }), 'redirectUri');
      await refused(app().acquireTokenByCode({ scopes, redirectUri: address, code: 'a-code' }), 'redirectUri');
      await refused(app().getLogoutUri({ postLogoutRedirectUri: address }), 'postLogoutRedirectUri');
    }
    for (const redirectUri of ['http://localhost', 'msal0://auth', 'urn:ietf:wg:oauth:2.0:oob']) {
      assert.match(await app().getAuthCodeUrl({ scopes, redirectUri }), /^https:/);
    }
  });

  it('by a field of MSAL\'s that would bring something else is told so', async () => {
    for (const field of ['azureRegion', 'claimsFromClient', 'fmiPath']) {
      await refused(app().acquireTokenByClientCredential({ scopes: API, [field]: 'value' }), field);
      await refused(app().acquireTokenOnBehalfOf({ scopes, oboAssertion: 'a.caller.token', [field]: 'value' }), field);
    }
    await refused(app().acquireTokenByCode({ ...redirected, code: 'a-code', enableSpaAuthorizationCode: true }), 'enableSpaAuthorizationCode');
    const { accessToken } = await app().acquireTokenByClientCredential({ scopes: API, azureRegion: 'DisableMsalForceRegion' });
    assert.ok(accessToken, 'that is MSAL\'s word for none');
  });
});

describe('what to do about a refusal', () => {
  it('is something that a client of this sort can do', async () => {
    const account = { homeAccountId: 'no.body', environment: 'login.windows.net', tenantId: 'a-tenant', username: '', localAccountId: 'no' };
    const silent = await failure(app().acquireTokenSilent({ scopes, account }));
    assert.deepEqual([silent.errorCode, silent.remedy], ['no_tokens_found', 'Sign in.']);
    entra.options.onToken = () => ({ status: 400, body: { error: 'unsupported_grant_type' } });
    const own = await failure(app().acquireTokenByClientCredential({ scopes: API }));
    assert.match(own.remedy, /^This server does not offer this way to a token/);
  });
});

describe('what is kept', () => {
  it('is one person\'s each, and the client\'s own is nobody\'s', async () => {
    const store = textStore();
    const client = app(undefined, { cachePlugin: store.plugin });
    const { account: ada, accessToken } = await signIn(client);
    entra.options.person = OTHER_PERSON;
    const { account: grace } = await signIn(client);
    await client.acquireTokenByClientCredential({ scopes: API });
    assert.deepEqual((await client.getAllAccounts()).map(({ username }) => username).sort(), [ada.username, grace.username].sort());

    const later = app(undefined, { cachePlugin: store.plugin });
    const silent = await later.acquireTokenSilent({ scopes, account: ada });
    assert.deepEqual([silent.accessToken, silent.account.username], [accessToken, ada.username]);
    await later.signOut({ account: ada });
    assert.equal((await failure(later.acquireTokenSilent({ scopes, account: ada }))).errorCode, 'no_tokens_found');
    assert.equal((await later.acquireTokenSilent({ scopes, account: grace })).account.username, grace.username);
    entra.seen.length = 0;
    assert.equal((await later.acquireTokenByClientCredential({ scopes: API })).fromCache, true);
    assert.deepEqual(forms(), []);
  });

  it('on behalf of one caller is not given to another', async () => {
    const client = app();
    const ask = (oboAssertion) => client.acquireTokenOnBehalfOf({ scopes, oboAssertion });
    const first = await ask('AT-for-us.of-ada');
    entra.options.person = OTHER_PERSON;
    const second = await ask('AT-for-us.of-grace');
    assert.notEqual(first.accessToken, second.accessToken);
    assert.deepEqual([first, second].map(({ account }) => account.username), [PERSON, OTHER_PERSON].map((person) => person.preferred_username));
    assert.equal((await ask('AT-for-us.of-ada')).accessToken, first.accessToken);
    assert.equal((await ask('AT-for-us.of-grace')).accessToken, second.accessToken);
  });
});

describe('no secret is shown', () => {
  const NETWORK_FAULT = () => {
    throw new Error('the wire broke');
  };
  /** What is to be seen nowhere: a line of the key's PEM text, the secret, its other spellings. */
  const hidden = () => [
    WEB_SECRET, encodeURIComponent(WEB_SECRET), String(new URLSearchParams({ '': WEB_SECRET })).slice(1), ASSERTION, 'AT-for-us.of-ada',
    btoa(`${WEB_APP}:${encodeURIComponent(WEB_SECRET)}`), certificate.pkcs8.split('\n')[2], certificate.pkcs1.split('\n')[2],
  ];
  function assertClean(...values) {
    const texts = values.flatMap((value) => [inspect(value, { depth: Infinity, showHidden: true }), JSON.stringify(value) ?? '', String(value?.stack ?? value)]);
    for (const secret of hidden()) for (const text of texts) assert.ok(!text.includes(secret), `${secret} is in ${text.slice(0, 500)}`);
  }

  for (const [name, credential] of Object.entries(CREDENTIALS)) {
    it(`of a client with ${name}: not in it, nor in its errors and log, though the server or the network echoes it`, async () => {
      const lines = [];
      const loggerOptions = { logLevel: 4, piiLoggingEnabled: true, loggerCallback: (_, line) => void lines.push(line) };
      let sent = [];
      const echo = (status, more) => ({ headers, body }) => {
        sent = [body, headers?.authorization ?? headers?.Authorization ?? ''];
        return { status, headers: {}, body: { error: 'invalid_client', error_description: `refused: ${body} ${sent[1]}`, ...more } };
      };
      const answers = [
        echo(401), echo(500), NETWORK_FAULT,
        (options) => { echo(400)(options); throw Object.assign(new Error(`failed: ${options.body}`), { request: options }); },
      ];
      for (const answer of answers) {
        const networkClient = { sendGetRequestAsync: NETWORK_FAULT, sendPostRequestAsync: async (_, options) => answer(options) };
        const client = app(credential(), { networkClient, loggerOptions, clock: fastClock() });
        assertClean(client);
        for (const act of [
          () => client.acquireTokenByClientCredential({ scopes: API }),
          () => client.acquireTokenOnBehalfOf({ scopes, oboAssertion: 'AT-for-us.of-ada' }),
          () => client.acquireTokenByCode({ scopes, redirectUri: REDIRECT_URI, code: 'code-of-ada', codeVerifier: 'verifier-of-ada' }),
        ]) {
          const error = await failure(act());
          assert.ok(error instanceof AuthError, inspect(error));
          const chain = [];
          for (let at = error; at; at = at.cause) chain.push(at);
          assertClean(...chain, lines.join('\n'));
          const shown = inspect(chain, { depth: Infinity }) + lines.join('\n');
          for (const secret of ['code-of-ada', 'verifier-of-ada', new URLSearchParams(sent[0]).get('client_assertion')]) {
            if (secret) assert.ok(!shown.includes(secret), `${secret} is in ${shown.slice(0, 500)}`);
          }
        }
        assertClean(client, lines.join('\n'));
      }
    });
  }
});

describe('oidc-provider', () => {
  let server;
  let landing;
  let redirectUri;
  before(async () => {
    landing = createServer((_, response) => response.end('<title>Back</title>'));
    await new Promise((resolve) => landing.listen(0, '127.0.0.1', resolve));
    redirectUri = `http://127.0.0.1:${landing.address().port}/signed-in`;
    const client = (client_id, token_endpoint_auth_method, more) => ({
      client_id, client_name: client_id, token_endpoint_auth_method, redirect_uris: [redirectUri], response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], ...more,
    });
    const jwks = { keys: [{ ...certificate.publicKey.export({ format: 'jwk' }), use: 'sig' }] };
    server = await startAuthorizationServer({
      configuration: {
        clients: [
          client('by-post', 'client_secret_post', { client_secret: WEB_SECRET }),
          client('by-basic', 'client_secret_basic', { client_secret: WEB_SECRET }),
          client('by-certificate', 'private_key_jwt', { jwks }),
        ],
        features: { clientCredentials: { enabled: true } },
      },
    });
  });
  after(async () => {
    await server?.close();
    landing?.closeAllConnections();
    await new Promise((resolve) => (landing ? landing.close(resolve) : resolve()));
  });

  const at = (clientId, auth) => new ConfidentialClientApplication({ auth: { clientId, authority: server.issuer, ...auth } });
  async function sentBack(client) {
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const request = { scopes: ['email'], redirectUri, state: 'a-state', nonce: 'a-nonce' };
    const url = await client.getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: 'S256', prompt: 'consent' });
    const back = new URL((await signInThere(url)).url);
    assert.equal(back.origin + back.pathname, redirectUri);
    return { request: { ...request, code: '', codeVerifier: verifier }, query: back.searchParams };
  }

  for (const [clientId, credential] of [
    ['by-post', () => ({ clientSecret: WEB_SECRET })],
    ['by-basic', () => ({ clientSecret: WEB_SECRET, clientSecretMethod: 'client_secret_basic' })],
    ['by-certificate', () => ({ clientCertificate: { privateKey: certificate.pkcs8, x5c: certificate.cert } })],
  ]) {
    it(`signs people in, and gets a token of its own, ${clientId}`, async () => {
      const client = at(clientId, credential());
      const { request, query } = await sentBack(client);
      assert.equal(query.get('iss'), server.issuer);
      const result = await client.acquireTokenByCode(request, query);
      assert.equal(result.account.username, 'ada@example.com');
      assert.equal(result.idTokenClaims.nonce, 'a-nonce');
      const userinfo = await fetch(`${server.issuer}/me`, { headers: { authorization: `Bearer ${result.accessToken}` } });
      assert.equal((await userinfo.json()).email, 'ada@example.com');

      const own = await client.acquireTokenByClientCredential({ scopes: [] });
      assert.deepEqual([own.account, own.tokenType], [null, 'Bearer']);
      assert.equal((await client.acquireTokenByClientCredential({ scopes: [] })).accessToken, own.accessToken);
    });
  }

  it('gives nothing for another verifier, and nothing for a code that was used', async () => {
    const client = at('by-post', { clientSecret: WEB_SECRET });
    const { request, query } = await sentBack(client);
    const { verifier } = await new CryptoProvider().generatePkceCodes();
    assert.equal((await failure(client.acquireTokenByCode({ ...request, codeVerifier: verifier }, query))).errorCode, 'invalid_grant');
    const again = await sentBack(client);
    await client.acquireTokenByCode(again.request, again.query);
    assert.equal((await failure(client.acquireTokenByCode(again.request, again.query))).errorCode, 'invalid_grant');
  });

  it('is the only one whose answer counts: another issuer\'s is refused', async () => {
    const client = at('by-post', { clientSecret: WEB_SECRET });
    const { request, query } = await sentBack(client);
    query.set('iss', 'https://elsewhere.example');
    assert.equal((await failure(client.acquireTokenByCode(request, query))).errorCode, 'issuer_mismatch');
  });
});
