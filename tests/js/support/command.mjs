// The command `doorcode` of the package that was built, run as a shell runs it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const COMMAND = fileURLToPath(new URL('../../../pkg/cli/doorcode.js', import.meta.url));
export const HURRY = new URL('hurry.mjs', import.meta.url).href;

/** Ends a command that should have ended by itself. Nothing else waits for it. */
export const PATIENCE = 60_000;

/** A person's home, empty. */
export class Home {
  folder = mkdtempSync(join(tmpdir(), 'doorcode-home-'));

  /** What a program sees of the person, and nothing of whoever runs the tests. */
  get env() {
    return { PATH: process.env.PATH, HOME: this.folder, LANG: 'C.UTF-8' };
  }

  path(...names) {
    return join(this.folder, ...names);
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Before a program, for root: it may write where anybody else might, and nowhere else. */
const AS_ANYBODY = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];

/**
 * Runs the command to its end; waits between polls are shortened. What nobody but root may write, it may not either.
 * @param {string[]} args
 * @param {object} options
 * @param {Home} options.home
 * @param {Record<string, string>} [options.env] more of the environment
 * @param {string} [options.input] what comes from standard input; it is closed then
 * @param {string} [options.cwd]
 * @param {(text: string, child: import('node:child_process').ChildProcess) => void} [options.onText] sees what was printed so far on both streams
 * @returns {Promise<{ code: number | string, stdout: string, stderr: string, lines: string[] }>} `lines` are those of stderr
 */
export function doorcode(args, { home, env, input = '', cwd = home.folder, onText = () => {} }) {
  return new Promise((resolve, reject) => {
    const [program, ...rest] = [...AS_ANYBODY, process.execPath, '--import', HURRY, COMMAND, ...args];
    const child = spawn(program, rest, {
      cwd,
      env: { ...home.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of /** @type {const} */ (['stdout', 'stderr'])) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        said[stream] += text;
        onText(said.stderr + said.stdout, child);
      });
    }
    child.stdin.on('error', () => {}).end(input);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? signal, ...said, lines: said.stderr.trim().split('\n') }));
  });
}
