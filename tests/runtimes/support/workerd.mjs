// Workers in the real workerd, and bundles of them made by wrangler.

import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exec, MODULES, node } from './runtimes.mjs';

const WRANGLER = join(MODULES, 'wrangler/bin/wrangler.js');
const PROCESS = fileURLToPath(new URL('workerd-process.mjs', import.meta.url));

/** The version of workerd. */
export const VERSION = JSON.parse(readFileSync(join(MODULES, 'workerd/package.json'), 'utf8')).version;

/** A home where wrangler finds no login, and leaves what it writes; it reports to nobody. */
function apart() {
  const home = mkdtempSync(join(tmpdir(), 'doorcode-wrangler-'));
  const env = { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: home, WRANGLER_SEND_METRICS: 'false', CI: 'true', NO_COLOR: '1' };
  return { home, env, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/**
 * A process that runs workerd, one worker at a time.
 * @returns `start` starts a worker, after ending the one before: miniflare's options, or those of the wrangler.jsonc that `configuration`
 *   names and more. It resolves to where the worker listens; `scheduled`, which does what cron does; and `output`, which it printed so far.
 */
export function workerd() {
  const { env, remove } = apart();
  const child = fork(PROCESS, { execPath: node(24), execArgv: [], env, serialization: 'advanced', stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const ask = (task, options) =>
    new Promise((resolve, reject) => {
      ended.then(() => reject(new Error(`the process ended: ${output}`)));
      child.once('message', ({ value, error }) => (error ? reject(new Error(error)) : resolve(value)));
      child.send({ task, options });
    });
  return {
    async start(options) {
      output = '';
      const origin = await ask('start', options);
      return { origin, scheduled: () => ask('scheduled'), output: () => output };
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended;
      remove();
    },
  };
}

/**
 * Bundles a project as `wrangler deploy` does.
 * @param {string} folder with the project
 * @param {string[]} args more of wrangler's, such as the entry or a configuration
 * @returns {Promise<{ type: string, path: string, contents: string | Buffer }[]>} the bundle's modules, the entry first
 */
export async function bundledByWrangler(folder, args) {
  const { home, env, remove } = apart();
  try {
    await exec(node(24), [WRANGLER, 'deploy', '--dry-run', '--outdir', join(home, 'bundle'), ...args], { cwd: folder, env });
    return modules(join(home, 'bundle'), readdirSync(join(home, 'bundle')));
  } finally {
    remove();
  }
}

/**
 * Has wrangler write Cloudflare's own types.
 * @param {string} folder
 * @param {string} name of the file that it makes there
 * @param {string} compatibilityDate
 */
export async function cloudflareTypes(folder, name, compatibilityDate) {
  const { home, env, remove } = apart();
  try {
    const configuration = join(home, 'wrangler.json');
    writeFileSync(configuration, JSON.stringify({ name: 'types', compatibility_date: compatibilityDate }));
    await exec(node(24), [WRANGLER, 'types', join(folder, name), '--config', configuration, '--include-env', 'false'], { cwd: folder, env });
  } finally {
    remove();
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
