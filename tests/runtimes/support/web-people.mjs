// People with a browser each: contexts of one Chromium that share nothing. They find things by role and name, as a person does, with a screen or
// without. Every page that they see for the first time is checked with axe, in light and in dark, and for whether it fits 320 pixels.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChromium } from './chromium.mjs';
import { MODULES } from './runtimes.mjs';

/** Put into the driver of Chromium, which has puppeteer. */
async function install({ browser, kept }, { axe, screenshots, checksPages }) {
  const people = {};
  const checked = new Set();
  const SLOW = 20_000;

  async function meet({ name, withoutScript }) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    const person = { context, page, received: [], stop: undefined };
    page.setDefaultTimeout(SLOW);
    await page.setJavaScriptEnabled(!withoutScript);
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      if (!person.stop || !request.url().startsWith(person.stop.prefix)) return request.continue();
      person.stop.found(request.url());
      person.stop = undefined;
      return request.respond({ status: 204 });
    });
    page.on('response', (response) => {
      const text = response.text().catch(() => '');
      person.received.push(text.then((body) => [response.url(), JSON.stringify(response.headers()), body]));
    });
    people[name] = person;
  }

  /** What is on the page, and what is wrong with it. */
  async function read(name) {
    const { page } = people[name];
    await page.waitForSelector('h1');
    const [title, heading, text] = await page.evaluate(() => [document.title, document.querySelector('h1').innerText, document.body.innerText]);
    const url = page.url();
    const problems = [];
    const kind = `${new URL(url).port} ${title}`;
    if (checksPages && !checked.has(kind) && page.isJavaScriptEnabled()) {
      checked.add(kind);
      for (const scheme of ['light', 'dark']) {
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
        for (const width of [320, 1280]) {
          await page.setViewport({ width, height: 800 });
          const file = `${title.replace(/\W+/g, '-')}-${scheme}-${width}.png`;
          if (screenshots) await page.screenshot({ path: `${screenshots}/${file}`, fullPage: true });
          const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
          if (isTooWide) problems.push(`it scrolls sideways at ${width} pixels`);
        }
        await page.evaluate(axe);
        const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations);
        problems.push(...violations.map(({ id, nodes }) => `${scheme}: ${id}: ${nodes.map(({ html }) => html)}`));
      }
    }
    return { title, heading, text, url, problems };
  }

  /** Does something that loads a page. */
  async function going(page, work) {
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), work()]);
  }
  const find = ({ page }, { role, label }) => page.locator(`::-p-aria([name="${label}"][role="${role}"])`);

  kept.tasks = {
    meet,
    read: ({ name }) => read(name),
    async open({ name, url }) {
      await people[name].page.goto(url);
      return read(name);
    },
    async press({ name, ...thing }) {
      await going(people[name].page, () => find(people[name], thing).click());
      return read(name);
    },
    /** Presses until the page changes, with the keyboard alone. */
    async keys({ name, keys }) {
      const { page } = people[name];
      for (const key of keys.slice(0, -1)) await page.keyboard.press(key);
      const focus = await page.evaluate(() => {
        const element = document.activeElement;
        return { name: element.innerText, outline: getComputedStyle(element).outlineStyle };
      });
      await going(page, () => page.keyboard.press(keys.at(-1)));
      return { ...(await read(name)), focus };
    },
    async fill({ name, text, ...thing }) {
      await find(people[name], thing).fill(text);
    },
    async goBack({ name }) {
      await people[name].page.goBack();
      return read(name);
    },
    /** Where the browser was about to go: to an address that begins so. It does not go there. */
    async caught({ name, prefix, from, press }) {
      const person = people[name];
      const url = new Promise((found) => (person.stop = { prefix, found }));
      if (from) await person.page.goto(from).catch(() => {}); // it ends where it is stopped
      else await find(person, press).click();
      return url;
    },
    cookies: ({ name }) => people[name].context.cookies(),
    setCookies: ({ name, cookies }) => people[name].context.setCookie(...cookies),
    received: async ({ name }) => (await Promise.all(people[name].received)).flat(),
    async leave({ name }) {
      await people[name].context.close();
      delete people[name];
    },
  };
}

/** Somebody at their browser. What is on the page is in what most of these give. */
class Person {
  #do;

  /** @param {(task: string, given?: object) => Promise<any>} doing */
  constructor(doing) {
    this.#do = doing;
  }

  async #seen(task, given) {
    const seen = await this.#do(task, given);
    assert.deepEqual(seen.problems, [], `${seen.title} (${seen.url})`);
    return seen;
  }

  open = (url) => this.#seen('open', { url });
  read = () => this.#seen('read');
  /** @param {'link' | 'button'} role @param {string} label */
  press = (role, label) => this.#seen('press', { role, label });
  keys = (...keys) => this.#seen('keys', { keys });
  /** @param {'textbox' | 'combobox'} role @param {string} label @param {string} text */
  fill = (role, label, text) => this.#do('fill', { role, label, text });
  goBack = () => this.#seen('goBack');
  /** @param {string} prefix @param {{ from: string } | { press: { role: string, label: string } }} how */
  caught = (prefix, how) => this.#do('caught', { prefix, ...how });
  cookies = () => this.#do('cookies');
  setCookies = (cookies) => this.#do('setCookies', { cookies });
  /** All that the browser has received: addresses, headers, bodies. @returns {Promise<string[]>} */
  received = () => this.#do('received');
  leave = () => this.#do('leave');
}

/**
 * @param {object} [options]
 * @param {boolean} [options.checksPages] whether pages are checked
 * @param {string} [options.screenshots] a folder for pictures of those
 */
export async function startPeople({ checksPages = true, screenshots } = {}) {
  const chromium = await startChromium();
  try {
    await chromium.run(install, { axe: readFileSync(join(MODULES, 'axe-core/axe.min.js'), 'utf8'), screenshots, checksPages });
  } catch (error) {
    await chromium.close();
    throw error;
  }
  let count = 0;
  return {
    /** Somebody new. @param {{ withoutScript?: boolean }} [options] */
    async meet(options) {
      const name = `person ${(count += 1)}`;
      const doing = (task, given) => chromium.run(({ kept }, { task, given }) => kept.tasks[task](given), { task, given: { ...given, name } });
      await doing('meet', options);
      return new Person(doing);
    },
    close: () => chromium.close(),
  };
}
