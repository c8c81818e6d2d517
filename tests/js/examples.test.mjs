// The examples for one server or another, as a person runs them; and plain OAuth through the library, at a server of GitHub's shape.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { AuthError, ClientAuthError, DeviceCodeFlow, PublicClientApplication, ServerError } from 'doorcode';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { approve, decline } from '../../examples/authorization-server/person.mjs';
import { failure } from './support/app.mjs';
import { fastClock } from './support/clock.mjs';
import { CLIENT_ID as GITHUB_CLIENT_ID, ERRORS_PAGE, HUBOT, OCTOCAT, startGitHub } from './support/github.mjs';
import { jwt } from './support/jwt.mjs';

const hurry = new URL('support/hurry.mjs', import.meta.url).href;

/** Runs an example; `onText` sees what it has printed so far and may send it a signal. */
function run(example, env, onText = () => {}) {
  return new Promise((resolve) => {
    const file = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url));
    const options = { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] };
    const child = spawn(process.execPath, ['--import', hurry, file], options);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk;
        onText(text, child);
      });
    }
    child.on('close', (code) => resolve({ code, text, lines: text.trim().split('\n') }));
  });
}

/** Presses Ctrl-C once the code is shown. */
function interrupt() {
  let isSent = false;
  return (text, child) => {
    if (!isSent && text.includes('enter the code')) isSent = child.kill('SIGINT');
  };
}

describe('examples/openid', () => {
  let server;
  let person = () => {};
  before(async () => {
    server = await startAuthorizationServer({
      interval: 2, // hurry.mjs leaves waits of less than a second alone
      onPoll: async ({ count, userCode }) => {
        if (count === 2) await person(`${server.issuer}/device`, userCode);
      },
    });
  });
  after(() => server.close());
  afterEach(() => (person = () => {}));
  const signIn = (env, onText) => run('openid/sign-in.mjs', { ISSUER: server.issuer, CLIENT_ID, ...env }, onText);

  it('shows the page and the code, and ends with who signed in', async () => {
    person = approve;
    const { code, text, lines } = await signIn();
    assert.equal(code, 0, text);
    assert.match(lines[0], /^To sign in, open http:\/\/127\.0\.0\.1:\d+\/device in a browser and enter the code [A-Z]{4}-[A-Z]{4}\.$/);
    assert.match(lines[1], /^Or open it with the code in it: http:\/\/127\.0\.0\.1:\d+\/device\?user_code=[A-Z]{4}-[A-Z]{4}$/);
    assert.match(lines[2], /^userinfo \(status 200\): .*"email":"ada@example.com"/);
    assert.deepEqual(lines.slice(3), ['signed in as ada@example.com']);
  });

  it('says what a person can do who declined', async () => {
    person = decline;
    const { code, lines } = await signIn();
    assert.equal(code, 1);
    assert.match(lines[2], /^access_denied: .*The person said no$/);
    assert.equal(lines[3], 'Start again, and accept when asked.');
  });

  it('ends with Ctrl-C', async () => {
    const { code, text, lines } = await signIn({}, interrupt());
    assert.equal(code, 130, text);
    assert.match(lines[2], /^device_code_polling_cancelled: /);
    assert.doesNotMatch(text, /signed in as|\n {4}at /);
  });

  it('says what to do about a client that the provider does not know', async () => {
    const { code, lines } = await signIn({ CLIENT_ID: 'nobody' });
    assert.equal(code, 1);
    assert.match(lines[0], /^invalid_client: /);
    assert.match(lines[1], /^Check the client id/);
  });

  it('says what is missing, and asks nobody', async () => {
    for (const [env, code] of [[{ ISSUER: '' }, 'empty_url_error'], [{ CLIENT_ID: '' }, 'invalid_configuration']]) {
      const { code: exit, text, lines } = await signIn(env);
      assert.equal(exit, 1, text);
      assert.ok(lines[0].startsWith(`${code}: `), text);
      assert.doesNotMatch(text, /\n {4}at /);
    }
  });
});

/** A server of GitHub's shape, and what it saw in the test that runs. */
let github;
before(async () => {
  github = await startGitHub();
});
after(() => github.close());
afterEach(() => {
  const onPoll = (poll) => (poll > 1 ? undefined : 'authorization_pending');
  Object.assign(github.options, { onPoll, slowDownBy: 5, isEnabled: true, isGitHubApp: false, person: OCTOCAT, more: {} });
  github.seen.length = 0;
});
const sent = (path) => github.seen.filter((request) => request.path === path);
const toDeviceEndpoint = () => sent('/login/device/code');
const toTokenEndpoint = () => sent('/login/oauth/access_token');

describe('examples/github', () => {
  const signIn = (env, onText) =>
    run('github/sign-in.mjs', { CLIENT_ID: GITHUB_CLIENT_ID, GITHUB: github.origin, GITHUB_API: github.api, ...env }, onText);

  it('shows the page and the code, finds the token at hand, and ends with who signed in', async () => {
    const { code, text, lines } = await signIn();
    assert.equal(code, 0, text);
    assert.deepEqual(lines, [
      `To sign in, open ${github.origin}/login/device in a browser and enter the code WDJB-MJHT.`,
      'GitHub granted: read:user',
      'asked again, the token was at hand',
      'signed in as octocat',
    ]);
    assert.equal(toDeviceEndpoint().length, 1);
  });

  it('says what a person can do who declined', async () => {
    github.options.onPoll = () => 'access_denied';
    const { code, lines } = await signIn();
    assert.equal(code, 1);
    assert.match(lines[1], /^access_denied: .*The authorization request was denied\.$/);
    assert.equal(lines[2], 'Start again, and accept when asked.');
  });

  it('ends with Ctrl-C', async () => {
    github.options.onPoll = () => 'authorization_pending';
    const { code, text, lines } = await signIn({}, interrupt());
    assert.equal(code, 130, text);
    assert.match(lines[1], /^device_code_polling_cancelled: /);
    assert.doesNotMatch(text, /signed in as|\n {4}at /);
  });

  it('says that the device flow is not switched on', async () => {
    github.options.isEnabled = false;
    const { code, lines } = await signIn();
    assert.equal(code, 1);
    assert.equal(lines[0], 'device_flow_disabled: Device Flow must be explicitly enabled for this App');
  });

  it('says when the API is elsewhere', async () => {
    const { code, lines } = await signIn({ GITHUB_API: github.origin });
    assert.equal(code, 1);
    assert.equal(lines.at(-1), `${github.origin}/user answered with status 404`);
  });
});

describe('plain OAuth', () => {
  const described = () => ({
    device_authorization_endpoint: `${github.origin}/login/device/code`,
    token_endpoint: `${github.origin}/login/oauth/access_token`,
  });
  const app = ({ system, clock = fastClock(), ...auth } = {}) =>
    new PublicClientApplication({
      auth: { clientId: GITHUB_CLIENT_ID, authority: github.origin, authorityMetadata: described(), ...auth },
      system: { clock, ...system },
    });
  const scopes = ['read:user', 'gist'];
  const signIn = (pca = app(), request) => pca.acquireTokenByDeviceCode({ scopes, deviceCodeCallback() {}, ...request });
  const nobodyIsAsked = { scopes, deviceCodeCallback: () => assert.fail('the person is asked') };
  const whoHas = async ({ accessToken }) => {
    const answer = await fetch(`${github.api}/user`, { headers: { authorization: `Bearer ${accessToken}` } });
    return (await answer.json()).login;
  };

  it('signs a person in without discovery and without an ID token', async () => {
    const result = await signIn();
    assert.equal(await whoHas(result), 'octocat');
    assert.equal(result.authority, `${github.origin}/`);
    assert.equal(result.tokenType, 'bearer');
    assert.equal(result.fromCache, false);
    assert.equal(result.expiresOn, null, 'the server does not tell');
    assert.equal(result.idToken, '');
    assert.deepEqual(result.idTokenClaims, {});
    assert.equal(result.uniqueId, '');
    assert.equal(result.tenantId, '');
    assert.deepEqual(result.scopes, ['gist', 'read:user'], 'commas are between them');
    assert.deepEqual([...new Set(github.seen.map(({ path }) => path))], ['/login/device/code', '/login/oauth/access_token', '/api/v3/user']);
  });

  it('takes the description as JSON text as well', async () => {
    assert.equal(await whoHas(await signIn(app({ authorityMetadata: JSON.stringify(described()) }))), 'octocat');
  });

  it('asks nobody but the server that is described', async () => {
    const urls = [];
    const send = (method) => async (url, { headers, body }) => {
      urls.push(url);
      const answer = await fetch(url.replace('https://github.com', github.origin), { method, headers, body });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
    };
    const networkClient = { sendGetRequestAsync: send('GET'), sendPostRequestAsync: send('POST') };
    const authorityMetadata = {
      device_authorization_endpoint: 'https://github.com/login/device/code',
      token_endpoint: 'https://github.com/login/oauth/access_token',
    };
    const { account } = await signIn(app({ authority: 'https://github.com', authorityMetadata, system: { networkClient } }));
    assert.equal(account.environment, 'github.com');
    const { device_authorization_endpoint: code, token_endpoint: token } = authorityMetadata;
    assert.deepEqual(urls, [code, token, token]);
  });

  it('asks for JSON, of a server that would answer with a form', async () => {
    const body = new URLSearchParams({ client_id: GITHUB_CLIENT_ID });
    const plain = await fetch(described().device_authorization_endpoint, { method: 'POST', body });
    assert.match(await plain.text(), /^device_code=\w+&user_code=WDJB-MJHT&/);
    github.seen.length = 0;
    await signIn();
    assert.equal(github.seen.length, 3);
    for (const { headers } of github.seen) assert.match(headers.accept, /^application\/json\b/);
  });

  it('sends what RFC 8628 says, no OpenID scope, and nothing of Microsoft\'s', async () => {
    await signIn();
    const [{ form: asked }] = toDeviceEndpoint();
    assert.deepEqual(Object.fromEntries(asked), { client_id: GITHUB_CLIENT_ID, scope: 'read:user gist' });
    for (const { form } of toTokenEndpoint()) {
      assert.match(form.get('device_code'), /^[0-9a-f]{40}$/);
      assert.deepEqual([...form.keys()].sort(), ['client_id', 'device_code', 'grant_type', 'scope']);
      assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:device_code');
    }
    for (const { url, headers } of github.seen) {
      assert.equal(url.search, '');
      assert.deepEqual(Object.keys(headers).filter((name) => /^x-|client-request-id/.test(name)), []);
    }
  });

  it('sends no scope where none is asked for', async () => {
    const result = await signIn(app(), { scopes: [] });
    assert.ok(github.seen.length === 3 && github.seen.every(({ form }) => !form.has('scope')));
    assert.deepEqual(result.scopes, []);
  });

  it('keeps the interval that comes with slow_down', async () => {
    const answers = ['slow_down', 'authorization_pending', 'slow_down', 'authorization_pending'];
    github.options.onPoll = (poll) => answers[poll - 1];
    for (const [slowDownBy, waits] of [[5, [10, 10, 15, 15]], [20, [25, 25, 45, 45]]]) {
      github.options.slowDownBy = slowDownBy;
      const progress = [];
      await signIn(app(), { progressCallback: ({ status, nextPollIn }) => void progress.push([status, nextPollIn]) });
      assert.deepEqual(progress, answers.map((answer, poll) => [answer.replace('authorization_', ''), waits[poll]]));
    }
  });

  for (const [error, type, errorCode, remedy] of [
    ['access_denied', ServerError, 'access_denied', /accept when asked/],
    ['expired_token', ClientAuthError, 'device_code_expired', /get a new code/],
    ['incorrect_device_code', ServerError, 'incorrect_device_code'],
    ['incorrect_client_credentials', ServerError, 'incorrect_client_credentials'],
    ['unsupported_grant_type', ServerError, 'unsupported_grant_type', /does not offer .* tick Enable Device Flow/],
    ['device_flow_disabled', ServerError, 'device_flow_disabled'],
  ]) it(`takes ${error} for a refusal, though its status is 200`, async () => {
    github.options.onPoll = () => error;
    const refused = await failure(signIn());
    assert.equal(refused.constructor, type);
    assert.ok(refused instanceof AuthError);
    assert.equal(refused.errorCode, errorCode);
    assert.equal(refused.status, 200);
    assert.equal(refused.errorUri, ERRORS_PAGE);
    assert.ok(refused.errorMessage.includes(refused.errorDescription) && refused.errorDescription);
    if (remedy) assert.match(refused.remedy, remedy);
    assert.equal(toTokenEndpoint().length, 1, 'and asks no more');
  });

  it('takes a refusal of the device endpoint for one', async () => {
    github.options.isEnabled = false;
    const refused = await failure(signIn());
    assert.ok(refused instanceof ServerError);
    assert.equal(refused.errorCode, 'device_flow_disabled');
    assert.equal((await failure(signIn(app({ clientId: 'another' })))).errorCode, 'incorrect_client_credentials');
    assert.equal(toTokenEndpoint().length, 0);
  });

  it('gives each sign-in an account of its own, for two may be two people', async () => {
    const pca = app();
    const first = await signIn(pca);
    const second = await signIn(pca);
    github.options.person = HUBOT;
    const third = await signIn(pca);
    const homes = [first, second, third].map(({ account }) => account.homeAccountId);
    assert.equal(new Set(homes).size, 3);
    for (const { account } of [first, second, third]) {
      assert.ok(account.homeAccountId.length >= 32 && account.localAccountId === account.homeAccountId);
      assert.equal(account.environment, new URL(github.origin).host);
      assert.equal(account.authorityType, 'Generic');
      assert.equal(account.username, '');
    }
    assert.deepEqual((await pca.getAllAccounts()).map(({ homeAccountId }) => homeAccountId).sort(), homes.sort());
    for (const { account, accessToken } of [first, second, third]) {
      assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    }
    assert.deepEqual([await whoHas(first), await whoHas(third)], ['octocat', 'hubot']);
  });

  it('finds the token at hand, by the account or the last one used, however long it is', async () => {
    const clock = fastClock();
    const pca = app({ clock });
    const { account, accessToken } = await signIn(pca);
    github.seen.length = 0;
    for (const years of [0, 20]) {
      await clock.sleep(years * 365 * 86_400_000);
      for (const found of [
        await pca.acquireTokenSilent({ scopes, account }),
        await pca.acquireTokenSilent({ scopes: ['gist'], account }),
        await pca.acquireToken({ ...nobodyIsAsked, account }),
        await pca.acquireToken(nobodyIsAsked),
      ]) {
        assert.equal(found.accessToken, accessToken);
        assert.equal(found.fromCache, true);
        assert.equal(found.expiresOn, null);
        assert.deepEqual(found.account, account);
      }
    }
    assert.equal(github.seen.length, 0);
  });

  it('tells no other end of a token that has none', async () => {
    const pca = app();
    const { account, extExpiresOn } = await signIn(pca);
    assert.equal(extExpiresOn, undefined);
    assert.equal((await pca.acquireTokenSilent({ scopes, account })).extExpiresOn, undefined);
  });

  it('asks the person where there is no token, or none with that scope', async () => {
    const pca = app();
    let asked = 0;
    const request = { scopes: ['gist'], deviceCodeCallback: () => void asked++ };
    assert.equal((await pca.acquireToken(request)).fromCache, false);
    assert.equal((await pca.acquireToken(request)).fromCache, true);
    assert.equal((await pca.acquireToken({ ...request, scopes: ['repo'] })).fromCache, false);
    assert.equal(asked, 2);
    const [account] = await pca.getAllAccounts();
    assert.equal((await failure(pca.acquireTokenSilent({ scopes: ['admin:org'], account }))).errorCode, 'no_tokens_found');
  });

  it('forgets an account that signs out, and no other', async () => {
    const pca = app();
    const [one, other] = [await signIn(pca), await signIn(pca)];
    await pca.signOut({ account: one.account });
    assert.deepEqual((await pca.getAllAccounts()).map(({ homeAccountId }) => homeAccountId), [other.account.homeAccountId]);
    assert.equal((await failure(pca.acquireTokenSilent({ scopes, account: one.account }))).errorCode, 'no_tokens_found');
    const blob = pca.getTokenCache().serialize();
    assert.ok(!blob.includes(one.accessToken) && blob.includes(other.accessToken));
  });

  it('hands its cache to another application, of the same client and the same server', async () => {
    const pca = app();
    const { account, accessToken } = await signIn(pca);
    const blob = pca.getTokenCache().serialize();
    const reader = (auth) => {
      const other = app(auth);
      other.getTokenCache().deserialize(blob);
      return other;
    };
    const found = await reader().acquireTokenSilent({ scopes, account });
    assert.deepEqual([found.accessToken, found.fromCache, found.expiresOn], [accessToken, true, null]);
    assert.deepEqual(found.account, account);
    assert.equal((await reader().acquireToken(nobodyIsAsked)).accessToken, accessToken);
    const elsewhere = { authority: 'https://github.example', authorityMetadata: { token_endpoint: 'https://github.example/token' } };
    for (const stranger of [reader({ clientId: 'another' }), reader(elsewhere)]) {
      assert.equal((await failure(stranger.acquireTokenSilent({ scopes, account }))).errorCode, 'no_tokens_found');
    }
  });

  it('renews the tokens of a GitHub App, each refresh token once', async () => {
    github.options.isGitHubApp = true;
    const clock = fastClock();
    const pca = app({ clock });
    const first = await signIn(pca, { scopes: [] });
    assert.ok(Math.abs(first.expiresOn - (clock.now() + 28_800_000)) < 60_000);
    const tokens = [first.accessToken];
    for (const hours of [0, 9, 9]) {
      await clock.sleep(hours * 3_600_000);
      const next = await pca.acquireTokenSilent({ scopes: [], account: first.account });
      assert.equal(next.fromCache, hours === 0);
      assert.equal(next.account.homeAccountId, first.account.homeAccountId);
      assert.ok(next.expiresOn - clock.now() > 28_000_000);
      assert.equal(await whoHas(next), 'octocat');
      tokens.push(next.accessToken);
    }
    assert.equal(new Set(tokens).size, 3);
    assert.equal((await pca.getAllAccounts()).length, 1);
    const renewals = toTokenEndpoint().map(({ form }) => form).filter((form) => form.get('grant_type') === 'refresh_token');
    assert.equal(renewals.length, 2);
    for (const form of renewals) assert.deepEqual([...form.keys()].sort(), ['client_id', 'grant_type', 'refresh_token']);
  });

  it('serves a GitHub App that names scopes, though it is granted none', async () => {
    github.options.isGitHubApp = true;
    const pca = app();
    const { accessToken } = await signIn(pca);
    assert.equal((await pca.acquireToken(nobodyIsAsked)).accessToken, accessToken);
  });

  it('asks the person when GitHub knows the refresh token no more', async () => {
    github.options.isGitHubApp = true;
    const clock = fastClock();
    const pca = app({ clock });
    await signIn(pca);
    github.forgetRefreshTokens();
    await clock.sleep(9 * 3_600_000);
    assert.equal((await pca.acquireToken({ scopes, deviceCodeCallback() {} })).fromCache, false);
    assert.equal(toDeviceEndpoint().length, 2);
  });

  it('does not look at an ID token', async () => {
    const claims = { iss: github.origin, aud: GITHUB_CLIENT_ID, sub: 'mallory', name: 'Mallory', exp: 4_102_444_800 };
    for (const id_token of [jwt(claims), jwt({ ...claims, exp: 1 }), 'nonsense']) {
      github.options.more = { id_token };
      const pca = app();
      const result = await signIn(pca);
      assert.equal(result.idToken, '');
      assert.deepEqual(result.idTokenClaims, {});
      assert.notEqual(result.account.homeAccountId, 'mallory');
      assert.equal(result.account.name, undefined);
      assert.ok(!pca.getTokenCache().serialize().includes(id_token));
    }
  });

  it('goes on with a saved flow', async () => {
    const flow = new DeviceCodeFlow(app(), { scopes });
    await flow.initiateDeviceCodeFlow();
    assert.deepEqual(await flow.poll(), { status: 'pending', retryAfter: 5 });
    const pca = app();
    const resumed = DeviceCodeFlow.resume(pca, JSON.stringify(flow));
    assert.equal(resumed.deviceCodeResponse.userCode, 'WDJB-MJHT');
    const result = await resumed.acquireTokenByDeviceCode();
    assert.equal(await whoHas(result), 'octocat');
    assert.equal((await pca.acquireTokenSilent({ scopes, account: result.account })).accessToken, result.accessToken);
    for (const { form } of toTokenEndpoint()) assert.equal(form.get('scope'), 'read:user gist');
  });

  it('goes on with a saved flow that asked for no scopes', async () => {
    const flow = new DeviceCodeFlow(app(), { scopes: [] });
    await flow.initiateDeviceCodeFlow();
    const resumed = DeviceCodeFlow.resume(app(), JSON.stringify(flow));
    assert.equal(await whoHas(await resumed.acquireTokenByDeviceCode()), 'octocat');
  });

  it('goes on with a saved flow at the server that it was told of, and at no other', async () => {
    const flow = new DeviceCodeFlow(app(), { scopes });
    await flow.initiateDeviceCodeFlow();
    const moved = { ...flow.toJSON(), tokenEndpoint: 'https://evil.example/token', issuer: 'https://evil.example' };
    assert.equal(await whoHas(await DeviceCodeFlow.resume(app(), moved).acquireTokenByDeviceCode()), 'octocat');
    const undescribed = DeviceCodeFlow.resume(app({ authorityMetadata: undefined }), JSON.stringify(flow));
    assert.equal((await failure(undescribed.poll())).errorCode, 'endpoints_resolution_error');
  });

  it('refuses a description that it cannot use, and says what is wrong', async () => {
    const { token_endpoint, device_authorization_endpoint } = described();
    for (const [authorityMetadata, problem] of [
      [{ device_authorization_endpoint }, /token_endpoint/],
      [{ token_endpoint: 'http://github.example/token', device_authorization_endpoint }, /token_endpoint/],
      ['{', /authorityMetadata/],
    ]) {
      assert.throws(() => app({ authorityMetadata }), { errorCode: 'invalid_authority_metadata', message: problem });
    }
    const refused = await failure(signIn(app({ authorityMetadata: { token_endpoint } })));
    assert.equal(refused.errorCode, 'invalid_authority_metadata');
    assert.match(refused.message, /device_authorization_endpoint/);
    assert.equal(github.seen.length, 0);
  });

  it('shows no secret, in a log or in an object that is printed', async () => {
    github.options.isGitHubApp = true;
    const lines = [];
    let codes;
    const loggerOptions = { logLevel: 4, piiLoggingEnabled: true, loggerCallback: (_, line) => void lines.push(line) };
    const pca = app({ system: { loggerOptions } });
    const { accessToken } = await signIn(pca, { deviceCodeCallback: (response) => void (codes = response) });
    const printed = [lines.join('\n'), inspect(pca, { depth: 9, showHidden: true }), inspect(codes, { depth: 9 })].join('\n');
    assert.ok(lines.length >= 3);
    const [, refreshToken] = /"(ghr_\w+)"/.exec(pca.getTokenCache().serialize());
    for (const secret of [codes.deviceCode, accessToken, refreshToken]) assert.ok(!printed.includes(secret));
  });
});
