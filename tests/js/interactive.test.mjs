// acquireTokenInteractive: against oidc-provider with a browser that is made of `fetch`, and against a server of Entra's shape whose answers
// the tests bring to the port themselves, as browsers and as others who know of it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, createServer } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it, mock } from 'node:test';
import { inspect } from 'node:util';
import { AuthError, ClientAuthError, ClientConfigurationError, PublicClientApplication, ServerError } from 'doorcode';
import { signIn } from '../../examples/authorization-server/person.mjs';
import { startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { AUTHORITY, failure, gate } from './support/app.mjs';
import { CLIENT, PERSON, TENANT } from './support/entra.mjs';
import { jwt } from './support/jwt.mjs';

const NATIVE = {
  client_id: 'native',
  client_name: 'The native demo',
  application_type: 'native',
  redirect_uris: ['http://localhost', 'http://127.0.0.1/signed-in', 'http://[::1]'],
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};

const titleOf = (html) => /<h1>([^<]*)<\/h1>/.exec(html)?.[1];
/** The parameters of the address that a browser is sent to. */
const parameters = (address) => Object.fromEntries(new URL(address).searchParams);

/** Whether something listens there. */
function isOpen(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.end() && resolve(true));
    socket.on('error', () => resolve(false));
  });
}

describe('acquireTokenInteractive against oidc-provider', () => {
  let server;
  before(async () => (server = await startAuthorizationServer({ configuration: { clients: [NATIVE] } })));
  after(() => server?.close());

  const app = () => new PublicClientApplication({ auth: { clientId: 'native', authority: server.issuer } });

  /** Signs somebody in; returns the outcome, the address that was opened, and the page at the end. */
  async function interactively(request, person) {
    let address;
    let page;
    const openBrowser = (url) => {
      address = url;
      page = signIn(url, person);
    };
    const pca = app();
    const outcome = await pca.acquireTokenInteractive({ scopes: ['email'], openBrowser, ...request }).catch((error) => error);
    return { pca, outcome, address, page: await page };
  }

  for (const responseMode of [undefined, 'query', 'form_post']) {
    it(`signs a person in, with the response mode ${responseMode ?? 'that is usual there'}`, async () => {
      const { pca, outcome, address, page } = await interactively({ responseMode });
      assert.equal(outcome.account?.username, 'ada@example.com', inspect(outcome));
      const asked = parameters(address);
      assert.match(asked.redirect_uri, /^http:\/\/localhost:\d+$/);
      assert.equal(asked.response_mode, responseMode ?? 'query');
      assert.equal(asked.code_challenge_method, 'S256');
      assert.equal(outcome.idTokenClaims.nonce, asked.nonce);
      assert.equal(titleOf(page.html), 'You are signed in');
      assert.equal(page.url, `${asked.redirect_uri}/`, 'neither the code nor the state stays in the address');
      assert.equal(await isOpen(new URL(asked.redirect_uri).port), false);
      const silent = await pca.acquireTokenSilent({ scopes: ['email'], account: outcome.account });
      assert.deepEqual([silent.accessToken, silent.fromCache], [outcome.accessToken, true]);
    });
  }

  it('makes a new state, nonce and challenge for each sign-in', async () => {
    const [one, other] = [await interactively(), await interactively({}, { login: 'grace' })].map(({ address }) => parameters(address));
    for (const name of ['state', 'nonce', 'code_challenge']) {
      assert.notEqual(one[name], other[name], name);
      assert.match(one[name], /^[\w-]{36,43}$/, name);
    }
  });

  it('asks for what the request says, and gives the state of the program back', async () => {
    const request = { state: 'mine', nonce: 'of mine', prompt: 'login', loginHint: 'ada@example.com', claims: '{"id_token":{"auth_time":null}}', extraQueryParameters: { ui_locales: 'de' } };
    const { outcome, address } = await interactively(Object.freeze(request));
    const { state, nonce, prompt, login_hint, claims, ui_locales } = parameters(address);
    assert.deepEqual([nonce, prompt, login_hint, claims, ui_locales], ['of mine', 'login', 'ada@example.com', request.claims, 'de']);
    assert.notEqual(state, 'mine');
    assert.equal(outcome.state, 'mine', inspect(outcome));
  });

  it('says what happened and what to do, to the program and on the page, when the person says no', async () => {
    const { outcome, page } = await interactively({}, { decision: 'cancel' });
    assert.ok(outcome instanceof ServerError);
    assert.equal(outcome.errorCode, 'access_denied');
    assert.equal(titleOf(page.html), 'You are not signed in');
    assert.ok(page.html.includes('The person said no'), page.html);
    assert.ok(outcome.remedy && page.html.includes(outcome.remedy), page.html);
  });

  it('takes another address of this machine, with a path', async () => {
    const { outcome, address } = await interactively({ redirectUri: 'http://127.0.0.1/signed-in' });
    assert.match(parameters(address).redirect_uri, /^http:\/\/127\.0\.0\.1:\d+\/signed-in$/);
    assert.equal(outcome.account?.username, 'ada@example.com', inspect(outcome));
  });

  it('listens on ::1 for an address that says so', async () => {
    const { outcome, address } = await interactively({ redirectUri: 'http://[::1]' });
    assert.match(parameters(address).redirect_uri, /^http:\/\/\[::1\]:\d+$/);
    assert.equal(outcome.account?.username, 'ada@example.com', inspect(outcome));
  });

  it('shows the pages of the program, as they are', async () => {
    const templates = { successTemplate: '<h1>Done & <i>dusted</i></h1><script>close()</script>', errorTemplate: '<h1>Oh</h1>' };
    assert.equal((await interactively(templates)).page.html, templates.successTemplate);
    assert.equal((await interactively(templates, { decision: 'cancel' })).page.html, templates.errorTemplate);
  });
});

describe('the port of acquireTokenInteractive', () => {
  /** What is asked of the token endpoint, and its answer. */
  let forms = [];
  let onToken;
  const networkClient = {
    sendGetRequestAsync: () => assert.fail('nothing but the token endpoint is asked'),
    async sendPostRequestAsync(url, { body }) {
      forms.push(Object.fromEntries(new URLSearchParams(body)));
      return onToken();
    },
  };

  function tokens(nonce) {
    const now = Math.floor(Date.now() / 1000);
    const claims = { aud: CLIENT, iss: `https://login.microsoftonline.com/${TENANT}/v2.0`, iat: now, nbf: now, exp: now + 3600, sub: 's', tid: TENANT, ...PERSON, nonce };
    return { status: 200, headers: {}, body: { token_type: 'Bearer', scope: 'User.Read', expires_in: 3600, access_token: 'AT-secret', id_token: jwt(claims) } };
  }

  /**
   * Begins a sign-in, whose browser is the test. `browser` is what opening it comes to.
   * @returns what it was sent to; `answer` brings the answer; `outcome` is the result, or the error
   */
  async function begin(request, system, browser) {
    forms = [];
    const opened = gate();
    const pca = new PublicClientApplication({ auth: { clientId: CLIENT, authority: AUTHORITY }, system: { networkClient, ...system } });
    const outcome = pca.acquireTokenInteractive({ scopes: ['User.Read'], openBrowser: (url) => (opened.open(url), browser), ...request }).catch((error) => error);
    const address = await Promise.race([opened.opened, outcome]);
    if (typeof address !== 'string') return { outcome };
    const asked = parameters(address);
    onToken = () => tokens(asked.nonce);
    const { port } = new URL(asked.redirect_uri);
    const post = (fields, more) => fetch(asked.redirect_uri, { method: 'POST', body: new URLSearchParams(fields), ...more });
    return { address, asked, port, outcome, post, answer: (fields) => post({ code: 'C-secret', state: asked.state, ...fields }) };
  }

  /** A request by hand: what `fetch` would not send. */
  async function raw(port, options, body) {
    const sent = httpRequest({ host: '127.0.0.1', port, agent: false, ...options });
    sent.end(body);
    const [response] = await once(sent, 'response');
    response.resume();
    return response;
  }

  it('is asked to be posted to by Entra, and spends the code with the verifier', async () => {
    const { asked, answer, outcome } = await begin();
    assert.equal(asked.response_mode, 'form_post');
    const page = await answer();
    const { accessToken, account } = await outcome;
    assert.deepEqual([accessToken, account.username], ['AT-secret', PERSON.preferred_username]);
    const [form] = forms;
    assert.deepEqual([form.grant_type, form.code, form.redirect_uri], ['authorization_code', 'C-secret', asked.redirect_uri]);
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(form.code_verifier));
    assert.equal(Buffer.from(digest).toString('base64url'), asked.code_challenge);
    assert.match(form.code_verifier, /^[\w-]{43}$/);
    assert.equal(titleOf(await page.text()), 'You are signed in');
  });

  it('shows pages that keep nothing, tell nobody, and run nothing', async () => {
    const { answer, outcome } = await begin();
    const { headers, status } = await answer();
    await outcome;
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('content-security-policy'), /^default-src 'none'; style-src 'unsafe-inline';.* frame-ancestors 'none'$/);
  });

  it('says "signed in" when it is so, and not when the code is there', async () => {
    const { answer, outcome } = await begin();
    const token = gate();
    onToken = async () => {
      token.open();
      await refused.opened;
      return { status: 400, headers: {}, body: { error: 'invalid_grant', error_description: 'AADSTS70008: The code <b>has expired</b>.' } };
    };
    const refused = gate();
    const page = answer();
    await token.opened;
    assert.equal(await Promise.race([page, new Promise((resolve) => setImmediate(resolve, 'nothing yet'))]), 'nothing yet');
    refused.open();
    const html = await (await page).text();
    assert.equal(titleOf(html), 'You are not signed in');
    assert.ok(html.includes('The code &#60;b&#62;has expired&#60;/b&#62;') && !html.includes('<b>'), html);
    assert.equal((await outcome).errorCode, 'invalid_grant');
  });

  it('keeps the code out of the browser where it comes in an address', async () => {
    const { asked, outcome } = await begin({ responseMode: 'query' });
    const answered = await fetch(`${asked.redirect_uri}/?code=C-secret&state=${asked.state}`, { redirect: 'manual' });
    assert.deepEqual([answered.status, answered.headers.get('location')], [303, '/']);
    assert.equal(answered.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(titleOf(await (await fetch(asked.redirect_uri)).text()), 'You are signed in');
    assert.equal((await outcome).accessToken, 'AT-secret');
  });

  it('takes the answer with the right state and nothing else', async () => {
    const { asked, port, post, answer, outcome } = await begin();
    const { state } = asked;
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const good = `code=C-secret&state=${state}`;
    const host = `localhost:${port}`;
    for (const [why, status, options, body] of [
      ['a favicon', 404, { path: '/favicon.ico' }],
      ['a look', 404, { path: '/' }],
      ['another path', 404, { path: `/callback?${good}` }],
      ['no state', 400, { path: '/?code=C' }],
      ['an empty state', 400, { path: '/?code=C&state=' }],
      ['a wrong state', 400, { path: `/?code=C&state=${state}x` }],
      ['a wrong state with an error', 400, { path: '/?error=access_denied&state=x' }],
      ['a state twice', 400, { path: `/?${good}&state=x` }],
      ['a code twice', 400, { path: `/?${good}&code=other` }],
      ['another method', 405, { method: 'PUT', path: `/?${good}` }],
      ['HEAD', 405, { method: 'HEAD', path: `/?${good}` }],
      ['a preflight', 405, { method: 'OPTIONS', path: '/' }],
      ['a foreign host', 403, { path: `/?${good}`, headers: { host: `evil.example:${port}` } }],
      ['a host without the port', 403, { path: `/?${good}`, headers: { host: 'localhost' } }],
      ['a host with another port', 403, { path: `/?${good}`, headers: { host: 'localhost:1' } }],
      ['an address of another server', 404, { path: `http://evil.example/?${good}`, headers: { host } }],
      ['JSON', 415, { method: 'POST', headers: { 'content-type': 'application/json' } }, JSON.stringify({ code: 'C', state })],
      ['no type', 415, { method: 'POST' }, good],
      ['a form in the query', 400, { method: 'POST', path: `/?${good}`, headers: form }, ''],
      ['a form that is too long', 413, { method: 'POST', headers: form }, `${good}&more=${'x'.repeat(65_536)}`],
      ['a foreign form', 403, { method: 'POST', headers: { ...form, host: 'evil.example' } }, good],
    ]) {
      const response = await raw(port, { path: '/', ...options, headers: { host, ...options.headers } }, body);
      assert.equal(response.statusCode, status, why);
      assert.equal(response.headers['cache-control'], 'no-store', why);
      assert.equal(response.headers.allow, status === 405 ? 'GET, POST' : undefined, why);
    }
    assert.equal(await Promise.race([outcome, new Promise((resolve) => setImmediate(resolve, 'it waits'))]), 'it waits');
    // Whoever cannot be understood is not answered, and changes nothing either.
    const socket = connect(port, '127.0.0.1');
    socket.end('nonsense\r\n\r\n').resume();
    await once(socket, 'close');
    assert.equal((await answer()).status, 200);
    assert.equal((await outcome).accessToken, 'AT-secret');
    assert.equal(forms.length, 1);
    await assert.rejects(post({ code: 'x', state }));
  });

  it('takes no second answer', async () => {
    const { answer, outcome } = await begin();
    const token = gate();
    const spent = gate();
    const first = onToken;
    onToken = async () => {
      token.open();
      await spent.opened;
      return first();
    };
    const page = answer();
    await token.opened;
    assert.equal((await answer({ code: 'another' })).status, 409);
    spent.open();
    assert.equal(titleOf(await (await page).text()), 'You are signed in');
    assert.equal((await outcome).accessToken, 'AT-secret');
    assert.deepEqual(forms.map(({ code }) => code), ['C-secret']);
  });

  it('has the answer judged: its issuer, and the nonce of its tokens', async () => {
    const foreign = await begin();
    await foreign.answer({ iss: 'https://evil.example' });
    assert.equal((await foreign.outcome).errorCode, 'issuer_mismatch');
    assert.deepEqual(forms, [], 'a code for another server is sent nowhere');

    const replayed = await begin();
    onToken = () => tokens('of another sign-in');
    assert.equal(titleOf(await (await replayed.answer()).text()), 'You are not signed in');
    const error = await replayed.outcome;
    assert.ok(error instanceof ClientAuthError);
    assert.equal(error.errorCode, 'nonce_mismatch');

    const empty = await begin();
    await empty.answer({ code: '' });
    assert.ok((await empty.outcome) instanceof AuthError);
    assert.deepEqual(forms, []);
  });

  it('does not wait for a form that never ends', async () => {
    const { port, answer, outcome } = await begin();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const slow = httpRequest({ host: '127.0.0.1', port, method: 'POST', agent: false, headers: { host: `localhost:${port}`, 'content-type': 'application/x-www-form-urlencoded', 'content-length': 100 } });
      slow.write('code=');
      slow.on('error', () => {});
      // The timer is set when the request has come.
      let response;
      slow.on('response', (given) => (response = given.resume()));
      for (let looks = 0; looks < 1000 && !response; looks += 1) {
        await new Promise(setImmediate);
        mock.timers.tick(20);
      }
      assert.equal(response?.statusCode, 408);
      slow.destroy();
    } finally {
      mock.timers.reset();
    }
    await answer();
    assert.equal((await outcome).accessToken, 'AT-secret');
  });

  it('does not wait for a browser that does not come for its page', async () => {
    // Before it sets any timer: a mocked clock clears no other.
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { asked, outcome } = await begin({ responseMode: 'query' });
      await fetch(`${asked.redirect_uri}/?code=C-secret&state=${asked.state}`, { redirect: 'manual' });
      let settled;
      void outcome.then((result) => (settled = result));
      for (let looks = 0; looks < 1000 && !settled; looks += 1) {
        await new Promise(setImmediate);
        mock.timers.tick(10);
      }
      assert.equal(settled?.accessToken, 'AT-secret');
    } finally {
      mock.timers.reset();
    }
  });

  it('is closed, with every connection, whatever comes of it', async () => {
    for (const [why, code, request, act] of [
      ['done', undefined, {}, ({ answer }) => answer()],
      ['refused', 'access_denied', {}, ({ answer }) => answer({ code: '', error: 'access_denied' })],
      ['given up', 'device_code_polling_cancelled', {}, ({ controller }) => controller.abort()],
      ['too late', 'user_timeout_reached', { timeout: 0.01 }, () => {}],
    ]) {
      const controller = new AbortController();
      const begun = await begin({ signal: controller.signal, ...request });
      const idle = connect(begun.port, '127.0.0.1');
      await once(idle, 'connect');
      const closed = once(idle, 'close');
      idle.resume().on('error', () => {});
      await act({ ...begun, controller });
      const outcome = await begun.outcome;
      assert.equal(outcome.errorCode, code, `${why}: ${inspect(outcome)}`);
      assert.equal(await isOpen(begun.port), false, why);
      await closed;
    }
  });

  it('gives up at once while the code is spent, and the page says so', async () => {
    const controller = new AbortController();
    const { answer, outcome } = await begin({ signal: controller.signal });
    const token = gate();
    onToken = () => {
      token.open();
      return new Promise(() => {});
    };
    const page = answer();
    await token.opened;
    controller.abort(new Error('enough'));
    const error = await outcome;
    assert.deepEqual([error.errorCode, error.cause.message], ['device_code_polling_cancelled', 'enough']);
    assert.equal(titleOf(await (await page).text()), 'You are not signed in');
  });

  it('is not even opened for a signal that has aborted', async () => {
    const { outcome } = await begin({ signal: AbortSignal.abort('why'), openBrowser: () => assert.fail('nobody is asked') });
    const error = await outcome;
    assert.deepEqual([error.errorCode, error.cause], ['device_code_polling_cancelled', 'why']);
  });

  it('is closed when the browser cannot be opened, and the error is what was thrown', async () => {
    const thrown = new TypeError('no browser');
    for (const openBrowser of [() => { throw thrown; }, async () => { throw thrown; }]) {
      let address;
      const { outcome } = await begin({ openBrowser: (url) => ((address = url), openBrowser()) });
      assert.equal(await outcome, thrown);
      assert.equal(await isOpen(new URL(parameters(address).redirect_uri).port), false);
    }
  });

  it('does not wait for the browser to be closed', async () => {
    const { answer, outcome } = await begin({}, {}, new Promise(() => {}));
    await answer();
    assert.equal((await outcome).accessToken, 'AT-secret');
  });

  it('is the one that the program prefers, or another where that is taken', async () => {
    const taken = createServer();
    await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address();
    try {
      const elsewhere = await begin({ preferredPort: port });
      assert.notEqual(elsewhere.port, String(port));
      await elsewhere.answer();
      assert.equal((await elsewhere.outcome).accessToken, 'AT-secret');
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
    const there = await begin({ preferredPort: port });
    assert.equal(there.port, String(port));
    await there.answer();
    assert.equal((await there.outcome).accessToken, 'AT-secret');
  });

  it('is not needed to say what is wrong with a request', async () => {
    const openBrowser = () => assert.fail('nobody is asked');
    for (const [request, code, field] of [
      [{ openBrowser: undefined }, 'invalid_request_parameter', 'openBrowser'],
      [{ openBrowser: 'xdg-open' }, 'invalid_request_parameter', 'openBrowser'],
      [{ preferredPort: 1.5 }, 'invalid_request_parameter', 'preferredPort'],
      [{ preferredPort: 65_536 }, 'invalid_request_parameter', 'preferredPort'],
      [{ preferredPort: '8080' }, 'invalid_request_parameter', 'preferredPort'],
      [{ timeout: -1 }, 'invalid_request_parameter', 'timeout'],
      [{ signal: 'stop' }, 'invalid_request_parameter', 'signal'],
      [{ successTemplate: 1 }, 'invalid_request_parameter', 'successTemplate'],
      [{ scopes: 'User.Read' }, 'invalid_request_parameter', 'scopes'],
      [{ responseMode: 'fragment' }, 'invalid_response_mode', 'responseMode'],
      ...['https://localhost', 'http://localhost:3000', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example/', 'http://user@localhost', 'http://localhost/?a', 'http://localhost/#a', 'msal://auth']
        .map((redirectUri) => [{ redirectUri }, 'redirect_uri_not_supported', 'redirectUri']),
    ]) {
      const error = await (await begin({ openBrowser, ...request })).outcome;
      assert.ok(error instanceof ClientConfigurationError, inspect(request));
      assert.deepEqual([error.errorCode, error.field], [code, field], inspect(request));
      assert.ok(error.remedy, inspect(request));
      if (field === 'preferredPort') assert.match(error.message, /preferredPort: it must be a whole number from 1 to 65535$/);
    }
  });

  it('says which flow to take where there are no ports', async () => {
    const { getBuiltinModule } = process;
    const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    const fails = async () => {
      const error = await (await begin({ openBrowser: () => assert.fail('nobody is asked') })).outcome;
      assert.ok(error instanceof ClientAuthError, inspect(error));
      assert.equal(error.errorCode, 'method_not_implemented');
      assert.match(error.remedy, /acquireTokenByDeviceCode/);
    };
    try {
      process.getBuiltinModule = undefined;
      await fails();
      process.getBuiltinModule = getBuiltinModule;
      Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Cloudflare-Workers' }, configurable: true });
      await fails();
    } finally {
      process.getBuiltinModule = getBuiltinModule;
      if (navigator) Object.defineProperty(globalThis, 'navigator', navigator);
      else delete globalThis.navigator;
    }
  });

  it('tells no secret in errors and logs', async () => {
    const lines = [];
    const loggerOptions = { logLevel: 4, loggerCallback: (_, line) => lines.push(line) };
    const { asked, answer, outcome } = await begin({}, { loggerOptions });
    onToken = () => ({ status: 400, headers: {}, body: { error: 'invalid_grant', error_description: `C-secret ${forms[0].code_verifier}` } });
    const html = await (await answer()).text();
    const error = await outcome;
    assert.ok(lines.length > 0);
    for (const text of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), error.stack, html, ...lines]) {
      for (const secret of ['C-secret', forms[0].code_verifier, asked.state]) assert.ok(!text.includes(secret), text);
    }
  });
});
