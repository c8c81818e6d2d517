// What a person sees who is to sign in: the page, the code, and how long there is left.

import boxen from 'boxen';
import { renderUnicodeCompact } from 'uqr';
import yoctoSpinner from 'yocto-spinner';
import { stripVTControlCharacters, styleText } from 'node:util';
import { isRich } from './terminal.js';

/** Seconds between the lines that say that it still waits, where no line can be redrawn. */
const REMINDER = 60;
/** The space that a frame takes from a line. */
const FRAME = 4;

/**
 * @typedef {object} Prompt
 * @property {(response: import('doorcode').DeviceCodeResponse) => void} show
 * @property {() => void} wait begins to count down
 * @property {(progress: import('doorcode').DeviceCodeProgress) => void} progress
 * @property {() => void} end leaves the cursor where the next line begins
 */

/** @param {{ qr: boolean, stream?: NodeJS.WriteStream }} options @returns {Prompt} */
export function makePrompt({ qr, stream = process.stderr }) {
  return isRich(stream) ? richPrompt(stream, qr) : plainPrompt(stream);
}

/** A frame, and a line under it that is drawn anew. @param {NodeJS.WriteStream} stream @param {boolean} qr @returns {Prompt} */
function richPrompt(stream, qr) {
  let deadline = 0;
  let isReached = true;
  const spinner = yoctoSpinner({ stream, handleSignals: false });
  /** @type {NodeJS.Timeout | undefined} */
  let clock;
  const tick = () => {
    spinner.text = waitingLine(Math.max(0, Math.ceil((deadline - Date.now()) / 1000)), isReached, stream.columns || 80);
  };
  return {
    show(response) {
      deadline = Date.now() + response.expiresIn * 1000;
      stream.write(`${framed(response, qr, stream.columns || 80)}\n`);
    },
    wait() {
      tick();
      spinner.start();
      clock = setInterval(tick, 1000);
    },
    progress({ status, secondsLeft }) {
      deadline = Date.now() + secondsLeft * 1000;
      isReached = status !== 'retrying';
    },
    end() {
      clearInterval(clock);
      spinner.stop();
    },
  };
}

/** Lines that a log can keep. @param {NodeJS.WriteStream} stream @returns {Prompt} */
function plainPrompt(stream) {
  let saidAt = Infinity;
  const line = (/** @type {string} */ text) => stream.write(`${text}\n`);
  return {
    show({ verificationUri, verificationUriComplete, userCode, expiresIn }) {
      line(`To sign in, open ${verificationUri}`);
      line(`and enter the code ${userCode}`);
      if (verificationUriComplete) line(`or open ${verificationUriComplete}`);
      line(`The code is good for ${minutes(expiresIn)}. Ctrl-C cancels.`);
      saidAt = expiresIn;
    },
    wait() {},
    progress({ status, secondsLeft }) {
      if (secondsLeft > saidAt - REMINDER) return;
      saidAt = secondsLeft;
      const trouble = status === 'retrying' ? ' The server cannot be reached; it is asked again.' : '';
      line(`Waiting for you to sign in: ${minutes(secondsLeft)} left.${trouble}`);
    },
    end() {},
  };
}

/** @param {import('doorcode').DeviceCodeResponse} response @param {boolean} qr @param {number} columns */
function framed({ verificationUri, verificationUriComplete, userCode }, qr, columns) {
  const bold = (/** @type {string} */ text) => styleText('bold', text, { validateStream: false });
  const steps = [
    `1. Open   ${styleText(['cyan', 'underline'], verificationUri, { validateStream: false })}`,
    `2. Enter  ${bold(userCode)}`,
    '3. Sign in, and come back here',
  ];
  const room = columns - FRAME;
  const code = qr ? qrCode(verificationUriComplete ?? verificationUri) : [];
  const fits = code.length > 0 && width(code) <= room;
  const scan = fits ? ['', verificationUriComplete ? 'Or scan this; the code is in it:' : 'Or scan the address:', '', ...code] : [];
  // An address that is broken up by a frame cannot be copied.
  if (width(steps) > room) return ['', bold('Sign in'), '', ...steps, ...scan, ''].join('\n');
  return boxen([...steps, ...scan].join('\n'), { title: 'Sign in', borderStyle: 'round', padding: { left: 1, right: 1 }, width: Math.max(width([...steps, ...scan]) + FRAME, 20) });
}

/**
 * Black on white whatever the colours of the terminal: not every camera reads the reverse. The blocks are the white of it.
 * @param {string} text
 */
function qrCode(text) {
  const lines = renderUnicodeCompact(text, { border: 2, ecc: 'L' }).split('\n');
  return lines.map((line) => styleText(['whiteBright', 'bgBlack'], line, { validateStream: false }));
}

/** @param {string[]} lines */
function width(lines) {
  return Math.max(...lines.map((line) => stripVTControlCharacters(line).length));
}

/** @param {number} seconds @param {boolean} isReached @param {number} columns */
function waitingLine(seconds, isReached, columns) {
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
  const state = isReached ? ['Waiting for you to sign in…', 'Waiting…'] : ['The server cannot be reached; trying again…', 'No connection…'];
  const [long, short] = state.map((words) => `${words} ${left} (Ctrl-C cancels)`);
  return /** @type {string} */ (long.length + 2 < columns ? long : short);
}

/** @param {number} seconds */
function minutes(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}
