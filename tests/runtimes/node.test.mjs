// Every Node that is still used, in each way that it loads a package.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EXPECTED } from './job.mjs';
import { authorizationServer, consumer } from './support/consumer.mjs';
import { exec, node, versionOf } from './support/runtimes.mjs';

describe('Node', async () => {
  let project;
  let server;
  before(async () => {
    project = await consumer('node');
    server = await authorizationServer();
  });
  after(async () => {
    await server.close();
    project.remove();
  });

  for (const major of [20, 22, 24, 26]) {
    const version = await versionOf(node(major));
    for (const [way, file] of [['import', 'import.mjs'], ['require', 'require.cjs'], ['a worker thread', 'worker.mjs']]) {
      it(`runs in Node ${version}, ${way}`, async () => {
        const { stdout, stderr } = await exec(node(major), [file], { cwd: project.folder, env: { ...process.env, AUTH: JSON.stringify(server.auth) } });
        assert.deepEqual(JSON.parse(stdout), EXPECTED);
        assert.equal(stderr, '', 'no warning');
      });
    }

    it(`compiles nothing at import in Node ${version}, and loads no crypto for the first correlation id`, async () => {
      const { stdout } = await exec(node(major), ['start.mjs'], { cwd: project.folder });
      const { atImport, made, correlationId, loaded } = JSON.parse(stdout);
      assert.deepEqual([atImport, made], [0, 1]);
      assert.match(correlationId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.deepEqual(loaded, []);
    });

    it(`has the module read from its file in Node ${version}, by import and by require`, async () => {
      const source = `console.log(import.meta.resolve('doorcode'), process.getBuiltinModule('module').createRequire(import.meta.url).resolve('doorcode'))`;
      const { stdout } = await exec(node(major), ['--input-type=module', '--eval', source], { cwd: project.folder });
      assert.match(stdout, /^file:\S+\/doorcode\/node\.js \S+\/doorcode\/node\.js\n$/);
    });
  }
});
