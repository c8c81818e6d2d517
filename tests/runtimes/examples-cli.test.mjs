// The example CLIs, each in its runtime with the packed package, as a person runs them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { approve, decline } from '../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { compactDecrypt } from './node_modules/jose/dist/webapi/index.js';
import { consumer } from './support/consumer.mjs';
import { registry } from './support/registry.mjs';
import { bun, deno, node, ROOT, versionOf } from './support/runtimes.mjs';

/** Makes the waits between polls short. */
const HURRY = join(ROOT, 'tests/js/support/hurry.mjs');

/** What the example for Bun encrypts its file with. */
const CACHE_KEY = randomBytes(32).toString('base64');

/** Ends a program that should have ended by itself. Nothing else waits for it. */
const PATIENCE = 60_000;

/** What an example's README says to type after the name of the runtime. */
function commandOf(example) {
  const readme = readFileSync(join(ROOT, 'examples', example, 'README.md'), 'utf8');
  return /\b(?:node|deno|bun) (.*cli\.m?[jt]s)$/m.exec(readme)[1].split(' ');
}

describe('the example CLIs', async () => {
  let project;
  let npm;
  /** Wants a second between polls, or half an hour. */
  let quick;
  let patient;
  let person;
  before(async () => {
    project = await consumer('examples');
    npm = await registry(project.tarball);
    const server = (interval) => {
      const started = startAuthorizationServer({
        interval,
        lifetime: 3600,
        onPoll: async ({ count, userCode }) => {
          if (count === 2) await person(`${(await started).issuer}/device`, userCode);
        },
      });
      return started;
    };
    quick = await server(1);
    patient = await server(1800);
  });
  after(async () => {
    await quick?.close();
    await patient?.close();
    await npm?.close();
    project?.remove();
  });
  beforeEach(() => (person = approve));

  const [ofNode, ofDeno, ofBun] = await Promise.all([node(24), deno(), bun()].map((program) => versionOf(program)));
  for (const { name, example, program, flags: always, kept, opened = (text) => text } of [
    {
      name: `Node ${ofNode}`, example: 'node-cli', program: node(24), flags: ['--import', HURRY],
      kept: [['state', '700'], ['state/node-cli', '700'], ['state/node-cli/token-cache.json', '600']],
    },
    {
      name: `Deno ${ofDeno}`, example: 'deno', program: deno(), flags: ['--preload', HURRY, '--quiet', '--no-prompt'],
      kept: [['tokens', '700'], ['tokens/cache.json', '600']],
    },
    {
      name: `Bun ${ofBun}`, example: 'bun', program: bun(), flags: ['--preload', HURRY], kept: [['token-cache.jwe', '600']],
      opened: async (text) => `${Buffer.from((await compactDecrypt(text, Buffer.from(CACHE_KEY, 'base64'))).plaintext)}`,
    },
  ]) describe(`examples/${example}`, () => {
    /** A copy of the example, with the package beside it as its README has it. */
    let folder;
    let files;
    beforeEach(() => {
      folder = mkdtempSync(join(project.folder, `${example}-`));
      cpSync(join(ROOT, 'examples', example), folder, { recursive: true });
      files = readdirSync(folder);
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    /** What the README says to type, against a server of this machine's. `onText` sees what was printed so far. */
    function run(server, { args = [], env, words = (all) => all, flags = always, onText = () => {} } = {}) {
      const all = commandOf(example).map((word) => word.replace('login.microsoftonline.com', '127.0.0.1'));
      const at = example === 'deno' ? 1 : 0; // after `deno run`
      const said = words(all);
      const line = [program, ...said.slice(0, at), ...flags, ...said.slice(at), ...args];
      return new Promise((resolve) => {
        // No mask: what a file may be read by is what the program says.
        const child = spawn('/bin/sh', ['-c', 'umask 0; exec "$@"', 'sh', ...line], {
          cwd: folder,
          stdio: ['ignore', 'pipe', 'pipe'],
          timeout: PATIENCE,
          killSignal: 'SIGKILL',
          env: {
            PATH: process.env.PATH, NO_COLOR: '1', CLIENT_ID, AUTHORITY: server.issuer, CACHE_KEY,
            DENO_DIR: join(project.folder, '.deno'), DENO_NO_PACKAGE_JSON: '1', DENO_NO_UPDATE_CHECK: '1', NPM_CONFIG_REGISTRY: npm.url,
            XDG_STATE_HOME: join(folder, 'state'), ...env,
          },
        });
        let text = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.on('data', (chunk) => {
            text += chunk;
            onText(text, child);
          });
        }
        child.on('close', (code, signal) => resolve({ code: code ?? signal, text, lines: text.trim().split('\n') }));
      });
    }
    /** What the program left in its folder. */
    const isMade = (name) => !files.includes(name) && name !== 'deno.lock';
    const left = () => readdirSync(folder, { recursive: true }).filter(isMade).sort();
    const mode = (name) => (statSync(join(folder, name)).mode & 0o777).toString(8);

    it(`runs in ${name}, examples/${example}: signs in, is remembered, signs out`, async () => {
      const first = await run(quick);
      assert.equal(first.code, 0, first.text);
      assert.match(first.lines[0], /^To sign in, open http:\/\/127\.0\.0\.1:\d+\/device in a browser and enter the code [A-Z]{4}-[A-Z]{4}\.$/);
      assert.match(first.text, /^The access token is new/m);
      assert.equal(first.lines.at(-1), 'signed in as ada@example.com');
      assert.deepEqual(left().map((name) => [name, mode(name)]), kept);

      const second = await run(quick);
      assert.equal(second.code, 0, second.text);
      assert.match(second.text, /^The access token was at hand/m);
      assert.doesNotMatch(second.text, /enter the code/);
      assert.equal(second.lines.at(-1), 'signed in as ada@example.com');

      const third = await run(quick, { args: ['sign-out'] });
      assert.deepEqual([third.code, third.lines], [0, ['signed out']]);
      const { Account, AccessToken, RefreshToken, IdToken } = JSON.parse(await opened(readFileSync(join(folder, kept.at(-1)[0]), 'utf8')));
      for (const section of [Account, AccessToken, RefreshToken, IdToken]) assert.deepEqual(section ?? {}, {});
      assert.deepEqual(left().map((name) => [name, mode(name)]), kept);
    });

    it('ends at once with Ctrl-C, with exit code 130, and leaves nothing', async () => {
      let isSent = false;
      const { code, text } = await run(patient, {
        onText: (text, child) => {
          if (!isSent && text.includes('enter the code')) isSent = child.kill('SIGINT');
        },
      });
      assert.equal(code, 130, text);
      assert.match(text, /^device_code_polling_cancelled: .*\nStart again to sign in\.$/m);
      assert.doesNotMatch(text, /signed in as|\n {4}at /);
      assert.deepEqual(left(), []);
    });

    it('says what a person can do who declined', async () => {
      person = decline;
      const { code, lines, text } = await run(quick);
      assert.equal(code, 1, text);
      assert.match(lines.at(-2), /^access_denied: .*The person said no$/);
      assert.equal(lines.at(-1), 'Start again, and accept when asked.');
      assert.doesNotMatch(text, /\n {4}at /);
      assert.deepEqual(left(), []);
    });

    it('takes tokens that cannot be read for no empty store', async () => {
      mkdirSync(join(folder, kept.at(-1)[0]), { recursive: true }); // a folder in the place of the file
      const { code, text } = await run(quick);
      assert.equal(code, 1, text);
      assert.doesNotMatch(text, /enter the code|signed in as/);
    });

    it('says what is missing, and asks nobody', async () => {
      const { code, lines, text } = await run(quick, { env: { CLIENT_ID: '' } });
      assert.equal(code, 1, text);
      assert.match(lines[0], /^invalid_configuration: /);
      assert.equal(lines.length, 2, text);
    });

    if (example === 'bun') {
      it('says what is wrong with its key, and leaves the file as it is', async () => {
        const { code, lines } = await run(quick, { env: { CACHE_KEY: '' } });
        assert.equal(code, 1);
        assert.match(lines[0], /^invalid_configuration: key: it must have 32 bytes, not 0/);
        await run(quick);
        const text = readFileSync(join(folder, kept[0][0]), 'utf8');
        const other = await run(quick, { env: { CACHE_KEY: randomBytes(32).toString('base64') } });
        assert.equal(other.code, 1);
        assert.match(other.lines[0], /^cache_decryption_failed: /);
        assert.deepEqual([readFileSync(join(folder, kept[0][0]), 'utf8'), left()], [text, [kept[0][0]]]);
      });
    }

    if (example === 'deno') {
      it('agrees with the types', async () => {
        const { code, text } = await run(quick, { words: () => ['check', 'cli.ts'], flags: ['--quiet'] });
        assert.equal(code, 0, text);
      });

      it('needs each of the permissions that its README gives', async () => {
        const permissions = commandOf(example).filter((word) => word.startsWith('--allow-'));
        assert.equal(permissions.length, 4);
        for (const permission of permissions) {
          const [name] = permission.split('=');
          const { code, text } = await run(quick, { words: (all) => all.filter((word) => !word.startsWith(`${name}=`)) });
          assert.equal(code, 1, `without ${permission}: ${text}`);
        }
      });
    }
  });
});
