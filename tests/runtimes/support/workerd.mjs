// Workers in the real workerd, and bundles of them made by wrangler.

import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exec, MODULES, node } from './runtimes.mjs';

const PROCESS = fileURLToPath(new URL('workerd-process.mjs', import.meta.url));

/** The version of workerd. */
export const VERSION = JSON.parse(readFileSync(join(MODULES, 'workerd/package.json'), 'utf8')).version;

/**
 * Starts a worker in a process of its own.
 * @param {object} options miniflare's; `configuration` names a wrangler.jsonc that says the rest
 * @returns {Promise<{ origin: string, scheduled: () => Promise<string>, output: () => string, stop: () => Promise<void> }>}
 *   `output` is what it printed so far
 */
export async function startWorker(options) {
  const child = fork(PROCESS, { execPath: node(24), execArgv: [], serialization: 'advanced', stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const ask = (task, options) =>
    new Promise((resolve, reject) => {
      ended.then(() => reject(new Error(`the process ended: ${output}`)));
      child.once('message', ({ value, error }) => (error ? reject(new Error(error)) : resolve(value)));
      child.send({ task, options });
    });
  const stop = async () => {
    if (child.connected) child.disconnect();
    await ended;
  };
  try {
    const origin = await ask('start', options);
    return { origin, scheduled: () => ask('scheduled'), output: () => output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Bundles a project as `wrangler deploy` does. Wrangler has no login here and reports to nobody.
 * @param {string} folder with the project
 * @param {string[]} args more of wrangler's, such as the entry or a configuration
 * @returns {Promise<{ type: string, path: string, contents: string | Buffer }[]>} the bundle's modules, the entry first
 */
export async function bundledByWrangler(folder, args) {
  const home = mkdtempSync(join(tmpdir(), 'doorcode-wrangler-'));
  try {
    const env = { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: home, WRANGLER_SEND_METRICS: 'false', CI: 'true', NO_COLOR: '1' };
    const wrangler = join(MODULES, 'wrangler/bin/wrangler.js');
    await exec(node(24), [wrangler, 'deploy', '--dry-run', '--outdir', join(home, 'bundle'), ...args], { cwd: folder, env });
    return modules(join(home, 'bundle'), readdirSync(join(home, 'bundle')));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The modules among files, code first. */
function modules(folder, names) {
  const read = (name) => readFileSync(join(folder, name));
  const code = names.filter((name) => /\.m?js$/.test(name)).map((name) => ({ type: 'ESModule', path: name, contents: `${read(name)}` }));
  const wasm = names.filter((name) => name.endsWith('.wasm')).map((name) => ({ type: 'CompiledWasm', path: name, contents: read(name) }));
  return [...code, ...wasm];
}

/**
 * A project's modules as they are, and those of the package that workerd's condition names.
 * @param {string} folder
 * @param {string[]} names of the project's own, the entry first
 */
export function unbundled(folder, names) {
  const doorcode = join(folder, 'node_modules/doorcode');
  const { exports } = JSON.parse(readFileSync(join(doorcode, 'package.json'), 'utf8'));
  const entry = { type: 'ESModule', path: 'doorcode', contents: readFileSync(join(doorcode, exports['.'].workerd.default), 'utf8') };
  return [...modules(folder, names), entry, ...modules(doorcode, ['doorcode.js', 'core.wasm'])];
}
