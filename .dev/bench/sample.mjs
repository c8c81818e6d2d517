// The ways to come to a figure, each in a process of its own, and the figures of several processes.

import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../steps.mjs';
import { accountInfo, auth, person } from './blob.mjs';
import { OURS } from './libraries.mjs';
import { NODE } from './rows.mjs';
import { bundled, installed } from './shipped.mjs';

/** Milliseconds that one process may take. */
const TIME_LIMIT = 300_000;
/** Start-up is short and its noise is large: so many processes instead of one. */
const STARTS = 5;

/**
 * @typedef {import('./rows.mjs').Row} Row
 * @typedef {Record<string, number | undefined> & { failed?: undefined } | { failed: string }} Answer the figures of one process, by their names
 * @typedef {{ median: number, samples: number[] } | { failed: string }} Figure
 *
 * @typedef {object} Way
 * @property {(library: string | undefined, row: Row, setting: { folder: string, flows?: number }) => Promise<Answer>} once
 * @property {number} times processes for each that is asked for; 0 if one is enough, for it is always the same
 * @property {boolean} [aboveBare] less what it is without a library
 */

/**
 * Runs a script of bench/ with one argument; resolves to what it printed, or to why it failed.
 * @param {string} script
 * @param {object} argument
 * @param {string[]} [flags] for Node
 * @returns {Promise<Answer>}
 */
export async function child(script, argument, flags = []) {
  const args = [...flags, join(ROOT, '.dev/bench', script), JSON.stringify(argument)];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: TIME_LIMIT });
    return JSON.parse(stdout);
  } catch (error) {
    const { killed, stderr, message } = /** @type {any} */ (error);
    if (killed) return { failed: `no end after ${TIME_LIMIT / 1000} s` };
    return { failed: (/^(\w*Error.*)$/m.exec(stderr)?.[1] ?? stderr?.trim().split('\n').pop() ?? message).slice(0, 120) };
  }
}

/** @param {boolean} hit @returns {Way} */
const start = (hit) => ({
  times: STARTS,
  aboveBare: true,
  once: (library, _, { folder }) =>
    child('first-hit.mjs', { library, hit, blob: join(folder, '1.json'), auth, account: accountInfo(0), token: person(0).accessToken }),
});

/** @type {Record<string, Way>} */
const ways = {
  start: start(false),
  hit: start(true),
  pending: {
    times: 1,
    once: (library, { over, accounts }, { flows }) =>
      child('pending.mjs', { library, over, flows: flows ?? accounts, quick: flows !== undefined }, ['--expose-gc']),
  },
  // In time on the clock: what it waits for counts as well.
  command: {
    times: STARTS,
    async once(library) {
      const args = library === NODE ? ['-e', '0'] : ['pkg/cli/doorcode.js', '--version'];
      const started = process.hrtime.bigint();
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, timeout: TIME_LIMIT, encoding: 'utf8' });
      const cpu = Number(process.hrtime.bigint() - started) / 1000;
      return status === 0 ? { cpu } : { failed: stderr.trim().split('\n')[0] };
    },
  },
  install: { times: 0, once: (library) => attempt(() => installed(String(library))) },
  bundle: { times: 0, once: (library) => attempt(() => bundled(String(library))) },
};

/** @type {Way} */
const measured = {
  times: 1,
  once: (library, { operation, accounts, over }, { folder }) => child('measure.mjs', { library, operation, accounts, over, folder }, ['--expose-gc']),
};

/** Whether a row is one of `operations.mjs`. @param {Row} row */
export const isMeasured = ({ operation }) => !(operation in ways);

/** @param {Row} row */
export const wayOf = ({ operation }) => ways[operation] ?? measured;

/** @param {() => Promise<Record<string, number>>} work @returns {Promise<Answer>} */
const attempt = (work) => work().catch((error) => ({ failed: String(error.message).split('\n')[0].slice(0, 120) }));

/**
 * Measures a row's libraries in turns, so that a machine that slows down slows them all. One that fails is not repeated.
 * Rows that are about the same process, which is told by `known`, share it.
 * @param {Row} row
 * @param {{ folder: string, runs: number, known: Map<string, Answer> }} setting
 * @returns {Promise<Record<string, Figure>>} by library
 */
export async function measure(row, { folder, runs, known }) {
  const way = wayOf(row);
  const libraries = [...(way.aboveBare ? [undefined] : []), ...row.peers, OURS];
  const figures = new Map(libraries.map((library) => [library, { samples: /** @type {number[]} */ ([]), failed: '' }]));
  for (let turn = 0; turn < (way.times ? way.times * runs : 1); turn += 1) {
    for (const [library, figure] of figures) {
      if (figure.failed) continue;
      const key = JSON.stringify([row.operation, row.accounts, row.over, library, turn]);
      const answer = known.get(key) ?? (await way.once(library, row, { folder }));
      known.set(key, answer);
      const value = answer.failed === undefined ? answer[row.field ?? 'cpu'] : undefined;
      if (value === undefined) figure.failed = String(answer.failed ?? 'no such figure');
      else figure.samples.push(value);
    }
  }
  const bare = way.aboveBare ? median(figures.get(undefined)?.samples ?? []) : 0;
  return Object.fromEntries([row.peers, OURS].flat().map((library) => {
    const { samples, failed } = figures.get(library) ?? { samples: [], failed: 'not measured' };
    const above = samples.map((sample) => sample - bare);
    return [library, failed ? { failed } : { median: median(above), samples: above }];
  }));
}

/** @param {number[]} samples */
export function median(samples) {
  const sorted = samples.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
