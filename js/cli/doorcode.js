// The command `doorcode`: reads its arguments, runs one of its commands, and ends with a code that a script can go by.

import { CommanderError } from 'commander';
import { Exit, exitCode, Failure, report } from './failure.js';
import { program } from './program.js';

/** What a shell makes of a program that a signal has ended. */
const SIGNALS = { SIGHUP: 129, SIGINT: Exit.cancelled, SIGTERM: 143 };

const stop = new AbortController();
/** @type {number | undefined} */
let stoppedWith;
for (const [signal, code] of Object.entries(SIGNALS)) {
  process.on(signal, () => {
    // Asked twice: whatever still runs is not worth waiting for.
    if (stoppedWith !== undefined) process.exit(code);
    stoppedWith = code;
    stop.abort();
  });
}
// Whoever reads has gone, as `head` does when it has seen enough. What there was to do is done; there is nobody left to tell.
process.stdout.on('error', (error) => {
  if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPIPE') throw error;
  process.exit();
});
process.stderr.on('error', () => {});

const arguments_ = process.argv.slice(2);
try {
  await program(stop.signal).parseAsync(arguments_, { from: 'user' });
} catch (error) {
  if (stoppedWith !== undefined) {
    const isSaid = error instanceof Failure && error.exit === Exit.cancelled;
    process.stderr.write(`${process.stderr.isTTY ? '\n' : ''}${isSaid ? error.message : 'Authentication cancelled by user'}\n`);
    process.exitCode = stoppedWith;
  } else if (error instanceof CommanderError) {
    // commander has said what is wrong, or shown the help or the version that was asked for.
    process.exitCode = error.exitCode === 0 ? Exit.done : Exit.usage;
  } else {
    report(error, arguments_.includes('--verbose') || arguments_.includes('-v'));
    process.exitCode = exitCode(error);
  }
}
