// What of examples/web-app no browser is needed for: its cookies and headers, where it sends people, what it keeps and for how long.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { makeApp } from '../../examples/web-app/app.mjs';
import { fileStore } from '../../examples/web-app/stores/files.mjs';
import { kvStore } from '../../examples/web-app/stores/kv.mjs';
import { redisStore } from '../../examples/web-app/stores/redis.mjs';
import { startAuthorizationServer, WEB_APP } from '../../examples/authorization-server/server.mjs';
import { AUTHORITY, textStore } from '../js/support/app.mjs';
import { REDIRECT_URI, startEntra, WEB_APP as CLIENT, WEB_SECRET } from '../js/support/entra.mjs';
import { ConfidentialClientApplication } from '../../pkg/node.js';
import { CLIENTS, startRedis } from './support/redis.mjs';

const HOUR = 3_600_000;
const NOBODY = 'http://127.0.0.1:9'; // where nobody listens

let folder;
let time;
let files;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doorcode-sessions-'));
  time = Date.now();
  files = fileStore(folder, () => time);
});
afterEach(() => {
  files.close();
  rmSync(folder, { recursive: true, force: true });
});
const id = () => crypto.randomUUID();
const heading = async (response) => /<h1>([^<]*)/.exec(await response.text())?.[1];

describe('the web app', () => {
  let server;
  before(async () => {
    server = await startAuthorizationServer({ webApp: async () => 'https://app.example' });
  });
  after(() => server.close());
  const app = (more) => makeApp({ ...WEB_APP, authority: server.issuer, apiUrl: NOBODY, apiScope: 'Notes.Read', ...more }, files);

  it('keeps its cookie to this host, to https, and from scripts', async () => {
    for (const [origin, more] of [['https://app.example', {}], ['http://10.0.0.1:8080', { appUrl: 'https://app.example' }]]) {
      const response = await app(more).request(`${origin}/sign-in`);
      assert.match(response.headers.get('set-cookie'), /^__Host-session=[0-9a-f-]{36}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      assert.equal(new URL(response.headers.get('location')).searchParams.get('redirect_uri'), 'https://app.example/callback');
    }
    const response = await app().request('http://127.0.0.1:8080/sign-in');
    assert.match(response.headers.get('set-cookie'), /^session=[0-9a-f-]{36}; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it('asks for a code with PKCE, and for everything else that binds it', async () => {
    const asked = new URL((await app().request('https://app.example/sign-in')).headers.get('location')).searchParams;
    const { client_id, response_type, scope, code_challenge_method, response_mode } = Object.fromEntries(asked);
    assert.deepEqual(
      { client_id, response_type, scope: scope.split(' ').sort(), code_challenge_method, response_mode },
      {
        client_id: WEB_APP.clientId, response_type: 'code', scope: ['Notes.Read', 'offline_access', 'openid', 'profile'],
        code_challenge_method: 'S256', response_mode: 'query',
      },
    );
    assert.match(asked.get('code_challenge'), /^[\w-]{43}$/);
    assert.notEqual(asked.get('state'), asked.get('nonce'));
    const again = new URL((await app().request('https://app.example/sign-in')).headers.get('location')).searchParams;
    for (const name of ['state', 'nonce', 'code_challenge']) assert.notEqual(again.get(name), asked.get(name), name);
  });

  it('sends every page with headers that keep scripts, frames and caches away', async () => {
    for (const [method, path] of [['GET', '/'], ['GET', '/nowhere'], ['GET', '/callback'], ['POST', '/sign-out'], ['GET', '/signed-out']]) {
      const { headers } = await app().request(`https://app.example${path}`, { method });
      const policy = `default-src 'none'; style-src 'self'; form-action 'self' ${server.issuer}; frame-ancestors 'none'; base-uri 'none'`;
      assert.deepEqual(
        ['content-security-policy', 'cache-control', 'x-content-type-options', 'referrer-policy'].map((name) => headers.get(name)),
        [policy, 'no-store', 'nosniff', 'no-referrer'],
        `${method} ${path}`,
      );
    }
  });

  it('takes no form of another site, nor one without an end', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const post = (headers, body = 'text=x') => app().request('https://app.example/notes', { method: 'POST', headers: { ...type, ...headers }, body });
    for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://other.example' }]) {
      const response = await post(headers);
      assert.deepEqual([response.status, await heading(response)], [403, 'That was refused']);
    }
    assert.equal((await post({ 'sec-fetch-site': 'same-origin' })).status, 303);
    assert.equal((await post({ 'sec-fetch-site': 'same-origin' }, 'x'.repeat(20_000))).status, 413);
    // Behind a proxy it is the public address that counts, and not the one that the proxy asks at.
    for (const [origin, status] of [['https://app.example', 303], ['http://10.0.0.1:8080', 403]]) {
      const response = await app({ appUrl: 'https://app.example' }).request('http://10.0.0.1:8080/sign-out', { method: 'POST', headers: { origin } });
      assert.equal(response.status, status, origin);
    }
  });

  it('refuses a state that is a path, and keeps nothing for who only looks', async () => {
    const cookie = `__Host-session=${id()}`;
    writeFileSync(join(folder, 'other.json'), '{}');
    for (const path of ['/callback?state=..%2Fother&code=x', '/callback?state=&code=', '/', '/signed-out', '/callback']) {
      const { status } = await app().request(`https://app.example${path}`, { headers: { cookie } });
      assert.equal(status, path.startsWith('/callback') ? 400 : 200, path);
    }
    assert.deepEqual(readdirSync(folder), ['other.json']);
  });

  it('goes to a page of its own after a sign-in, whatever the link says', async () => {
    const links = ['/.//evil.example', '//app.invalid//evil.example', '/x/..//evil.example', '//evil.example', '/\\evil.example', 'https://evil.example/'];
    for (const link of links) {
      const { headers } = await app().request(`https://app.example/sign-in?${new URLSearchParams({ to: link })}`);
      const [, session] = /session=([^;]*)/.exec(headers.get('set-cookie'));
      const { to } = await files.take(session, new URL(headers.get('location')).searchParams.get('state'));
      assert.equal(new URL(to, 'https://app.example').origin, 'https://app.example', link);
    }
  });

  it('says what to do when the server is not there', async (test) => {
    const said = test.mock.method(console, 'error', () => {});
    const response = await app({ authority: NOBODY }).request('https://app.example/sign-in');
    assert.ok([500, 503].includes(response.status));
    assert.match(await response.text(), /<h1>Something went wrong<\/h1>[^]*endpoints_resolution_error/);
    assert.equal(said.mock.callCount(), 1);
  });
});

describe('the web app at Entra', () => {
  let entra;
  before(async () => {
    entra = await startEntra();
  });
  after(() => entra.close());
  /** What is stored of who has signed in, and has a token for something else than notes. */
  async function signedIn() {
    const store = textStore();
    const auth = { clientId: CLIENT, clientSecret: WEB_SECRET, authority: AUTHORITY };
    const application = new ConfidentialClientApplication({ auth, cache: { cachePlugin: store.plugin } });
    const request = { scopes: ['User.Read'], redirectUri: REDIRECT_URI };
    const { headers } = await fetch(await application.getAuthCodeUrl(request), { redirect: 'manual' });
    await application.acquireTokenByCode({ ...request, code: new URL(headers.get('location')).searchParams.get('code') });
    return store.text;
  }
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
  /** Asks for a page in a session of who has signed in. @param {string} [path] @param {object} [options] @param {string} [session] */
  async function ask(path = '/notes', options = {}, session = '') {
    const kept = session || id();
    if (!session) {
      mkdirSync(join(folder, kept));
      writeFileSync(join(folder, kept, 'tokens.json'), await signedIn());
    }
    const auth = { clientId: CLIENT, clientSecret: WEB_SECRET, authority: AUTHORITY };
    const app = makeApp({ ...auth, apiUrl: NOBODY, apiScope: 'api://notes/Notes.Read' }, files);
    return app.request(`https://app.example${path}`, { ...options, headers: { cookie: `__Host-session=${kept}`, 'sec-fetch-site': 'same-origin' } });
  }

  it('sends the person to sign in with the claims that the server asks for, and says who is expected', async () => {
    entra.options.onRefresh = () => ({ body: entra.refusal('interaction_required', 50076, 'More is needed.', { claims }) });
    const response = await ask();
    assert.equal(response.status, 303);
    const way = new URL(response.headers.get('location'));
    assert.equal(way.pathname, `${new URL(AUTHORITY).pathname}/oauth2/v2.0/authorize`);
    assert.deepEqual(JSON.parse(way.searchParams.get('claims')).access_token, JSON.parse(claims).access_token);
    assert.equal(way.searchParams.get('login_hint'), 'ada@contoso.example');
  });

  it('renews the token by itself where it can, and says so when the API does not answer', async (test) => {
    test.mock.method(console, 'error', () => {});
    entra.options.onRefresh = () => undefined;
    const response = await ask();
    assert.equal(response.status, 200);
    assert.match(await response.text(), /The API does not answer\. Try again in a moment\./);
  });

  it('stays signed out, also when a request that is under way gets new tokens', async (test) => {
    test.mock.method(console, 'error', () => {});
    let signedOut;
    entra.options.onRefresh = async () => {
      signedOut = await ask('/sign-out', { method: 'POST' }, readdirSync(folder)[0]);
    };
    assert.equal((await ask()).status, 200);
    assert.match(signedOut.headers.get('location'), /\/oauth2\/v2\.0\/logout\?/);
    assert.match(signedOut.headers.get('set-cookie'), /^__Host-session=; Max-Age=0; Path=\/; /);
    assert.doesNotMatch(signedOut.headers.get('location'), /eyJ|id_token/);
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('the stores of the web app', () => {
  let redis;
  let connection;
  before(async () => {
    redis = await startRedis();
    connection = await CLIENTS[0].connect({ path: redis.path });
  });
  after(async () => {
    connection?.close();
    await redis?.close();
  });
  /** Workers KV, as far as the app uses it. */
  function namespace() {
    const entries = new Map();
    return {
      get: async (key, type) => (type === 'json' ? JSON.parse(entries.get(key) ?? 'null') : (entries.get(key) ?? null)),
      put: async (key, value) => void entries.set(key, value),
      delete: async (key) => void entries.delete(key),
    };
  }
  const signIn = { scopes: ['a'], redirectUri: 'https://app.example/callback', nonce: 'n', codeVerifier: 'v', to: '/' };

  for (const [name, open] of [['files', () => files], ['Redis', () => redisStore(connection.client)], ['Workers KV', () => kvStore(namespace())]]) {
    it(`hand out a sign-in once, and to its session alone: ${name}`, async () => {
      const store = open();
      const [session, state, other] = [id(), id(), id()];
      await store.keep(session, state, signIn);
      await store.keep(session, other, { ...signIn, to: '/other' });
      assert.equal(await store.take(id(), state), undefined);
      assert.equal(await store.take(session, id()), undefined);
      assert.deepEqual(await store.take(session, state), signIn);
      assert.equal(await store.take(session, state), undefined);
      assert.equal((await store.take(session, other)).to, '/other');
      await store.remove(session);
      await store.remove(id()); // which is not there
    });
  }

  for (const [name, open] of [['files', () => files], ['Redis', () => redisStore(connection.client)]]) {
    it(`hand it to one of those who come with the same answer: ${name}`, async () => {
      const store = open();
      const [session, state] = [id(), id()];
      await store.keep(session, state, signIn);
      const taken = await Promise.all(Array.from({ length: 8 }, () => store.take(session, state)));
      assert.equal(taken.filter(Boolean).length, 1);
    });

    it(`forget it with the session: ${name}`, async () => {
      const store = open();
      const [session, state] = [id(), id()];
      await store.keep(session, state, signIn);
      await store.remove(session);
      assert.equal(await store.take(session, state), undefined);
    });
  }

  it('keep a sign-in for ten minutes', async () => {
    const [session, one, other] = [id(), id(), id()];
    for (const state of [one, other]) await files.keep(session, state, signIn);
    time += 9 * 60_000;
    assert.ok(await files.take(session, one));
    time += 2 * 60_000;
    assert.equal(await files.take(session, other), undefined);
  });

  it('keep nothing of who never came back, once the ten minutes are over: files', async () => {
    await files.keep(id(), id(), signIn);
    time += 11 * 60_000;
    await files.sweep();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('keep a session for eight hours after its last use, and its files no longer', async () => {
    const [used, unused] = [id(), id()];
    for (const session of [used, unused]) {
      await files.keep(session, id(), signIn);
      writeFileSync(join(folder, session, 'tokens.json'), '{}');
    }
    time += 5 * HOUR;
    await files.tokens(used);
    time += 5 * HOUR;
    await files.sweep();
    assert.deepEqual(readdirSync(folder), [used]);
    time += 9 * HOUR;
    await files.tokens(used); // which nobody has swept yet
    assert.equal(existsSync(join(folder, used)), false);
  });
});
