// The benchmark: nothing is timed here, but all that it does is done once, and its page is held against its rows.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeBlob } from '../../.dev/bench/blob.mjs';
import { OURS } from '../../.dev/bench/libraries.mjs';
import { page } from '../../.dev/bench/page.mjs';
import { groups, rows } from '../../.dev/bench/rows.mjs';
import { median } from '../../.dev/bench/sample.mjs';
import { figure, ratioOf, tableLine, title, verdict } from '../../.dev/bench/table.mjs';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = join(root, 'docs/performance.md');

/** Runs Node in the repository; resolves also if it fails. */
const node = (...args) =>
  exec(process.execPath, args, { cwd: root }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );

const cells = (line) => line.split('|').slice(1, -1).map((cell) => cell.trim());

/** Results in which every library takes as long as the table `factors` says, or 1, and doorcode 1. */
const results = (factors = {}) =>
  rows.map((row) => {
    const figures = Object.fromEntries([...row.peers.map((peer) => [peer, factors[title(row)] ?? 1]), [OURS, 1]].map(
      ([library, value]) => [library, { median: value, samples: [value] }],
    ));
    return { row, figures, ratio: ratioOf(row, figures), bytes: 1 };
  });

const report = (given) => ({
  date: '2026-01-01', commit: 'abc', node: 'v20', machine: '2 cores', versions: { doorcode: '1.0.0', other: '2.0.0' },
  yardstick: { jsonParse: '1 MB/s', fixedLoop: '1 ms' }, runs: 1, results: given,
});

describe('the benchmark', () => {
  it('is JavaScript whose types agree', async () => {
    assert.equal((await node('node_modules/typescript/bin/tsc', '-p', '.dev/bench')).stdout, '');
  });

  it('can measure every row, and finds that each library does what it is timed for', async () => {
    const { code, stdout, stderr } = await node('.dev/bench.mjs', '--check');
    assert.match(stdout, /^\d+ measurements, each done once: nothing wrong$/m, stderr);
    assert.equal(code, 0);
  });

  it('notices a library that is quick and wrong', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorcode-bench-test-'));
    try {
      writeFileSync(join(folder, '20.json'), makeBlob(20));
      // Everybody gets what the first one was given.
      const wrong = `
        import { PublicClientApplication } from '${new URL('../../pkg/node.js', import.meta.url)}';
        for (const name of ['acquireTokenSilent', 'acquireTokenByDeviceCode']) {
          const right = PublicClientApplication.prototype[name];
          let first;
          PublicClientApplication.prototype[name] = function (request) { return (first ??= right.call(this, request)); };
        }`;
      const jobs = ['silentHit', 'silentHitMemoryPlugin', 'refresh', 'refreshAndSave', 'signIn'].map((operation) => ({ title: operation, operation, accounts: 20 }));
      const argument = JSON.stringify({ library: OURS, folder, jobs });
      const run = async (...flags) => JSON.parse((await node(...flags, '.dev/bench/once.mjs', argument)).stdout).faults;
      const faults = await run('--import', `data:text/javascript,${encodeURIComponent(wrong)}`);
      assert.deepEqual(faults.map((fault) => fault.split(':')[0]), jobs.map((job) => job.title));
      assert.deepEqual(await run(), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('has names that are each given to one row', () => {
    assert.equal(new Set(rows.map(title)).size, rows.length);
  });

  it('calls equal what lies within 15 % of a goal', () => {
    assert.deepEqual([10, 8.6, 8.4, undefined].map((ratio) => verdict(ratio, 10)), ['met', 'equal', 'missed', 'missed']);
    assert.equal(verdict(10, undefined), undefined);
  });

  it('takes the middle of what it measured', () => {
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
  });

  it('prints figures in units that people read', () => {
    const printed = [figure(1.234, 'time', 0), figure(1_234, 'time', 0), figure(2e6, 'time', 0), figure(2, 'rate', 300), figure(7_400, 'bytes', 0),
      figure(5.9e6, 'bytes', 0), figure(17, 'count', 0)];
    assert.deepEqual(printed, ['1.2 µs', '1.2 ms', '2.0 s', '150 MB/s', '7.4 KB', '5.9 MB', '17']);
  });
});

describe('docs/performance.md', () => {
  it('has the rows that are measured, in their order and with their goals', () => {
    const text = readFileSync(PAGE, 'utf8');
    for (const group of groups) {
      const section = text.split(/^## /m).find((part) => part.startsWith(`${group.title}\n`)) ?? '';
      const lines = section.split('\n').filter((line) => line.startsWith('|')).slice(2).map(cells);
      assert.deepEqual(lines.map(([name]) => name), group.rows.map(title));
      const wanted = (line) => cells(line).slice(6).map((goal) => goal.replace(/ (met|equal|missed)$/, ''));
      assert.deepEqual(
        lines.map((line) => line.slice(6).map((goal) => goal.replace(/ (met|equal|missed)$/, ''))),
        results().filter(({ row }) => group.rows.includes(row)).map((result) => wanted(tableLine(result))),
      );
      for (const { name, note } of group.rows) if (note) assert.ok(section.includes(`- ${name}: `), name);
    }
  });

  it('says why a goal was missed, and only then', () => {
    const judged = rows.find((row) => row.goal > 1);
    const { why } = judged;
    judged.why = 'Physics, for once.';
    try {
      const enough = Object.fromEntries(rows.map((row) => [title(row), (row.goal ?? 1) * 2]));
      const met = page(report(results(enough)));
      assert.doesNotMatch(met, /Physics|not explained|Missed, and why/);
      const missed = page(report(results({ ...enough, [title(judged)]: 0.5 })));
      assert.ok(missed.endsWith(`Missed, and why:\n\n- ${title(judged)}: Physics, for once.\n`));
      assert.match(missed, /Goals: \d+ met, 0 within 15 %, 1 missed\./);
    } finally {
      judged.why = why;
    }
  });

  it('says that a library failed, and misses the goal if it was doorcode', () => {
    const [first, ...others] = results();
    first.figures[OURS] = { failed: 'no end after 300 s' };
    const text = page(report([{ ...first, ratio: ratioOf(first.row, first.figures) }, ...others]));
    assert.match(text, /^\| import, CPU above bare Node .*failed: no end after 300 s .* missed /m);
  });

  it('is not written from a part of the rows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorcode-bench-test-'));
    try {
      const before = readFileSync(PAGE, 'utf8');
      const file = join(folder, 'part.json');
      writeFileSync(file, JSON.stringify(report(results().slice(1))));
      const { code, stderr } = await node('.dev/bench.mjs', '--from', file);
      assert.equal(code, 1);
      assert.match(stderr, /some are missing/);
      assert.equal(readFileSync(PAGE, 'utf8'), before);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
