// Debian's Chromium, driven with puppeteer-core. That needs a newer Node than the one that may run the tests, so it has one of its own.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { node, versionOf } from './runtimes.mjs';

const PROGRAM = '/usr/bin/chromium';
const driver = fileURLToPath(new URL('chromium-driver.mjs', import.meta.url));

export const chromiumVersion = () => versionOf(PROGRAM);

/**
 * Starts Chromium with a profile of its own. It finds no host but this machine.
 * @param {object} [options]
 * @param {Record<string, string>} [options.hosts] hosts that are to be found at an address and port of this machine
 * @param {string[]} [options.args] more arguments of Chromium's
 * @returns {Promise<{ run: (work: Function, argument?: unknown) => Promise<any>, close: () => Promise<void> }>} `run` has a function
 *   called in the driver, as `evaluate` of puppeteer has it in a page: with `{ browser, kept }` and an argument that is JSON. What it
 *   puts into `kept` is there the next time.
 */
export async function startChromium({ hosts = {}, args = [] } = {}) {
  const rules = [...Object.entries(hosts).map(([host, address]) => `MAP ${host} ${address}`), 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1'];
  const child = fork(driver, [PROGRAM, `--host-resolver-rules=${rules}`, ...args], { execPath: node(24), execArgv: [] });
  const waiting = new Map();
  let count = 0;
  const ended = once(child, 'exit').then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the driver of Chromium has ended'));
  });
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(value);
  });
  return {
    run: (work, argument) =>
      new Promise((resolve, reject) => {
        const id = ++count;
        waiting.set(id, { resolve, reject });
        child.send({ id, work: `${work}`, argument }, (error) => error && reject(error));
      }),
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
