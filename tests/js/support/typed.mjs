// The command `doorcode` in a pseudo-terminal, with somebody at the keyboard. `script` of util-linux makes the terminal.

import { spawn } from 'node:child_process';
import { COMMAND, HURRY, PATIENCE } from './command.mjs';

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/** What is typed. */
export const KEYS = { down: '\u001b[B', enter: '\r', ctrlC: '\u0003', ctrlD: '\u0004' };

/**
 * Runs the command to its end.
 * @param {string[]} args
 * @param {object} options
 * @param {import('./command.mjs').Home} options.home
 * @param {Record<string, string>} [options.env] more of the environment
 * @param {number} [options.columns]
 * @param {[RegExp, string][]} [options.keys] what to type once the screen has that, one after the other
 * @returns {Promise<{ code: number | string, screen: string }>} all that was written to the terminal
 */
export function typed(args, { home, env, columns = 80, keys = [] }) {
  const command = [process.execPath, '--import', HURRY, COMMAND, ...args].map(quoted).join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qfec', `stty rows 24 cols ${columns}; exec ${command}`, '/dev/null'], {
      cwd: home.folder,
      env: { ...home.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    });
    const left = [...keys];
    let [screen, seen] = ['', 0];
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('utf8').on('data', (text) => {
      screen += text;
      if (!left[0]?.[0].test(screen.slice(seen))) return;
      seen = screen.length;
      child.stdin.write(left.shift()[1]);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      child.stdin.destroy();
      resolve({ code: code ?? signal, screen });
    });
  });
}
