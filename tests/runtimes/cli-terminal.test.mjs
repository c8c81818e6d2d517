// `doorcode get-token` on a terminal, as a person sees it: whole screens, at several widths; what they scan, press and resize; and that the
// terminal is left as it was.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { approve, decline } from '../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { Home } from '../js/support/command.mjs';
import { CLIENT, startEntra, TENANT } from '../js/support/entra.mjs';
import { CODES, startScripted } from '../js/support/scripted.mjs';
import { ROOT } from './support/runtimes.mjs';
import { KEYS, terminal } from './support/terminal.mjs';

const jsQR = createRequire(import.meta.url)('jsqr');

/** The real server, whose code is good for ten minutes. */
let server;
let entra;
/** What a person does at the page. It is done when a test lets it. */
let person;
let open;
before(async () => {
  server = await startAuthorizationServer({
    interval: 1,
    onPoll: async ({ count, userCode }) => {
      if (count === 1) await open.promise.then(() => person(`${server.issuer}/device`, userCode));
    },
  });
  entra = await startEntra({ interval: 1, onPoll: () => (open.isOpen ? { done: true } : undefined) });
});
after(async () => {
  await server?.close();
  await entra?.close();
});

let home;
let running;
let scripted;
beforeEach(() => {
  home = new Home();
  person = approve;
  running = [];
  open = {};
  open.promise = new Promise((resolve) => {
    open.now = () => {
      open.isOpen = true;
      resolve();
    };
  });
});
afterEach(async () => {
  for (const one of running) await one.kill();
  open.now();
  home.remove();
  await scripted?.close();
  scripted = undefined;
});

async function start(args, options) {
  const started = await terminal(args, { home, ...options });
  running.push(started);
  return started;
}
const flags = () => ['--client-id', CLIENT_ID, '--authority', server.issuer, '--scope', 'email'];
const atServer = (options, ...more) => start(['get-token', ...flags(), ...more], options);
const atEntra = ({ env, ...options } = {}, ...more) =>
  start(['get-token', '--client-id', CLIENT, '--tenant', TENANT, '--scope', 'User.Read', ...more], { env: { ...entra.env, ...env }, ...options });

const KEPT = '~/.local/state/doorcode/token-cache.json';
const WAITING = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] .*left/;
/** A screen without what moves, and without the lines that it may have in common with another: what the QR code is made of. */
const still = (screen) => screen.replace(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /, '* ').replace(/\d+:\d\d left/, 'm:ss left').split('\n');
/** Below what is said before the first code, which a narrow terminal breaks anywhere. */
const frameOf = (screen) => still(screen.replace(/^For\s+app [^]*?n\n?o\n?b\n?o\n?d\n?y\n?\.\n/, ''));
const isPicture = (line) => /[█▀▄ ]{20}/.test(line) && /[█▀▄]{2}/.test(line);

/** What a camera makes of a part of the screen: each cell is as high as two of it are wide, in the colours that the terminal has. */
function scanned({ cell }, columns, rows, theme) {
  const [scale, wide, high] = [4, columns * 4, rows * 8];
  const pixels = new Uint8ClampedArray(wide * high * 4).fill(255);
  const shade = (colour, own) => (colour === -1 ? own : colour === 15 || colour === 7 ? 255 : 0);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const { text, foreground, background } = cell(x, y);
      const [ink, paper] = [shade(foreground, theme.ink), shade(background, theme.paper)];
      const [upper, lower] = { '█': [ink, ink], '▀': [ink, paper], '▄': [paper, ink] }[text] ?? [paper, paper];
      for (let v = 0; v < 2 * scale; v++) {
        for (let h = 0; h < scale; h++) {
          const at = ((y * 2 * scale + v) * wide + x * scale + h) * 4;
          pixels.fill(v < scale ? upper : lower, at, at + 3);
        }
      }
    }
  }
  return jsQR(pixels, wide, high, { inversionAttempts: 'dontInvert' })?.data;
}

describe('get-token on a terminal', () => {
  it('shows a frame with the steps and a QR code, counts down, and says who signed in and where the token is', async () => {
    const shown = await atServer({ rows: 24 });
    const waiting = frameOf(await shown.until(WAITING));
    const userCode = /Enter {2}(\S+)/.exec(waiting.join('\n'))[1];
    const width = waiting[0].length;
    assert.equal(waiting[0], `╭ Sign in ${'─'.repeat(width - 11)}╮`);
    const texts = waiting.slice(1, 6).map((line) => line.slice(0, 44).trimEnd());
    assert.deepEqual(texts, [
      `│ 1. Open   ${server.issuer}/device`, `│ 2. Enter  ${userCode}`, '│ 3. Sign in, and come back here', '│', '│ Or scan this; the code is in it.',
    ]);
    assert.equal(waiting.at(-2), '');
    assert.equal(waiting.at(-3), `╰${'─'.repeat(width - 2)}╯`);
    assert.equal(waiting.at(-1), '* Waiting for you to sign in… m:ss left (Ctrl-C cancels)');
    assert.ok(waiting.slice(1, -3).every((line) => line.length === width && line.endsWith(' │') && isPicture(line)));
    assert.ok(!shown.isCursorShown());

    open.now();
    assert.deepEqual(await shown.exited, { code: 0, signal: undefined });
    const after = frameOf(shown.screen());
    assert.deepEqual(after.slice(0, -3), waiting.slice(0, -1), 'the frame stays as it was');
    assert.deepEqual(after.slice(-3, -1), ['✓ Signed in as ada@example.com.', `  The token is kept in ${KEPT}`]);
    assert.match(after.at(-1), /^[\w-]{43}$/);
    assert.ok(shown.isCursorShown());
  });

  it('gives a script the token alone, while the person sees the rest', async () => {
    const script = `TOKEN=$(doorcode get-token ${flags().join(' ')}); echo "[$TOKEN] $?"`;
    const shown = await start(script);
    await shown.until(WAITING);
    open.now();
    await shown.exited;
    const lines = shown.screen().split('\n').slice(-3);
    assert.deepEqual(lines.slice(0, 2), ['✓ Signed in as ada@example.com.', `  The token is kept in ${KEPT}`]);
    assert.match(lines[2], /^\[[\w-]{43}\] 0$/);
  });

  it('is one line from then on', async () => {
    open.now();
    await (await atServer()).exited;
    const again = await atServer();
    await again.exited;
    assert.match(again.raw(), /^[\w-]{43}\r\n$/);
  });

  it('shows of a server of Entra\'s shape the page and the code apart', async () => {
    const shown = await atEntra({ rows: 24, columns: 100 });
    const waiting = frameOf(await shown.until(WAITING));
    assert.deepEqual(waiting.slice(1, 6).map((line) => line.slice(0, 48).trimEnd()), [
      '│ 1. Open   https://microsoft.com/devicelogin', '│ 2. Enter  ABCD-EFGH', '│ 3. Sign in, and come back here', '│',
      '│ Or scan this, and enter the code.',
    ]);
    open.now();
    await shown.exited;
    assert.deepEqual(shown.screen().split('\n').slice(-3), ['✓ Signed in as ada@contoso.example.', `  The token is kept in ${KEPT}`, 'AT-secret']);
  });

  it('can be asked for no QR code', async () => {
    const shown = await atEntra({}, '--no-qr');
    assert.deepEqual(frameOf(await shown.until(WAITING)), [
      '╭ Sign in ────────────────────────────────────╮',
      '│ 1. Open   https://microsoft.com/devicelogin │',
      '│ 2. Enter  ABCD-EFGH                         │',
      '│ 3. Sign in, and come back here              │',
      '╰─────────────────────────────────────────────╯',
      '',
      '* Waiting for you to sign in… m:ss left (Ctrl-C cancels)',
    ]);
  });

  for (const columns of [37, 40, 60, 80, 200]) {
    it(`has a QR code of the complete address that a camera reads, at ${columns} columns, on dark and on light`, async () => {
      const shown = await atServer({ columns, rows: 45 });
      const screen = await shown.until(WAITING);
      const userCode = /[A-Z]{4}-[A-Z]{4}/.exec(screen)[0];
      for (const theme of [{ ink: 255, paper: 0 }, { ink: 0, paper: 255 }]) {
        assert.equal(scanned(shown, columns, 45, theme), `${server.issuer}/device?user_code=${userCode}`);
      }
    });
  }

  it('has a QR code of the address where there is none with the code in it', async () => {
    const shown = await atEntra({ rows: 24 });
    await shown.until(WAITING);
    assert.equal(scanned(shown, 80, 24, { ink: 255, paper: 0 }), 'https://microsoft.com/devicelogin');
  });

  for (const [page, ...more] of [['docs/cli.md'], ['README.md', '--no-qr']]) {
    it(`looks as ${page} shows it`, async () => {
      const shown = await atEntra({ rows: 24 }, ...more);
      const lines = still(await shown.until(WAITING)).join('\n');
      const text = readFileSync(join(ROOT, page), 'utf8');
      assert.ok(still(text).join('\n').includes(`\`\`\`text\n${lines}\n\`\`\``), lines);
    });
  }

  it('reads at 40 columns', async () => {
    const shown = await atEntra({ columns: 40, rows: 24 });
    assert.deepEqual(frameOf(await shown.until(WAITING)), [
      '╭ Sign in ─────────────────────────────╮',
      '│ 1. Open this page:                   │',
      '│    https://microsoft.com/devicelogin │',
      '│ 2. Enter this code:                  │',
      '│    ABCD-EFGH                         │',
      '│ 3. Sign in there                     │',
      '╰──────────────────────────────────────╯',
      '',
      '* Waiting… m:ss left (Ctrl-C cancels)',
    ]);
  });

  it('reads at 20 columns', async () => {
    const shown = await atEntra({ columns: 20, rows: 24 });
    assert.deepEqual(frameOf(await shown.until(WAITING)), [
      '', 'Sign in', '', '1. Open this page:', 'https://microsoft.co', 'm/devicelogin', '2. Enter this code:', 'ABCD-EFGH', '3. Sign in there', '', '* m:ss left',
    ]);
  });

  it('adapts to a window that is resized, and leaves no broken lines', async () => {
    const shown = await atEntra({ columns: 100, rows: 24 }, '--no-qr');
    const frame = frameOf(await shown.until(WAITING)).slice(0, -2);
    // An emulator may or may not break the line of the cursor; where it has, there is an empty line more.
    const lines = (screen) => frameOf(screen).filter((line) => line !== '');
    shown.resize(50);
    assert.deepEqual(lines(await shown.until(/Waiting… /)), [...frame, '* Waiting… m:ss left (Ctrl-C cancels)']);
    shown.resize(120);
    assert.deepEqual(lines(await shown.until(/Waiting for you/)), [...frame, '* Waiting for you to sign in… m:ss left (Ctrl-C cancels)']);
    // Too narrow for the frame: it is shown anew, as it fits.
    shown.resize(38);
    const narrow = frameOf(await shown.until(/Open this page[^]*Waiting… /));
    assert.deepEqual(narrow.slice(-9), [
      '╭ Sign in ──────────────────────────╮',
      '│ 1. Open this page:                │',
      '│ https://microsoft.com/devicelogin │',
      '│ 2. Enter this code:               │',
      '│ ABCD-EFGH                         │',
      '│ 3. Sign in there                  │',
      '╰───────────────────────────────────╯',
      '',
      '* Waiting… m:ss left',
    ]);
    open.now();
    await shown.exited;
    assert.equal(shown.screen().match(/Waiting/g), null, 'no line is left that waits');
  });

  it('shows a second code with --renew when the first expires', async () => {
    scripted = await startScripted({
      '/device': ({ count }) => ({ json: { ...CODES, user_code: `CODE-${count}`, device_code: `DC-${count}`, interval: 1 } }),
      '/token': ({ body, count }) => (body.includes('DC-1')
        ? { status: 400, json: { error: count > 1 ? 'expired_token' : 'authorization_pending' } }
        : open.isOpen ? { json: { access_token: 'AT-secret', token_type: 'Bearer' } } : { status: 400, json: { error: 'authorization_pending' } }),
    });
    const shown = await start(['get-token', '--client-id', 'x', '--authority', scripted.origin, '--no-qr', '--renew']);
    const frame = (code) => [
      '╭ Sign in ────────────────────────────╮', '│ 1. Open   https://id.example/device │', `│ 2. Enter  ${code}                    │`,
      '│ 3. Sign in, and come back here      │', '╰─────────────────────────────────────╯',
    ];
    const both = [...frame('CODE-1'), '', '⚠ Device code expired. Here is a new one.', ...frame('CODE-2'), ''];
    assert.deepEqual(frameOf(await shown.until(/CODE-2[^]*left/)), [...both, '* Waiting for you to sign in… m:ss left (Ctrl-C cancels)']);
    open.now();
    await shown.exited;
    assert.deepEqual(frameOf(shown.screen()), [...both, '✓ Signed in.', '  The token is not kept, for the server does not say whose it is.', 'AT-secret']);
    assert.ok(shown.isCursorShown());
  });

  it('keeps the line that waits apart from what --verbose says', async () => {
    const shown = await atEntra({ columns: 200 }, '--no-qr', '--verbose');
    await shown.until(WAITING);
    open.now();
    await shown.exited;
    const screen = shown.screen();
    assert.match(screen, /^\[.*signed in$/m);
    assert.doesNotMatch(screen, /Waiting/);
  });

  for (const [name, value] of [['NO_COLOR', '1'], ['CI', 'true'], ['TERM', 'dumb']]) {
    it(`writes plain lines and no control characters with ${name}=${value}`, async () => {
      const shown = await atEntra({ env: { [name]: value } });
      await shown.until('Ctrl-C cancels');
      open.now();
      await shown.exited;
      assert.equal(shown.raw(), [
        'For app 00000000-aaaa-4bbb-8ccc-dddddddddddd at login.microsoftonline.com.', 'The code is yours alone: give it to nobody.',
        'To sign in, open https://microsoft.com/devicelogin', 'and enter the code ABCD-EFGH', 'You have 15 minutes. Ctrl-C cancels.',
        'ok: Signed in as ada@contoso.example.', `  The token is kept in ${KEPT}`, 'AT-secret', '',
      ].join('\r\n'));
    });
  }
});

describe('get-token leaves the terminal as it was', () => {
  const ended = async (shown, code) => {
    assert.deepEqual(await shown.exited, { code, signal: undefined });
    assert.ok(shown.isCursorShown(), 'the cursor is back');
    assert.doesNotMatch(shown.screen(), /Waiting/);
    return frameOf(shown.screen()).slice(6);
  };

  it('after Ctrl-C', async () => {
    const shown = await atEntra({}, '--no-qr');
    await shown.until(WAITING);
    shown.type(KEYS.ctrlC);
    assert.deepEqual(await ended(shown, 130), ['Authentication cancelled by user']);
    assert.ok(!existsSync(home.path('.local')), 'nothing is left behind');
  });

  it('after SIGTERM', async () => {
    const shown = await atEntra({}, '--no-qr');
    await shown.until(WAITING);
    process.kill(shown.pid, 'SIGTERM');
    assert.deepEqual(await ended(shown, 143), ['Authentication ended by SIGTERM']);
  });

  it('after the person declined', async () => {
    person = decline;
    const shown = await atServer({}, '--no-qr');
    await shown.until(WAITING);
    open.now();
    assert.deepEqual(await ended(shown, 4), ['✗ access_denied: The sign-in was declined. The person said no', '  Start again, and accept when asked.']);
  });

  for (const [what, error, code, lines] of [
    ['the code expired', 'expired_token', 5, ['✗ Device code expired. Please try again.', '  Run the command again; with --renew it gets a new code by itself.']],
    ['the server refused', 'unauthorized_client', 1, [/^✗ unauthorized_client/, /^ {2}\S/]],
  ]) {
    it(`after ${what}`, async () => {
      scripted = await startScripted({ '/token': () => ({ status: 400, json: { error: open.isOpen ? error : 'authorization_pending' } }) });
      const shown = await start(['get-token', '--client-id', 'x', '--authority', scripted.origin, '--no-qr'], { columns: 120 });
      await shown.until(WAITING);
      open.now();
      const said = await ended(shown, code);
      assert.equal(said.length, lines.length);
      lines.forEach((line, index) => (typeof line === 'string' ? assert.equal(said[index], line) : assert.match(said[index], line)));
    });
  }

  it('after --timeout', async () => {
    const shown = await atEntra({}, '--no-qr', '--timeout', '1');
    assert.deepEqual(await ended(shown, 5), ['✗ Nobody signed in within the time that --timeout gives.', '  Run the command again, with a longer --timeout or without one.']);
  });
});

describe('get-token --open', () => {
  /** Programs on a PATH of their own: each writes down what it was given, and some of it to the terminal. @param {Record<string, string>} programs */
  function programs(programs) {
    mkdirSync(home.path('bin'));
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(home.path('bin', name), `#!/bin/sh\n${script}\n`);
      chmodSync(home.path('bin', name), 0o755);
    }
    return { PATH: `${home.path('bin')}:/usr/bin:/bin`, DISPLAY: ':99' };
  }
  const BROWSER = { 'xdg-open': `echo noise; echo noise >&2; echo noise >/dev/tty; echo "$1" >${'$HOME'}/opened` };
  const clipboard = (what) => `cat >${'$HOME'}/copied; ${what}`;
  const written = (name) => readFileSync(home.path(name), 'utf8');
  const FRAME = [
    '╭ Sign in ────────────────────────────────────╮',
    '│ 1. Open   https://microsoft.com/devicelogin │',
    '│ 2. Enter  ABCD-EFGH                         │',
    '│ 3. Sign in, and come back here              │',
    '╰─────────────────────────────────────────────╯',
  ];
  const LINE = '* Waiting for you to sign in… m:ss left (Ctrl-C cancels)';
  const opening = async (env) => {
    const shown = await atEntra({ env, columns: 100 }, '--no-qr', '--open');
    const screen = frameOf(await shown.until(WAITING));
    open.now();
    assert.equal((await shown.exited).code, 0);
    return { shown, screen };
  };

  it('opens the page and copies the code, and says so', async () => {
    const { screen } = await opening(programs({ ...BROWSER, xsel: clipboard('exit 0') }));
    assert.deepEqual(screen, [...FRAME, '✓ The page is open in your browser. The code is on the clipboard.', '', LINE]);
    assert.deepEqual([written('opened'), written('copied')], ['https://microsoft.com/devicelogin\n', 'ABCD-EFGH']);
  });

  it('gives the key of the tokens to no program that it starts', async () => {
    const secrets = { DOORCODE_CACHE_KEY: Buffer.alloc(32, 7).toString('base64'), DOORCODE_CACHE_PASSPHRASE: 'a passphrase' };
    const record = `env >${'$HOME'}/environment-of-`;
    await opening({ ...programs({ 'xdg-open': `${record}browser; echo >${'$HOME'}/opened`, xsel: clipboard(`${record}clipboard`) }), ...secrets });
    for (const name of ['browser', 'clipboard']) assert.doesNotMatch(written(`environment-of-${name}`), /DOORCODE_CACHE/);
    assert.ok(existsSync(home.path('.local/state/doorcode/token-cache.jwe')), 'the command itself has it');
  });

  it('copies on Wayland as well', async () => {
    const { screen } = await opening({ ...programs({ ...BROWSER, 'wl-copy': clipboard('exit 0') }), WAYLAND_DISPLAY: 'wayland-0' });
    assert.equal(screen[5], '✓ The page is open in your browser. The code is on the clipboard.');
    assert.equal(written('copied'), 'ABCD-EFGH');
  });

  it('hands the code to the terminal over SSH, and where no program takes it', async () => {
    for (const more of [{ SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }, {}]) {
      const env = existsSync(home.path('bin')) ? { PATH: `${home.path('bin')}:/usr/bin:/bin`, DISPLAY: ':99' } : programs({ ...BROWSER, xsel: 'exit 1' });
      const { shown, screen } = await opening({ ...env, ...more });
      assert.equal(screen[5], '✓ The page is open in your browser. The code was handed to the clipboard of your terminal.');
      assert.ok(shown.raw().includes(`\u001b]52;c;${Buffer.from('ABCD-EFGH').toString('base64')}\u0007`));
      home.remove();
      home = new Home();
      open.isOpen = false;
    }
  });

  it('says that there is no browser where there is no display', async () => {
    const { screen } = await opening({ ...programs({ ...BROWSER, xsel: 'exit 1' }), DISPLAY: '' });
    assert.deepEqual(screen.slice(5, -2), [
      '✓ The code was handed to the clipboard of your terminal.', '⚠ There is no browser here: open the page on another device.',
    ]);
    assert.ok(!existsSync(home.path('opened')));
  });

  it('is not held up by a clipboard that does not answer', async () => {
    // tinyclip's patience is three seconds.
    const hasty = 'const { timeout } = AbortSignal; AbortSignal.timeout = (ms) => timeout(ms === 3000 ? 20 : ms);';
    const env = { NODE_OPTIONS: `${entra.env.NODE_OPTIONS} --import=data:text/javascript,${encodeURIComponent(hasty)}` };
    const { screen } = await opening({ ...programs({ ...BROWSER, xsel: 'exec sleep 600' }), ...env });
    assert.equal(screen[5], '✓ The page is open in your browser. The code was handed to the clipboard of your terminal.');
  });
});
