// Cloudflare's workerd: the package's own files, and a bundle made by wrangler; at dates before and after bytes could be compiled there.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EXPECTED } from './job.mjs';
import { authorizationServer, consumer } from './support/consumer.mjs';
import { ROOT } from './support/runtimes.mjs';
import { bundledByWrangler, unbundled, VERSION, workerd } from './support/workerd.mjs';

const OLD = '2024-09-23'; // no compiling of bytes, no WeakRef, no FinalizationRegistry; the first with all of nodejs_compat
const RECENT = '2026-11-17';

describe('workerd', () => {
  let project;
  let server;
  let host;
  before(async () => {
    project = await consumer('workerd');
    server = await authorizationServer();
    host = workerd();
  });
  after(async () => {
    await host?.close();
    await server?.close();
    project?.remove();
  });

  /** What a worker answers to one request. */
  async function answer(options) {
    const worker = await host.start({ bindings: { AUTH: server.auth }, ...options });
    const response = await fetch(worker.origin);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return { answered: JSON.parse(text), printed: worker.output() };
  }

  const bundle = (entry, { compatibilityDate, compatibilityFlags }) =>
    bundledByWrangler(project.folder, [
      entry, '--name', 'consumer', '--compatibility-date', compatibilityDate, ...compatibilityFlags.flatMap((flag) => ['--compatibility-flag', flag]),
    ]);

  for (const compatibilityDate of [OLD, RECENT]) {
    for (const compatibilityFlags of [[], ['nodejs_compat']]) {
      const compatibility = { compatibilityDate, compatibilityFlags };
      const at = [compatibilityDate, ...compatibilityFlags].join(', ');

      it(`runs in workerd ${VERSION}, unbundled, ${at}`, async () => {
        const { answered, printed } = await answer({ ...compatibility, modules: unbundled(project.folder, ['worker.mjs', 'job.mjs']) });
        assert.deepEqual(answered, EXPECTED);
        assert.equal(printed, '', 'no warning');
      });

      it(`runs in workerd ${VERSION}, bundled by wrangler, ${at}`, async () => {
        const modules = await bundle('worker.mjs', compatibility);
        const { answered, printed } = await answer({ ...compatibility, modules });
        assert.deepEqual(answered, EXPECTED);
        assert.equal(printed, '', 'no warning');
      });
    }
  }

  it('gets the module once in a bundle, as a file', async () => {
    const modules = await bundle('worker.mjs', { compatibilityDate: RECENT, compatibilityFlags: [] });
    const [{ contents: code }, ...others] = modules;
    assert.deepEqual(others.map(({ type }) => type), ['CompiledWasm']);
    assert.ok(code.length < 120_000, `${code.length} bytes of code: that must hold a copy of the module`);
    assert.equal(others[0].contents.length, statSync(join(ROOT, 'pkg/core.wasm')).size);
  });

  for (const compatibilityDate of [OLD, RECENT]) {
    it(`allows an application to be made while the worker loads, ${compatibilityDate}`, async () => {
      const modules = unbundled(project.folder, ['module-scope.mjs']);
      const { answered, printed } = await answer({ compatibilityDate, modules });
      assert.deepEqual(answered, []);
      assert.equal(printed, '');
    });
  }
});
