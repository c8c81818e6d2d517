// doorcode/cache/web in Chromium: the storage areas of an extension, and the stores of pages, each used by several contexts at once.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build } from './node_modules/esbuild/lib/main.js';
import { chromiumVersion, startChromium } from './support/chromium.mjs';
import { consumer } from './support/consumer.mjs';
import { serveFolder } from './support/static-server.mjs';

/** Names of people; who ends in "!" signs out again. */
const crowd = (name, size = 40) => Array.from({ length: size }, (_, number) => `${name}-${number}${number % 2 ? '!' : ''}`);
const staying = (names) => names.filter((name) => !name.endsWith('!')).sort();

/** Who is signed in after so many operations of a storm: see `storm` in stores.js. */
function afterStorm(name, operations) {
  const people = new Set();
  for (let number = 0; number < operations; number += 1) {
    if (number % 3 === 2) people.delete(`${name}-${number - 2}`);
    else people.add(`${name}-${number}`);
  }
  return [...people].sort();
}

describe('stores in Chromium', async () => {
  const version = await chromiumVersion();
  let project;
  let files;
  /** Another origin, where there is little room. */
  let narrow;
  let chromium;
  before(async () => {
    project = await consumer('chromium-stores');
    const [source, outfile] = ['stores.js', 'bundle.js'].map((name) => join(project.folder, name));
    await build({ entryPoints: [source], bundle: true, format: 'iife', outfile, logLevel: 'error' });
    [files, narrow] = await Promise.all([serveFolder(project.folder), serveFolder(project.folder)]);
    chromium = await startChromium();
    await chromium.run(
      async ({ browser, kept }, { folder, origin, narrow }) => {
        const id = await browser.installExtension(folder);
        kept.pages = {};
        kept.addresses = { page: `${origin}/page.html`, narrow: `${narrow}/page.html`, extension: `chrome-extension://${id}/page.html` };
        /** The service worker; the message starts it where it is stopped. */
        kept.serviceWorker = async () => {
          await kept.starter?.evaluate(() => chrome.runtime.sendMessage('start'));
          return browser.waitForTarget((target) => target.type() === 'service_worker' && target.url().includes(id));
        };
        await kept.serviceWorker();
        kept.starter = await browser.newPage();
        await kept.starter.goto(kept.addresses.extension);
      },
      { folder: project.folder, origin: files.origin, narrow: narrow.origin },
    );
  });
  after(async () => {
    await chromium?.close();
    await files?.close();
    await narrow?.close();
    project?.remove();
  });

  /** Opens a tab: with the page, or with one of the extension. */
  const open = (tab, address = 'page') =>
    chromium.run(async ({ browser, kept }, { tab, address }) => {
      kept.pages[tab] = await browser.newPage();
      await kept.pages[tab].goto(kept.addresses[address]);
    }, { tab, address });
  const close = (tab) => chromium.run(({ kept }, tab) => kept.pages[tab].close(), tab);
  /** Calls a function of stores.js in a tab. */
  const inTab = (tab, name, argument) =>
    chromium.run(
      ({ kept }, { tab, name, argument }) => kept.pages[tab].evaluate((name, argument) => globalThis[name](argument), name, argument),
      { tab, name, argument },
    );
  const inWorkerOf = (tab, name, argument) => inTab(tab, 'inWorker', { name, argument });
  const inServiceWorker = (name, argument) =>
    chromium.run(async ({ kept }, { name, argument }) => {
      const worker = await (await kept.serviceWorker()).worker();
      return worker.evaluate((name, argument) => globalThis[name](argument), name, argument);
    }, { name, argument });
  const evaluate = (tab, expression) =>
    chromium.run(({ kept }, { tab, expression }) => kept.pages[tab].evaluate(expression), { tab, expression });

  /** A test with tabs that are open for it. */
  const itWith = (tabs, title, test) =>
    it(title, async () => {
      const names = Object.keys(tabs);
      try {
        for (const name of names) await open(name, tabs[name]);
        await test();
      } finally {
        for (const name of names) await close(name);
      }
    });

  const conforms = async (run) => {
    const { cases, failures } = await run;
    assert.deepEqual(failures, []);
    assert.ok(cases >= 12, `${cases} tests were run`);
  };
  const holds = async (run, people) => assert.deepEqual((await run).value, people);
  const done = async (run) => {
    const { value, ...problem } = await run;
    assert.deepEqual(problem, {}, value);
  };
  /** Does it again where a busy machine takes longer than the few milliseconds that are allowed. @param {() => Promise<any>} act */
  const again = async (act) => {
    for (let tries = 1; ; tries++) {
      const outcome = await act();
      if (!outcome.retryable || tries === 100) return outcome;
    }
  };
  /** Checks an error of the store's, and returns its message. */
  const fails = async (run, { retryable }) => {
    const { message, remedy, cause, ...rest } = await run;
    assert.deepEqual(rest, { isTyped: true, errorCode: 'cache_store_failed', retryable });
    assert.ok(remedy);
    assert.doesNotMatch(`${message} ${remedy} ${cause}`, /AT-|RT-/);
    return message;
  };
  const namesTheFix = async (run, field, fix) => {
    const { isTyped, errorCode, field: found, message } = await run;
    assert.deepEqual([isTyped, errorCode, found], [true, 'invalid_configuration', field]);
    assert.match(message, fix);
  };

  for (const kind of ['local', 'session']) {
    it(`runs in Chromium ${version}, chrome.storage.${kind} in an MV3 service worker`, () =>
      conforms(inServiceWorker('conform', { kind })));

    itWith({ popup: 'extension' }, `runs in Chromium ${version}, chrome.storage.${kind} in a page of the extension`, () =>
      conforms(inTab('popup', 'conform', { kind })));

    itWith({ one: 'extension', two: 'extension' }, `loses nothing where a service worker and two pages race for ${kind}`, async () => {
      const store = { kind, place: 'race' };
      const [worker, one, two] = ['worker', 'one', 'two'].map((name) => crowd(name));
      await Promise.all([
        inServiceWorker('race', { ...store, people: worker }),
        inTab('one', 'race', { ...store, people: one }),
        inTab('two', 'race', { ...store, people: two }),
      ]);
      const people = staying([...worker, ...one, ...two]);
      await holds(inServiceWorker('people', store), people);
      await holds(inTab('one', 'people', store), people);
      await open('late', 'extension');
      await holds(inTab('late', 'people', store), people).finally(() => close('late'));
    });

    itWith({ popup: 'extension' }, `keeps ${kind} whole, and free for others, when the service worker is stopped`, async () => {
      for (let round = 0; round < 8; round += 1) {
        const name = `storm-${kind}-${round}`;
        const store = { kind, place: name };
        await inTab('popup', 'listen', { name });
        await inServiceWorker('storm', { ...store, name });
        await inTab('popup', 'hear', { name, least: 5 + 2 * round });
        await chromium.run(async ({ browser, kept }) => {
          const target = await kept.serviceWorker();
          const gone = new Promise((resolve) => browser.on('targetdestroyed', (other) => other === target && resolve()));
          await (await target.worker()).close();
          await gone;
        });
        await isAfterStorm(inTab.bind(undefined, 'popup'), store, name);
      }
    });
  }

  /** Checks that a store is as a storm left it after one of its operations, none that it told of being lost; and that it can be written. */
  async function isAfterStorm(run, store, name) {
    const heard = await run('hear', { name, least: 0 });
    const { value: people, ...problem } = await run('people', store);
    assert.deepEqual(problem, {});
    // The last that it did, it may not have told of.
    const states = [heard, heard + 1, heard + 2].map((operations) => afterStorm(name, operations));
    assert.ok(states.some((state) => `${state}` === `${people}`), `after ${heard} operations: ${people}`);
    await done(run('signIn', { ...store, person: 'somebody' }));
    await holds(run('people', store), [...people, 'somebody'].sort());
  }

  itWith({ page: 'page' }, `runs in Chromium ${version}, IndexedDB in a page`, () =>
    conforms(inTab('page', 'conform', { kind: 'indexedDb' })));

  itWith({ page: 'page' }, `runs in Chromium ${version}, IndexedDB in a worker of a page`, () =>
    conforms(inWorkerOf('page', 'conform', { kind: 'indexedDb' })));

  it(`runs in Chromium ${version}, IndexedDB in an MV3 service worker`, () => conforms(inServiceWorker('conform', { kind: 'indexedDb' })));

  itWith({ page: 'page' }, `runs in Chromium ${version}, sessionStorage in a page`, () =>
    conforms(inTab('page', 'conform', { kind: 'sessionStorage' })));

  itWith({ one: 'page', two: 'page' }, 'loses nothing where two tabs and a worker race for one IndexedDB', async () => {
    const store = { kind: 'indexedDb', place: 'race' };
    const [worker, one, two] = ['worker', 'one', 'two'].map((name) => crowd(name));
    await Promise.all([
      inTab('one', 'race', { ...store, people: one }),
      inTab('two', 'race', { ...store, people: two }),
      inWorkerOf('two', 'race', { ...store, people: worker }),
    ]);
    const people = staying([...worker, ...one, ...two]);
    for (const tab of ['one', 'two']) await holds(inTab(tab, 'people', store), people);
    await holds(inWorkerOf('one', 'people', store), people);
  });

  for (const [how, end] of [
    ['a tab is closed', ({ kept }) => kept.pages.storm.close()],
    ['a renderer crashes', async ({ kept }) => {
      const session = await kept.pages.storm.createCDPSession();
      const crashed = new Promise((resolve) => kept.pages.storm.once('error', resolve));
      session.send('Page.crash').catch(() => {});
      await crashed;
      await kept.pages.storm.close();
    }],
  ]) {
    itWith({ other: 'page' }, `keeps IndexedDB whole, and free for others, when ${how} in the middle`, async () => {
      for (let round = 0; round < 6; round += 1) {
        const name = `${how} ${round}`;
        const store = { kind: 'indexedDb', place: name };
        await inTab('other', 'listen', { name });
        await open('storm');
        await inTab('storm', 'storm', { ...store, name });
        await inTab('other', 'hear', { name, least: 5 + 2 * round });
        await chromium.run(end);
        await isAfterStorm(inTab.bind(undefined, 'other'), store, name);
      }
    });
  }

  /** Signs somebody in for whom there is no room, and then makes room. */
  async function refusesTooMuch(run, store, { size, fill, empty }) {
    await done(run('signIn', { ...store, person: 'ada' }));
    await fill();
    const large = { ...store, person: 'g'.repeat(size) };
    assert.match(await fails(run('signIn', large), { retryable: false }), /has no room/);
    // Another application: that which was refused keeps its change in memory.
    const another = { ...store, options: { timeout: 5000 } };
    await holds(run('people', another), ['ada']);
    await empty();
    await done(run('signOut', { ...another, person: 'ada' }));
    await holds(run('people', another), []);
  }

  for (const [kind, tab] of [['local', 'extension'], ['session', 'extension'], ['sessionStorage', 'page']]) {
    itWith({ [kind]: tab }, `says that there is no room in ${kind}, and changes nothing`, async () => {
      const run = inTab.bind(undefined, kind);
      const [fill, empty] = ['fill', 'empty'].map((name) => () => run(name, { kind }));
      await refusesTooMuch(run, { kind, place: 'full' }, { size: 3000, fill, empty });
    });
  }

  itWith({ page: 'narrow' }, 'says that there is no room in IndexedDB, and changes nothing', async () => {
    // What one write may take is what counts: Chromium knows only roughly what is in use.
    const limit = (more) =>
      chromium.run(async ({ kept }, argument) => {
        kept.quota ??= await kept.pages.page.createCDPSession();
        await kept.quota.send('Storage.overrideQuotaForOrigin', argument);
      }, { origin: narrow.origin, ...more });
    await limit({ quotaSize: 200_000 });
    const run = inTab.bind(undefined, 'page');
    await refusesTooMuch(run, { kind: 'indexedDb', place: 'full' }, { size: 200_000, fill() {}, empty: () => limit() });
  });

  itWith({ popup: 'extension' }, 'reads a cache that other code has stored as text, and leaves what is no text', async () => {
    const run = inTab.bind(undefined, 'popup');
    const store = { kind: 'local', place: 'tokens' };
    await done(run('signIn', { kind: 'local', place: 'other', person: 'ada' }));
    const kept = await evaluate('popup', 'chrome.storage.local.get("other").then(({ other }) => other)');
    assert.match(kept, /^\{.*RT-ada/, 'it is the cache and nothing else');
    await holds(run('people', store), []);
    await evaluate('popup', `chrome.storage.local.set({ tokens: ${JSON.stringify(kept)} })`);
    await holds(run('people', store), ['ada']);
    await done(run('signIn', { ...store, person: 'grace' }));
    await holds(inServiceWorker('people', store), ['ada', 'grace']);

    // What was removed is gone, also for whom had read it.
    await evaluate('popup', 'chrome.storage.local.remove("tokens")');
    await holds(run('people', store), []);
    await holds(inServiceWorker('people', store), []);

    for (const value of ['{ "mine": 1 }', '7']) {
      await evaluate('popup', `chrome.storage.local.set({ tokens: ${value} })`);
      for (const name of ['people', 'signIn']) {
        assert.match(await fails(run(name, { ...store, person: 'ada' }), { retryable: false }), /is no text/);
      }
      assert.deepEqual(await evaluate('popup', 'chrome.storage.local.get("tokens")'), { tokens: JSON.parse(value) });
    }
  });

  itWith({ page: 'page' }, 'leaves what is no text in IndexedDB, and databases of others', async () => {
    const run = inTab.bind(undefined, 'page');
    const store = { kind: 'indexedDb', place: 'not-text' };
    await run('makeDatabase', { place: 'not-text', stores: ['caches'], records: { 'token-cache': { mine: 1 } } });
    for (const name of ['people', 'signIn']) {
      assert.match(await fails(run(name, { ...store, person: 'ada' }), { retryable: false }), /is no text/);
    }
    assert.deepEqual(await run('record', { place: 'not-text', key: 'token-cache' }), { mine: 1 });
    // Another key of it is free, though the version of the database is not ours.
    await done(run('signIn', { ...store, options: { key: 'free' }, person: 'ada' }));
    await holds(run('people', { ...store, options: { key: 'free' } }), ['ada']);

    await run('makeDatabase', { place: 'of-others', stores: ['theirs'] });
    await fails(run('people', { kind: 'indexedDb', place: 'of-others' }), { retryable: true });
  });

  itWith({ one: 'extension', two: 'extension' }, 'waits for a lock no longer than it is told, and goes on when that is free', async () => {
    const patient = { kind: 'local', place: 'locked' };
    const hasty = { ...patient, options: { timeout: 20 } };
    await inTab('one', 'lock', patient);
    assert.match(await fails(inTab('two', 'signIn', { ...hasty, person: 'ada' }), { retryable: true }), /in use by another/);
    await holds(inTab('two', 'people', patient), [], 'reading needs no lock');
    const waiting = inTab('two', 'signIn', { ...patient, person: 'grace' });
    await inTab('one', 'release');
    await done(waiting);
    // What could not be stored is stored with the next change.
    await done(again(() => inTab('two', 'signIn', { ...hasty, person: 'linus' })));
    await holds(inTab('one', 'people', patient), ['ada', 'grace', 'linus']);
  });

  itWith({ one: 'page', two: 'page' }, 'waits for a transaction no longer than it is told, and goes on when that is over', async () => {
    const patient = { kind: 'indexedDb', place: 'busy' };
    const hasty = { ...patient, options: { timeout: 20 } };
    await done(inTab('one', 'signIn', { ...patient, person: 'ada' }));
    await inTab('one', 'holdTransaction', patient);
    assert.match(await fails(inTab('two', 'signIn', { ...hasty, person: 'grace' }), { retryable: true }), /in use by another/);
    const waiting = inTab('two', 'signIn', { ...patient, person: 'grace' });
    await inTab('one', 'release');
    await done(waiting);
    await holds(inTab('one', 'people', patient), ['ada', 'grace']);
  });

  itWith({ one: 'page', two: 'page' }, 'does not hinder who deletes the database, and waits for it no longer than told', async () => {
    const store = { kind: 'indexedDb', place: 'deleted' };
    const hasty = { ...store, options: { timeout: 20 } };
    await done(inTab('one', 'signIn', { ...store, person: 'ada' }));
    assert.equal(await inTab('two', 'deleteDatabase', store), 'it is gone');
    await holds(inTab('one', 'people', store), []);
    await done(inTab('one', 'signIn', { ...store, person: 'grace' }));

    await inTab('two', 'holdConnection', store);
    assert.match(await fails(inTab('one', 'people', hasty), { retryable: true }), /in use by another/);
    await inTab('two', 'release');
    await holds(again(() => inTab('one', 'people', hasty)), []);
    await done(inTab('one', 'signIn', { ...store, person: 'linus' }));
    await holds(inTab('two', 'people', store), ['linus']);
  });

  itWith({ page: 'page' }, 'opens the database again where the browser has closed it', async () => {
    const store = { kind: 'indexedDb', place: 'cleared' };
    await done(inTab('page', 'signIn', { ...store, person: 'ada' }));
    await chromium.run(async ({ kept }, origin) => {
      const session = await kept.pages.page.createCDPSession();
      await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
    }, files.origin);
    await holds(inTab('page', 'people', store), []);
    await done(inTab('page', 'signIn', { ...store, person: 'grace' }));
    await holds(inTab('page', 'people', store), ['grace']);
  });

  itWith({ page: 'page', popup: 'extension' }, 'says at once what is wrong with where it is to store, and with the options', async () => {
    const [page, popup] = ['page', 'popup'].map((tab) => inTab.bind(undefined, tab));
    for (const area of [undefined, null]) await namesTheFix(page('constructOver', { area }), 'area', /add the permission "storage"/);
    await namesTheFix(page('constructOver', { area: 'local' }), 'area', /must be an object/);
    await namesTheFix(page('constructOver', { area: {} }), 'area.get', /it must be a function/);
    await namesTheFix(page('constructOver', { area: { getItem: 1 } }), 'area.getItem', /must be a function/);
    await namesTheFix(page('construct', { kind: 'localStorage' }), 'area', /use IndexedDbCachePlugin/);
    await namesTheFix(popup('construct', { kind: 'localStorage' }), 'area', /use IndexedDbCachePlugin/);
    await namesTheFix(popup('construct', { kind: 'sync' }), 'area', /other machines/);
    await namesTheFix(page('constructWithoutLocks'), 'area', /Web Locks/);
    await namesTheFix(page('constructWithoutIndexedDb'), 'indexedDB', /there is none here/);
    await namesTheFix(page('construct', { kind: 'indexedDb', options: { indexedDB: {} } }), 'indexedDB.open', /must be a function/);
    for (const kind of ['sessionStorage', 'indexedDb']) {
      for (const [options, field] of [[{ key: 7 }, 'key'], [{ timeout: '1' }, 'timeout'], [{ timeout: -1 }, 'timeout']]) {
        await namesTheFix(page('construct', { kind, options }), field, /it must be a/);
      }
    }
    assert.deepEqual(await page('construct', { kind: 'sessionStorage' }), {});
    assert.deepEqual(await page('construct', { kind: 'indexedDb' }), {});
  });

  itWith({ page: 'page' }, 'says what the browser said where it does not work at all', async () => {
    const problem = await inTab('page', 'refused', { kind: 'indexedDb' });
    assert.equal(problem.cause, 'SecurityError: no leave');
    await fails(problem, { retryable: true });
  });
});
