// The command `doorcode` in a pseudo-terminal, and what a person sees there: an emulator draws what the command writes.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { spawn } = require('@lydell/node-pty');
const { Terminal } = require('@xterm/headless');

const COMMAND = fileURLToPath(new URL('../../../pkg/cli/doorcode.js', import.meta.url));
const HURRY = new URL('../../js/support/hurry.mjs', import.meta.url).href;

/** Ends a wait for what never comes, and a command that should have ended by itself. Nothing else takes that long. */
const PATIENCE = 60_000;

/** What a terminal sends when these keys are pressed. */
export const KEYS = { enter: '\r', up: '\u001b[A', down: '\u001b[B', tab: '\t', escape: '\u001b', space: ' ', backspace: '\u007f', ctrlC: '\u0003', ctrlD: '\u0004' };

/**
 * Starts the command; waits between polls are shortened.
 * @param {string[] | string} args of `doorcode`; or a script for `sh`, in which `doorcode` is the command
 * @param {object} options
 * @param {import('../../js/support/command.mjs').Home} options.home
 * @param {Record<string, string>} [options.env] more of the environment
 * @param {number} [options.columns]
 * @param {number} [options.rows]
 * @param {string} [options.cwd]
 * @param {string[]} [options.program] what runs in place of the package that was built, such as that of a consumer in another runtime
 */
export async function terminal(args, { home, env, columns = 80, rows = 40, cwd = home.folder, program = [process.execPath, '--import', HURRY, COMMAND] }) {
  const [file, ...rest] = typeof args === 'string' ? ['sh', '-c', `doorcode() { ${program.map(quoted).join(' ')} "$@"; }\n${args}`] : [...program, ...args];
  // `name` becomes TERM.
  const pty = spawn(file, rest, { cols: columns, rows, cwd, name: env?.TERM ?? 'xterm-256color', env: { ...home.env, ...env } });
  const emulator = new Terminal({ cols: columns, rows, allowProposedApi: true });
  let raw = '';
  let isOver = false;
  /** Called whenever there may be something new to see. @type {Set<() => void>} */
  const watchers = new Set();
  const look = () => [...watchers].forEach((watcher) => watcher());
  pty.onData((text) => {
    raw += text;
    emulator.write(text, look);
  });
  // Some programs ask a terminal what it is, and wait for its answer.
  emulator.onData((text) => !isOver && pty.write(text));

  /** @type {Promise<{ code: number, signal: number | undefined }>} when all that was written is on the screen */
  const exited = new Promise((resolve) => {
    const patience = setTimeout(() => pty.kill('SIGKILL'), PATIENCE);
    pty.onExit(({ exitCode: code, signal }) => {
      clearTimeout(patience);
      emulator.write('', () => {
        isOver = true;
        resolve({ code, signal: signal || undefined });
        look();
      });
    });
  });

  const line = (y) => emulator.buffer.active.getLine(emulator.buffer.active.baseY + y);
  const screen = () => Array.from({ length: emulator.rows }, (_, y) => line(y)?.translateToString(true) ?? '').join('\n').trimEnd();

  return {
    pid: pty.pid,
    /** The lines that are visible, without what is empty at their ends. */
    screen,
    /** All that was written so far. */
    raw: () => raw,
    /** Whether the cursor is shown, as it has to be when the command has ended. */
    isCursorShown: () => raw.lastIndexOf('\u001b[?25l') <= raw.lastIndexOf('\u001b[?25h'),
    /** Where the cursor is. */
    cursor: () => ({ x: emulator.buffer.active.cursorX, y: emulator.buffer.active.cursorY }),
    /** What is at a place of the screen. A colour is its number in the palette; -1 is the terminal's own. */
    cell(x, y) {
      const cell = line(y).getCell(x);
      return { text: cell.getChars(), foreground: cell.getFgColor(), background: cell.getBgColor(), isBold: Boolean(cell.isBold()), isInverse: Boolean(cell.isInverse()) };
    },
    /** Types, or presses keys. */
    type: (text) => pty.write(text),
    resize(wide, high = emulator.rows) {
      pty.resize(wide, high);
      emulator.resize(wide, high);
    },
    /** The screen once it matches. @param {RegExp | string} pattern @returns {Promise<string>} */
    until(pattern) {
      return new Promise((resolve, reject) => {
        const end = (settle) => {
          clearTimeout(patience);
          watchers.delete(watcher);
          settle();
        };
        const fail = (why) => end(() => reject(new Error(`${why} ${pattern}:\n${screen()}`)));
        const watcher = () => {
          const seen = screen();
          if (typeof pattern === 'string' ? seen.includes(pattern) : pattern.test(seen)) end(() => resolve(seen));
          else if (isOver) fail('it ended without');
        };
        const patience = setTimeout(() => fail('it never showed'), PATIENCE);
        watchers.add(watcher);
        watcher();
      });
    },
    exited,
    /** Ends it, if it has not ended, and waits for that. @param {NodeJS.Signals} [signal] */
    async kill(signal = 'SIGKILL') {
      if (!isOver) pty.kill(signal);
      return exited;
    },
  };
}

/** As a shell takes it. @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
