// examples/page in Chromium, at the real authorization server, which is on another origin and lets the page read its answers.

import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { approve, decline } from '../../examples/authorization-server/person.mjs';
import { chromiumVersion, startChromium } from './support/chromium.mjs';
import { consumer } from './support/consumer.mjs';
import { ROOT } from './support/runtimes.mjs';
import { serveFolder } from './support/static-server.mjs';

describe('examples/page', async () => {
  const version = await chromiumVersion();
  let server;
  let project;
  let files;
  let chromium;
  /** What the person does when they are polled for a second time. */
  let person;
  before(async () => {
    server = await startAuthorizationServer({
      interval: 1,
      onPoll: async ({ count, userCode }) => {
        if (count === 2) await person(`${server.issuer}/device`, userCode);
      },
      configuration: { clientBasedCORS: () => true },
    });
    project = await consumer('page-example');
    cpSync(join(ROOT, 'examples/page'), project.folder, { recursive: true, filter: (path) => basename(path) !== 'node_modules' });
    const auth = JSON.stringify({ clientId: CLIENT_ID, authority: server.issuer });
    writeFileSync(join(project.folder, 'config.js'), `export const auth = ${auth};\nexport const scopes = ['email'];\n`);
    files = await serveFolder(project.folder);
    chromium = await startChromium();
    await chromium.run(({ browser, kept }, url) => {
      kept.tabs = {};
      kept.open = async (tab) => {
        kept.tabs[tab] = await browser.newPage();
        // Waits between polls are short; the time limit of a request stays as it is.
        await kept.tabs[tab].evaluateOnNewDocument(() => {
          const { setTimeout } = globalThis;
          const isWait = (milliseconds) => milliseconds >= 900 && milliseconds <= 10_000;
          globalThis.setTimeout = (work, milliseconds) => setTimeout(work, isWait(milliseconds) ? milliseconds / 50 : milliseconds);
        });
        await kept.tabs[tab].goto(url);
      };
    }, `${files.origin}/index.html`);
  });
  after(async () => {
    await chromium?.close();
    await files?.close();
    project?.remove();
    await server?.close();
  });
  beforeEach(async () => {
    person = () => {};
    await open('one');
  });
  afterEach(() =>
    chromium.run(async ({ kept }) => {
      const [tab] = Object.values(kept.tabs);
      await tab.evaluate(() => indexedDB.deleteDatabase('doorcode'));
      for (const name of Object.keys(kept.tabs)) {
        await kept.tabs[name].close();
        delete kept.tabs[name];
      }
    }),
  );

  const open = (tab) => chromium.run(({ kept }, tab) => kept.open(tab), tab);
  const press = (text, tab = 'one') =>
    chromium.run(async ({ kept }, { text, tab }) => {
      await kept.tabs[tab].bringToFront();
      await kept.tabs[tab].locator(`::-p-xpath(//button[.='${text}'])`).click();
    }, { text, tab });
  /** Waits until the heading says something, and returns what can be read. */
  const read = (heading, tab = 'one') =>
    chromium.run(async ({ kept }, { heading, tab }) => {
      const isThere = (heading) => document.querySelector('h1').textContent.includes(heading);
      await kept.tabs[tab].waitForFunction(isThere, { timeout: 20_000 }, heading);
      return kept.tabs[tab].evaluate(() => document.querySelector('main').innerText);
    }, { heading, tab });
  const note = (text, tab = 'one') =>
    chromium.run(async ({ kept }, { text, tab }) => {
      const isThere = (text) => document.querySelector('#note').textContent.includes(text);
      await kept.tabs[tab].waitForFunction(isThere, { timeout: 20_000 }, text);
    }, { text, tab });
  /** What lies in the database. */
  const stored = () =>
    chromium.run(({ kept }) =>
      kept.tabs.one.evaluate(async () => {
        const settled = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
        const database = await settled(indexedDB.open('doorcode'));
        const values = await settled(database.transaction('caches').objectStore('caches').getAll());
        database.close();
        return values.join();
      }),
    );

  it(`runs in Chromium ${version}, the example page`, async () => {
    await read('signed out');
    let seen;
    person = async (...codes) => {
      seen = await read('Waiting');
      await approve(...codes);
    };
    await press('Sign in');
    await read('Signed in as ada@example.com');
    assert.match(seen, /[A-Z]{4}-[A-Z]{4}/);
    assert.ok(seen.includes(`${server.issuer}/device`));
    assert.match(await stored(), /"RefreshToken":\{"/);

    await press('Get a token');
    await note('at hand');
    await open('two');
    await read('Signed in as ada@example.com', 'two');

    await press('Sign out');
    await read('signed out');
    assert.match(await stored(), /"RefreshToken":\{\}/);
    await press('Get a token', 'two');
    await read('signed out', 'two');
  });

  it('runs no script that was smuggled in', async () => {
    await read('signed out');
    const ran = await chromium.run(({ kept }) =>
      kept.tabs.one.evaluate(async () => {
        globalThis.ran = [];
        const script = (given) => Object.assign(document.createElement('script'), given);
        document.body.append(script({ text: 'ran.push("inline")' }));
        const fromElsewhere = script({ src: 'data:text/javascript,ran.push("elsewhere")' });
        await new Promise((resolve) => {
          fromElsewhere.onload = fromElsewhere.onerror = resolve;
          document.body.append(fromElsewhere);
        });
        const paragraph = document.createElement('p');
        paragraph.setAttribute('onclick', 'ran.push("handler")');
        paragraph.click();
        return globalThis.ran;
      }),
    );
    assert.deepEqual(ran, []);
  });

  it('cancels', async () => {
    await press('Sign in');
    await read('Waiting');
    await press('Cancel');
    await read('signed out');
  });

  it('says why a sign-in was declined, and lets the person try again', async () => {
    person = decline;
    await press('Sign in');
    assert.match(await read('That did not work'), /access_denied/);
    person = approve;
    await press('Sign in');
    await read('Signed in as ada@example.com');
  });
});
