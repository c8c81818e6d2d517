// What the README and docs/cli.md have people type, run as it is written there, with the packed package installed as they say. Entra and
// Graph are servers on this machine that go by their names.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { authorizationServer, consumer } from '../runtimes/support/consumer.mjs';
import { Home } from './support/command.mjs';
import { ALIASES, startEntra } from './support/entra.mjs';
import { GRAPH, GRAPH_TOKEN as TOKEN, startGraph } from './support/graph.mjs';
import { environmentHere } from './support/hosts.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Ends what should have ended by itself. Nothing else waits for it. */
const PATIENCE = 120_000;

/** The code of a language in a page, or in a chapter of it. */
function examples(page, language, title = '') {
  const text = readFileSync(join(root, page), 'utf8');
  const start = text.indexOf(title && `\n### ${title}\n`);
  const chapter = title ? text.slice(start, text.indexOf('\n### ', start + 1)) : text;
  return [...chapter.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, code]) => code);
}

let installed;
/** Its folder. */
let project;
let entra;
let openId;
let graph;
let environment;

before(async () => {
  installed = await consumer('node');
  project = installed.folder;
  entra = await startEntra({ interval: 1, accessToken: TOKEN });
  openId = await authorizationServer();
  graph = await startGraph();
  const { port, cert } = graph;
  writeFileSync(join(project, 'graph.pem'), cert);
  writeFileSync(join(project, '.curlrc'), `connect-to = "${GRAPH}:443:127.0.0.1:${port}"\ncacert = "${join(project, 'graph.pem')}"\n`);
  const ports = Object.fromEntries(ALIASES.map((name) => [name, entra.port]));
  const { NODE_OPTIONS, ...here } = environmentHere({ ...ports, [GRAPH]: port }, `${entra.cert}\n${cert}`);
  environment = {
    ...here,
    PATH: `${join(project, 'node_modules/.bin')}:${process.env.PATH}`,
    NODE_OPTIONS: `${NODE_OPTIONS} --import=${new URL('support/hurry.mjs', import.meta.url)}`,
    CURL_HOME: project,
    npm_config_offline: 'true',
  };
});

after(async () => {
  await graph?.close();
  await openId?.close();
  await entra?.close();
  installed?.remove();
});

/** Runs a program in the project. */
function run(home, program, args, env) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: project, env: { ...home.env, ...environment, ...env }, timeout: PATIENCE, killSignal: 'SIGKILL' });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) child[stream].setEncoding('utf8').on('data', (text) => (said[stream] += text));
    child.stdin.end();
    child.on('close', (code, signal) => resolve({ code: code ?? signal, ...said }));
  });
}

const shell = (home, script) => run(home, 'sh', ['-euc', script]);

describe('the README, on the command line', () => {
  const chapter = 'On the command line';
  const [first, script, entrypoint, ...others] = examples('README.md', 'sh', chapter);
  const [python, ...otherPython] = examples('README.md', 'python', chapter);
  const home = new Home();
  after(() => home.remove());

  it('has nothing that is not tried below', () => assert.deepEqual([...others, ...otherPython], []));

  it('has a profile made and a token got', async () => {
    const { code, stdout, stderr } = await shell(home, first);
    assert.deepEqual([code, stdout], [0, `${TOKEN}\n`], stderr);
    assert.match(stderr, /and enter the code ABCD-EFGH\n[^]*Signed in as ada@contoso\.example\.\n/);
  });

  it('has a shell script ask Graph', async () => {
    const { code, stdout, stderr } = await shell(home, script);
    assert.deepEqual([code, stdout, stderr], [0, '{"displayName":"Ada Lovelace"}', '']);
  });

  it('has a container\'s entrypoint hand over the token', async () => {
    const container = new Home();
    try {
      writeFileSync(join(project, 'entrypoint.sh'), entrypoint, { mode: 0o755 });
      const program = ['sh', '-c', 'echo "${#ACCESS_TOKEN} letters"; exit 7'];
      const env = { CLIENT_ID: openId.auth.clientId, AUTHORITY: openId.issuer, SCOPE: 'email', DOORCODE_CONFIG_DIR: container.path('data') };
      const { code, stdout, stderr } = await run(container, './entrypoint.sh', program, env);
      assert.deepEqual([code, stdout], [7, '43 letters\n'], stderr);
      assert.match(stderr, /To sign in, open http:\/\/127[^]*Signed in as ada@example\.com\./);
      // Again, as after a restart: nobody is asked.
      const again = await run(container, './entrypoint.sh', program, env);
      assert.deepEqual([again.code, again.stdout, again.stderr], [7, '43 letters\n', '']);
    } finally {
      container.remove();
    }
  });

  it('has Python know who signed in', async () => {
    writeFileSync(join(project, 'token.py'), python);
    const { code, stdout, stderr } = await run(home, 'python3', ['token.py']);
    assert.deepEqual([code, stdout], [0, 'ada@contoso.example\n'], stderr);
  });
});

describe('docs/cli.md', () => {
  const [first, more, browser, script, cron, ...others] = examples('docs/cli.md', 'sh');
  const home = new Home();
  after(() => home.remove());

  it('has nothing that is not tried below', () => assert.deepEqual([...others, ...examples('docs/cli.md', 'python')], []));

  it('leads to a first token', async () => {
    const { code, stdout, stderr } = await shell(home, first);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.endsWith(`\n${TOKEN}\n`), stdout);
  });

  it('shows what else there is to see', async () => {
    const { code, stdout, stderr } = await shell(home, more);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"account": "ada@contoso\.example"[^]*Ada Lovelace[^]*User\.Read/);
    assert.match(`${stdout}${stderr}`, /not verified/);
  });

  // What happens in the browser is in cli-flows.test.mjs.
  it('opens no browser for a token that is at hand', async () => {
    const { code, stdout, stderr } = await shell(home, browser);
    assert.deepEqual([code, stdout, stderr], [0, `${TOKEN}\n`, '']);
  });

  it('asks Graph in a script', async () => {
    const { code, stdout, stderr } = await shell(home, script);
    assert.deepEqual([code, stdout], [0, '{"displayName":"Ada Lovelace"}'], stderr);
  });

  it('says what to do where nobody is there', async () => {
    const silent = await shell(home, cron);
    assert.deepEqual([silent.code, silent.stdout, silent.stderr], [0, '', '']);
    assert.equal((await shell(home, 'doorcode sign-out --all')).code, 0);
    const { code, stderr } = await shell(home, cron);
    assert.equal(code, 75);
    assert.match(stderr, /\nPlease run: doorcode get-token\n$/);
  });

  it('knows every command and every flag, and no other', async () => {
    const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');
    const commands = async (...names) => {
      const { stdout } = await run(home, 'doorcode', [...names, '--help']);
      const [, list = ''] = stdout.split('\nCommands:\n');
      return [...list.split('\n\n')[0].matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
    };
    const flags = new Set();
    const names = [...(await commands()).map((name) => [name]), ...(await commands('config')).map((name) => ['config', name])];
    assert.ok(names.length > 15, `${names}`);
    for (const name of names) {
      const { stdout } = await run(home, 'doorcode', [...name, '--help']);
      if (name[0] !== 'config' || name[1]) assert.match(stdout, /\nExamples:\n/, name.join(' '));
      for (const [flag] of stdout.matchAll(/(?<=^ {2}(?:-\w, )?)--[\w-]+/gm)) flags.add(flag);
      assert.ok(page.includes(`\`${name.join(' ')}`), name.join(' '));
    }
    const told = new Set([...page.matchAll(/`(--[\w-]+)/g)].map(([, flag]) => flag));
    assert.deepEqual([...flags].filter((flag) => !told.has(flag) && flag !== '--help'), []);
    assert.deepEqual([...told].filter((flag) => !flags.has(flag) && flag !== '--help'), []);
  });
});
