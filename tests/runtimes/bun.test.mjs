// Bun, in each way that it loads a package, and what its bundler makes, for itself and for Node.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EXPECTED } from './job.mjs';
import { authorizationServer, consumer } from './support/consumer.mjs';
import { bun, exec, HERE, node, versionOf } from './support/runtimes.mjs';

describe('Bun', async () => {
  let project;
  let server;
  before(async () => {
    project = await consumer('bun');
    cpSync(join(HERE, 'support/printed.mjs'), join(project.folder, 'printed-by.mjs'));
    server = await authorizationServer();
  });
  after(async () => {
    await server?.close();
    project?.remove();
  });

  const run = (folder, program, ...args) =>
    exec(program, args, { cwd: folder, env: { ...process.env, AUTH: JSON.stringify(server.auth), NO_COLOR: '1' } });
  const version = await versionOf(bun());
  const nodeVersion = await versionOf(node(24));

  for (const [way, file] of [['import', 'import.mjs'], ['require', 'require.cjs'], ['a Worker', 'worker.mjs']]) {
    it(`runs in Bun ${version}, ${way}`, async () => {
      const { stdout, stderr } = await run(project.folder, bun(), file);
      assert.deepEqual(JSON.parse(stdout), EXPECTED);
      assert.equal(stderr, '', 'no warning');
    });
  }

  it('is one instance in Bun, imported and required', async () => {
    assert.equal((await run(project.folder, bun(), 'both.mjs')).stdout, 'true\n');
  });

  for (const [name, way, options, program] of [
    [`Bun ${version}`, 'bun build', ['--target=bun'], [bun(), 'bundle']],
    [`Bun ${version}`, 'bun build --production', ['--target=bun', '--production'], [bun(), 'bundle']],
    [`Bun ${version}`, 'bun build --compile', ['--compile'], ['./bundle']],
    [`Node ${nodeVersion}`, 'bun build', ['--target=node'], [node(24), 'bundle']],
    [`Node ${nodeVersion}`, 'bun build --production', ['--target=node', '--production'], [node(24), 'bundle']],
  ]) {
    it(`runs in ${name}, ${way}`, async () => {
      // Another folder, which has the bundle and nothing beside it.
      const folder = mkdtempSync(join(tmpdir(), 'doorcode-bun-build-'));
      try {
        const bundle = join(folder, 'bundle');
        await exec(bun(), ['build', ...options, `--outfile=${bundle}`, 'import.mjs'], { cwd: project.folder });
        assert.deepEqual(readdirSync(folder), ['bundle']);
        assert.ok(!readFileSync(bundle).includes(project.folder), 'it names no folder of the machine that it was made on');
        const { stdout, stderr } = await run(folder, ...program);
        assert.deepEqual(JSON.parse(stdout), EXPECTED);
        assert.equal(stderr, '', 'no warning');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }

  it('shows no secret where Bun prints its objects', async () => {
    const { stdout } = await run(project.folder, bun(), 'printed.mjs');
    assert.deepEqual(JSON.parse(stdout), { printed: 32, leaks: [] });
  });
});
