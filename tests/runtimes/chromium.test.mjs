// Chromium: extensions of Manifest V3, whose service workers it stops and restricts most, and pages.

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build } from './node_modules/esbuild/lib/main.js';
import { CODES, startScripted } from '../js/support/scripted.mjs';
import { EXPECTED } from './job.mjs';
import { chromiumVersion, startChromium } from './support/chromium.mjs';
import { authorizationServer, consumer } from './support/consumer.mjs';
import { serveFolder } from './support/static-server.mjs';

/** Installs an extension, and calls a function in its service worker. */
async function inServiceWorker({ browser }, { folder, name, argument }) {
  const id = await browser.installExtension(folder);
  const target = await browser.waitForTarget((target) => target.type() === 'service_worker' && target.url().includes(id));
  const worker = await target.worker();
  return worker.evaluate((name, argument) => globalThis[name](argument), name, argument);
}

/** Opens a page, and calls a function in it. */
async function inPage({ browser }, { url, name, argument }) {
  const page = await browser.newPage();
  await page.goto(url);
  const value = await page.evaluate((name, argument) => globalThis[name](argument), name, argument);
  await page.close();
  return value;
}

describe('Chromium', async () => {
  const version = await chromiumVersion();
  let project;
  let server;
  let files;
  let chromium;
  before(async () => {
    project = await consumer('chromium');
    // The page is on another origin than the server.
    server = await authorizationServer({ clientBasedCORS: () => true });
    files = await serveFolder(project.folder);
    chromium = await startChromium();
  });
  after(async () => {
    await chromium?.close();
    await files?.close();
    await server?.close();
    project?.remove();
  });

  it(`runs in Chromium ${version}, MV3 service worker (module)`, async () => {
    assert.deepEqual(await chromium.run(inServiceWorker, { folder: project.folder, name: 'runJob', argument: server.auth }), EXPECTED);
  });

  it(`runs in Chromium ${version}, MV3 service worker (classic, bundled)`, async () => {
    const folder = join(project.folder, 'classic');
    const [source, outfile] = ['extension.js', 'bundle.js'].map((name) => join(folder, name));
    await build({ entryPoints: [source], bundle: true, format: 'iife', outfile, logLevel: 'error' });
    assert.deepEqual(await chromium.run(inServiceWorker, { folder, name: 'runJob', argument: server.auth }), EXPECTED);
  });

  it(`runs in Chromium ${version}, page (import map)`, async () => {
    const methods = new Set();
    const note = ({ request }) => void methods.add(request.method);
    subscribe('http.server.request.start', note);
    try {
      assert.deepEqual(await chromium.run(inPage, { url: `${files.origin}/page.html`, name: 'runJob', argument: server.auth }), EXPECTED);
    } finally {
      unsubscribe('http.server.request.start', note);
    }
    assert.deepEqual([...methods].sort(), ['GET', 'POST'], 'no request of a kind for which a browser first asks leave (OPTIONS)');
  });

  it(`runs in Chromium ${version}, module worker of a page`, async () => {
    const url = `${files.origin}/page.html`;
    assert.deepEqual(await chromium.run(inPage, { url, name: 'runJobInWorker', argument: server.auth }), EXPECTED);
  });

  /**
   * Has a page sign in at a server on another origin that redirects a POST to `path`, or does not let the page read its
   * answer. Returns what was asked for, and how it ended.
   */
  async function failAt(path, { isRedirect }) {
    const answers = {};
    const other = await startScripted(answers);
    const readable = { 'access-control-allow-origin': '*' };
    const says = (json, status = 200) => () => ({ status, json, headers: readable });
    const { origin } = other;
    const discovery = '/.well-known/openid-configuration';
    answers[discovery] = says({ issuer: origin, device_authorization_endpoint: `${origin}/device`, token_endpoint: `${origin}/token` });
    answers['/device'] = says(CODES);
    answers['/elsewhere'] = says({ access_token: 'AT', token_type: 'Bearer', ...CODES });
    answers[path] = () => (isRedirect ? { status: 307, headers: { ...readable, location: '/elsewhere' } } : { json: CODES });
    try {
      const auth = { clientId: 'c', authority: origin };
      const end = await chromium.run(inPage, { url: `${files.origin}/page.html`, name: 'failAt', argument: auth });
      return [...other.seen.map(({ path }) => path).filter((path) => path !== discovery), end];
    } finally {
      await other.close();
    }
  }

  it('does not follow a redirect, though Chromium hides it', async () => {
    assert.deepEqual(await failAt('/device', { isRedirect: true }), ['/device', 'post_request_failed']);
    assert.deepEqual(await failAt('/token', { isRedirect: true }), ['/device', '/token', 'post_request_failed']);
  });

  it('says so when a server does not let the page read its answer', async () => {
    assert.deepEqual(await failAt('/device', { isRedirect: false }), ['/device', 'network_error']);
  });

  describe('where the Content-Security-Policy forbids WebAssembly', () => {
    const namesTheFix = ({ remedy, cause, ...rest }) => {
      assert.deepEqual(rest, { isConfiguration: true, errorCode: 'invalid_configuration', field: 'WebAssembly' });
      assert.ok(remedy.includes("script-src 'self' 'wasm-unsafe-eval'"), remedy);
      assert.match(cause, /Content Security Policy/);
    };

    it('tells an extension which key its manifest lacks', async () => {
      const file = join(project.folder, 'manifest.json');
      const { content_security_policy, ...manifest } = JSON.parse(readFileSync(file, 'utf8'));
      assert.ok(content_security_policy);
      const folder = `${project.folder}-without-policy`;
      try {
        cpSync(project.folder, folder, { recursive: true });
        writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
        namesTheFix(await chromium.run(inServiceWorker, { folder, name: 'tryToBegin' }));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

    it('tells a page which directive it lacks', async () => {
      for (const [policy, check] of [
        ["script-src 'self'", namesTheFix],
        ["script-src 'self' 'wasm-unsafe-eval'", (value) => assert.equal(value, 'it was made')],
      ]) {
        const strict = await serveFolder(project.folder, { 'content-security-policy': policy });
        try {
          check(await chromium.run(inPage, { url: `${strict.origin}/strict.html`, name: 'tryToBegin' }));
        } finally {
          await strict.close();
        }
      }
    });
  });
});
