// The token cache in a file, in each runtime that has files.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { consumer } from './support/consumer.mjs';
import { bun, deno, exec, node, versionOf } from './support/runtimes.mjs';

describe('the file store', async () => {
  let project;
  let folder;
  before(async () => (project = await consumer('file-store')));
  after(() => project?.remove());
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'doorcode-file-store-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const { PATH } = process.env;
  /** Runs a file of the project's with what it is allowed; it must be quiet. */
  async function run(program, args, env) {
    const all = { PATH, NO_COLOR: '1', DENO_DIR: join(project.folder, '.deno'), DENO_NO_UPDATE_CHECK: '1', ...env };
    const { stdout, stderr } = await exec(program, args, { cwd: project.folder, env: all });
    assert.equal(stderr, '', 'no warning');
    return JSON.parse(stdout);
  }
  /** With leave for the folder of the store, and for nothing else; whoever is not allowed is not asked. */
  const inDeno = (...more) => ['run', '--no-prompt', '--quiet', `--allow-read=${folder}`, `--allow-write=${folder}`, ...more];
  const mode = (path) => (statSync(path).mode & 0o777).toString(8);

  for (const major of [20, 22, 24, 26]) {
    const version = await versionOf(node(major));
    for (const [way, file] of [['import', 'conformance.mjs'], ['require', 'required.cjs']]) {
      it(`runs in Node ${version}, the file store, ${way}`, async () => {
        const { tests, failed } = await run(node(major), [file, folder]);
        assert.deepEqual([failed, tests > 10], [[], true]);
      });
    }
  }
  it(`runs in Deno ${await versionOf(deno())}, the file store, with leave for its folder alone`, async () => {
    const { tests, failed } = await run(deno(), [...inDeno(), 'conformance.mjs', folder]);
    assert.deepEqual([failed, tests > 10], [[], true]);
  });
  it(`runs in Bun ${await versionOf(bun())}, the file store`, async () => {
    const { tests, failed } = await run(bun(), ['conformance.mjs', folder]);
    assert.deepEqual([failed, tests > 10], [[], true]);
  });

  it('is one file for Node, Deno and Bun at once', async () => {
    const path = join(folder, 'store/token-cache.json');
    const found = await Promise.all([
      run(node(20), ['share.mjs', 'node', path]),
      run(deno(), [...inDeno(), 'share.mjs', 'deno', path]),
      run(deno(), ['run', '--quiet', '--allow-all', 'share.mjs', 'free', path]),
      run(bun(), ['share.mjs', 'bun', path]),
    ]);
    const of = (name) => [0, 2, 4, 6, 8].map((number) => `${name}${number}`);
    assert.deepEqual(found, ['node', 'deno', 'free', 'bun'].map((name) => ({ path, mine: of(name), refused: 'cache_store_failed' })));
    const people = Object.values(JSON.parse(readFileSync(path, 'utf8')).Account).map(({ username }) => username);
    assert.deepEqual(people.sort(), ['bun', 'deno', 'free', 'node'].flatMap(of));
    assert.deepEqual(readdirSync(join(folder, 'store')), ['token-cache.json']);
    assert.deepEqual([mode(path), mode(join(folder, 'store'))], ['600', '700']);
  });

  for (const [name, program, args] of [['Node', node(24), () => []], ['Deno', deno(), () => inDeno('--allow-env=XDG_STATE_HOME,HOME')], ['Bun', bun(), () => []]]) {
    it(`finds its default path in ${name}`, async () => {
      for (const [env, state] of [[{ HOME: folder }, join(folder, '.local/state')], [{ HOME: folder, XDG_STATE_HOME: join(folder, 'state') }, join(folder, 'state')]]) {
        const { path } = await run(program, [...args(), 'share.mjs', 'ada'], env);
        assert.equal(path, join(state, 'my-tool/token-cache.json'));
        assert.deepEqual([mode(path), mode(join(state, 'my-tool'))], ['600', '700']);
      }
    });
  }

  it('says in Deno what it must be allowed to do', async () => {
    const failure = (...args) => run(deno(), ['run', '--no-prompt', '--quiet', ...args]).then(() => assert.fail('it was allowed'), ({ stderr }) => stderr);
    const path = join(folder, 'token-cache.json');
    assert.match(await failure('share.mjs', 'ada', path), /could not be read \(NotCapable\)/);
    assert.match(await failure(`--allow-read=${folder}`, 'share.mjs', 'ada', path), /could not be written \(NotCapable\)/);
    assert.match(await failure('share.mjs', 'ada'), /path: it must be given where no home folder is known/);
  });
});
