// What a person sees while they are to sign in, on terminals of any width, and as lines of a log; the clock is the test's.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { clearLine, clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { makePrompt, showAddress } from '../../js/cli/prompt.js';

const CODES = { verificationUri: 'https://id.example/device', userCode: 'ABCD-EFGH', expiresIn: 900, interval: 5 };
const COMPLETE = { ...CODES, verificationUriComplete: 'https://id.example/device?user_code=ABCD-EFGH' };

/** Something that is written to: a terminal of a size, or a file. */
class Stream extends EventEmitter {
  written = '';

  constructor(columns, rows = 40) {
    super();
    if (columns) Object.assign(this, { isTTY: true, columns, rows });
  }

  write(text) {
    this.written += text;
    return true;
  }

  cursorTo = (x) => cursorTo(this, x);
  moveCursor = (x, y) => moveCursor(this, x, y);
  clearLine = (direction) => clearLine(this, direction);
  clearScreenDown = () => clearScreenDown(this);

  /** The lines, with each drawn over as the spinner draws: on one line. */
  get lines() {
    return stripVTControlCharacters(this.written.replaceAll('\u001b[2K', '').replaceAll(/[^\n]*\u001b\[1G/g, '')).split('\n');
  }

  get lastLine() {
    return this.lines.at(-1).replace(/^\S /, '');
  }
}

const environment = { ...process.env };
before(() => {
  for (const name of ['CI', 'NO_COLOR']) delete process.env[name];
  process.env.TERM = 'xterm-256color';
});
after(() => Object.assign(process.env, environment));

beforeEach(() => mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_700_000_000_000 }));
afterEach(() => mock.timers.reset());

/** Shows the prompt and waits; ended with the test. */
function waiting(t, columns, { codes = CODES, rows, ...options } = {}) {
  const stream = new Stream(columns, rows);
  const prompt = makePrompt({ qr: false, stream, ...options });
  t.after(() => prompt.end());
  prompt.show(codes);
  prompt.wait();
  return { stream, prompt };
}

const progress = (secondsLeft, status = 'pending') => ({ status, secondsLeft, nextPollIn: 5, polls: 1 });
const box = (...lines) => [`╭ Sign in ${'─'.repeat(lines[0].length - 11)}╮`, ...lines, `╰${'─'.repeat(lines[0].length - 2)}╯`];

describe('the prompt on a terminal', () => {
  it('is a frame with three steps, and the time that is left under it', (t) => {
    const { stream } = waiting(t, 80);
    assert.deepEqual(stream.lines, [
      ...box(
        '│ 1. Open   https://id.example/device │',
        '│ 2. Enter  ABCD-EFGH                 │',
        '│ 3. Sign in, and come back here      │',
      ),
      '',
      '⠋ Waiting for you to sign in… 15:00 left (Ctrl-C cancels)',
    ]);
  });

  it('says which app asks and where, and that the code is nobody else\'s, before the code', (t) => {
    const asks = { app: 'my\u001b[31m-app', server: 'login.microsoftonline.com' };
    for (const columns of [80, undefined]) {
      const { stream } = waiting(t, columns, { asks });
      assert.deepEqual(stream.lines.slice(0, 2), ['For app my-app at login.microsoftonline.com.', 'The code is yours alone: give it to nobody.']);
      assert.ok(stream.lines.findIndex((line) => line.includes('ABCD-EFGH')) > 1);
      assert.ok(!stream.written.includes('[31m'));
    }
  });

  it('counts down second by second, and minute by minute', (t) => {
    const { stream } = waiting(t, 80);
    const seen = [];
    for (let second = 0; second < 900; second++) {
      mock.timers.tick(1000);
      seen.push(/(\d+:\d\d) left/.exec(stream.lastLine)[1]);
    }
    const expected = Array.from({ length: 900 }, (_, second) => `${Math.floor((899 - second) / 60)}:${String((899 - second) % 60).padStart(2, '0')}`);
    assert.deepEqual(seen, expected);
    mock.timers.tick(5000);
    assert.match(stream.lastLine, / 0:00 left/, 'and no further');
  });

  it('knows what time it is after the machine was suspended', (t) => {
    const { stream } = waiting(t, 80);
    mock.timers.setTime(Date.now() + 600_000);
    mock.timers.tick(200);
    assert.match(stream.lastLine, / 5:00 left/);
    mock.timers.setTime(Date.now() + 86_400_000);
    mock.timers.tick(200);
    assert.match(stream.lastLine, / 0:00 left/);
  });

  it('has a spinner that turns', (t) => {
    const { stream } = waiting(t, 80);
    const before = stream.written.length;
    for (let step = 0; step < 10; step++) mock.timers.tick(80);
    const turned = new Set(stream.written.slice(before).match(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g));
    assert.equal(turned.size, 10);
  });

  it('says that the server cannot be reached, for as long as that is so', (t) => {
    const { stream, prompt } = waiting(t, 80);
    prompt.progress(progress(890, 'retrying'));
    mock.timers.tick(1000);
    assert.equal(stream.lastLine, 'The server cannot be reached; trying again… 14:59 left (Ctrl-C cancels)');
    prompt.progress(progress(880, 'slow_down'));
    mock.timers.tick(1000);
    assert.equal(stream.lastLine, 'Waiting for you to sign in… 14:58 left (Ctrl-C cancels)');
  });

  it('counts down what --timeout gives, if the code is good for longer, and the code if it is not', (t) => {
    assert.match(waiting(t, 80, { timeout: 60 }).stream.lastLine, / 1:00 left/);
    assert.match(waiting(t, 80, { timeout: 3600 }).stream.lastLine, / 15:00 left/);
  });

  it('says who is to sign in, if one is named, whatever characters the name has', (t) => {
    const { stream } = waiting(t, 80, { account: 'ada\u001b[31m@id.example' });
    assert.ok(stream.lines.includes('│ 3. Sign in as ada@id.example, and come back here │'), stream.lines.join('\n'));
    assert.ok(!stream.written.includes('[31m'));
  });

  for (const [columns, expected] of [
    [40, [...box('│ 1. Open   https://id.example/device │', '│ 2. Enter  ABCD-EFGH                 │', '│ 3. Sign in, and come back here      │'), '', '⠋ Waiting… 15:00 left (Ctrl-C cancels)']],
    [38, [...box('│ 1. Open this page:           │', '│    https://id.example/device │', '│ 2. Enter this code:          │', '│    ABCD-EFGH                 │', '│ 3. Sign in there             │'), '', '⠋ Waiting… 15:00 left']],
    [30, [...box('│ 1. Open this page:        │', '│ https://id.example/device │', '│ 2. Enter this code:       │', '│ ABCD-EFGH                 │', '│ 3. Sign in there          │'), '', '⠋ Waiting… 15:00 left']],
    [25, ['', 'Sign in', '', '1. Open this page:', 'https://id.example/device', '2. Enter this code:', 'ABCD-EFGH', '3. Sign in there', '', '⠋ Waiting… 15:00 left']],
    [20, ['', 'Sign in', '', '1. Open this page:', 'https://id.example/device', '2. Enter this code:', 'ABCD-EFGH', '3. Sign in there', '', '⠋ 15:00 left']],
  ]) {
    it(`reads at ${columns} columns`, (t) => {
      assert.deepEqual(waiting(t, columns).stream.lines, expected);
    });
  }

  for (const status of ['pending', 'retrying']) {
    it(`waits in one line, at any width from 14 columns, also while ${status}`, (t) => {
      for (let columns = 14; columns <= 200; columns++) {
        const { stream, prompt } = waiting(t, columns);
        prompt.progress(progress(900, status));
        mock.timers.tick(200);
        assert.ok(stream.lines.at(-1).length < columns, `${columns}: ${stream.lines.at(-1)}`);
      }
    });
  }

  it('has the QR code beside the steps, or below where it is narrow, and leaves it out where the code would scroll away', (t) => {
    const seen = (columns, rows) => waiting(t, columns, { rows, qr: true, codes: COMPLETE }).stream.lines;
    const isCode = (line) => /[█▀▄]{4}/.test(line);
    const beside = seen(80, 24);
    assert.match(beside[1], /│ 1\. Open {3}https:\/\/id\.example\/device {3}█{10,} │/);
    assert.ok(beside.length <= 22, `${beside.length} lines`);
    assert.ok(beside.some((line) => line.includes('Or scan this; the code is in it.')));
    const tight = seen(74, 24);
    assert.match(tight[2], /│ {4}https:\/\/id\.example\/device {3,}██/);
    const below = seen(60, 40);
    assert.match(below[1], /│ 1\. Open {3}https:\/\/id\.example\/device +│$/);
    assert.ok(below.some(isCode));
    const bare = seen(38, 40);
    assert.ok(bare.some(isCode));
    for (const [columns, rows] of [[60, 24], [40, 24], [80, 15], [30, 60]]) {
      const without = seen(columns, rows);
      assert.ok(!without.some(isCode), `${columns} by ${rows}`);
      assert.ok(!without.some((line) => line.includes('scan')));
    }
  });

  it('never fills more lines or columns than the terminal has, frame and QR code and all', (t) => {
    for (let columns = 30; columns <= 120; columns += 3) {
      for (let rows = 12; rows <= 50; rows += 2) {
        const { stream } = waiting(t, columns, { rows, qr: true, codes: COMPLETE });
        const widest = Math.max(...stream.lines.map((line) => line.length));
        assert.ok(widest <= columns, `${widest} of ${columns} columns`);
        assert.ok(stream.lines.length < rows, `${stream.lines.length} of ${rows} rows`);
      }
    }
  });

  it('says of an address without the code that the code is to be entered', (t) => {
    assert.ok(waiting(t, 80, { qr: true }).stream.lines.some((line) => line.includes('Or scan this, and enter the code.')));
  });

  it('shows the cursor again at its end, and leaves no timer and no listener behind', (t) => {
    const { stream, prompt } = waiting(t, 80);
    assert.equal(stream.listenerCount('resize'), 1);
    assert.match(stream.written, /\u001b\[\?25l/);
    prompt.end();
    assert.ok(stream.written.lastIndexOf('\u001b[?25h') > stream.written.lastIndexOf('\u001b[?25l'));
    assert.equal(stream.listenerCount('resize'), 0);
    const { length } = stream.written;
    mock.timers.tick(60_000);
    assert.equal(stream.written.length, length);
    prompt.end();
    assert.equal(stream.written.length, length, 'also if it ends again');
  });

  it('can end before it has shown anything', () => {
    const stream = new Stream(80);
    makePrompt({ qr: true, stream }).end();
    assert.equal(stream.written, '');
  });
});

describe('the prompt in a log', () => {
  const SHOWN = 'To sign in, open https://id.example/device\nand enter the code ABCD-EFGH\nYou have 15 minutes. Ctrl-C cancels.\n';

  it('says what to do, and once a minute that it waits', (t) => {
    const { stream, prompt } = waiting(t, undefined);
    assert.equal(stream.written, SHOWN);
    for (let left = 895; left >= 0; left -= 5) prompt.progress(progress(left));
    const said = stream.written.slice(SHOWN.length).trim().split('\n');
    const minutes = Array.from({ length: 13 }, (_, index) => `Waiting for you to sign in: ${14 - index} minutes left.`);
    assert.deepEqual(said, [...minutes, 'Waiting for you to sign in: 60 seconds left.', 'Waiting for you to sign in: 0 seconds left.']);
  });

  it('has no control characters, and counts nothing down by itself', (t) => {
    const { stream } = waiting(t, undefined, { qr: true, codes: COMPLETE, account: 'ada' });
    mock.timers.tick(600_000);
    assert.equal(stream.written, [
      'To sign in, open https://id.example/device', 'and enter the code ABCD-EFGH', `or open ${COMPLETE.verificationUriComplete}`, 'and sign in as ada',
      'You have 15 minutes. Ctrl-C cancels.', '',
    ].join('\n'));
  });

  it('says that the server cannot be reached', (t) => {
    const { stream, prompt } = waiting(t, undefined);
    prompt.progress(progress(830, 'retrying'));
    assert.equal(stream.written, `${SHOWN}Waiting for you to sign in: 14 minutes left. The server cannot be reached; it is asked again.\n`);
  });

  it('counts what --timeout gives', (t) => {
    const { stream, prompt } = waiting(t, undefined, { timeout: 90 });
    assert.match(stream.written, /You have 90 seconds\./);
    prompt.progress(progress(840));
    assert.match(stream.written, /: 30 seconds left\.\n$/);
  });

  for (const [name, value] of [['NO_COLOR', '1'], ['CI', 'true'], ['TERM', 'dumb']]) {
    it(`is what a terminal shows with ${name}=${value}`, (t) => {
      const before = process.env[name];
      process.env[name] = value;
      try {
        assert.equal(waiting(t, 80, { qr: true }).stream.written, SHOWN);
      } finally {
        if (before === undefined) delete process.env[name];
        else process.env[name] = before;
      }
    });
  }
});

describe('the prompt of a sign-in in a browser', () => {
  const address = `https://id.example/authorize?${'x'.repeat(300)}`;

  it('has the address whole, and counts down, on a terminal', (t) => {
    const stream = new Stream(80);
    const prompt = showAddress({ address, timeout: 300, account: 'ada\u001b[31m', stream });
    t.after(() => prompt.end());
    prompt.wait();
    assert.ok(stream.lines.includes(address));
    assert.match(stream.lines[0], /^To sign in as ada, use the browser that opens now\./);
    assert.equal(stream.lastLine, 'Waiting for you to sign in… 5:00 left (Ctrl-C cancels)');
    mock.timers.tick(61_000);
    assert.equal(stream.lastLine, 'Waiting for you to sign in… 3:59 left (Ctrl-C cancels)');
    prompt.end();
    assert.ok(!stream.lastLine.includes('Waiting'));
  });

  it('is lines in a log', () => {
    const stream = new Stream();
    const prompt = showAddress({ address, timeout: 60, stream });
    prompt.wait();
    prompt.end();
    assert.deepEqual(stream.written.split('\n').slice(1), ['', address, '', 'You have 60 seconds. Ctrl-C cancels.', '']);
  });
});
