// Secrets in odd places: what a network client throws, ways of writing a secret, and replies that bring secrets where they do not belong.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { AuthError, DeviceCodeFlow, diagnose, PublicClientApplication } from 'doorcode';
import { app, BEHAVIOUR, failure, scopes, signIn } from './support/app.mjs';
import { fastClock } from './support/clock.mjs';
import { startEntra } from './support/entra.mjs';
import { jwt } from './support/jwt.mjs';
import { CODES } from './support/scripted.mjs';

const ISSUER = 'https://id.example';
const CONFIGURATION = { issuer: ISSUER, device_authorization_endpoint: `${ISSUER}/device`, token_endpoint: `${ISSUER}/token` };
const reply = (body, status = 200) => ({ status, headers: {}, body });
const lines = [];
const loggerOptions = { logLevel: 4, piiLoggingEnabled: true, loggerCallback: (_, line) => void lines.push(line) };
beforeEach(() => void (lines.length = 0));

/** An application whose network answers the two POSTs as told. */
function configuration({ device = reply(CODES), token }) {
  const say = async (answer, ...args) => (typeof answer === 'function' ? answer(...args) : answer);
  const networkClient = {
    sendGetRequestAsync: async () => reply(CONFIGURATION),
    sendPostRequestAsync: (url, { body }) => (url.endsWith('/device') ? say(device, body) : say(token, body)),
  };
  return { auth: { clientId: 'client', authority: ISSUER }, system: { clock: fastClock(), protocolMode: 'OIDC', loggerOptions, networkClient } };
}
const run = (answers) => failure(signIn(new PublicClientApplication(configuration(answers))));

/** Looks for secrets in all that can be seen of an error, and in the log. */
function clean(error, ...secrets) {
  const texts = [lines.join('\n')];
  for (let at = error; at; at = at.cause) texts.push(inspect(at, { depth: Infinity, showHidden: true }), JSON.stringify(at), String(at), String(at.stack));
  for (const secret of secrets) for (const text of texts) assert.ok(!text.includes(secret), `${secret} is in ${text.slice(0, 400)}`);
}
const thrown = (make) => ({ token: (body) => { throw Object.assign(make(body, 'DC-secret'), { status: 200 }); } });

describe('what a network client throws hides', () => {
  it('a secret in the seventh of a chain of causes', async () => {
    clean(await run(thrown((_, code) => { let e = new Error(`inner ${code}`); for (let i = 0; i < 6; i++) e = new Error('outer', { cause: e }); return e; })), 'DC-secret');
  });
  it('a secret in an AggregateError', async () => clean(await run(thrown((_, code) => new AggregateError([new Error(code)], 'all failed'))), 'DC-secret'));
  it('a secret in a property that is not enumerable, as got attaches its request', async () =>
    clean(await run(thrown((body) => Object.defineProperty(new Error('failed'), 'request', { value: { body } }))), 'DC-secret'));
  it('a secret under a symbol', async () => clean(await run(thrown((body) => Object.assign(new Error('failed'), { [Symbol('request')]: { body } }))), 'DC-secret'));
  it('a secret on a function', async () => clean(await run(thrown((body) => Object.assign(new Error('failed'), { retry: Object.assign(() => {}, { body }) }))), 'DC-secret'));
  it('a secret that a class prints of itself', async () => {
    class Own extends Error { #body; constructor(body) { super('failed'); this.#body = body; } [inspect.custom]() { return this.#body; } }
    clean(await run(thrown((body) => new Own(body))), 'DC-secret');
  });
  it('a token of the reply that another parser than JSON.parse itself quotes', async () => {
    const quoted = `invalid json response body, reason: Unexpected token 'A', "AT-secret" is not valid JSON`; // node-fetch's FetchError
    clean(await run({ token: () => { throw Object.assign(new Error(quoted), { name: 'FetchError', status: 200 }); } }), 'AT-secret');
  });
});

describe('a secret is found however it is written', () => {
  for (const [code, write] of [
    ['DC"secret', (code) => JSON.stringify({ code })],
    ['DC\\secret', (code) => JSON.stringify({ code })],
    ['DC/secret', (code) => code.replaceAll('/', '\\/')],
    ['DC~secret', (code) => String(new URLSearchParams({ code }))],
    ['DC secret', (code) => String(new URLSearchParams({ code }))],
  ]) {
    const forms = [JSON.stringify(code).slice(1, -1), code.replaceAll('/', '\\/'), String(new URLSearchParams({ '': code })).slice(1)];
    it(`${code} echoed as ${write(code)}`, async () => {
      const device = reply({ ...CODES, device_code: code });
      clean(await run({ device, token: reply({ error: 'invalid_request', error_description: write(code) }, 400) }), ...forms);
    });
    it(`${code} in a claims challenge as ${write(code)}`, async () => {
      const device = reply({ ...CODES, device_code: code });
      const error = await run({ device, token: reply({ error: 'interaction_required', claims: write(code) }, 400) });
      for (const form of forms) assert.ok(!error.claims.includes(form), error.claims);
    });
    it(`${code} thrown as ${write(code)}`, async () => {
      const device = reply({ ...CODES, device_code: code });
      clean(await run({ device, token: () => { throw Object.assign(new Error(write(code)), { status: 200 }); } }), ...forms);
    });
  }
});

describe('what a reply brings where it does not belong is not shown', () => {
  it('the device code in the page of the same reply', async () => clean(await run({ device: reply({ ...CODES, verification_uri: 'http://evil.example/DC-secret' }) }), 'DC-secret'));
  it('the device code in the complete page of the same reply', async () =>
    clean(await run({ device: reply({ ...CODES, verification_uri_complete: 'http://evil.example/DC-secret' }) }), 'DC-secret'));
  it('the device code in a refusal that brings it along', async () =>
    clean(await run({ device: reply({ ...CODES, error: 'invalid_request', error_description: 'made DC-secret' }) }), 'DC-secret'));
  it('tokens in a refusal that brings them along', async () =>
    clean(await run({ token: reply({ error: 'invalid_grant', error_description: 'made AT-secret', access_token: 'AT-secret' }, 400) }), 'AT-secret'));
  it('an access token as the issuer of an ID token', async () => {
    const id_token = jwt({ iss: 'AT-secret', aud: 'client', exp: Date.now() });
    clean(await run({ token: reply({ access_token: 'AT-secret', id_token }) }), 'AT-secret');
  });
  it('the device code in what diagnose found', async () => {
    const found = await diagnose(configuration({ device: reply({ ...CODES, verification_uri: 'http://evil.example/DC-secret' }) }));
    assert.ok(!JSON.stringify(found).includes('DC-secret'), JSON.stringify(found));
  });
  it('the device code in the log line on External ID\'s page', async () => {
    const logged = [];
    const host = 'https://contoso.ciamlogin.com';
    const pca = new PublicClientApplication({
      auth: { clientId: 'c', authority: `${host}/contoso.onmicrosoft.com` },
      system: {
        clock: fastClock(), loggerOptions: { logLevel: 4, loggerCallback: (_, line) => void logged.push(line) },
        networkClient: {
          sendGetRequestAsync: async () => reply({ issuer: `${host}/11111111-2222-4333-8444-555555555555/v2.0`, device_authorization_endpoint: `${host}/x/devicecode`, token_endpoint: `${host}/x/token` }),
          sendPostRequestAsync: async (url) => (url.endsWith('/token') ? reply({ error: 'access_denied' }, 400) : reply({ ...CODES, verification_uri: 'https://microsoft.com/devicelogin?x=DC-secret' })),
        },
      },
    });
    await failure(signIn(pca));
    assert.ok(!logged.join().includes('DC-secret'), logged.join('\n'));
  });
});

describe('beside that', () => {
  let entra;
  before(async () => void (entra = await startEntra(BEHAVIOUR)));
  after(() => entra.close());
  beforeEach(() => void Object.assign(entra.options, BEHAVIOUR));

  it('acquireToken answers the server\'s challenge, though the caller had claims of its own', async () => {
    const pca = app();
    const { account } = await signIn(pca);
    const theirs = '{"access_token":{"capolids":{"essential":true,"values":["x"]}}}';
    entra.options.onRefresh = () => ({ body: entra.refusal('interaction_required', 50076, 'MFA.', { claims: theirs }) });
    entra.seen.length = 0;
    await pca.acquireToken({ scopes, account, claims: '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}', deviceCodeCallback() {} });
    const sent = entra.seen.find(({ url }) => url.pathname.endsWith('/devicecode')).form.get('claims');
    assert.ok(JSON.parse(sent).access_token.capolids, sent);
  });
  it('a tenant that there is not, named by its domain in a silent request, has the page of its remedy', async () => {
    const pca = app();
    const { account } = await signIn(pca);
    const error = await failure(pca.acquireTokenSilent({ scopes, account, authority: 'https://login.microsoftonline.com/nowhere.example' }));
    assert.deepEqual([error.errorNo, error.remedyUrl], ['90002', 'https://learn.microsoft.com/entra/fundamentals/how-to-find-tenant']);
  });
  it('what JSON cannot carry is told by an AuthError', async () => {
    const cyclic = {};
    cyclic.self = cyclic;
    for (const way of [
      () => app({ auth: { authorityMetadata: cyclic } }), () => app({ auth: { cloudDiscoveryMetadata: { a: 1n } } }),
      () => DeviceCodeFlow.resume(app(), cyclic),
    ]) {
      const error = await failure((async () => way())());
      assert.ok(error instanceof AuthError, inspect(error));
    }
  });
});
