// The packed package's store in Redis, in every runtime that has a client for it.

import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { consumer } from './support/consumer.mjs';
import { CLIENTS, redisVersion, startLine, startRedis } from './support/redis.mjs';
import { bun, deno, exec, MODULES, node, ROOT, versionOf } from './support/runtimes.mjs';

describe('doorcode/cache/redis', async () => {
  let project;
  let redis;
  let line;
  before(async () => {
    project = await consumer('redis');
    for (const name of ['redis', 'ioredis']) symlinkSync(join(MODULES, name), join(project.folder, 'node_modules', name));
    redis = await startRedis();
    line = await startLine(redis.path);
  });
  after(async () => {
    await line?.close();
    await redis?.close();
    project?.remove();
  });

  const server = await redisVersion();
  for (const [runtime, program, ...args] of [
    ...[20, 22, 24, 26].map((major) => ['Node', node(major)]),
    ['Deno', deno(), 'run', '--no-prompt', '--quiet', '--allow-net=127.0.0.1', '--allow-env', '--allow-read', '--allow-sys'],
    ['Bun', bun()],
  ]) {
    const version = await versionOf(program);
    for (const { name, kind } of CLIENTS) {
      it(`runs in ${runtime} ${version}, Redis ${server} by ${name}`, async () => {
        const env = { PATH: process.env.PATH, NO_COLOR: '1', DENO_DIR: join(project.folder, '.deno'), DENO_NO_UPDATE_CHECK: '1' };
        const { stdout, stderr } = await exec(program, [...args, 'main.mjs', `${line.port}`, kind], { cwd: project.folder, env });
        const { passed, failed, isAuthError } = JSON.parse(stdout);
        assert.deepEqual(failed, []);
        assert.ok(passed >= 13);
        assert.equal(isAuthError, 'cache_store_failed');
        assert.equal(stderr, '', 'no warning');
      });
    }
  }

  it('takes the clients by their own types', async () => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const types = join(ROOT, 'node_modules/@types');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext', '--types', 'node', '--typeRoots', types];
    await exec(process.execPath, [tsc, ...options, 'typed.ts'], { cwd: project.folder }).catch(({ stdout }) => assert.fail(stdout));
  });
});
