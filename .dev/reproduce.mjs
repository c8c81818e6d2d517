// `npm run reproduce`: builds the package twice from the commit at hand, in two fresh clones that have nothing in common but the machine,
// and compares all that is published byte for byte. `-- --against FILE.tgz` compares it with a tarball as well, as npm has it.
//
// Each has a path of another length, a home and a folder of crates of its own, and compiles its standard library itself. They share the
// commands wasm-pack and wasm-bindgen, which a build takes by exact version as it takes the compiler, and npm's cache, whose contents npm
// checks by their hash.

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setup } from './setup.mjs';
import { ask, main, ROOT, run, say, TOOLS } from './steps.mjs';

/** Of paths of different lengths, one with a character that paths of programs often do not have. */
const PLACES = ['a', "somebody's other machine, far away"];

const { values: { against } } = parseArgs({ options: { against: { type: 'string' } } });

main(async () => {
  // Found once: somebody may commit meanwhile.
  const commit = await ask('git', ['-C', ROOT, 'rev-parse', 'HEAD']);
  if (!commit) throw new Error('this is no clone: what is built twice is a commit');
  if ((await ask('git', ['-C', ROOT, 'status', '--porcelain', '--untracked-files=no'])) !== '') say('  what is not committed is not looked at');
  await setup();
  const work = mkdtempSync(join(tmpdir(), 'doorcode-reproduce-'));
  try {
    const made = [];
    for (const [index, name] of PLACES.entries()) made.push(await buildIn(commit, join(work, name), `build ${index + 1} of ${PLACES.length}`));
    const [first, ...others] = made;
    if (!first) throw new Error('nothing was built');
    const differences = others.flatMap((other) => compare(first, other));
    if (against) differences.push(...compare(first, await unpack(resolve(against), join(work, 'against'))).map((line) => `${line} in ${against}`));
    for (const path of ['core.wasm', first.tarball]) console.log(`${first.files.get(path)}  ${path}`);
    if (differences.length > 0) throw new Error(`not reproducible:\n  ${differences.join('\n  ')}`);
    console.log(`Of commit ${commit.slice(0, 12)} ${first.files.size - 1} files and the tarball are byte for byte the same${against ? `, and as in ${against}` : ''}.`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

/** @typedef {{ files: Map<string, string>, tarball: string }} Made the hashes of the files by their paths */

/** @param {string} commit @param {string} place @param {string} title @returns {Promise<Made>} */
async function buildIn(commit, place, title) {
  const clone = join(place, 'doorcode');
  const home = join(place, 'home');
  const crates = join(place, 'crates');
  for (const folder of [home, crates]) mkdirSync(folder, { recursive: true });
  await run(`${title}: clone`, 'git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone]);
  await run(`${title}: check out`, 'git', ['-C', clone, 'checkout', '--quiet', '--detach', commit]);
  mkdirSync(join(clone, '.tools/bin'), { recursive: true });
  for (const command of ['wasm-bindgen', 'wasm-pack']) copyFileSync(join(TOOLS, 'bin', command), join(clone, '.tools/bin', command));
  const before = process.env;
  const cargoHome = before.CARGO_HOME ?? join(homedir(), '.cargo');
  // Where crates come from is the person's to say, and is the same for both.
  if (existsSync(join(cargoHome, 'config.toml'))) copyFileSync(join(cargoHome, 'config.toml'), join(crates, 'config.toml'));
  const env = {
    ...before,
    HOME: home,
    CARGO_HOME: crates,
    RUSTUP_HOME: before.RUSTUP_HOME ?? join(homedir(), '.rustup'),
    npm_config_userconfig: before.npm_config_userconfig ?? join(homedir(), '.npmrc'),
    npm_config_cache: await ask('npm', ['config', 'get', 'cache']),
    WASM_STD: 'distro', // as what is published
  };
  await run(title, process.execPath, ['.dev/build.mjs'], { cwd: clone, env });
  await run(`${title}: pack`, 'npm', ['pack', '--pack-destination', place], { cwd: join(clone, 'pkg'), env });
  const tarball = readdirSync(place).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack left no tarball');
  const files = hashes(join(clone, 'pkg'));
  files.set(tarball, sha256(join(place, tarball)));
  files.set('doorcode.cdx.json', sha256(join(clone, 'target/doorcode.cdx.json')));
  rmSync(clone, { recursive: true, force: true });
  rmSync(crates, { recursive: true, force: true });
  return { files, tarball };
}

/** @param {string} archive @param {string} folder @returns {Promise<Made>} */
async function unpack(archive, folder) {
  mkdirSync(folder);
  await run(`unpack ${archive}`, 'tar', ['-xzf', archive, '-C', folder]);
  // Its own hash is that of the compression as well, which another Node may do otherwise: the files are what counts.
  return { files: hashes(join(folder, 'package')), tarball: '' };
}

/** What is in one and not in the other, or is another. @param {Made} one @param {Made} other */
function compare(one, other) {
  const besides = other.tarball ? [] : [one.tarball, 'doorcode.cdx.json'];
  const paths = [...new Set([...one.files.keys(), ...other.files.keys()])].filter((path) => !besides.includes(path)).sort();
  return paths.filter((path) => one.files.get(path) !== other.files.get(path)).map((path) => `${path}: ${one.files.get(path)} and ${other.files.get(path)}`);
}

/** @param {string} folder @returns {Map<string, string>} */
function hashes(folder) {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))).filter((path) => statSync(path).isFile()).sort();
  return new Map(paths.map((path) => [relative(folder, path), sha256(path)]));
}

/** @param {string} path */
function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
