// examples/cloudflare-worker as it stands: bundled by wrangler, run in workerd with real Durable Objects, alarms and KV.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { approve, decline } from '../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { consumer } from './support/consumer.mjs';
import { ROOT } from './support/runtimes.mjs';
import { bundledByWrangler, workerd } from './support/workerd.mjs';

const INTERVAL = 1; // in seconds: the shortest there is

let project;
let server;
/** The codes that were polled for in vain, in order, as the server writes them. */
let polls = [];
let onPending = () => {};
before(async () => {
  project = await consumer('cloudflare-example');
  cpSync(join(ROOT, 'examples/cloudflare-worker'), project.folder, { recursive: true });
  server = await startAuthorizationServer({
    interval: INTERVAL,
    onPoll: async ({ userCode }) => {
      polls.push(userCode);
      await onPending(userCode);
    },
  });
});
after(async () => {
  await server?.close();
  project?.remove();
});

/** What a person's browser does: keeps a cookie, follows the redirect. */
class Browser {
  cookie = '';

  constructor(worker) {
    this.worker = worker;
  }

  #ask(path, options = {}) {
    const headers = { cookie: this.cookie.split(';')[0], accept: 'application/json', ...options.headers };
    return fetch(`${this.worker.origin}${path}`, { ...options, headers, redirect: 'manual' });
  }

  async press(path) {
    const response = await this.#ask(path, { method: 'POST' });
    assert.equal(response.status, 303, await response.text());
    this.cookie = response.headers.get('set-cookie');
    return (await this.#ask(response.headers.get('location'))).json();
  }

  async see(path = '/') {
    const response = await this.#ask(path);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    return response.json();
  }

  async page() {
    return (await this.#ask('/', { headers: { accept: 'text/html' } })).text();
  }

  /** Looks again until it is over. */
  async end() {
    for (let looks = 0; looks < 200; looks++) {
      const state = await this.see();
      if (state.status !== 'waiting') return state;
      await sleep(50);
    }
    throw new Error('it does not end');
  }
}

const page = () => `${server.issuer}/device`;
const ADA = { status: 'signed in', username: 'ada@example.com' };
const expectCode = (state) => {
  assert.deepEqual(Object.keys(state).sort(), ['message', 'status', 'userCode', 'verificationUri']);
  assert.equal(state.status, 'waiting');
  assert.match(state.userCode, /^[A-Z]{4}-[A-Z]{4}$/);
  assert.equal(state.verificationUri, page());
  return state.userCode;
};

/**
 * Tries the example; its storage outlives the process of workerd.
 * @param {string} configuration of wrangler's
 * @param {(worker: object, browser: Browser) => Promise<object>} poll waits for what alarms do, or does what cron does; the last state
 */
function example(configuration, poll) {
  const given = {};
  let host;
  let modules;
  let storage;
  /** Starts the worker, or starts it again. */
  given.start = async (authority = server.issuer) => {
    given.worker = await host.start({
      configuration: join(project.folder, configuration),
      modules,
      bindings: { CLIENT_ID, AUTHORITY: authority },
      resourcePersistencePath: storage,
    });
    return given.worker;
  };
  before(async () => {
    modules = await bundledByWrangler(project.folder, ['--config', configuration]);
    host = workerd();
  });
  after(() => host?.close());
  beforeEach(async () => {
    polls = [];
    onPending = () => {};
    storage = mkdtempSync(join(tmpdir(), 'doorcode-storage-'));
    await given.start();
  });
  afterEach(() => rmSync(storage, { recursive: true, force: true }));

  it('shows a code, polls by itself, and knows the person from then on', async () => {
    const browser = new Browser(given.worker);
    assert.deepEqual(await browser.see(), { status: 'signed out' });
    const code = expectCode(await browser.press('/sign-in'));
    assert.match(browser.cookie, /^__Host-session=[0-9a-f-]{36}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    onPending = async (polled) => {
      onPending = () => {};
      await approve(page(), polled);
    };
    assert.deepEqual(await poll(given.worker, browser), ADA);
    assert.deepEqual(polls, [code.replace('-', '')], 'the first poll was too early for the person');

    const { userinfo, ...profile } = await browser.see('/profile');
    assert.deepEqual(profile, { status: 'signed in', token: 'was at hand' });
    assert.equal(userinfo.email, 'ada@example.com');
    const profiles = await Promise.all(Array.from({ length: 5 }, () => browser.see('/profile')));
    for (const { token } of profiles) assert.equal(token, 'was at hand');
    assert.match(await browser.page(), /Signed in as ada@example\.com/);
    assert.equal(given.worker.output(), '', 'no warning');
  });

  it('shows nobody the session of another', async () => {
    const [one, other] = [new Browser(given.worker), new Browser(given.worker)];
    const codes = (await Promise.all([one.press('/sign-in'), other.press('/sign-in')])).map(expectCode);
    assert.notEqual(codes[0], codes[1]);
    await approve(page(), codes[0]);
    assert.deepEqual(await poll(given.worker, one), ADA);
    assert.equal(expectCode(await other.see()), codes[1]);
    const stranger = new Browser(given.worker);
    for (const cookie of ['', '__Host-session=x', `__Host-session=${crypto.randomUUID()}`, `__Host-session=${'.'.repeat(36)}`]) {
      stranger.cookie = cookie;
      assert.deepEqual(await stranger.see(), { status: 'signed out' });
      assert.deepEqual(await stranger.see('/profile'), { status: 'signed out' });
    }
    for (const from of ['cross-site', 'same-site']) {
      const { status } = await fetch(`${given.worker.origin}/sign-in`, { method: 'POST', headers: { 'sec-fetch-site': from } });
      assert.equal(status, 403, from);
    }
  });

  it('goes on after a restart', async () => {
    const browser = new Browser(given.worker);
    const code = expectCode(await browser.press('/sign-in'));
    browser.worker = await given.start();
    assert.equal(expectCode(await browser.see()), code);
    await approve(page(), code);
    assert.deepEqual(await poll(given.worker, browser), ADA);
    browser.worker = await given.start();
    assert.deepEqual(await browser.see(), ADA);
    assert.equal((await browser.see('/profile')).token, 'was at hand');
  });

  it('says what to do when the person declines, and lets them try again', async () => {
    const browser = new Browser(given.worker);
    await decline(page(), expectCode(await browser.press('/sign-in')));
    const { status, reason, remedy } = await poll(given.worker, browser);
    assert.equal(status, 'failed');
    assert.match(reason, /^access_denied: .*The person said no$/);
    assert.equal(remedy, 'Start again, and accept when asked.');
    assert.match(await browser.page(), /The person said no.*<button>Sign in/s);
    expectCode(await browser.press('/sign-in'));
  });

  it('says so when the code expires', async () => {
    const hasty = await startAuthorizationServer({ interval: INTERVAL, lifetime: 1 });
    try {
      await given.start(hasty.issuer);
      const browser = new Browser(given.worker);
      assert.equal((await browser.press('/sign-in')).status, 'waiting');
      const { status, reason, remedy } = await poll(given.worker, browser);
      assert.equal(status, 'failed');
      assert.match(reason, /expired/);
      assert.match(remedy, /again/);
    } finally {
      await hasty.close();
    }
  });

  it('says what is wrong when there is no code', async () => {
    await given.start(`${server.issuer}/nowhere`);
    const { status, reason, remedy } = await new Browser(given.worker).press('/sign-in');
    assert.equal(status, 'failed');
    assert.match(reason, /^endpoints_resolution_error: /);
    assert.ok(remedy);
  });

  it('forgets the person who signs out', async () => {
    const browser = new Browser(given.worker);
    await approve(page(), expectCode(await browser.press('/sign-in')));
    assert.deepEqual(await poll(given.worker, browser), ADA);
    const { cookie } = browser;
    assert.deepEqual(await browser.press('/sign-out'), { status: 'signed out' });
    assert.match(browser.cookie, /^__Host-session=; Max-Age=0; /);
    browser.cookie = cookie; // which somebody kept
    assert.deepEqual(await browser.see('/profile'), { status: 'signed out' });
  });

  return given;
}

describe('examples/cloudflare-worker with a Durable Object', () => {
  const given = example('wrangler.jsonc', (_, browser) => browser.end());

  it('forgets what comes of a poll that was under way when the person signed out', async () => {
    const browser = new Browser(given.worker);
    expectCode(await browser.press('/sign-in'));
    const { cookie } = browser;
    await new Promise((resolve, reject) => {
      onPending = async () => {
        onPending = () => {};
        await browser.press('/sign-out').then(resolve, reject);
      };
    });
    browser.cookie = cookie; // which somebody kept
    await sleep(200); // the answer to that poll is on its way
    assert.deepEqual(await browser.see(), { status: 'signed out' });
  });
});

describe('examples/cloudflare-worker with KV and cron', () => {
  /** Cron comes again and again, and often too early. */
  async function cron(worker, browser) {
    for (let times = 0; times < 200; times++) {
      assert.equal(await worker.scheduled(), 'ok');
      const state = await browser.see();
      if (state.status !== 'waiting') return state;
      await sleep(50);
    }
    throw new Error('it does not end');
  }
  const given = example('wrangler.kv.jsonc', cron);

  it('does not poll early, however often cron comes', async () => {
    const browser = new Browser(given.worker);
    const code = expectCode(await browser.press('/sign-in'));
    for (let times = 0; times < 5; times++) assert.equal(await given.worker.scheduled(), 'ok');
    assert.deepEqual(polls, []);
    assert.equal(expectCode(await browser.see()), code);
  });
});
