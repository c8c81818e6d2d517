// examples/browser-extension in Chromium, at a server that speaks as Entra does under Entra's own name, and refuses an Origin header as
// Entra does.

import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { CLIENT, startEntra, TENANT } from '../js/support/entra.mjs';
import { chromiumVersion, startChromium } from './support/chromium.mjs';
import { consumer } from './support/consumer.mjs';
import { HERE, ROOT } from './support/runtimes.mjs';
import { serveFolder } from './support/static-server.mjs';

const HOST = 'login.microsoftonline.com';

/** What Chromium trusts a certificate by. */
const fingerprint = (certificate) =>
  createHash('sha256').update(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })).digest('base64');

describe('examples/browser-extension', async () => {
  const version = await chromiumVersion();
  let entra;
  let project;
  let chromium;
  let files;
  /** What polls are answered with. */
  let answer;

  before(async () => {
    entra = await startEntra();
    const refuseOrigin = () =>
      entra.seen.at(-1).headers.origin && {
        status: 400,
        body: entra.refusal('invalid_request', 9002326, 'Only single-page applications may redeem tokens from another origin.'),
      };
    entra.options.onDeviceCode = refuseOrigin;
    entra.options.onRefresh = refuseOrigin;
    entra.options.onPoll = () => refuseOrigin() ?? answer();

    project = await consumer('extension-example');
    const example = join(ROOT, 'examples/browser-extension');
    cpSync(example, project.folder, { recursive: true, filter: (path) => basename(path) !== 'node_modules' });
    const hurry = readFileSync(join(HERE, 'consumers/extension-example/hurry.js'), 'utf8').replace('START', Date.now());
    writeFileSync(join(project.folder, 'hurry.js'), hurry);
    const auth = JSON.stringify({ clientId: CLIENT, authority: `https://${HOST}/${TENANT}` });
    const config = `import './hurry.js';\nexport const auth = ${auth};\nexport const scopes = ['User.Read'];\n`;
    writeFileSync(join(project.folder, 'config.js'), config);

    files = await serveFolder(example);
    chromium = await startChromium({
      hosts: { [HOST]: `127.0.0.1:${entra.port}`, 'microsoft.com': `127.0.0.1:${entra.port}` },
      args: [`--ignore-certificate-errors-spki-list=${fingerprint(entra.cert)}`],
    });
    await chromium.run(
      async ({ browser, kept }, { folder, hurry }) => {
        kept.id = await browser.installExtension(folder);
        kept.open = async () => {
          kept.popup = await browser.newPage();
          await kept.popup.evaluateOnNewDocument(hurry);
          await kept.popup.goto(`chrome-extension://${kept.id}/popup.html`);
        };
        kept.isServiceWorker = (target) => target.type() === 'service_worker' && target.url().includes(kept.id);
        await browser.defaultBrowserContext().overridePermissions(`chrome-extension://${kept.id}`, ['clipboard-read', 'clipboard-write']);
      },
      { folder: project.folder, hurry },
    );
  });
  after(async () => {
    await chromium?.close();
    await files?.close();
    project?.remove();
    await entra?.close();
  });
  beforeEach(async () => {
    answer = () => undefined;
    entra.seen.length = 0;
    await open();
  });
  afterEach(() =>
    chromium.run(async ({ browser, kept }) => {
      await kept.open(); // a test may have closed it
      await kept.popup.evaluate(async () => {
        await chrome.alarms.clearAll();
        await chrome.storage.session.clear();
      });
      for (const page of await browser.pages()) if (!page.url().startsWith('about:')) await page.close();
    }),
  );

  const open = () => chromium.run(({ kept }) => kept.open());
  /** Presses what has this text. */
  const press = (text) => chromium.run(({ kept }, text) => kept.popup.locator(`::-p-xpath(//button[.='${text}'])`).click(), text);
  /** Waits until the popup's heading says something, and returns what can be read. */
  const read = (heading) =>
    chromium.run(async ({ kept }, heading) => {
      const isThere = (heading) => document.querySelector('h1').textContent.includes(heading);
      await kept.popup.waitForFunction(isThere, { timeout: 20_000 }, heading);
      return kept.popup.evaluate(() => document.querySelector('main').innerText);
    }, heading);
  /** Evaluates an expression in the popup. */
  const evaluate = (expression) => chromium.run(({ kept }, expression) => kept.popup.evaluate(expression), expression);
  /** All that lies in storage. */
  const stored = () =>
    chromium.run(({ kept }) =>
      kept.popup.evaluate(async () => ({ ...(await chrome.storage.session.get()), ...(await chrome.storage.local.get()) })),
    );
  /** How many requests there were so far. */
  const asked = (path) => entra.seen.filter(({ url }) => url.pathname.endsWith(path)).length;
  const polls = () => asked('/token');

  /** Evaluates an expression in the service worker. */
  const inServiceWorker = (expression) =>
    chromium.run(async ({ browser, kept }, expression) => {
      const target = await browser.waitForTarget(kept.isServiceWorker);
      return (await target.worker()).evaluate(expression);
    }, expression);
  const stopServiceWorker = () =>
    chromium.run(async ({ browser, kept }) => {
      const target = await browser.waitForTarget(kept.isServiceWorker);
      const gone = new Promise((resolve) => browser.on('targetdestroyed', (other) => other === target && resolve()));
      await (await target.worker()).close();
      await gone;
    });

  async function signIn() {
    await press('Sign in');
    const text = await read('Waiting');
    assert.match(text, /\d+:\d\d left/);
    assert.equal(await evaluate('document.querySelector("output").value'), 'ABCD-EFGH');
    await until(() => evaluate("document.activeElement.id === 'copy'")); // a keyboard goes on from there
    const { view, flow } = await stored();
    assert.match(flow.saved, /DC-/);
    assert.doesNotMatch(JSON.stringify(view), /DC-/, 'the popup is told no secret');
  }

  it(`runs in Chromium ${version}, the example extension`, async () => {
    await read('signed out');
    await signIn();
    await evaluate('chrome.alarms.clearAll()');
    await until(() => polls() >= 2); // the popup asks for them
    answer = () => ({ done: true });
    const text = await read('Signed in as Ada Lovelace');
    assert.match(text, /ada@contoso\.example/);
    assert.match(text, /access token is new. It is good until \d+:\d\d/);
    assert.ok(entra.seen.every(({ headers }) => headers.origin === undefined));
    const { tokens, view, flow } = await stored();
    assert.ok(/AT-/.test(tokens) && /RT-/.test(tokens) && flow === undefined);
    assert.doesNotMatch(JSON.stringify(view), /AT-|RT-/);

    await press('Get a token');
    await chromium.run(({ kept }) => kept.popup.waitForFunction(() => document.querySelector('#token').textContent.includes('at hand')));

    await press('Sign out');
    await read('signed out');
    assert.deepEqual(await stored(), {});
    assert.deepEqual(await evaluate('chrome.alarms.getAll()'), []);
  });

  it('finishes by the alarm, though the popup is closed and the service worker was stopped', async () => {
    await signIn();
    await chromium.run(({ kept }) => kept.popup.close());
    await stopServiceWorker();
    const before = polls();
    await until(() => polls() > before);
    await stopServiceWorker();
    let isDone = false;
    answer = () => ({ done: (isDone = true) });
    await until(() => isDone);
    await open();
    await read('Signed in as Ada Lovelace');
    assert.deepEqual(await evaluate('chrome.alarms.getAll()'), []);
  });

  it('goes on when the service worker is stopped while the popup is open', async () => {
    await signIn();
    await stopServiceWorker();
    answer = () => ({ done: true });
    await read('Signed in as Ada Lovelace');
    await stopServiceWorker();
    await press('Get a token');
    await until(async () => /at hand/.test(await read('Signed in')));
  });

  it('asks no more often than the server wants, however often the popup asks', async () => {
    entra.options.interval = 300; // fifteen seconds here
    try {
      await signIn();
      for (let times = 0; times < 20; times++) await evaluate("chrome.runtime.sendMessage('poll')");
      assert.equal(polls(), 0);
    } finally {
      entra.options.interval = 5;
    }
  });

  it('copies the code', async () => {
    await signIn();
    await press('Copy');
    await until(async () => /Copied/.test(await read('Waiting')));
    assert.equal(await evaluate('navigator.clipboard.readText()'), 'ABCD-EFGH');
  });

  it('opens the page to type it on in a new tab', async () => {
    await signIn();
    const url = await chromium.run(async ({ browser, kept }) => {
      await kept.popup.locator('::-p-text(Open the sign-in page)').click();
      const tab = await browser.waitForTarget((target) => target.url().endsWith('/devicelogin'));
      return tab.url();
    });
    assert.equal(url, 'https://microsoft.com/devicelogin');
  });

  it('cancels', async () => {
    await signIn();
    await press('Cancel');
    await read('signed out');
    assert.deepEqual(await stored(), {});
    assert.deepEqual(await evaluate('chrome.alarms.getAll()'), []);
  });

  it('says why a sign-in was declined, and lets the person try again', async () => {
    await signIn();
    answer = () => ({ body: { error: 'authorization_declined', error_description: 'The person said no.' } });
    const text = await read('That did not work');
    assert.match(text, /authorization_declined: .*The person said no/);
    const { view, flow } = await stored();
    assert.ok(view.remedy && text.includes(view.remedy) && flow === undefined);
    answer = () => ({ done: true });
    await press('Try again');
    await read('Signed in as Ada Lovelace');
  });

  it('finds tokens that were kept, renews them, and knows when the person is needed', async () => {
    const { expiresIn, extExpiresIn, onRefresh } = entra.options;
    try {
      Object.assign(entra.options, { expiresIn: 1, extExpiresIn: 1 });
      answer = () => ({ done: true });
      await press('Sign in');
      await read('Signed in as Ada Lovelace');
      await evaluate("chrome.storage.session.remove('view')");
      await open();
      assert.match(await read('Signed in as Ada Lovelace'), /is new/);

      entra.options.onRefresh = () => ({ status: 500, body: {} });
      await press('Get a token');
      await read('That did not work');
      entra.options.onRefresh = onRefresh;
      await press('Try again');
      await read('Signed in as Ada Lovelace');
      assert.equal(asked('/devicecode'), 1, 'the person was not bothered');

      entra.options.onRefresh = () => ({ body: entra.refusal('invalid_grant', 50173, 'The grant was revoked.') });
      await press('Get a token');
      assert.match(await read('That did not work'), /sign in again/i);
      await press('Try again');
      await read('Signed in as Ada Lovelace');
      assert.equal(asked('/devicecode'), 2);
    } finally {
      Object.assign(entra.options, { expiresIn, extExpiresIn, onRefresh });
    }
  });

  it('is refused by Entra without its rule, and says what to do', async () => {
    await evaluate("chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds: [1] })");
    await inServiceWorker('chrome.declarativeNetRequest.updateDynamicRules = async () => {}');
    await press('Sign in');
    const text = await read('That did not work');
    await stopServiceWorker(); // which ends what was done to it
    assert.match(text, /AADSTS9002326/);
    assert.match(text, /declarativeNetRequest/);
    assert.match(entra.seen.at(-1).headers.origin, /^chrome-extension:/);
  });

  it('leaves the Origin header of everybody else alone', async () => {
    await signIn();
    const address = `https://${HOST}/${TENANT}/oauth2/v2.0/devicecode`;
    for (const [page, origin] of [
      [`https://${HOST}/common/discovery/instance`, `https://${HOST}`],
      [`${files.origin}/popup.html`, files.origin],
    ]) {
      entra.seen.length = 0;
      await chromium.run(
        async ({ browser }, { page: url, address }) => {
          const page = await browser.newPage();
          await page.goto(url);
          await page.evaluate((address) => fetch(address, { method: 'POST', mode: 'no-cors' }), address);
        },
        { page, address },
      );
      assert.equal(entra.seen.find(({ url }) => url.href === address).headers.origin, origin);
    }
  });
});

async function until(condition) {
  for (const patience = Date.now() + 20_000; Date.now() < patience; await new Promise((resolve) => setTimeout(resolve, 10))) {
    if (await condition()) return;
  }
  assert.fail(`it never came: ${condition}`);
}
