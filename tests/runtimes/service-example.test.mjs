// examples/service as it stands: two instances of it, with a real Redis and a real authorization server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { approve, decline } from '../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { consumer } from './support/consumer.mjs';
import { CLIENTS, redisVersion, startLine, startRedis } from './support/redis.mjs';
import { MODULES, node, ROOT, versionOf } from './support/runtimes.mjs';

const INTERVAL = 1; // in seconds: the shortest there is

/** A browser that keeps a cookie and follows the redirect, and meets another instance each time. */
class Browser {
  cookie = '';
  #times = 0;

  constructor(instances) {
    this.instances = instances;
  }

  #ask(path, options = {}) {
    const { origin } = this.instances[(this.#times += 1) % this.instances.length];
    const headers = { cookie: this.cookie.split(';')[0], accept: 'application/json', ...options.headers };
    return fetch(`${origin}${path}`, { ...options, headers, redirect: 'manual' });
  }

  async press(path, headers) {
    const response = await this.#ask(path, { method: 'POST', headers });
    assert.equal(response.status, 303, await response.text());
    this.cookie = response.headers.get('set-cookie');
    return (await this.#ask(response.headers.get('location'))).json();
  }

  status = async (path, options) => (await this.#ask(path, options)).status;

  async see(path = '/') {
    const response = await this.#ask(path);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    return response.json();
  }

  async page() {
    const response = await this.#ask('/', { headers: { accept: 'text/html' } });
    assert.match(response.headers.get('content-security-policy'), /default-src 'none'/);
    return response.text();
  }

  /** Looks again until it is over. */
  async end() {
    for (let looks = 0; looks < 400; looks += 1) {
      const state = await this.see();
      if (state.status !== 'waiting') return state;
      await sleep(25);
    }
    throw new Error('it does not end');
  }
}

describe('examples/service', async () => {
  let project;
  let server;
  let redis;
  let line;
  let admin;
  let instances = [];
  /** What was polled for in vain, as the server writes it. */
  let polls = [];
  let onPending = () => {};
  before(async () => {
    project = await consumer('service-example');
    cpSync(join(ROOT, 'examples/service'), project.folder, { recursive: true });
    symlinkSync(join(MODULES, 'redis'), join(project.folder, 'node_modules/redis'));
    redis = await startRedis();
    line = await startLine(redis.path);
    admin = await CLIENTS[0].connect({ path: redis.path });
    server = await startAuthorizationServer({
      interval: INTERVAL,
      onPoll: async ({ userCode }) => {
        polls.push(userCode);
        await onPending(userCode);
      },
    });
    instances = await Promise.all([start(), start()]);
  });
  after(async () => {
    await Promise.all(instances.map(({ stop }) => stop()));
    admin?.close();
    await line?.close();
    await redis?.close();
    await server?.close();
    project?.remove();
  });
  beforeEach(() => {
    polls = [];
    onPending = () => {};
  });

  /** Starts an instance as its README says. */
  async function start(authority = server.issuer, options = []) {
    const child = spawn(node(24), [...options, 'service.mjs'], {
      cwd: project.folder,
      env: { PATH: process.env.PATH, CLIENT_ID, AUTHORITY: authority, REDIS_URL: `redis://127.0.0.1:${line.port}`, PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complaints = '';
    child.stderr.on('data', (chunk) => (complaints += chunk));
    const ended = once(child, 'close');
    const [origin] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended.then(() => Promise.reject(new Error(complaints)))]);
    return {
      origin,
      complaints: () => complaints,
      async stop(signal = 'SIGKILL') {
        child.kill(signal);
        return ended;
      },
    };
  }

  const page = () => `${server.issuer}/device`;
  const ADA = { status: 'signed in', username: 'ada@example.com' };
  const codeOf = (state) => {
    assert.deepEqual(Object.keys(state).sort(), ['message', 'status', 'userCode', 'verificationUri']);
    assert.equal(state.status, 'waiting');
    assert.match(state.userCode, /^[A-Z]{4}-[A-Z]{4}$/);
    return state.userCode;
  };
  const idOf = (cookie) => /=([0-9a-f-]{36});/.exec(cookie)[1];
  const keysOf = async (id) => (await admin.client.keys(`*${id}*`)).map((key) => key.split(':')[0]).sort();

  const version = await versionOf(node(24));
  it(`runs in Node ${version}, two instances of a service with Redis ${await redisVersion()}`, async () => {
    const browser = new Browser(instances);
    assert.deepEqual(await browser.see(), { status: 'signed out' });
    const code = codeOf(await browser.press('/sign-in'));
    assert.match(browser.cookie, /^__Host-session=[0-9a-f-]{36}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    assert.match(await browser.page(), new RegExp(`http-equiv="refresh".*<h1>${code}</h1>`, 's'));
    await approve(page(), code);
    assert.deepEqual(await browser.end(), ADA);
    for (const instance of instances) {
      const there = new Browser([instance]);
      there.cookie = browser.cookie;
      assert.deepEqual(await there.see(), ADA);
      const { userinfo, ...profile } = await there.see('/profile');
      assert.deepEqual(profile, { status: 'signed in', token: 'was at hand' });
      assert.equal(userinfo.email, 'ada@example.com');
      assert.match(await there.page(), /Signed in as ada@example\.com/);
    }
    const id = idOf(browser.cookie);
    assert.deepEqual((await keysOf(id)).filter((key) => key !== 'pause'), ['tokens']);
    assert.ok((await admin.client.pTTL(`tokens:${id}`)) > 7 * 3_600_000);
    for (const { complaints } of instances) assert.equal(complaints(), '');
  });

  it('polls once at a time, however many look', async () => {
    const browsers = [new Browser(instances)];
    codeOf(await browsers[0].press('/sign-in'));
    for (let more = 0; more < 5; more += 1) browsers.push(Object.assign(new Browser(instances), { cookie: browsers[0].cookie }));
    const look = () => Promise.all(browsers.map((browser) => browser.see()));
    await look();
    assert.deepEqual(polls, [], 'nobody polls early');
    let together = 0;
    let most = 0;
    onPending = async () => {
      most = Math.max(most, (together += 1));
      await look();
      together -= 1;
    };
    await admin.client.del(`pause:${idOf(browsers[0].cookie)}`);
    await look();
    assert.deepEqual([polls.length, most], [1, 1]);
  });

  it('shows nobody the session of another', async () => {
    const [one, other] = [new Browser(instances), new Browser(instances)];
    const codes = (await Promise.all([one.press('/sign-in'), other.press('/sign-in')])).map(codeOf);
    assert.notEqual(codes[0], codes[1]);
    await approve(page(), codes[0]);
    assert.deepEqual(await one.end(), ADA);
    assert.equal(codeOf(await other.see()), codes[1]);
    const stranger = new Browser(instances);
    for (const cookie of ['', '__Host-session=x', `__Host-session=${crypto.randomUUID()}`, `__Host-session=${'.'.repeat(36)}`]) {
      stranger.cookie = cookie;
      assert.deepEqual(await stranger.see(), { status: 'signed out' });
      assert.deepEqual(await stranger.see('/profile'), { status: 'signed out' });
    }
    for (const from of ['cross-site', 'same-site']) {
      assert.equal(await stranger.status('/sign-in', { method: 'POST', headers: { 'sec-fetch-site': from } }), 403, from);
    }
    assert.equal(await stranger.status('/sign-out', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } }), 303);
    assert.equal(await stranger.status('/nowhere'), 404);
  });

  it('says what to do when the person declines, and lets them try again', async () => {
    const browser = new Browser(instances);
    await decline(page(), codeOf(await browser.press('/sign-in')));
    const { status, reason, remedy } = await browser.end();
    assert.equal(status, 'failed');
    assert.match(reason, /^access_denied: .*The person said no$/);
    assert.equal(remedy, 'Start again, and accept when asked.');
    assert.match(await browser.page(), /The person said no.*<button>Sign in/s);
    codeOf(await browser.press('/sign-in'));
  });

  it('forgets the person who signs out, and what comes of a poll that was under way', async () => {
    const browser = new Browser(instances);
    await approve(page(), codeOf(await browser.press('/sign-in')));
    assert.deepEqual(await browser.end(), ADA);
    const { cookie } = browser;
    assert.deepEqual(await browser.press('/sign-out'), { status: 'signed out' });
    assert.match(browser.cookie, /^__Host-session=; Max-Age=0; /);
    assert.deepEqual(await keysOf(idOf(cookie)), []);
    browser.cookie = cookie; // which somebody kept
    assert.deepEqual(await browser.see('/profile'), { status: 'signed out' });

    const other = new Browser(instances);
    const code = codeOf(await other.press('/sign-in'));
    await approve(page(), code);
    const id = idOf(other.cookie);
    const kept = Object.assign(new Browser(instances), { cookie: other.cookie });
    // It is about to poll.
    const held = line.hold('polling');
    await admin.client.del(`pause:${id}`);
    const polled = kept.see();
    await held;
    await admin.client.del([`waiting:${id}`, `pause:${id}`, `tokens:${id}`]); // as a sign-out does
    line.release();
    assert.deepEqual(await polled, { status: 'signed out' });
    assert.deepEqual(await keysOf(id), []);
  });

  it('says so when the code expires, and what is wrong when there is none', async () => {
    const hasty = await startAuthorizationServer({ interval: INTERVAL, lifetime: 1 });
    try {
      for (const [authority, expected] of [[hasty.issuer, /expired/], [`${server.issuer}/nowhere`, /^endpoints_resolution_error: /]]) {
        const instance = await start(authority);
        try {
          const browser = new Browser([instance]);
          await browser.press('/sign-in');
          const { status, reason, remedy } = await browser.end();
          assert.equal(status, 'failed');
          assert.match(reason, expected);
          assert.ok(remedy);
        } finally {
          await instance.stop();
        }
      }
    } finally {
      await hasty.close();
    }
  });

  it('goes on in another instance when one is killed, and ends when it is told to', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    try {
      const browser = new Browser([one]);
      const code = codeOf(await browser.press('/sign-in'));
      await one.stop();
      browser.instances = [other];
      assert.equal(codeOf(await browser.see()), code);
      await approve(page(), code);
      assert.deepEqual(await browser.end(), ADA);
      assert.deepEqual(await other.stop('SIGTERM'), [0, null]);
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
  });

  it('answers 503 when Redis says nothing', async () => {
    const quick = 'const { setTimeout } = globalThis; globalThis.setTimeout = (work, wait, ...more) => setTimeout(work, wait === 20_000 ? 9 : wait, ...more)';
    const instance = await start(server.issuer, ['--import', `data:text/javascript,${encodeURIComponent(quick)}`]);
    try {
      const held = line.hold('waiting:');
      const status = new Browser([instance]).status('/sign-in', { method: 'POST', signal: AbortSignal.timeout(5000) });
      await held;
      assert.equal(await status, 503);
    } finally {
      line.release();
      await instance.stop();
    }
  });

  it('answers 503 while Redis is away, and knows the person afterwards', async () => {
    const browser = new Browser(instances);
    await approve(page(), codeOf(await browser.press('/sign-in')));
    assert.deepEqual(await browser.end(), ADA);
    const { port } = line;
    await line.close();
    for (let looks = 0; looks < 2; looks += 1) assert.equal(await browser.status('/'), 503);
    line = await startLine(redis.path, port);
    let status = 503;
    for (let looks = 0; status === 503 && looks < 400; looks += 1) {
      await sleep(25);
      status = await browser.status('/');
    }
    assert.equal(status, 200);
    for (const { complaints } of instances) assert.doesNotMatch(complaints(), /ada|AT-|eyJ|\n {4}at /);
  });
});
