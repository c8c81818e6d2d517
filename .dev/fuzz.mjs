// `npm run fuzz`: runs the fuzz targets of tests/fuzz for a while, each for its share, and ends with a table.
//   --seconds N     of fuzzing, for all together (120)
//   --target NAME   only this one
//   --keep          adds to tests/fuzz/seeds what reached something new
// The targets are built with the flags that cargo-fuzz sets, so that nothing needs to be installed for it, and on a stable Rust. There is no
// sanitizer: those look for what only unsafe code can do, and need a nightly Rust; the crate denies unsafe code.

import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { aptInstall, ask, main, ROOT, run, say, TOOLS } from './steps.mjs';
import { SEPARATOR } from './wasm-std.mjs';

const CRATE = join(ROOT, 'tests/fuzz');
const SEEDS = join(CRATE, 'seeds');
const FOUND = join(TOOLS, 'fuzz');
/** The most that all kept inputs together may weigh, in bytes: as tests/rust/fuzz.rs has it. */
const MOST_KEPT = 400_000;
/** The most inputs that are kept of a target. */
const MOST_FILES = 100;
/** How much of the time each target gets: the larger ones have more to look for. */
const SHARES = { flow: 4, blob: 3, merge: 2, device_reply: 1, discovery: 1, id_token: 1, token_reply: 1 };
/** Seconds after which one input counts as one that never ends, and the megabytes that it may take. */
const LIMITS = ['-timeout=20', '-rss_limit_mb=1024'];
const FLAGS = [
  '-Cpasses=sancov-module',
  ...['level=4', 'inline-8bit-counters', 'pc-table', 'trace-compares', 'stack-depth'].map((name) => `-Cllvm-args=-sanitizer-coverage-${name}`),
  '-Cllvm-args=-simplifycfg-branch-fold-threshold=0',
  '-Ccodegen-units=1',
  '--cfg=fuzzing',
];

/** Builds the targets. @returns {Promise<string>} the folder they are in */
async function build() {
  if ((await ask(process.env.CXX ?? 'c++', ['--version'])) === undefined) {
    await aptInstall(['g++'], 'libFuzzer is C++: install a C++ compiler as c++, or name one in CXX');
  }
  const triple = /^host: (.+)$/m.exec((await ask('rustc', ['-vV'])) ?? '')?.[1];
  if (!triple) throw new Error('no Rust found: npm run setup says what is needed');
  const target = join(ROOT, 'target/fuzz');
  // With --target, the flags are for the targets alone, and not for what runs while they are compiled.
  const args = ['build', '--release', '--locked', '--manifest-path', join(CRATE, 'Cargo.toml'), '--target', triple];
  await run('fuzz targets', 'cargo', args, {
    env: { ...process.env, CARGO_TARGET_DIR: target, CARGO_ENCODED_RUSTFLAGS: FLAGS.join(SEPARATOR), CARGO_PROFILE_RELEASE_DEBUG: 'line-tables-only' },
  });
  return join(target, triple, 'release');
}

/** Runs a target; resolves to how it ended, and what it said. @param {string} command @param {string[]} args */
function libFuzzer(command, args) {
  /** @type {Promise<{ code: number | null, text: string }>} */
  const ended = new Promise((resolve, reject) => {
    let text = '';
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
  return ended;
}

const count = (/** @type {string} */ folder) => readdirSync(folder).length;

/** @param {string} folder @returns {number} */
const weight = (folder) => readdirSync(folder, { recursive: true }).reduce((total, name) => {
  const entry = statSync(join(folder, String(name)));
  return total + (entry.isFile() ? entry.size : 0);
}, 0);

/**
 * @param {string} folder of the built targets
 * @param {string} name
 * @param {number} seconds
 */
async function fuzz(folder, name, seconds) {
  const found = join(FOUND, name);
  mkdirSync(found, { recursive: true });
  const before = count(found);
  const args = [
    ...LIMITS, `-max_total_time=${seconds}`, `-dict=${join(CRATE, 'dictionary')}`, `-artifact_prefix=${join(FOUND, `${name}-`)}`, '-print_final_stats=1',
    found, join(SEEDS, name),
  ];
  const { code, text } = await libFuzzer(join(folder, name), args);
  const last = [...text.matchAll(/^#(\d+)\s.*cov: (\d+)/gm)].pop();
  const runs = Number(/number_of_executed_units: (\d+)/.exec(text)?.[1] ?? last?.[1] ?? 0);
  const row = { name, runs, rate: Math.round(runs / seconds), coverage: Number(last?.[2] ?? 0), found: count(found) - before, failed: code !== 0 };
  if (row.failed) {
    const artifact = /Test unit written to (.+)/.exec(text)?.[1];
    const why = /^thread .+ panicked at [^]*?(?=\nstack backtrace|\nnote: )|^==\d+== ERROR.+|^SUMMARY.+/m.exec(text)?.[0] ?? text.slice(-2000);
    say(`\n✗ ${name}: ${why.slice(0, 2000)}`);
    if (artifact) {
      say(`\n  the input: ${relative(ROOT, artifact)}`);
      say(`  once more: ${relative(ROOT, join(folder, name))} ${relative(ROOT, artifact)}`);
      say(`  for good:  copy it into tests/fuzz/seeds/${name}, where cargo test runs it\n`);
    }
  }
  return row;
}

/**
 * Adds to the seeds what reaches lines that they do not, however often: what reaches most first, as much as there is room for.
 * @param {string} folder of the built targets
 * @param {string} name
 */
async function keep(folder, name) {
  const [seeds, found, all] = [join(SEEDS, name), join(FOUND, name), join(FOUND, `${name}.all`)];
  rmSync(all, { recursive: true, force: true });
  cpSync(seeds, all, { recursive: true });
  const { code, text } = await libFuzzer(join(folder, name), [...LIMITS, '-set_cover_merge=1', '-use_counters=0', all, found]);
  if (code !== 0) throw new Error(`merging what ${name} found failed\n${text.slice(-2000)}`);
  const kept = new Set(readdirSync(seeds));
  let room = MOST_KEPT / Object.keys(SHARES).length - weight(seeds);
  // They are written in the order of what they add.
  const written = (/** @type {string} */ file) => statSync(join(all, file), { bigint: true }).mtimeNs;
  for (const file of readdirSync(all).filter((file) => !kept.has(file)).sort((one, other) => Number(written(one) - written(other)))) {
    const { size } = statSync(join(all, file));
    if (kept.size >= MOST_FILES || size > room) continue;
    copyFileSync(join(all, file), join(seeds, file));
    kept.add(file);
    room -= size;
  }
  rmSync(all, { recursive: true });
  say(`• ${name}: ${kept.size} inputs are kept, of ${weight(seeds)} bytes`);
}

main(async () => {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' }, target: { type: 'string' }, keep: { type: 'boolean' } } });
  const total = Number(values.seconds);
  if (!(total > 0)) throw new Error(`--seconds: ${values.seconds} is not a number of seconds, such as 120`);
  const wanted = Object.entries(SHARES).filter(([name]) => values.target === undefined || values.target === name);
  if (wanted.length === 0) throw new Error(`--target: there is no ${values.target}; there are ${Object.keys(SHARES).join(', ')}`);
  const shares = wanted.reduce((sum, [, share]) => sum + share, 0);
  const folder = await build();
  const rows = [];
  // In another order each time: what is started last is not always the same.
  for (const [name, share] of wanted.sort(() => Math.random() - 0.5)) {
    const seconds = Math.max(1, Math.round((total * share) / shares));
    say(`• ${name}, ${seconds} s …`);
    rows.push(await fuzz(folder, name, seconds));
  }
  if (values.keep) for (const { name } of rows.filter(({ failed }) => !failed)) await keep(folder, name);
  console.log('\ntarget              runs   runs/s  coverage  new inputs');
  for (const { name, runs, rate, coverage, found, failed } of rows.sort((one, other) => one.name.localeCompare(other.name))) {
    const figures = `${String(runs).padStart(10)} ${String(rate).padStart(8)} ${String(coverage).padStart(9)} ${String(found).padStart(11)}`;
    console.log(`${name.padEnd(13)} ${figures}${failed ? '  FAILED' : ''}`);
  }
  const failed = rows.filter((row) => row.failed);
  console.log(failed.length > 0 ? `\n${failed.map(({ name }) => name).join(', ')} failed` : '\nnothing found');
  process.exitCode = failed.length > 0 ? 1 : 0;
});
