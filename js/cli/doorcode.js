// The command `doorcode`: reads its arguments, runs one of its commands, and ends with a code that a script can go by.

import { homedir } from 'node:os';
import { CommanderError } from 'commander';
import { Exit, exitCode, Failure, report } from './failure.js';
import { program } from './program.js';
import { isRich, say } from './terminal.js';

/** What a shell makes of a program that a signal has ended. */
const SIGNALS = { SIGHUP: 129, SIGINT: Exit.cancelled, SIGTERM: 143 };
/** Milliseconds for what runs to end by itself and clear up, once it was asked to. */
const GRACE = 800;

let isVerbose = false;

const stop = new AbortController();
/** @type {keyof typeof SIGNALS | undefined} */
let stoppedBy;
/** @type {NodeJS.Timeout | undefined} */
let patience;
let isOver = false;
for (const signal of /** @type {(keyof typeof SIGNALS)[]} */ (Object.keys(SIGNALS))) {
  process.on(signal, () => {
    // Too late: there is a result, or an error was told.
    if (isOver) process.exit();
    // Asked twice: whatever still runs is not worth waiting for.
    if (stoppedBy !== undefined) die(signal);
    stoppedBy = signal;
    stop.abort();
    patience = setTimeout(() => {
      farewell(signal);
      die(signal);
    }, GRACE);
  });
}

/** As without us: `process.exit` waits for a file that is being opened, such as a pipe that nobody reads. @param {keyof typeof SIGNALS} signal */
function die(signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** @param {keyof typeof SIGNALS} signal @param {unknown} [error] what the command ended with; it may know better what was left undone */
function farewell(signal, error) {
  // The terminal has shown "^C".
  const start = isRich(process.stderr) ? '\r\u001b[K' : process.stderr.isTTY ? '\n' : '';
  const isSaid = error instanceof Failure && error.exit === Exit.cancelled;
  say(`${start}${isSaid ? error.message : signal === 'SIGINT' ? 'Authentication cancelled by user' : `Authentication ended by ${signal}`}`);
  process.exitCode = SIGNALS[signal];
}

try {
  homedir();
} catch {
  // Somebody whom the system does not know, as in some containers. Node throws whenever it is asked, also where no home is needed.
  process.env.HOME ??= '';
}

process.stdout.on('error', (error) => {
  // Whoever reads has gone, as `head` does when it has seen enough. What there was to do is done; there is nobody left to tell.
  if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EPIPE') process.exit();
  fail(error);
  process.exit();
});
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => {
  fail(error);
  process.exit();
});

/** @param {unknown} error */
function fail(error) {
  report(error, isVerbose);
  process.exitCode = exitCode(error);
}

try {
  const doorcode = program(stop.signal);
  doorcode.hook('preAction', (_, command) => void (isVerbose = Boolean(command.opts().verbose)));
  await doorcode.parseAsync();
} catch (error) {
  if (stoppedBy !== undefined) farewell(stoppedBy, error);
  // commander has said what is wrong, or shown the help or the version that was asked for.
  else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? Exit.done : Exit.usage;
  else fail(error);
} finally {
  isOver = true;
  clearTimeout(patience);
}
