// The command `doorcode` of the packed tarball in every runtime: signs somebody in, and finds the token again.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Home } from '../js/support/command.mjs';
import { authorizationServer, consumer } from './support/consumer.mjs';
import { bun, deno, node, ROOT, versionOf } from './support/runtimes.mjs';
import { KEYS, terminal } from './support/terminal.mjs';

const HURRY = join(ROOT, 'tests/js/support/hurry.mjs');
/** Ends a command that should have ended by itself. Nothing else waits for it. */
const PATIENCE = 60_000;

describe('the command', async () => {
  let project;
  let server;
  before(async () => {
    project = await consumer('node');
    server = await authorizationServer();
  });
  after(async () => {
    await server?.close();
    project?.remove();
  });

  const command = () => join(project.folder, 'node_modules/doorcode/cli/doorcode.js');
  const runtimes = [
    ...await Promise.all([20, 22, 24, 26].map(async (major) => [`Node ${await versionOf(node(major))}`, () => [node(major), '--import', HURRY, command()]])),
    [`Deno ${await versionOf(deno())}`, () => [deno(), 'run', '--no-prompt', '--allow-all', '--preload', HURRY, command()]],
    [`Bun ${await versionOf(bun())}`, () => [bun(), '--preload', HURRY, command()]],
  ];

  for (const [name, program] of runtimes) {
    /** @returns {Promise<{ code: number, stdout: string, stderr: string }>} */
    async function run(home, args, onText = () => {}) {
      const [file, ...rest] = [...program(), ...args];
      const env = { ...home.env, DENO_DIR: home.path('.deno'), DENO_NO_UPDATE_CHECK: '1' };
      const child = spawn(file, rest, { cwd: home.folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE, killSignal: 'SIGKILL' });
      const said = { stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr']) {
        child[stream].setEncoding('utf8').on('data', (text) => {
          said[stream] += text;
          onText(said[stream], child);
        });
      }
      const [code, signal] = await once(child, 'close');
      return { code: code ?? signal, ...said };
    }
    const inHome = async (work) => {
      const home = new Home();
      try {
        await work(home, ['--client-id', server.auth.clientId, '--authority', server.issuer, '--scope', 'email']);
      } finally {
        home.remove();
      }
    };

    it(`runs in ${name}, as a command`, () => inHome(async (home, flags) => {
      const { version } = JSON.parse(readFileSync(join(ROOT, 'pkg/package.json'), 'utf8'));
      assert.deepEqual(await run(home, ['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });

      const signedIn = await run(home, ['get-token', ...flags]);
      assert.match(signedIn.stderr, /^For app .+\nThe code .+\nTo sign in, open [^]*\nok: Signed in as ada@example\.com\.\n {2}The token is kept in ~\/\.local\/state\/doorcode\/token-cache\.json\n$/);
      assert.match(signedIn.stdout, /^[\w-]{43}\n$/);
      assert.equal(signedIn.code, 0);
      assert.deepEqual(await run(home, ['get-token', ...flags, '--silent']), { code: 0, stdout: signedIn.stdout, stderr: '' });

      const { code, stdout, stderr } = await run(home, ['get-token', ...flags, '--silent', '--account', 'nobody']);
      assert.deepEqual([code, stdout, stderr.split('\n')[0]], [3, '', 'error: Somebody has to sign in, and --silent says to ask nobody.']);
    }));

    it(`says that it is ${name}, to who asks the doctor`, () => inHome(async (home, flags) => {
      const { code, stdout } = await run(home, ['doctor', ...flags]);
      assert.deepEqual([code, stdout.split('\n')[0]], [0, `ok: ${name}.`]);
    }));

    it(`can be cancelled in ${name}`, () => inHome(async (home, flags) => {
      const { code, stdout, stderr } = await run(home, ['get-token', ...flags], (text, child) => /Ctrl-C cancels\.\n$/.test(text) && child.kill('SIGINT'));
      assert.deepEqual([code, stdout, stderr.split('\n').at(-2)], [130, '', 'Authentication cancelled by user']);
    }));

    it(`draws on a terminal in ${name}`, () => inHome(async (home, flags) => {
      const env = { DENO_DIR: home.path('.deno'), DENO_NO_UPDATE_CHECK: '1' };
      const shown = await terminal(['get-token', ...flags], { home, env, program: program() });
      try {
        assert.match(await shown.until(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] .*left/), /^For app .+\nThe code .+\n╭ Sign in ─+╮\n│ 1\. Open /);
        shown.type(KEYS.ctrlC);
        assert.deepEqual(await shown.exited, { code: 130, signal: undefined });
        assert.match(shown.screen(), /╯\n\nAuthentication cancelled by user$/);
        assert.ok(shown.isCursorShown());
      } finally {
        await shown.kill();
      }
    }));
  }
});
