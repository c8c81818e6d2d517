// Deno, with leave to reach this machine and for nothing else: no file, no environment variable, no prompt.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EXPECTED } from './job.mjs';
import { authorizationServer, consumer } from './support/consumer.mjs';
import { registry } from './support/registry.mjs';
import { deno, exec, HERE, versionOf } from './support/runtimes.mjs';

const LEAVE = ['run', '--no-prompt', '--quiet', '--allow-net=127.0.0.1'];

describe('Deno', async () => {
  /** With a package.json, and node_modules that npm has made. */
  let project;
  /** With neither: Deno fetches the package by itself. */
  let bare;
  let server;
  let npm;
  before(async () => {
    project = await consumer('deno');
    npm = await registry(project.tarball);
    bare = mkdtempSync(join(tmpdir(), 'doorcode-deno-bare-'));
    cpSync(join(HERE, 'consumers/deno-bare'), bare, { recursive: true });
    for (const file of ['job.mjs', 'support/printed.mjs']) cpSync(join(HERE, file), join(bare, file.split('/').at(-1)));
    server = await authorizationServer();
  });
  after(async () => {
    await server?.close();
    await npm?.close();
    project?.remove();
    if (bare) rmSync(bare, { recursive: true, force: true });
  });

  /** Deno's cache and registry are the test's own. */
  const run = (folder, ...args) => {
    const { PATH } = process.env;
    const env = { PATH, DENO_DIR: join(bare, '.cache'), NPM_CONFIG_REGISTRY: npm.url, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
    // A package.json of the folders above is none of its business.
    return exec(deno(), args, { cwd: folder, env: folder === bare ? { ...env, DENO_NO_PACKAGE_JSON: '1' } : env });
  };
  const version = await versionOf(deno());

  for (const [way, where, file] of [
    ['an npm: specifier', () => bare, 'npm.ts'],
    ['an import map', () => bare, 'main.ts'],
    ['node_modules, import', () => project.folder, 'main.ts'],
    ['node_modules, require', () => project.folder, 'require.cjs'],
  ]) {
    it(`runs in Deno ${version}, ${way}`, async () => {
      const { stdout, stderr } = await run(where(), ...LEAVE, file, JSON.stringify(server.auth));
      assert.deepEqual(JSON.parse(stdout), EXPECTED);
      assert.equal(stderr, '', 'no warning');
    });
  }

  it('gives Deno the packed tarball, and no other package with it', () => {
    assert.deepEqual([...new Set(npm.asked)].sort(), [`/-/doorcode-${npm.version}.tgz`, '/doorcode']);
  });

  it('has types that Deno finds, by npm: and in node_modules', async () => {
    cpSync(join(bare, 'typed.ts'), join(project.folder, 'typed.ts'));
    for (const folder of [bare, project.folder]) await run(folder, 'check', '--quiet', 'typed.ts');
  });

  it('shows no secret where Deno prints its objects', async () => {
    const { stdout } = await run(bare, ...LEAVE, 'printed.ts', JSON.stringify(server.auth));
    assert.deepEqual(JSON.parse(stdout), { printed: 32, leaks: [] });
  });
});
