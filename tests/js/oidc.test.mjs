// End to end against oidc-provider, over real HTTP, with the person played through the server's own pages.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { DeviceCodeFlow, PublicClientApplication, ServerError } from 'doorcode';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { approve, decline, disown } from '../../examples/authorization-server/person.mjs';
import { fastClock } from './support/clock.mjs';

let server;
/** What the person does when a flow is polled; replaced by each test. */
let person = () => {};
before(async () => {
  server = await startAuthorizationServer({ onPoll: (poll) => person(poll) });
});
after(() => server.close());
afterEach(() => (person = () => {}));

const page = () => `${server.issuer}/device`;
const afterTwoPolls = (act) => async ({ count, userCode }) => {
  if (count === 2) await act(page(), userCode);
};

function app(system = {}) {
  return new PublicClientApplication({
    auth: { clientId: CLIENT_ID, authority: server.issuer },
    system: { clock: fastClock(), ...system },
  });
}

const failure = (promise) => promise.then(() => assert.fail('it was to be refused'), (error) => error);

describe('against oidc-provider', () => {
  it('a person approves and is signed in', async () => {
    person = afterTwoPolls(approve);
    const clock = fastClock();
    const progress = [];
    let codes;
    const result = await app({ clock }).acquireTokenByDeviceCode({
      scopes: ['email'],
      deviceCodeCallback: (response) => void (codes = response),
      progressCallback: (report) => void progress.push(report),
    });

    assert.equal(codes.verificationUri, page());
    assert.equal(codes.verificationUriComplete, `${page()}?user_code=${codes.userCode}`);
    assert.equal(codes.message, `To sign in, open ${page()} in a browser and enter the code ${codes.userCode}.`);
    assert.equal(codes.interval, 5, 'the default of RFC 8628, for the server sends none');
    assert.deepEqual(clock.slept, [5000, 5000, 5000], 'one interval before each poll');
    assert.deepEqual(progress.map(({ status, nextPollIn, polls }) => [status, nextPollIn, polls]), [
      ['pending', 5, 1],
      ['pending', 5, 2],
    ]);
    assert.ok(progress[0].secondsLeft > progress[1].secondsLeft);

    assert.equal(result.account.username, 'ada@example.com');
    assert.equal(result.account.name, 'Ada Lovelace');
    assert.equal(result.account.homeAccountId, 'ada');
    assert.equal(result.account.authorityType, 'Generic');
    assert.equal(result.account.environment, new URL(server.issuer).host);
    assert.equal(result.authority, `${server.issuer}/`);
    assert.equal(result.uniqueId, 'ada');
    assert.equal(result.idTokenClaims.aud, CLIENT_ID);
    assert.equal(result.tokenType, 'Bearer');
    assert.equal(result.fromCache, false);
    assert.ok(Math.abs(result.expiresOn - clock.now() - 3_600_000) < 60_000);

    const userinfo = await fetch(`${server.issuer}/me`, { headers: { authorization: `Bearer ${result.accessToken}` } });
    assert.equal((await userinfo.json()).email, 'ada@example.com');
  });

  it('a person declines, on either page', async () => {
    for (const act of [decline, disown]) {
      person = afterTwoPolls(act);
      const error = await failure(app().acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} }));
      assert.ok(error instanceof ServerError);
      assert.equal(error.errorCode, 'access_denied');
      assert.equal(error.status, 400);
      assert.match(error.remedy, /accept/);
    }
  });

  it('a code expires on the server', async () => {
    person = async ({ count, userCode }) => {
      if (count !== 2) return;
      const code = await server.provider.DeviceCode.findByUserCode(userCode.replace(/\W/g, ''), { ignoreExpiration: true });
      code.exp = Math.floor(Date.now() / 1000) - 10;
      code.iat = code.exp - 60;
      await code.save(60);
    };
    const error = await failure(app().acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} }));
    assert.equal(error.errorCode, 'device_code_expired');
    assert.match(error.message, /expired_token/, 'the server said so');
  });

  it('a code expires by our own clock', async () => {
    let codes;
    const clock = fastClock();
    const error = await failure(
      app({ clock }).acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback: (response) => void (codes = response) }),
    );
    assert.equal(error.errorCode, 'device_code_expired');
    const waited = clock.slept.reduce((sum, piece) => sum + piece, 0);
    assert.ok(waited <= codes.expiresIn * 1000 && waited > (codes.expiresIn - 10) * 1000);
  });

  it('an async callback is awaited, and what it throws is what the caller gets', async () => {
    const thrown = new Error('the printer is on fire');
    let polls = 0;
    person = () => void polls++;
    for (const deviceCodeCallback of [
      () => {
        throw thrown;
      },
      async () => {
        await new Promise(setImmediate);
        throw thrown;
      },
    ]) {
      assert.equal(await failure(app().acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback })), thrown);
    }
    const progressCallback = async () => Promise.reject(thrown);
    assert.equal(await failure(app().acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {}, progressCallback })), thrown);
    assert.equal(polls, 1, 'only the flow that got as far as a poll');
  });

  it('an AbortSignal ends the flow at once, with its reason as the cause', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    // The runtime's own clock: the flow is in the middle of a wait of five seconds.
    const pca = app({ clock: undefined });
    const started = Date.now();
    const error = await failure(
      pca.acquireTokenByDeviceCode({
        scopes: [],
        signal: controller.signal,
        deviceCodeCallback: () => void setImmediate(() => controller.abort(reason)),
      }),
    );
    assert.equal(error.errorCode, 'device_code_polling_cancelled');
    assert.equal(error.cause, reason);
    assert.ok(Date.now() - started < 4000, 'not the interval');

    const before = await failure(pca.acquireTokenByDeviceCode({ scopes: [], signal: AbortSignal.abort(reason), deviceCodeCallback() {} }));
    assert.equal(before.errorCode, 'device_code_polling_cancelled');
    assert.equal(before.cause, reason);
  });

  it('`cancel` on the caller\'s own request is noticed within a second', async () => {
    const request = { scopes: [], deviceCodeCallback: () => void setImmediate(() => (request.cancel = true)) };
    const started = Date.now();
    const error = await failure(app({ clock: undefined }).acquireTokenByDeviceCode(request));
    assert.equal(error.errorCode, 'device_code_polling_cancelled');
    assert.ok(Date.now() - started < 4000, 'not the interval');
  });

  it('a request whose `cancel` cannot be read ends its own flow, and no other', async () => {
    person = afterTwoPolls(approve);
    const thrown = new Error('mine');
    const request = { scopes: [], deviceCodeCallback() {}, get cancel() { throw thrown; } };
    const [one, other] = await Promise.allSettled([
      app({ clock: undefined }).acquireTokenByDeviceCode(request),
      app().acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} }),
    ]);
    assert.equal(one.reason?.cause, thrown);
    assert.equal(other.status, 'fulfilled');
  });

  it('`timeout` counts in seconds', async () => {
    const clock = fastClock();
    const error = await failure(app({ clock }).acquireTokenByDeviceCode({ scopes: [], timeout: 12, deviceCodeCallback() {} }));
    assert.equal(error.errorCode, 'user_timeout_reached');
    assert.match(error.message, /12 s/);
  });

  it('the request is never changed and may be frozen', async () => {
    person = afterTwoPolls(approve);
    const scopes = Object.freeze(['email']);
    const request = Object.freeze({ scopes, deviceCodeCallback() {}, extraParameters: Object.freeze({ ui_locales: 'de' }) });
    const before = JSON.stringify(request);
    for (let twice = 0; twice < 2; twice++) await app().acquireTokenByDeviceCode(request);
    assert.equal(JSON.stringify(request), before);
  });

  it('two people sign in at once through one application', async () => {
    const waiting = new Map();
    person = async ({ count, userCode }) => {
      if (count === 2) await approve(page(), userCode, waiting.get(userCode));
    };
    const pca = app();
    const signIn = (name) =>
      pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback: ({ userCode }) => void waiting.set(userCode.replace('-', ''), name) });
    const results = await Promise.all([signIn('ada'), signIn('grace')]);
    assert.deepEqual(results.map(({ account }) => account.username), ['ada@example.com', 'grace@example.com']);
  });

  it('no log line and no printed object shows a secret', async () => {
    person = afterTwoPolls(approve);
    const lines = [];
    let codes;
    const pca = app({ loggerOptions: { logLevel: 4, piiLoggingEnabled: true, loggerCallback: (_, line) => void lines.push(line) } });
    const result = await pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback: (response) => void (codes = response) });
    assert.ok(lines.length >= 5 && lines.every((line) => / : doorcode@\d+\.\d+\.\d+ : \w+ - /.test(line)), lines.join('\n'));
    const printed = lines.join('\n') + inspect(pca, { depth: 9, showHidden: true }) + inspect(codes, { depth: 9 }) + JSON.stringify(codes);
    for (const secret of [codes.deviceCode, result.accessToken, result.idToken]) {
      assert.ok(secret.length > 20 && !printed.includes(secret));
    }
  });
});

describe('DeviceCodeFlow', () => {
  it('starts here and finishes there', async () => {
    person = afterTwoPolls(approve);
    const flow = new DeviceCodeFlow(app(), { scopes: ['email'] });
    assert.equal(flow.deviceCodeResponse, undefined);
    const codes = await flow.initiateDeviceCodeFlow();
    assert.match(codes.message, new RegExp(codes.userCode));
    assert.equal(flow.deviceCodeResponse.userCode, codes.userCode);
    const progress = [];
    const result = await flow.acquireTokenByDeviceCode({ progressCallback: ({ polls }) => void progress.push(polls) });
    assert.equal(result.account.username, 'ada@example.com');
    assert.deepEqual(progress, [1, 2]);
    assert.equal((await failure(flow.poll())).errorCode, 'request_cannot_be_made');
    assert.equal((await failure(flow.initiateDeviceCodeFlow())).errorCode, 'request_cannot_be_made');
  });

  it('polls once at a time', async () => {
    const flow = new DeviceCodeFlow(app(), { scopes: [] });
    assert.equal((await failure(flow.poll())).errorCode, 'request_cannot_be_made', 'there is no code yet');
    const { userCode } = await flow.initiateDeviceCodeFlow();
    assert.deepEqual(await flow.poll(), { status: 'pending', retryAfter: 5 });
    const both = await Promise.allSettled([flow.poll(), flow.poll()]);
    assert.deepEqual(both.map(({ status, reason }) => reason?.errorCode ?? status), ['fulfilled', 'request_cannot_be_made']);
    await approve(page(), userCode);
    const { status, result } = await flow.poll();
    assert.equal(status, 'done');
    assert.equal(result.account.username, 'ada@example.com');
  });

  it('goes on after an abort', async () => {
    const flow = new DeviceCodeFlow(app(), { scopes: [] });
    const [{ value: { userCode } }, second] = await Promise.allSettled([flow.initiateDeviceCodeFlow(), flow.initiateDeviceCodeFlow()]);
    assert.equal(second.reason.errorCode, 'request_cannot_be_made', 'one flow, one code');
    const error = await failure(flow.acquireTokenByDeviceCode({ signal: AbortSignal.abort() }));
    assert.equal(error.errorCode, 'device_code_polling_cancelled');
    await approve(page(), userCode);
    assert.equal((await flow.acquireTokenByDeviceCode()).account.username, 'ada@example.com');
  });

  it('is carried to another process', async () => {
    const flow = new DeviceCodeFlow(app(), { scopes: ['email'] });
    const { userCode, deviceCode } = await flow.initiateDeviceCodeFlow();
    await flow.poll();
    const saved = JSON.stringify(flow);
    assert.ok(saved.includes(deviceCode), 'as its documentation says');
    assert.ok(!inspect(flow, { depth: 9, showHidden: true }).includes(deviceCode));
    await approve(page(), userCode);
    const script = fileURLToPath(new URL('support/resume.mjs', import.meta.url));
    const env = { ...process.env, CLIENT_ID, AUTHORITY: server.issuer, SAVED: saved };
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
    assert.equal(stdout.trim(), 'ada@example.com');
  });

  it('keeps its timeout on the way', async () => {
    const flow = new DeviceCodeFlow(app(), { scopes: [], timeout: 12 });
    await flow.initiateDeviceCodeFlow();
    const resumed = DeviceCodeFlow.resume(app(), JSON.stringify(flow));
    assert.equal((await failure(resumed.acquireTokenByDeviceCode())).errorCode, 'user_timeout_reached');
  });

  it('refuses what is not a saved flow, and another client\'s', async () => {
    const flow = new DeviceCodeFlow(app(), { scopes: [] });
    await flow.initiateDeviceCodeFlow();
    const saved = flow.toJSON();
    const other = new PublicClientApplication({ auth: { clientId: 'other', authority: server.issuer } });
    for (const [pca, wrong] of [[other, saved], [app(), {}], [app(), 'x'], [app(), undefined], [app(), { ...saved, version: 9 }]]) {
      assert.throws(() => DeviceCodeFlow.resume(pca, wrong), { errorCode: 'invalid_request_parameter', field: 'saved' });
    }
    assert.throws(() => DeviceCodeFlow.resume({}, saved), { field: 'pca' });
  });
});
