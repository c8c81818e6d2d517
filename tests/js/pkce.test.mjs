// PKCE in the device flow, as Keycloak wants it of clients that are set so: against oidc-provider, which knows nothing of it there, with
// the demand added around it. And issuers and endpoints that are where one would not expect them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { DeviceCodeFlow, PublicClientApplication, ServerError } from 'doorcode';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { approve } from '../../examples/authorization-server/person.mjs';
import { failure } from './support/app.mjs';
import { fastClock } from './support/clock.mjs';

/**
 * The provider of the demo, behind a door of its own. Everybody approves after one poll.
 *
 * @param {object} [given]
 * @param {string} [given.path] what its issuer has behind the host; nothing else is answered
 * @param {object} [given.configuration] more of oidc-provider's own
 */
async function startProvider({ path = '', configuration } = {}) {
  const inner = await startAuthorizationServer({
    configuration,
    onPoll: ({ count, userCode }) => (count === 1 ? approve(`${door.issuer}/device`, userCode) : undefined),
  });
  const http = createServer();
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${http.address().port}`;
  const door = {
    issuer: `${origin}${path}`,
    /** The device and token requests so far: their routes, paths and forms. */
    seen: [],
    /** What is made of an answer before it is sent. */
    rule: () => {},
    /** Forms that were sent to the device endpoint, and with each poll. */
    asked: () => door.seen.filter(({ route }) => route === 'device_authorization').map(({ form }) => form),
    polled: () => door.seen.filter(({ route }) => route === 'token').map(({ form }) => form),
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await inner.close();
    },
  };
  inner.provider.issuer = door.issuer;
  inner.provider.use(async (ctx, next) => {
    await next();
    const { route, body: form = {} } = ctx.oidc ?? {};
    if (['device_authorization', 'token'].includes(route)) door.seen.push({ route, path: ctx.req.originalUrl, form });
    door.rule(ctx, route, form);
  });
  const handle = inner.provider.callback();
  http.on('request', (request, response) => {
    // The pages of the demo are where it was started.
    if (request.url.startsWith('/interaction/')) return response.writeHead(302, { location: inner.issuer + request.url }).end();
    if (!request.url.startsWith(`${path}/`)) return response.writeHead(404).end();
    request.originalUrl = request.url; // by which oidc-provider knows where it is mounted
    request.url = request.url.slice(path.length);
    handle(request, response);
  });
  return door;
}

function refuse(ctx, error, error_description) {
  ctx.status = 400;
  ctx.body = { error, error_description };
}

const challengeOf = (verifier = '') => createHash('sha256').update(verifier).digest('base64url');

/** Keycloak's demand. `mismatch` makes the description of a verifier that is wrong. */
function demandsPkce(mismatch = () => 'PKCE verification failed: Code mismatch') {
  const challenges = new Map();
  return (ctx, route, form) => {
    if (route === 'device_authorization' && ctx.status === 200) {
      if (!form.code_challenge_method) return refuse(ctx, 'invalid_request', 'Missing parameter: code_challenge_method');
      if (form.code_challenge_method !== 'S256') return refuse(ctx, 'invalid_request', 'Invalid parameter: code_challenge_method');
      if (!form.code_challenge) return refuse(ctx, 'invalid_request', 'Missing parameter: code_challenge');
      challenges.set(ctx.body.device_code, form.code_challenge);
    }
    if (route === 'token' && form.device_code && challengeOf(form.code_verifier) !== challenges.get(form.device_code)) {
      refuse(ctx, 'invalid_grant', mismatch(form));
    }
  };
}

const hasPkce = (form) => Object.keys(form).filter((name) => name.startsWith('code_'));
const app = (authority, { system, clock = fastClock(), ...auth } = {}) =>
  new PublicClientApplication({ auth: { clientId: CLIENT_ID, authority, ...auth }, system: { clock, ...system } });
const signIn = (pca, request) => pca.acquireTokenByDeviceCode({ scopes: ['email'], deviceCodeCallback() {}, ...request });

let keycloak;
let plain;
before(async () => {
  keycloak = await startProvider();
  plain = await startProvider();
});
after(() => Promise.all([keycloak.close(), plain.close()]));
beforeEach(() => (keycloak.rule = demandsPkce()));
afterEach(() => {
  for (const door of [keycloak, plain]) Object.assign(door, { rule: () => {}, seen: [] });
});

describe('PKCE', () => {
  it('is demanded by the server of these tests', async () => {
    const post = async (path, form) => {
      const answer = await fetch(`${keycloak.issuer}${path}`, { method: 'POST', body: new URLSearchParams({ client_id: CLIENT_ID, ...form }) });
      return [answer.status, await answer.json()];
    };
    const missing = { error: 'invalid_request', error_description: 'Missing parameter: code_challenge_method' };
    assert.deepEqual(await post('/device/auth', { scope: 'openid' }), [400, missing]);
    const challenge = { code_challenge: challengeOf('v'.repeat(43)), code_challenge_method: 'S256' };
    const [, { device_code }] = await post('/device/auth', { scope: 'openid', ...challenge });
    const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code };
    const poll = async (more) => (await post('/token', { ...grant, ...more }))[1].error;
    assert.equal(await poll({}), 'invalid_grant');
    assert.equal(await poll({ code_verifier: 'w'.repeat(43) }), 'invalid_grant');
    assert.equal(await poll({ code_verifier: 'v'.repeat(43) }), 'authorization_pending');
  });

  it('is used where the server demands it', async () => {
    const result = await signIn(app(keycloak.issuer));
    assert.equal(result.account.username, 'ada@example.com');
    const [without, { code_challenge, code_challenge_method }, ...more] = keycloak.asked();
    assert.deepEqual([hasPkce(without), more], [[], []]);
    assert.equal(code_challenge_method, 'S256');
    assert.equal(keycloak.polled().length, 2);
    for (const { code_verifier } of keycloak.polled()) assert.equal(challengeOf(code_verifier), code_challenge);
  });

  it('is used at once from then on', async () => {
    const pca = app(keycloak.issuer);
    await signIn(pca);
    keycloak.seen = [];
    assert.equal((await signIn(pca)).account.username, 'ada@example.com');
    assert.deepEqual(keycloak.asked().map(hasPkce), [['code_challenge', 'code_challenge_method']]);
  });

  it('has a verifier of 43 unreserved characters or more, another each time', async () => {
    const pca = app(keycloak.issuer);
    for (let times = 0; times < 3; times++) await signIn(pca);
    const verifiers = [...new Set(keycloak.polled().map(({ code_verifier }) => code_verifier))];
    assert.equal(verifiers.length, 3);
    for (const verifier of verifiers) assert.match(verifier, /^[A-Za-z0-9\-._~]{43,128}$/);
    // The first request, which was refused, had none.
    assert.deepEqual(keycloak.asked().map(({ code_challenge }) => code_challenge), [undefined, ...verifiers.map(challengeOf)]);
  });

  it('is not sent to a server that does not ask, though it lists S256', async () => {
    const discovery = await (await fetch(`${plain.issuer}/.well-known/openid-configuration`)).json();
    assert.deepEqual(discovery.code_challenge_methods_supported, ['S256']);
    const pca = app(plain.issuer);
    for (let times = 0; times < 2; times++) await signIn(pca);
    assert.equal(plain.asked().length, 2);
    assert.equal(plain.polled().length, 4);
    for (const { form } of plain.seen) assert.deepEqual(hasPkce(form), []);
  });

  it('is remembered of one server, and not of another', async () => {
    const pca = app(keycloak.issuer);
    await signIn(pca);
    await signIn(pca, { authority: plain.issuer });
    assert.equal(plain.asked().length, 1);
    for (const { form } of plain.seen) assert.deepEqual(hasPkce(form), []);
  });

  it('is tried once where the request is refused for another reason, and the server\'s own words are the error', async () => {
    keycloak.rule = (ctx, route) => route === 'device_authorization' && refuse(ctx, 'invalid_request', 'Missing parameter: shoe_size');
    const pca = app(keycloak.issuer);
    for (const count of [2, 4]) {
      const error = await failure(signIn(pca));
      assert.ok(error instanceof ServerError);
      assert.equal(error.errorCode, 'invalid_request');
      assert.equal(error.errorDescription, 'Missing parameter: shoe_size');
      assert.equal(error.status, 400);
      assert.equal(keycloak.asked().length, count);
    }
    assert.deepEqual(keycloak.asked().map((form) => hasPkce(form).length), [0, 2, 0, 2], 'what did not help is not remembered');
  });

  it('is not tried where the refusal is of another kind', async () => {
    for (const word of ['unauthorized_client', 'invalid_client', 'invalid_scope', 'access_denied']) {
      keycloak.seen = [];
      keycloak.rule = (ctx, route) => route === 'device_authorization' && refuse(ctx, word, 'No.');
      assert.equal((await failure(signIn(app(keycloak.issuer)))).errorCode, word);
      assert.deepEqual(keycloak.asked().map(hasPkce), [[]]);
    }
  });

  it('is not tried where the discovery document does not list S256', async () => {
    for (const methods of [undefined, [], ['plain'], 'S512']) {
      keycloak.seen = [];
      const demand = demandsPkce();
      keycloak.rule = (ctx, route, form) => {
        if (route === 'discovery') ctx.body = { ...ctx.body, code_challenge_methods_supported: methods };
        demand(ctx, route, form);
      };
      const error = await failure(signIn(app(keycloak.issuer)));
      assert.equal(error.errorDescription, 'Missing parameter: code_challenge_method');
      assert.deepEqual(keycloak.asked().map(hasPkce), [[]]);
    }
  });

  it('is used where authorityMetadata lists S256, without discovery', async () => {
    const authorityMetadata = {
      issuer: keycloak.issuer,
      token_endpoint: `${keycloak.issuer}/token`,
      device_authorization_endpoint: `${keycloak.issuer}/device/auth`,
      code_challenge_methods_supported: ['plain', 'S256'],
    };
    const result = await signIn(app(keycloak.issuer, { authorityMetadata }));
    assert.equal(result.account.username, 'ada@example.com');
    assert.equal(keycloak.asked().length, 2);
  });

  it('is carried on by a flow that is saved and resumed', async () => {
    const flow = new DeviceCodeFlow(app(keycloak.issuer), { scopes: ['email'] });
    await flow.initiateDeviceCodeFlow();
    assert.equal((await flow.poll()).status, 'pending');
    const resumed = DeviceCodeFlow.resume(app(keycloak.issuer), JSON.stringify(flow));
    const again = DeviceCodeFlow.resume(app(keycloak.issuer), JSON.stringify(resumed));
    assert.equal((await again.acquireTokenByDeviceCode()).account.username, 'ada@example.com');
    assert.equal(new Set(keycloak.polled().map(({ code_verifier }) => code_verifier)).size, 1);
  });

  it('is what a saved flow needs', async () => {
    const flow = new DeviceCodeFlow(app(keycloak.issuer), { scopes: ['email'] });
    await flow.initiateDeviceCodeFlow();
    const { codeVerifier, ...saved } = flow.toJSON();
    assert.equal(challengeOf(codeVerifier), keycloak.asked().at(-1).code_challenge);
    const error = await failure(DeviceCodeFlow.resume(app(keycloak.issuer), saved).poll());
    assert.equal(error.errorCode, 'invalid_grant');
  });

  it('shows its verifier nowhere, even if the server does', async () => {
    const lines = [];
    const loggerOptions = { logLevel: 4, piiLoggingEnabled: true, loggerCallback: (_, line) => void lines.push(line) };
    const pca = app(keycloak.issuer, { system: { loggerOptions } });
    const flow = new DeviceCodeFlow(pca, { scopes: ['email'] });
    const codes = await flow.initiateDeviceCodeFlow();
    const printed = (thing) => inspect(thing, { depth: 9, showHidden: true });
    const shown = [printed(flow), printed(pca), inspect(codes, { depth: 9 }), JSON.stringify(codes)];
    assert.equal((await flow.poll()).status, 'pending');
    keycloak.rule = (ctx, route, { code_verifier, device_code }) =>
      route === 'token' && refuse(ctx, 'invalid_grant', `${code_verifier} is wrong for ${device_code}`);
    const error = await failure(flow.acquireTokenByDeviceCode());
    assert.match(error.message, /is wrong for/);
    shown.push(printed(error), printed(error.cause), String(error), JSON.stringify(error), error.stack, ...lines);
    const [{ code_verifier: verifier }] = keycloak.polled();
    assert.ok(verifier.length >= 43 && lines.length >= 3);
    assert.deepEqual(shown.filter((text) => text.includes(verifier) || text.includes(codes.deviceCode)), []);
  });
});

describe('a provider that is somewhere else', () => {
  it('has its device endpoint where its discovery document says', async (test) => {
    const door = await startProvider({ configuration: { routes: { device_authorization: '/Some/Other/Path' } } });
    test.after(() => door.close());
    const { account } = await signIn(app(door.issuer));
    assert.equal(account.username, 'ada@example.com');
    assert.deepEqual(door.seen.map(({ path }) => path), ['/Some/Other/Path', '/token', '/token']);
  });

  it('has an issuer with a path, whose capitals stay', async (test) => {
    const door = await startProvider({ path: '/Realms/MyRealm' });
    test.after(() => door.close());
    assert.equal((await fetch(`${door.issuer.toLowerCase()}/.well-known/openid-configuration`)).status, 404);
    for (const authority of [door.issuer, `${door.issuer}/`]) {
      const clock = fastClock();
      const pca = app(authority, { clock });
      const { account, authority: asked, idTokenClaims, accessToken } = await signIn(pca);
      assert.equal(account.username, 'ada@example.com');
      assert.equal(asked, `${door.issuer}/`);
      assert.equal(idTokenClaims.iss, door.issuer);
      await clock.sleep(3_600_000);
      const renewed = await pca.acquireTokenSilent({ scopes: ['email'], account });
      assert.notEqual(renewed.accessToken, accessToken);
    }
    assert.deepEqual([...new Set(door.seen.map(({ path }) => path))], ['/Realms/MyRealm/device/auth', '/Realms/MyRealm/token']);
  });

  it('has both, and demands PKCE', async (test) => {
    const configuration = { routes: { device_authorization: '/Some/Other/Path' } };
    const door = await startProvider({ path: '/Realms/MyRealm', configuration });
    test.after(() => door.close());
    door.rule = demandsPkce();
    const flow = new DeviceCodeFlow(app(door.issuer), { scopes: [] });
    const { verificationUri } = await flow.initiateDeviceCodeFlow();
    assert.equal(verificationUri, `${door.issuer}/device`);
    const resumed = DeviceCodeFlow.resume(app(door.issuer), JSON.stringify(flow));
    assert.equal((await resumed.acquireTokenByDeviceCode()).account.username, 'ada@example.com');
    assert.deepEqual(door.seen.map(({ path }) => path.slice('/Realms/MyRealm'.length)), ['/Some/Other/Path', '/Some/Other/Path', '/token', '/token']);
  });
});
