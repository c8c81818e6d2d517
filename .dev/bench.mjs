// `npm run bench`: doorcode beside MSAL Node, in CPU time an operation. Each figure is the median of several processes.
//   --runs N        processes a figure (3)
//   --rows PATTERN  only rows whose name or number of accounts matches, as in --rows 'silent hit, memory.* 1,000$'
//   --json FILE     also writes every sample
// `node .dev/bench.mjs` alone measures what is in pkg/ without building it.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { main, ROOT, say } from './steps.mjs';
import { accountInfo, auth, makeBlob } from './bench/blob.mjs';
import { rows as allRows } from './bench/rows.mjs';
import { figure, header, tableLine, title, verdict } from './bench/table.mjs';

const THEIRS = '@azure/msal-node';
const OURS = 'doorcode';
/** Start-up is short and its noise is large: so many processes instead of one. */
const STARTS = 5;
/** Milliseconds that one process may take. */
const TIME_LIMIT = 120_000;

/**
 * Runs a script of bench/ with one argument; resolves to what it printed, or to why it failed.
 * @param {string} script
 * @param {object} argument
 * @param {string[]} [flags] for Node
 * @returns {Promise<{ cpu: number, memory?: number, failed?: undefined } | { failed: string }>}
 */
async function child(script, argument, flags = []) {
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

/** @param {{ library?: string, operation: string, accounts?: number, folder: string }} argument */
const measured = (argument) => child('measure.mjs', argument, ['--expose-gc']);

/** @param {number[]} samples */
function median(samples) {
  const sorted = samples.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs each of some measurements so many times, in turns, so that a machine that slows down slows them all. One that fails is not
 * repeated.
 * @param {(() => Promise<{ value: number } | { failed: string }>)[]} measurements
 * @param {number} times
 * @returns {Promise<import('./bench/table.mjs').Figure[]>}
 */
async function inTurns(measurements, times) {
  const figures = measurements.map(() => ({ samples: /** @type {number[]} */ ([]), failed: '' }));
  for (let turn = 0; turn < times; turn += 1) {
    for (const [index, measure] of measurements.entries()) {
      if (figures[index].failed) continue;
      const answer = await measure();
      if ('failed' in answer) figures[index].failed = answer.failed;
      else figures[index].samples.push(answer.value);
    }
  }
  return figures.map(({ samples, failed }) => (failed ? { failed } : { median: median(samples), samples }));
}

/**
 * @param {import('./bench/rows.mjs').Row} row
 * @param {string} folder where the blobs are
 * @param {number} runs
 */
function measure({ operation, accounts, hit, unit }, folder, runs) {
  if (operation === 'start') return measureStart({ hit, unit }, folder, runs);
  if (operation === 'command') return measureCommand(runs);
  const one = (/** @type {string} */ library) => async () => {
    const answer = await measured({ library, operation, accounts, folder });
    return answer.failed === undefined ? { value: answer.cpu } : answer;
  };
  return inTurns([one(THEIRS), one(OURS)], runs);
}

/** @param {Pick<import('./bench/rows.mjs').Row, 'hit' | 'unit'>} row @param {string} folder @param {number} runs */
async function measureStart({ hit, unit }, folder, runs) {
  const one = (/** @type {string | undefined} */ library) => async () => {
    const answer = await child('first-hit.mjs', { library, hit, blob: join(folder, '1.json'), auth, account: accountInfo(0) });
    return answer.failed === undefined ? { value: unit === 'memory' ? Number(answer.memory) : answer.cpu } : answer;
  };
  const [bare, ...figures] = await inTurns([one(undefined), one(THEIRS), one(OURS)], runs * STARTS);
  if ('failed' in bare) throw new Error(`Node alone failed: ${bare.failed}`);
  return figures.map((figure) =>
    'failed' in figure ? figure : { median: figure.median - bare.median, samples: figure.samples.map((sample) => sample - bare.median) },
  );
}

/** The command beside Node that is given nothing to do, in time on the clock: what it waits for counts as well. @param {number} runs */
function measureCommand(runs) {
  const one = (/** @type {string[]} */ ...args) => async () => {
    const started = process.hrtime.bigint();
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, timeout: TIME_LIMIT, encoding: 'utf8' });
    const value = Number(process.hrtime.bigint() - started) / 1000;
    return status === 0 ? { value } : { failed: stderr.trim().split('\n')[0] };
  };
  return inTurns([one('-e', '0'), one('pkg/cli/doorcode.js', '--version')], runs * STARTS);
}

function options() {
  const { values } = parseArgs({
    options: { runs: { type: 'string', default: '3' }, rows: { type: 'string', default: '' }, json: { type: 'string' } },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs must be a whole number from 1');
  const pattern = new RegExp(values.rows, 'i');
  const rows = allRows.filter((row) => pattern.test(title(row)));
  if (rows.length === 0) throw new Error(`no row matches ${values.rows}; there are:\n${allRows.map(title).join('\n')}`);
  return { runs, rows, json: values.json };
}

main(async () => {
  const { runs, rows, json } = options();
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.on('SIGINT', () => process.exit(130));

  const sizes = new Map([[0, 0]]);
  for (const count of new Set([1, 1_000, ...rows.map(({ accounts }) => accounts ?? 1)])) {
    if (count === 0) continue;
    const blob = makeBlob(count);
    sizes.set(count, blob.length);
    writeFileSync(join(folder, `${count}.json`), blob);
  }

  const yardstick = await measured({ operation: 'jsonParse', accounts: 1_000, folder });
  if (yardstick.failed !== undefined) throw new Error(`the yardstick failed: ${yardstick.failed}`);
  const parse = figure(yardstick.cpu, 'rate', sizes.get(1_000) ?? 0);
  console.log(`Node ${process.version}, ${cpus().length} cores, JSON.parse ${parse}, ${runs} processes a figure\n\n${header()}`);

  const results = [];
  for (const row of rows) {
    const [theirs, ours] = await measure(row, folder, runs);
    const ratio = 'failed' in theirs || 'failed' in ours ? undefined : theirs.median / ours.median;
    const result = { row, theirs, ours, ratio, bytes: sizes.get(row.accounts ?? 1) ?? 0 };
    console.log(tableLine(result));
    results.push(result);
  }

  const verdicts = results.map(({ row, ratio }) => verdict(ratio, row.goal));
  const count = (/** @type {string} */ wanted) => verdicts.filter((one) => one === wanted).length;
  const failed = results.filter(({ ratio }) => ratio === undefined).length;
  say(`\ngoals: ${count('met')} met, ${count('near')} within 15 %, ${count('MISSED')} missed; ${failed} rows failed`);
  if (json) {
    const report = results.map(({ row, ...result }, index) => ({ title: title(row), ...row, ...result, verdict: verdicts[index] }));
    writeFileSync(json, `${JSON.stringify({ node: process.version, jsonParse: parse, runs, rows: report }, null, 2)}\n`);
  }
});
