// `npm run bench`: doorcode beside MSAL Node, `@azure/identity` and openid-client. Each figure is the median of several processes.
//   --runs N        processes a figure (3)
//   --rows PATTERN  only rows whose name or number of accounts matches, as in --rows 'silent hit, memory.* 1,000$'
//   --json FILE     also writes every sample
//   --from FILE     measures nothing: writes the page of what --json wrote, with what rows.mjs says now
//   --check         measures nothing: does each operation once, with few accounts, and looks at what comes out
// A run of all rows writes docs/performance.md. `node .dev/bench.mjs` alone measures what is in pkg/ without building it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ask, main, ROOT, say } from './steps.mjs';
import { makeBlob } from './bench/blob.mjs';
import { check } from './bench/check.mjs';
import { IDENTITY, MSAL, OPENID, OURS } from './bench/libraries.mjs';
import { page } from './bench/page.mjs';
import { rows as allRows } from './bench/rows.mjs';
import { child, measure } from './bench/sample.mjs';
import { figure, header, ratioOf, tableLine, title, verdicts } from './bench/table.mjs';

function options() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '3' },
      rows: { type: 'string', default: '' },
      json: { type: 'string' },
      from: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs must be a whole number from 1');
  const pattern = new RegExp(values.rows, 'i');
  const rows = allRows.filter((row) => pattern.test(title(row)));
  if (rows.length === 0) throw new Error(`no row matches ${values.rows}; there are:\n${allRows.map(title).join('\n')}`);
  return { ...values, runs, rows };
}

/** Blobs of so many accounts, each in a file of that name; returns their lengths. @param {string} folder @param {number[]} counts */
function writeBlobs(folder, counts) {
  const sizes = new Map([[0, 0]]);
  for (const count of new Set(counts)) {
    if (count === 0) continue;
    const blob = makeBlob(count);
    sizes.set(count, blob.length);
    writeFileSync(join(folder, `${count}.json`), blob);
  }
  return sizes;
}

/** Time of a measurement that needs no library, in microseconds. @param {string} operation @param {string} folder */
async function yardstick(operation, folder) {
  const answer = await child('measure.mjs', { operation, accounts: 1_000, folder }, ['--expose-gc']);
  if (answer.failed !== undefined) throw new Error(`the yardstick failed: ${answer.failed}`);
  return Number(answer.cpu);
}

/** What was measured, and on what. */
async function circumstances() {
  const version = (/** @type {string} */ folder) => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')).version;
  const peers = [MSAL, IDENTITY, OPENID].map((name) => [name, version(`node_modules/${name}`)]);
  const commit = await ask('git', ['-C', ROOT, 'describe', '--always', '--dirty', '--exclude', '*']);
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit ?? 'no commit',
    node: process.version,
    machine: `${cpus().length} cores of ${cpus()[0]?.model.trim() || 'a CPU without a name'}`,
    versions: Object.fromEntries([[OURS, version('pkg')], ...peers]),
  };
}

/** @param {import('./bench/page.mjs').Report} report */
function writePage(report) {
  const rows = new Map(allRows.map((row) => [title(row), row]));
  const results = report.results.flatMap((result) => {
    const row = rows.get(title(result.row));
    return row ? [{ ...result, row }] : [];
  });
  if (results.length < allRows.length) throw new Error('docs/performance.md is written from results of all rows, and some are missing');
  writeFileSync(join(ROOT, 'docs/performance.md'), page({ ...report, results }));
  say('wrote docs/performance.md');
}

main(async () => {
  const { runs, rows, json, from, check: onlyCheck } = options();
  if (from) return writePage(JSON.parse(readFileSync(from, 'utf8')));
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
  if (onlyCheck) return check(rows, folder, writeBlobs);

  const cached = rows.filter(({ operation }) => operation !== 'pending').map(({ accounts }) => accounts ?? 1);
  const sizes = writeBlobs(folder, [1, 1_000, ...cached]);
  const speed = {
    jsonParse: figure(await yardstick('jsonParse', folder), 'rate', sizes.get(1_000) ?? 0),
    fixedLoop: figure(await yardstick('fixedLoop', folder), 'time', 0),
  };
  const around = await circumstances();
  console.log(`Node ${around.node}, ${around.machine}, JSON.parse ${speed.jsonParse}, loop ${speed.fixedLoop}, ${runs} processes a figure\n\n${header()}`);

  const known = new Map();
  const results = [];
  for (const row of rows) {
    const figures = await measure(row, { folder, runs, known });
    const result = { row, figures, ratio: ratioOf(row, figures), bytes: sizes.get(row.accounts ?? 1) ?? 0 };
    console.log(tableLine(result));
    results.push(result);
  }

  const outcomes = results.map((result) => verdicts(result).goal);
  const count = (/** @type {string} */ wanted) => outcomes.filter((one) => one === wanted).length;
  const failed = results.filter(({ figures }) => Object.values(figures).some((one) => 'failed' in one)).length;
  say(`\ngoals: ${count('met')} met, ${count('equal')} within 15 %, ${count('missed')} missed; in ${failed} rows a library failed`);
  const report = { ...around, yardstick: speed, runs, results };
  if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (rows.length === allRows.length) writePage(report);
});
