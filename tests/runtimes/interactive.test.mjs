// acquireTokenInteractive of the packed tarball in every runtime that can open a port, and its pages in Chromium.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { signIn } from '../../examples/authorization-server/person.mjs';
import { startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { chromiumVersion, startChromium } from './support/chromium.mjs';
import { consumer } from './support/consumer.mjs';
import { bun, deno, node, versionOf } from './support/runtimes.mjs';

/** Ends a program that should have ended by itself. Nothing else waits for it. */
const PATIENCE = 60_000;
const CLIENT = {
  client_id: 'native', client_name: 'A program on this machine', application_type: 'native', redirect_uris: ['http://localhost'], token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
};
/** Prints the address to open, and what came of it; the other end of the pipe is the browser. */
const PROGRAM = `
import process from 'node:process';
import { PublicClientApplication } from 'doorcode';
const [authority, more = '{}'] = process.argv.slice(2);
const pca = new PublicClientApplication({ auth: { clientId: 'native', authority } });
const openBrowser = (address) => console.log(address);
try {
  const { account } = await pca.acquireTokenInteractive({ scopes: ['email'], openBrowser, ...JSON.parse(more) });
  console.log(JSON.stringify({ username: account.username }));
} catch ({ errorCode, message }) {
  console.log(JSON.stringify({ errorCode, message }));
}
`;

describe('acquireTokenInteractive', async () => {
  let project;
  let server;
  before(async () => {
    project = await consumer('node');
    writeFileSync(join(project.folder, 'interactive.mjs'), PROGRAM);
    server = await startAuthorizationServer({ configuration: { clients: [CLIENT] } });
  });
  after(async () => {
    await server?.close();
    project?.remove();
  });

  /** Runs the program, with a browser for the address that it prints; it has to end by itself. */
  async function run([file, ...args], browse, more = {}) {
    const child = spawn(file, [...args, 'interactive.mjs', server.issuer, JSON.stringify(more)], {
      cwd: project.folder, env: { PATH: process.env.PATH, HOME: project.folder, DENO_NO_UPDATE_CHECK: '1' }, timeout: PATIENCE, killSignal: 'SIGKILL',
    });
    const said = { stdout: '', stderr: '' };
    let browsed;
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        said[stream] += text;
        const address = /^(http\S+)\n/.exec(said.stdout)?.[1];
        if (address) browsed ??= browse(address);
      });
    }
    const code = await new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
    assert.deepEqual([code, said.stderr], [0, '']);
    return { outcome: JSON.parse(said.stdout.trim().split('\n').at(-1)), page: await browsed };
  }

  const runtimes = [
    ...await Promise.all([20, 22, 24, 26].map(async (major) => [`Node ${await versionOf(node(major))}`, () => [node(major)]])),
    [`Deno ${await versionOf(deno())}`, () => [deno(), 'run', '--no-prompt', '--quiet', '--allow-net=127.0.0.1']],
    [`Bun ${await versionOf(bun())}`, () => [bun()]],
  ];
  for (const [name, program] of runtimes) {
    for (const responseMode of ['query', 'form_post']) {
      it(`signs a person in in ${name}, by ${responseMode}`, async () => {
        const { outcome, page } = await run(program(), signIn, { responseMode });
        assert.deepEqual(outcome, { username: 'ada@example.com' });
        assert.match(page.html, /<h1>You are signed in<\/h1>/);
      });
    }

    it(`ends in ${name} when nobody comes, or the person says no`, async () => {
      assert.equal((await run(program(), () => {}, { timeout: 0.05 })).outcome.errorCode, 'user_timeout_reached');
      const { outcome, page } = await run(program(), (address) => signIn(address, { decision: 'cancel' }));
      assert.equal(outcome.errorCode, 'access_denied');
      assert.match(page.html, /<h1>You are not signed in<\/h1>/);
    });
  }

  it('says so in Deno where it may open no port', async () => {
    const [file, ...args] = [deno(), 'run', '--no-prompt', '--quiet', `--allow-net=${new URL(server.issuer).host}`];
    const { outcome } = await run([file, ...args], () => assert.fail('nobody is asked'));
    assert.equal(outcome.errorCode, 'no_loopback_server_exists', outcome.message);
  });

  describe(`in Chromium ${await chromiumVersion()}`, () => {
    let chromium;
    before(async () => {
      // Pages to look at are kept where somebody wants that.
      if (process.env.SCREENSHOTS) mkdirSync(process.env.SCREENSHOTS, { recursive: true });
      chromium = await startChromium({ args: ['--host-resolver-rules=MAP localhost 127.0.0.1'] });
    });
    after(() => chromium?.close());

    /** What a person does in it. Returns what they see at the end, in each width and in light and dark. */
    const inChromium = (decision, name) => (address) => chromium.run(async ({ browser }, { address, decision, path }) => {
      const context = await browser.createBrowserContext();
      try {
        const page = await context.newPage();
        await page.goto(address);
        await page.select('select[name=login]', 'ada');
        await Promise.all([page.waitForNavigation(), page.click('button[value=go]')]);
        await Promise.all([page.waitForNavigation(), page.click(`button[value=${decision}]`)]);
        await page.waitForFunction(() => /^You are/.test(document.title));
        const seen = { url: page.url(), title: await page.title(), history: await page.evaluate(() => performance.getEntriesByType('navigation')[0].name) };
        seen.outline = await page.evaluate(() => ({ lang: document.documentElement.lang, landmarks: document.querySelectorAll('main').length, headings: [...document.querySelectorAll('h1')].map((one) => one.textContent) }));
        for (const width of [320, 1280]) {
          for (const scheme of ['light', 'dark']) {
            await page.setViewport({ width, height: 480 });
            await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
            (seen.widths ??= []).push(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
            (seen.colours ??= []).push(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme));
            if (path) await page.screenshot({ path: `${path}-${width}-${scheme}.png` });
          }
        }
        return seen;
      } finally {
        await context.close();
      }
    }, { address, decision, path: process.env.SCREENSHOTS && join(process.env.SCREENSHOTS, name) });

    for (const responseMode of ['query', 'form_post']) {
      for (const [decision, title] of [['go', 'You are signed in'], ['cancel', 'You are not signed in']]) {
        it(`shows "${title}", by ${responseMode}, and keeps no code in the address`, async () => {
          const { outcome, page } = await run([node(24)], inChromium(decision, `${responseMode}-${decision}`), { responseMode });
          assert.equal(outcome.username ?? outcome.errorCode, decision === 'go' ? 'ada@example.com' : 'access_denied');
          assert.match(page.url, /^http:\/\/localhost:\d+\/$/);
          assert.equal(page.history, page.url);
          assert.deepEqual([page.title, page.outline], [title, { lang: 'en', landmarks: 1, headings: [title] }]);
          assert.deepEqual(page.widths, [true, true, true, true], 'nothing to scroll sideways');
        });
      }
    }
  });
});
