// What a person sees who is to sign in: the page, the code, and how long there is left.

import boxen from 'boxen';
import { renderUnicodeCompact } from 'uqr';
import yoctoSpinner from 'yocto-spinner';
import { stripVTControlCharacters, styleText } from 'node:util';
import { clean, isRich } from './terminal.js';

/** @import { DeviceCodeProgress, DeviceCodeResponse } from 'doorcode' */

/** Seconds between the lines that say that it still waits, where no line can be redrawn. */
const REMINDER = 60;
/** Milliseconds between two looks at the clock. */
const LOOK = 200;
/** What a frame takes of a line, and of the lines. */
const FRAME = { columns: 4, rows: 2 };
/** The line that waits, with an empty one before it and one after. */
const BELOW = 3;
/** Between the steps and a QR code beside them. */
const GAP = 3;

/**
 * @typedef {object} Prompt
 * @property {(response: DeviceCodeResponse) => void} show
 * @property {() => void} wait begins to count down
 * @property {(progress: DeviceCodeProgress) => void} progress
 * @property {() => void} end leaves the cursor where the next line begins
 */

/**
 * @param {object} options
 * @param {boolean} options.qr
 * @param {number} [options.timeout] seconds after which it is given up, if the code is still good then
 * @param {string} [options.account] who is to sign in
 * @param {{ app: string, server: string }} [options.asks] said once, before the first code
 * @param {NodeJS.WriteStream} [options.stream]
 * @returns {Prompt}
 */
export function makePrompt({ qr, timeout = Infinity, account = '', asks, stream = process.stderr }) {
  const who = clean(account);
  const prompt = isRich(stream) ? richPrompt(stream, qr, timeout, who) : plainPrompt(stream, timeout, who);
  if (!asks) return prompt;
  return {
    ...prompt,
    show(response) {
      // Against those who begin a sign-in and have somebody else finish it: SECURITY.md.
      stream.write(`For app ${clean(asks.app)} at ${clean(asks.server)}.\nThe code is yours alone: give it to nobody.\n`);
      prompt.show(response);
    },
  };
}

/**
 * What a person sees whose browser is being opened. The address is never broken up: it is long, and has to be copied whole.
 * @param {object} options
 * @param {string} options.address
 * @param {number} options.timeout seconds
 * @param {string} [options.account] who is to sign in
 * @param {NodeJS.WriteStream} [options.stream]
 * @returns {Pick<Prompt, 'wait' | 'end'>}
 */
export function showAddress({ address, timeout, account = '', stream = process.stderr }) {
  const who = account && ` as ${clean(account)}`;
  stream.write(`To sign in${who}, use the browser that opens now. If none does, open this in a browser on this machine:\n\n${clean(address)}\n\n`);
  const givenUpAt = Date.now() + timeout * 1000;
  if (!isRich(stream)) return { wait: () => void stream.write(`You have ${duration(timeout)}. Ctrl-C cancels.\n`), end() {} };
  const spinner = yoctoSpinner({ stream, handleSignals: false });
  const text = () => waitingLine(Math.max(0, Math.ceil((givenUpAt - Date.now()) / 1000)), true, stream.columns || 80);
  /** @type {NodeJS.Timeout | undefined} */
  let clock;
  return {
    wait() {
      spinner.start(text());
      clock = setInterval(() => (spinner.text = text()), LOOK);
    },
    end() {
      clearInterval(clock);
      spinner.stop();
    },
  };
}

/**
 * A frame, and a line under it that is drawn anew.
 * @param {NodeJS.WriteStream} stream @param {boolean} qr @param {number} timeout @param {string} account @returns {Prompt}
 */
function richPrompt(stream, qr, timeout, account) {
  const spinner = yoctoSpinner({ stream, handleSignals: false });
  const columns = () => stream.columns || 80;
  /** @type {DeviceCodeResponse} */
  let response;
  let shown = '';
  let givenUpAt = Infinity;
  let deadline = Infinity;
  let isReached = true;
  /** @type {NodeJS.Timeout | undefined} */
  let clock;

  function draw() {
    const seconds = Math.max(0, Math.ceil((Math.min(deadline, givenUpAt) - Date.now()) / 1000));
    const line = waitingLine(seconds, isReached, columns());
    if (!spinner.isSpinning) spinner.start(line);
    else if (line !== spinner.text) spinner.text = line;
  }

  const frame = () => framed(response, account, qr, columns(), stream.rows || 24);

  function show() {
    shown = frame();
    stream.write(`${shown}\n`);
  }

  function onResize() {
    // A window that has become narrower may have broken the line into several, of which the spinner knows one. Not every terminal does that,
    // and where it did not, the line above goes as well: an empty one, which is put back.
    const rows = Math.ceil((spinner.text.length + 2) / columns());
    spinner.stop();
    if (rows > 1) {
      stream.moveCursor(0, 1 - rows);
      stream.clearScreenDown();
      stream.write('\n');
    }
    // A frame that is broken cannot be read, and perhaps another would be whole.
    if (width(shown.split('\n')) > columns() && frame() !== shown) {
      show();
      stream.write('\n');
    }
    draw();
  }

  return {
    show(given) {
      response = given;
      deadline = Date.now() + given.expiresIn * 1000;
      show();
    },
    wait() {
      givenUpAt = Date.now() + timeout * 1000;
      stream.write('\n');
      draw();
      clock = setInterval(draw, LOOK);
      stream.on('resize', onResize);
    },
    progress({ status }) {
      isReached = status !== 'retrying';
    },
    end() {
      stream.off('resize', onResize);
      clearInterval(clock);
      spinner.stop();
    },
  };
}

/** Lines that a log can keep. @param {NodeJS.WriteStream} stream @param {number} timeout @param {string} account @returns {Prompt} */
function plainPrompt(stream, timeout, account) {
  let expiresIn = 0;
  let saidAt = Infinity;
  const line = (/** @type {string} */ text) => stream.write(`${text}\n`);
  /** What is left of the time that --timeout gives, when so much is left of the code's. */
  const left = (/** @type {number} */ secondsLeft) => Math.max(0, Math.min(secondsLeft, timeout - (expiresIn - secondsLeft)));
  return {
    show({ verificationUri, verificationUriComplete, userCode, ...response }) {
      expiresIn = response.expiresIn;
      saidAt = left(expiresIn);
      line(`To sign in, open ${verificationUri}`);
      line(`and enter the code ${userCode}`);
      if (verificationUriComplete) line(`or open ${verificationUriComplete}`);
      if (account) line(`and sign in as ${account}`);
      line(`You have ${duration(saidAt)}. Ctrl-C cancels.`);
    },
    wait() {},
    progress({ status, secondsLeft }) {
      const now = left(secondsLeft);
      if (now > saidAt - REMINDER) return;
      saidAt = now;
      const trouble = status === 'retrying' ? ' The server cannot be reached; it is asked again.' : '';
      line(`Waiting for you to sign in: ${duration(now)} left.${trouble}`);
    },
    end() {},
  };
}

/**
 * The steps in a frame, with a QR code if there is room for all of it: what does not fit scrolls away, and the code with it.
 * @param {DeviceCodeResponse} response @param {string} account @param {boolean} qr @param {number} columns @param {number} rows
 */
function framed({ verificationUri, verificationUriComplete, userCode }, account, qr, columns, rows) {
  const page = style(['cyan', 'underline'], verificationUri);
  const code = style('bold', userCode);
  const wide = [`1. Open   ${page}`, `2. Enter  ${code}`, `3. Sign in${account && ` as ${account}`}, and come back here`];
  const narrow = (/** @type {string} */ indent) => [
    '1. Open this page:', indent + page, '2. Enter this code:', indent + code, ...(account ? ['3. Sign in there as:', indent + account] : ['3. Sign in there']),
  ];
  const room = columns - FRAME.columns;
  const layouts = [wide, narrow('   '), narrow('')].filter((steps) => width(steps) <= room);
  const scan = verificationUriComplete ? ['Or scan this; the code is in it.'] : ['Or scan this, and enter the code.'];
  const picture = qr ? qrCode(verificationUriComplete ?? verificationUri) : [];
  const fits = (/** @type {string[]} */ lines, around = FRAME) => width(lines) <= columns - around.columns && lines.length <= rows - around.rows - BELOW;

  // An address that is broken up by a frame cannot be copied.
  if (layouts.length === 0) {
    const bare = ['', style('bold', 'Sign in'), '', ...narrow('')];
    const all = [...bare, '', ...scan, '', ...picture];
    return (picture.length > 0 && fits(all, { columns: 0, rows: 0 }) ? all : bare).join('\n');
  }
  const texts = picture.length > 0 ? layouts.map((steps) => [...steps, '', ...scan]) : [];
  const choices = [...texts.map((text) => beside(text, picture)), ...texts.map((text) => [...text, '', ...picture]), ...layouts];
  const lines = choices.find((choice) => fits(choice)) ?? /** @type {string[]} */ (layouts[0]);
  const title = 'Sign in';
  return boxen(lines.join('\n'), { title, borderStyle: 'round', padding: { left: 1, right: 1 }, width: Math.max(width(lines), title.length + 2) + FRAME.columns });
}

/** @param {string[]} left @param {string[]} right */
function beside(left, right) {
  const start = width(left) + GAP;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) => {
    const line = left[row] ?? '';
    return right[row] === undefined ? line : `${line}${' '.repeat(start - width([line]))}${right[row]}`;
  });
}

/**
 * Black on white whatever the colours of the terminal: not every camera reads the reverse. The blocks are the white of it.
 * @param {string} text
 */
function qrCode(text) {
  const lines = renderUnicodeCompact(text, { border: 2, ecc: 'L' }).split('\n');
  return lines.map((line) => style(['whiteBright', 'bgBlack'], line));
}

/** @param {import('./terminal.js').Style} format @param {string} text */
function style(format, text) {
  return styleText(format, text, { validateStream: false });
}

/** @param {string[]} lines */
function width(lines) {
  return Math.max(...lines.map((line) => stripVTControlCharacters(line).length));
}

/** As much as fits. @param {number} seconds @param {boolean} isReached @param {number} columns */
function waitingLine(seconds, isReached, columns) {
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
  const [long, short] = isReached ? ['Waiting for you to sign in…', 'Waiting…'] : ['The server cannot be reached; trying again…', 'No connection…'];
  const lines = [`${long} ${left} (Ctrl-C cancels)`, `${short} ${left} (Ctrl-C cancels)`, `${short} ${left}`];
  // The spinner and a space come before it.
  return lines.find((line) => line.length + 2 < columns) ?? left;
}

/** @param {number} seconds */
function duration(seconds) {
  const [count, unit] = seconds < 120 ? [Math.round(seconds), 'second'] : [Math.round(seconds / 60), 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
