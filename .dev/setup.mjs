// `npm run setup`: everything the build needs, installed inside this folder. Does nothing, quickly, when all is there.

import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { aptInstall, ask, main, ROOT, run, TOOLS } from './steps.mjs';
import { isRecent, MINIMUM_RUST, wasmToolchain } from './wasm-std.mjs';

const WASM_PACK = '0.15.1';
const CARGO_DENY = '0.20.2';

/**
 * @returns {Promise<NodeJS.ProcessEnv>} the environment for `wasm-pack build`
 */
export async function setup() {
  const cargo = await ask('cargo', ['--version']);
  if (!isRecent(cargo)) {
    throw new Error(`${cargo ?? 'no Rust'} found: install Rust ${MINIMUM_RUST} or later (https://rustup.rs), then run this again`);
  }
  // All three to their end, even if one fails: none is left running behind our back.
  const steps = await Promise.allSettled([wasmToolchain(), npmPackages(), cargoTools()]);
  for (const step of steps) if (step.status === 'rejected') throw step.reason;
  const environment = steps[0].status === 'fulfilled' ? steps[0].value : process.env;
  return { ...environment, PATH: `${join(TOOLS, 'bin')}${delimiter}${environment.PATH}` };
}

/** @param {string} [folder] with a package-lock.json @param {string[]} [way] */
async function npmPackages(folder = '', way = ['ci', '--include=dev']) {
  const installed = join(ROOT, folder, 'node_modules/.package-lock.json');
  const wanted = join(ROOT, folder, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  const title = `npm packages${folder && ` of ${folder}`}`;
  await run(title, 'npm', [...way, '--no-audit', '--no-fund'], { cwd: join(ROOT, folder) });
}

/** What Debian has of that, and where it is put. */
const OF_DEBIAN = {
  chromium: '/usr/bin/chromium',
  dbus: '/usr/bin/dbus-run-session',
  fish: '/usr/bin/fish',
  'gnome-keyring': '/usr/bin/gnome-keyring-daemon',
  'redis-server': '/usr/bin/redis-server',
  zsh: '/usr/bin/zsh',
};

/** The runtimes, bundlers and stores that the package is tried with: only the tests need them. */
export async function runtimes() {
  // Not by `ci`, which refuses a lock that does not list what some of them offer for other platforms, as not every mirror has all of that.
  await npmPackages('tests/runtimes', ['install', '--no-save', '--ignore-scripts']);
  const missing = Object.entries(OF_DEBIAN).filter(([, path]) => !existsSync(path));
  if (missing.length > 0) await aptInstall(missing.map(([name]) => name), `install ${missing.map(([name, path]) => `${name} as ${path}`).join(', ')}`);
}

/** The tests write and read caches with MSAL Python, in a virtual environment of their own. Debian packs what makes one apart. */
export async function pythonVenv() {
  if ((await ask('python3', ['-c', 'import ensurepip, venv'])) !== undefined) return;
  await aptInstall(['python3-venv'], 'install Python 3 with its module venv');
}

/** wasm-bindgen's command must be of the very version that the crate was locked to. */
function wasmBindgenVersion() {
  const lock = readFileSync(join(ROOT, 'Cargo.lock'), 'utf8');
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(lock)?.[1];
  if (!version) throw new Error('Cargo.lock names no wasm-bindgen');
  return version;
}

async function cargoTools() {
  await cargoTool('wasm-bindgen-cli', 'wasm-bindgen', wasmBindgenVersion(), []);
  // Locked, because a newer release of one of its many dependencies may not compile.
  await cargoTool('wasm-pack', 'wasm-pack', WASM_PACK, ['--locked']);
  rmSync(join(TOOLS, 'target'), { recursive: true, force: true });
}

/** Looks at crates: only `npm run audit` needs it. @returns {Promise<string>} the command */
export async function cargoDeny() {
  const command = await cargoTool('cargo-deny', 'cargo-deny', CARGO_DENY, ['--locked']);
  rmSync(join(TOOLS, 'target'), { recursive: true, force: true });
  return command;
}

/** @param {string} crate @param {string} command @param {string} version @param {string[]} flags @returns {Promise<string>} the path of the command */
async function cargoTool(crate, command, version, flags) {
  const path = join(TOOLS, 'bin', command);
  const present = await ask(path, ['--version']);
  if (present?.split(' ')[1] === version) return path;
  // Debug builds: these tools run for a second, and compile in a third of the time. One target folder: they share crates.
  await run(`${crate} ${version}`, 'cargo', ['install', '--debug', ...flags, '--root', TOOLS, `${crate}@${version}`], {
    env: { ...process.env, CARGO_TARGET_DIR: join(TOOLS, 'target'), CARGO_PROFILE_DEV_DEBUG: '0' },
  });
  return path;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main(async () => {
    await setup();
    process.stderr.write('set up\n');
  });
}
