// Cloudflare's workerd gives each request a context of its own: what one has begun (a fetch, a timer) ends with it, and another that waits for
// that is ended as hung. So must no request wait for another, nor for one that is gone.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jwt } from '../js/support/jwt.mjs';
import { CODES, startScripted } from '../js/support/scripted.mjs';
import { consumer } from './support/consumer.mjs';
import { unbundled, workerd } from './support/workerd.mjs';

const CLIENT_ID = 'a-client';
const RECENT = '2026-11-17';
const MANY = 20;
const REQUEST_TIMEOUT = 1000;

describe('workerd, many requests', () => {
  let project;
  let server;
  let host;
  /** What the server does about requests: answers them, or leaves them without an answer. */
  let hangs = () => false;
  let refreshIn;
  /** How many polls the server tells to come again. */
  let pending = 0;
  before(async () => {
    project = await consumer('workerd');
    host = workerd();
    const answer = (json) => (request) => (hangs(request) ? undefined : { json: json(request) });
    const tokens = answer(({ count }) => {
      const now = Math.floor(Date.now() / 1000);
      const id_token = jwt({ iss: server.origin, aud: CLIENT_ID, sub: 'ada', preferred_username: 'ada@example.com', iat: now, exp: now + 3600 });
      return { token_type: 'Bearer', access_token: `AT-${count}`, refresh_token: `RT-${count}`, expires_in: 3600, refresh_in: refreshIn, id_token };
    });
    server = await startScripted({
      '/.well-known/openid-configuration': answer(() => ({
        issuer: server.origin, device_authorization_endpoint: `${server.origin}/device`, token_endpoint: `${server.origin}/token`,
      })),
      '/store': answer(() => 'unused'),
      '/token': (request) => (pending-- > 0 ? { status: 400, json: { error: 'authorization_pending' } } : tokens(request)),
    });
  });
  after(async () => {
    await host?.close();
    await server?.close();
    project?.remove();
  });
  beforeEach(() => {
    hangs = () => false;
    refreshIn = undefined;
    pending = 0;
  });

  /** Asks the worker; what it answered, or why not. */
  const ask = async (worker, path, giveUp) => {
    const patience = new AbortController(); // `AbortSignal.any` may lose a signal that nothing else holds
    const timer = setTimeout(() => patience.abort(new Error(`${path} is never answered`)), 10_000);
    giveUp?.addEventListener('abort', () => patience.abort());
    try {
      const response = await fetch(`${worker.origin}${path}`, { signal: patience.signal });
      return response.ok ? await response.json() : (await response.text()).slice(0, 60);
    } finally {
      clearTimeout(timer);
    }
  };
  const many = (worker, path) => Promise.all(Array.from({ length: MANY }, () => ask(worker, path)));
  const same = (answer) => Array.from({ length: MANY }, () => answer);

  /** A request that reaches the server, gets no answer there, and is given up. */
  async function givenUp(worker, path, isHanging) {
    let reached;
    const waits = new Promise((resolve) => (reached = resolve));
    hangs = (request) => isHanging(request) && (reached(), true);
    const giveUp = new AbortController();
    const asked = ask(worker, path, giveUp.signal).catch(() => 'given up');
    await waits;
    giveUp.abort();
    assert.equal(await asked, 'given up');
    hangs = () => false;
    await sleep(2 * REQUEST_TIMEOUT); // the runtime need not notice at once that nobody waits any more
  }

  for (const [who, SHARED, dates] of [['an application each', false, ['2024-09-23', RECENT]], ['one application', true, ['2024-10-14', RECENT]]]) {
    for (const compatibilityDate of dates) {
      const start = () =>
        host.start({
          compatibilityDate,
          modules: unbundled(project.folder, ['requests.mjs']),
          bindings: { AUTH: { clientId: CLIENT_ID, authority: server.origin }, SHARED, REQUEST_TIMEOUT },
        });

      it(`serves them at once with ${who}, ${compatibilityDate}`, async () => {
        const worker = await start();
        assert.deepEqual(await many(worker, '/start'), same(true));
        assert.equal(await ask(worker, '/sign-in'), 'ada@example.com');
        assert.deepEqual(await many(worker, '/silent'), same(true));
        assert.deepEqual(await many(worker, '/renew'), same('ada@example.com'));
        assert.equal(worker.output(), '', 'no warning');
      });

      it(`ends nobody who waits for long beside others with ${who}, ${compatibilityDate}`, async () => {
        const worker = await start();
        pending = 10 * MANY; // a second, for the worker's clock is fast
        assert.deepEqual(await many(worker, '/sign-in'), same('ada@example.com'));
      });

      it(`serves others after a request that was given up with ${who}, ${compatibilityDate}`, async () => {
        const worker = await start();
        await givenUp(worker, '/start', ({ url }) => url.startsWith('/.well-known'));
        assert.equal(await ask(worker, '/start'), true);
        assert.equal(await ask(worker, '/sign-in'), 'ada@example.com');
        await givenUp(worker, '/renew', ({ body }) => body.includes('refresh_token'));
        assert.equal(await ask(worker, '/renew'), 'ada@example.com');
      });

      it(`serves others after a request that ended while the plugin read with ${who}, ${compatibilityDate}`, async () => {
        const worker = await start();
        assert.equal(await ask(worker, '/sign-in'), 'ada@example.com');
        assert.equal(await ask(worker, '/silent'), true);
        for (const path of ['/leave/silent', '/leave/renew']) {
          hangs = ({ url }) => url === '/store';
          assert.equal(await ask(worker, path), true);
          assert.deepEqual(await Promise.all(['/silent', '/silent'].map((path) => ask(worker, path))), [true, true]);
        }
      });

      it(`serves others after a renewal in the background with ${who}, ${compatibilityDate}`, async () => {
        refreshIn = 1;
        const worker = await start();
        assert.equal(await ask(worker, '/sign-in'), 'ada@example.com');
        await sleep(1000); // until the server would like the token renewed
        hangs = ({ body }) => body.includes('refresh_token');
        assert.equal(await ask(worker, '/silent'), true);
        hangs = () => false;
        assert.equal(await ask(worker, '/renew'), 'ada@example.com');
      });
    }
  }

  it('ends no operation of a Durable Object that is kept from its timers, while others of the process go on', async () => {
    let answers;
    const asked = new Promise((resolve) => (answers = resolve));
    const responses = [];
    const slow = await startScripted({ '/device': (_, response) => void (responses.push(response), responses.length === 2 && answers()) });
    try {
      const worker = await host.start({
        compatibilityDate: RECENT,
        modules: unbundled(project.folder, ['durable-object.mjs']),
        bindings: { AUTH: { clientId: CLIENT_ID, authority: slow.origin } },
        durableObjects: { OBJECTS: 'Starts' },
      });
      const starts = ['/start/one', '/start/other'].map((path) => ask(worker, path));
      await asked;
      assert.equal(await ask(worker, '/block/one'), true);
      for (const response of responses) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(CODES));
      assert.deepEqual(await Promise.all(starts), [CODES.user_code, CODES.user_code]);
    } finally {
      await slow.close();
    }
  });
});
