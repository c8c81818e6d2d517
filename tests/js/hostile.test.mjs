// Answers that no honest server gives, networks that fail, and network clients of the program's own.

import assert from 'node:assert/strict';
import { after, afterEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { AuthError, PublicClientApplication } from 'doorcode';
import { fastClock } from './support/clock.mjs';
import { jwt } from './support/jwt.mjs';
import { CODES, startScripted } from './support/scripted.mjs';

const running = [];
after(() => Promise.all(running.map((server) => server.close())));

async function start(answers) {
  const server = await startScripted(answers);
  running.push(server);
  return server;
}

/** Signs in and returns the error, having looked for secrets in all of it. */
async function failing(server, { system, ...request } = {}) {
  const lines = [];
  const pca = new PublicClientApplication({
    auth: { clientId: 'client', authority: server.origin },
    system: { clock: fastClock(), protocolMode: 'OIDC', loggerOptions: { logLevel: 4, loggerCallback: (_, line) => void lines.push(line) }, ...system },
  });
  const error = await pca
    .acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {}, ...request })
    .then((result) => assert.fail(`it was to be refused: ${Object.keys(result)}`), (error) => error);
  assert.ok(error instanceof AuthError, inspect(error));
  const shown = `${inspect(error, { depth: 20, showHidden: true })} ${error.stack} ${JSON.stringify(error)} ${lines.join('\n')}`;
  for (const secret of ['DC-secret', 'AT-secret', 'RT-secret']) assert.ok(!shown.includes(secret), shown);
  return error;
}

const TOKENS = { access_token: 'AT-secret', refresh_token: 'RT-secret', token_type: 'Bearer' };

describe('hostile answers', () => {
  const bodies = {
    'nothing': '',
    'not JSON': 'AT-secret!',
    'HTML': '<html><body>AT-secret</body></html>',
    'cut off': JSON.stringify(TOKENS).slice(0, -5),
    'an empty object': '{}',
    'a list': '[]',
    'null': 'null',
    'wrong types': '{"access_token":["AT-secret"],"error":42}',
    'double-encoded': JSON.stringify(JSON.stringify(TOKENS)),
    'deep': `{"access_token":${'['.repeat(200_000)}`,
    'not UTF-8': Buffer.from([0xff, 0xfe, 0x7b, 0x7d]),
  };
  for (const [name, body] of Object.entries(bodies)) {
    it(`${name}, for tokens or for codes, is a clear error`, async () => {
      const tokens = await failing(await start({ '/token': () => ({ body }) }));
      assert.equal(tokens.errorCode, 'token_parsing_error');
      assert.equal(tokens.status, 200);
      const codes = await failing(await start({ '/device': () => ({ body }) }));
      assert.equal(codes.errorCode, 'token_parsing_error');
      const discovery = await failing(await start({ '/.well-known/openid-configuration': () => ({ body }) }));
      assert.equal(discovery.errorCode, 'endpoints_resolution_error');
    });

    it(`${name}, with status 400, is a refusal, and with 502 is tried again`, async () => {
      assert.equal((await failing(await start({ '/token': () => ({ status: 400, body }) }))).errorCode, 'post_request_failed');
      const server = await start({ '/token': ({ count }) => (count < 3 ? { status: 502, body } : { json: TOKENS }) });
      const pca = new PublicClientApplication({ auth: { clientId: 'c', authority: server.origin }, system: { clock: fastClock() } });
      const { accessToken, account } = await pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} });
      assert.equal(accessToken, 'AT-secret');
      assert.equal(account, null, 'a server without ID tokens does not say who signed in');
    });
  }

  it('tokens in a refusal are not taken', async () => {
    const error = await failing(await start({ '/token': () => ({ status: 400, json: TOKENS }) }));
    assert.equal(error.errorCode, 'post_request_failed');
  });

  it('a body without end is cut short', async () => {
    const server = await start({
      '/token': (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const fill = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, 32)));
        };
        response.on('drain', fill);
        fill();
      },
    });
    const error = await failing(server);
    assert.equal(error.errorCode, 'network_error');
    assert.match(error.message, /over 4 MB/);
  });

  it('a success whose body breaks off is not asked for again', async () => {
    const server = await start({
      '/token': (_, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('{"access');
        setImmediate(() => response.destroy());
      },
    });
    const error = await failing(server);
    assert.equal(error.errorCode, 'network_error');
    assert.match(error.message, /status 200/);
    assert.equal(server.seen.filter(({ path }) => path === '/token').length, 1);
  });

  it('a lost connection is', async () => {
    const server = await start({
      '/token': ({ count }, response) => (count < 4 ? void response.destroy() : { json: TOKENS }),
    });
    const statuses = [];
    const pca = new PublicClientApplication({ auth: { clientId: 'c', authority: server.origin }, system: { clock: fastClock() } });
    const progressCallback = ({ status, nextPollIn }) => void statuses.push([status, nextPollIn]);
    await pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {}, progressCallback });
    assert.deepEqual(statuses.map(([status]) => status), ['retrying', 'retrying', 'retrying']);
    for (const [index, longest] of [10, 20, 30].entries()) {
      const wait = statuses[index][1];
      assert.ok(wait >= longest / 2 && wait <= longest, `${wait} s of at most ${longest}: a back-off loses up to a half, at random`);
    }
  });

  it('a request that hangs ends with its time limit, and leaves no connection', async () => {
    // The first request of all hangs, so that no other has to be quick.
    const server = await start({ '/.well-known/openid-configuration': () => undefined });
    const error = await failing(server, { system: { requestTimeout: 29.5 } });
    assert.equal(error.errorCode, 'endpoints_resolution_error');
    assert.match(error.message, /no complete reply within 0\.03 s/);
    for (let turns = 0; turns < 1000 && (await server.openConnections()) > 0; turns++) await new Promise(setImmediate);
    assert.equal(await server.openConnections(), 0);
  });

  it('a time limit beyond what a timer can wait is no limit of nothing', async () => {
    for (const requestTimeout of [2 ** 31, 1e12]) {
      const server = await start({ '/token': () => ({ json: TOKENS }) });
      const pca = new PublicClientApplication({ auth: { clientId: 'c', authority: server.origin }, system: { clock: fastClock(), requestTimeout } });
      assert.equal((await pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} })).accessToken, 'AT-secret');
    }
  });

  it('a redirect never carries the device code away', async () => {
    let taken = 0;
    const thief = await start({ '/take': () => (taken++, { json: TOKENS }) });
    for (const status of [301, 302, 303, 307, 308]) {
      const redirect = () => ({ status, headers: { location: `${thief.origin}/take` }, body: '' });
      const error = await failing(await start({ '/token': redirect }));
      assert.equal(error.errorCode, 'post_request_failed');
      assert.match(error.message, /redirect.*\/take/);
    }
    assert.equal(taken, 0);
  });

  it('an unsafe page is never shown', async () => {
    for (const uri of ['http://id.example/d', 'https://a@b.example', 'https://x.example/\u001b[2J', 'javascript:alert(1)', 42, '']) {
      const server = await start({ '/device': () => ({ json: { ...CODES, verification_uri: uri } }) });
      const error = await failing(server, { deviceCodeCallback: () => assert.fail('it was shown') });
      assert.match(error.errorCode, /unsafe_verification_uri|token_parsing_error/);
    }
  });

  it('what a server says cannot move a terminal\'s cursor', async () => {
    const json = { error: 'access_denied\u001b[2J', error_description: 'no\u001b]0;owned\u0007\r\nSigned in as root', suberror: '\u009b31m' };
    const error = await failing(await start({ '/token': () => ({ status: 400, json }) }));
    assert.doesNotMatch(inspect(error, { depth: 9 }).replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f]/);
    assert.match(error.message, /no \]0;owned Signed in as root/);
  });

  it('a server that echoes the device code is not quoted', async () => {
    const json = { error: 'invalid_request', error_description: 'unknown code DC-secret', claims: '{"x":"DC-secret"}' };
    const error = await failing(await start({ '/token': () => ({ status: 400, json }) }));
    assert.match(error.message, /unknown code \[removed\]/);
  });

  it('an ID token for somebody else ends the flow', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    for (const [claims, code] of [
      [{ iss: 'https://evil.example', aud: 'client', exp }, 'invalid_id_token'],
      [{ aud: 'other', exp }, 'invalid_id_token'],
      [{ aud: 'client', exp: 1 }, 'invalid_id_token'],
      [{ aud: 'client', exp, nonce: 'n' }, 'nonce_mismatch'],
    ]) {
      const server = await start({
        '/token': ({ headers }) => ({ json: { ...TOKENS, id_token: jwt({ iss: `http://${headers.host}`, ...claims }) } }),
      });
      assert.equal((await failing(server)).errorCode, code);
    }
  });

  it('claims with names of JavaScript\'s own do no harm', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const server = await start({
      '/token': ({ headers }) => {
        const claims = `{"iss":"http://${headers.host}","aud":"client","exp":${exp},"__proto__":{"polluted":true},"big":9007199254740993,"x":1e400}`;
        const id = `e30.${Buffer.from(claims).toString('base64url')}.s`;
        return { body: `{"access_token":"AT","id_token":"${id}","__proto__":{"polluted":true},"expires_in":1e400}` };
      },
    });
    const pca = new PublicClientApplication({ auth: { clientId: 'client', authority: server.origin }, system: { clock: fastClock() } });
    const error = await pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} }).catch((error) => error);
    assert.equal({}.polluted, undefined);
    assert.ok(error instanceof AuthError || error.accessToken === 'AT');
  });

  it('1,000 answers made at random end in an AuthError, or in tokens that the server did send', async () => {
    let seed = 20260101;
    const random = (limit) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed % limit;
    };
    const pick = (list) => list[random(list.length)];
    const values = [null, true, 0, -1, 5, 1e300, '', 'x', [], [1], {}, { a: 1 }, '\u0000', '\ud800', 'https://id.example', jwt({})];
    const names = ['access_token', 'token_type', 'expires_in', 'id_token', 'scope', 'error', 'error_description', 'error_codes', 'client_info',
      'refresh_token', 'interval', 'device_code', 'user_code', 'verification_uri', 'message', '__proto__', 'constructor'];
    const make = () => {
      const value = (name) => (/_token$/.test(name) && random(2) ? 'AT-secret' : pick(values));
      const fields = Array.from({ length: random(8) }, () => pick(names)).map((name) => [name, value(name)]);
      const text = JSON.stringify(Object.fromEntries(fields));
      return random(4) ? text : text.slice(0, random(text.length + 1)) + pick(['', '}', '\u0000', '"']);
    };
    let sent;
    const answer = () => (sent = { status: pick([200, 200, 400, 401, 403, 404, 302, 204]), body: make() });
    const networkClient = (origin) => ({
      sendGetRequestAsync: async () => ({
        status: 200,
        headers: {},
        body: { issuer: origin, device_authorization_endpoint: `${origin}/device`, token_endpoint: `${origin}/token` },
      }),
      sendPostRequestAsync: async (url) =>
        url.endsWith('/device') && random(3) ? { status: 200, headers: {}, body: CODES } : { headers: {}, ...answer() },
    });
    const origin = 'https://id.example';
    const pca = new PublicClientApplication({
      auth: { clientId: 'client', authority: origin },
      system: { clock: fastClock(), protocolMode: 'OIDC', networkClient: networkClient(origin) },
    });
    const codes = new Map();
    for (let round = 0; round < 1000; round++) {
      try {
        const { accessToken } = await pca.acquireTokenByDeviceCode({ scopes: [], timeout: 60, deviceCodeCallback() {} });
        assert.equal(sent.status, 200);
        assert.equal(JSON.parse(sent.body).access_token, accessToken);
      } catch (error) {
        assert.ok(error instanceof AuthError, inspect(error));
        assert.ok(error.errorCode && error.errorMessage, inspect(error));
        assert.doesNotMatch(inspect(error, { depth: 9 }), /AT-secret|DC-secret/);
        codes.set(error.errorCode, (codes.get(error.errorCode) ?? 0) + 1);
      }
    }
    assert.ok(codes.size >= 4, inspect(codes));
  });
});

describe('a fetch that a program has put in place', () => {
  const { fetch } = globalThis;
  afterEach(() => (globalThis.fetch = fetch));
  const codes = (url) => (url.endsWith('/device') ? new Response(JSON.stringify(CODES)) : undefined);
  const discovered = (url) =>
    url.endsWith('openid-configuration')
      ? new Response(JSON.stringify({ issuer: 'https://id.example', device_authorization_endpoint: 'https://id.example/device', token_endpoint: 'https://id.example/token' }))
      : codes(url);

  it('may answer nonsense: that is an error, and no promise is left', async () => {
    const nonsense = [
      () => undefined,
      () => 42,
      async () => null,
      async () => ({}),
      async () => ({ status: 200 }),
      async () => ({ status: 200, headers: new Headers(), body: {} }),
      async () => ({ status: 200, headers: new Headers(), body: { getReader: () => ({}) } }),
      async () => {
        const locked = new Response('{}');
        locked.body.getReader();
        return locked;
      },
    ];
    for (const answer of nonsense) {
      globalThis.fetch = answer;
      const error = await failing({ origin: 'https://id.example' });
      assert.equal(error.errorCode, 'endpoints_resolution_error');
    }
  });

  it('may attach what it sent to what it throws', async () => {
    globalThis.fetch = async (url, init) => {
      const known = discovered(url);
      if (known) return known;
      throw Object.assign(new Error(`fetch failed: ${init.body}`), { init, status: 200 });
    };
    const error = await failing({ origin: 'https://id.example' });
    assert.match(error.message, /fetch failed: \[removed\]/);
  });
});

describe('a network client of the program\'s own', () => {
  const client = (post, get) => ({ sendGetRequestAsync: get, sendPostRequestAsync: post });
  const discovery = async (url) => ({
    status: 200,
    headers: {},
    body: { issuer: 'https://id.example', device_authorization_endpoint: 'https://id.example/device', token_endpoint: 'https://id.example/token' },
  });
  const server = { origin: 'https://id.example' };

  it('is used for everything, as MSAL uses it', async () => {
    const seen = [];
    const networkClient = client(
      async (url, options) => {
        seen.push(['POST', url, Object.keys(options).sort().join()]);
        if (url.endsWith('/device')) return { status: 200, headers: {}, body: JSON.stringify(CODES) };
        return { status: 200, headers: { 'X-MS-Request-Id': 'r-1' }, body: { ...TOKENS, expires_in: 60 } };
      },
      async (url, options, timeout) => {
        seen.push(['GET', url, timeout]);
        return discovery();
      },
    );
    const pca = new PublicClientApplication({
      auth: { clientId: 'client', authority: server.origin },
      system: { clock: fastClock(), protocolMode: 'OIDC', networkClient, requestTimeout: 1234 },
    });
    const result = await pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} });
    assert.equal(result.accessToken, 'AT-secret');
    assert.equal(result.requestId, 'r-1');
    assert.deepEqual(seen, [
      ['GET', 'https://id.example/.well-known/openid-configuration', 1234],
      ['POST', 'https://id.example/device', 'body,headers'],
      ['POST', 'https://id.example/token', 'body,headers'],
    ]);
  });

  it('may throw what it likes: the secrets it was sent are taken out', async () => {
    // A code with every character that encoders disagree about.
    const code = "DC-secret!*'()/+=";
    let polls = 0;
    const networkClient = client(async (url, { body }) => {
      if (url.endsWith('/device')) return { status: 200, headers: {}, body: { ...CODES, device_code: code } };
      polls++;
      const cause = Object.assign(new Error(`inner ${code}`), { config: { data: body } });
      const lower = body.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
      const shown = [body, code, encodeURIComponent(code), lower].join(' ');
      // With a status of success, so that it ends the flow and becomes the cause.
      throw Object.assign(new TypeError(`failed to send ${shown}`, { cause }), { request: body, status: polls > 2 ? 200 : 503 });
    }, discovery);
    const lines = [];
    const loggerOptions = { logLevel: 4, loggerCallback: (_, line) => void lines.push(line) };
    const error = await failing(server, { system: { networkClient, loggerOptions } });
    assert.equal(polls, 3, 'a status of 503 is tried again, one of 200 is not');
    assert.equal(error.errorCode, 'network_error');
    assert.equal(error.cause.name, 'TypeError');
    assert.match(error.cause.cause.message, /^inner \[removed\]/);
    const all = `${inspect(error, { depth: 20, showHidden: true })} ${lines.join(' ')}`;
    assert.match(all, /poll 1: failed to send/);
    assert.doesNotMatch(all, /secret/i, all);
  });

  it('may fail to parse: the reply that it quotes is not repeated', async () => {
    const networkClient = client(async () => ({ body: JSON.parse('AT-secret DC-secret') }), discovery);
    const error = await failing(server, { system: { networkClient } });
    assert.match(error.message, /the reply could not be parsed/);
  });

  it('may throw what cannot be read', async () => {
    const unreadable = [{ message: Object.create(null) }, { get message() { throw new Error('mine'); } }, Object.create(null), Symbol('s'), 7n, null];
    for (const thrown of unreadable) {
      const error = await failing(server, { system: { networkClient: client(() => Promise.reject(thrown), discovery) } });
      assert.equal(error.errorCode, 'network_error');
    }
  });

  it('keeps the error itself where there is nothing to hide', async () => {
    const thrown = Object.assign(new TypeError('no route', { cause: new Error('inner') }), { code: 'ENETUNREACH' });
    const error = await failing(server, { system: { networkClient: client(async () => Promise.reject(thrown), discovery) } });
    assert.equal(error.cause, thrown);
    assert.match(error.message, /no route \(inner\)/);
  });

  it('that answers nonsense is told so', async () => {
    for (const answer of [undefined, null, {}, { status: '200' }, { status: 1e9, body: '' }, 42]) {
      const error = await failing(server, { system: { networkClient: client(async () => answer, discovery) } });
      assert.equal(error.errorCode, 'network_error');
      assert.match(error.message, /system\.networkClient must answer/);
    }
  });

  it('that hangs is given up', async () => {
    const error = await failing(server, {
      system: { requestTimeout: 20, networkClient: client(() => new Promise(() => {}), discovery) },
    });
    assert.match(error.message, /no complete reply within 0\.02 s/);
  });
});
