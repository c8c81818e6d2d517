// Runs child processes for the set-up and build scripts, and tells the person what is happening while they wait.
// Only Node's own modules: this runs before npm has installed anything.

import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const TOOLS = join(ROOT, '.tools');
/** Where cargo unpacks the crates that it compiles. */
export const CRATES = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src');
const LOGS = join(TOOLS, 'logs');

/** Every how many milliseconds a long step says that it is still alive. */
const HEARTBEAT = 15_000;

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

const seconds = (/** @type {number} */ since) => `${((Date.now() - since) / 1000).toFixed(0)} s`;

/**
 * Runs one command quietly: its output goes to a log, a heartbeat line repeats what it printed last, and a failure
 * shows the end of the log.
 * @param {string} title what the person reads
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<void>}
 */
export async function run(title, command, args, options = {}) {
  mkdirSync(LOGS, { recursive: true });
  const logPath = join(LOGS, `${title.replace(/[^a-z0-9]+/gi, '-')}.log`);
  const log = createWriteStream(logPath);
  const started = Date.now();
  let last = '';
  say(`• ${title} …`);
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      log.write(chunk);
      const line = String(chunk).trim().split('\n').pop()?.trim();
      if (line) last = line.slice(0, 80);
    });
  }
  const heartbeat = setInterval(() => say(`  … ${title}: ${last || 'working'} (${seconds(started)})`), HEARTBEAT);
  /** @type {number | string} */
  const outcome = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'no exit code'));
  });
  clearInterval(heartbeat);
  await new Promise((resolve) => log.end(resolve));
  if (outcome !== 0) {
    const tail = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-40).join('\n');
    throw new Error(`${title} failed (${outcome})\n${tail}`);
  }
  say(`✓ ${title} (${seconds(started)})`);
}

/**
 * Runs a command and returns what it printed, or undefined if it cannot be run or fails.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string | undefined>}
 */
export function ask(command, args, env = process.env) {
  return new Promise((resolve) => {
    let out = '';
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env });
    child.stdout.on('data', (chunk) => (out += chunk));
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve(code === 0 ? out.trim() : undefined));
  });
}

/**
 * Installs Debian's packages.
 * @param {string[]} packages
 * @param {string} otherwise what a person can do who has no Debian
 */
export async function aptInstall(packages, otherwise) {
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get')) throw new Error(`this is not Debian: ${otherwise}`);
  const root = process.getuid?.() === 0;
  if (!root && (await ask('sudo', ['-n', 'true'])) === undefined) {
    throw new Error(`Debian's packages ${packages.join(', ')} are missing and need root to install. Run: sudo ${command}`);
  }
  const [program, prefix] = root ? ['apt-get', []] : ['sudo', ['-n', 'apt-get']];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get update', program, [...prefix, 'update'], { env });
  await run(`apt-get install ${packages.join(' ')}`, program, [...prefix, 'install', '-y', '--no-install-recommends', ...packages], { env });
}

/** Ends the process with the message alone when a script fails for a reason a person can act on. */
export function main(/** @type {() => Promise<void>} */ body) {
  body().catch((error) => {
    say(`\n✗ ${error?.message ?? error}`);
    process.exit(1);
  });
}
