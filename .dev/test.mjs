// `npm test`: builds what is missing, runs every test, Rust's and JavaScript's, and ends with one line that counts them.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { main, ROOT, say, TOOLS } from './steps.mjs';
import { build } from './build.mjs';
import { pythonVenv, runtimes } from './setup.mjs';

/** Runs a command in the open; resolves to its exit code and what it printed. */
function show(/** @type {string} */ command, /** @type {string[]} */ args) {
  /** @type {Promise<{ code: number, text: string }>} */
  const ended = new Promise((resolve) => {
    let text = '';
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (chunk) => {
      text += chunk;
      process.stdout.write(chunk);
    });
    child.on('error', (error) => resolve({ code: 1, text: String(error) }));
    child.on('close', (code) => resolve({ code: code ?? 1, text }));
  });
  return ended;
}

const sum = (/** @type {Iterable<RegExpMatchArray>} */ matches, /** @type {number} */ group) =>
  [...matches].reduce((total, match) => total + Number(match[group]), 0);

async function rust() {
  const { code, text } = await show('cargo', ['test', '--locked', '--no-fail-fast']);
  const results = [...text.matchAll(/^test result: .* (\d+) passed; (\d+) failed; (\d+) ignored;/gm)];
  const failed = sum(results, 2);
  // A test binary that does not compile or dies has no line of its own.
  return { passed: sum(results, 1), failed: failed || (code === 0 ? 0 : 1), skipped: sum(results, 3) };
}

async function javascript() {
  const files = ['tests/js', 'tests/runtimes'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.test.mjs')).map((name) => join(folder, name)));
  const report = join(TOOLS, 'logs/javascript.tap');
  rmSync(report, { force: true });
  const { code } = await show(process.execPath, [
    '--test',
    '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=tap', `--test-reporter-destination=${report}`,
    ...files,
  ]);
  const text = readFileSync(report, 'utf8');
  const count = (/** @type {string} */ name) => sum(text.matchAll(new RegExp(`^# ${name} (\\d+)`, 'gm')), 1);
  const failed = count('fail') + count('cancelled');
  // The tests of runtimes are named so.
  const ran = [...text.matchAll(/^ *(ok|not ok) \d+ - runs in (.+?)( # (?:SKIP|TODO).*)?$/gm)].map(([, result, name, skipped]) => ({
    name, outcome: skipped ? 'SKIPPED' : result === 'ok' ? 'passed' : 'FAILED',
  }));
  return { passed: count('pass'), failed: failed || (code === 0 ? 0 : 1), skipped: count('skipped') + count('todo'), ran };
}

main(async () => {
  await build();
  await pythonVenv();
  await runtimes();
  say('\n— Rust —');
  const one = await rust();
  say('\n— JavaScript —');
  const other = await javascript();
  console.log('\nThe packed package, in');
  for (const { name, outcome } of other.ran) console.log(`  ${name.padEnd(50)} ${outcome}`);
  const [passed, failed, skipped] = /** @type {const} */ (['passed', 'failed', 'skipped']).map((name) => one[name] + other[name]);
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  const isComplete = other.ran.length > 0 && other.ran.every(({ outcome }) => outcome === 'passed');
  process.exitCode = failed === 0 && passed > 0 && isComplete ? 0 : 1;
});
