// What bundlers make of the packed package, run in a folder that has the bundle and nothing else: for Node in Node, for pages and workers
// in a realm without anything of Node's.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EXPECTED } from './job.mjs';
import { bundle, versions } from './support/bundlers.mjs';
import { authorizationServer, consumer } from './support/consumer.mjs';
import { exec, HERE, node, ROOT, versionOf } from './support/runtimes.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A condition of the program's own makes esbuild drop its `module`. */
const conditions = ['custom'];

describe('bundlers', async () => {
  let project;
  let empty;
  let server;
  let number = 0;
  before(async () => {
    project = await consumer('bundlers');
    empty = mkdtempSync(join(tmpdir(), 'doorcode-bundles-'));
    server = await authorizationServer();
  });
  after(async () => {
    await server?.close();
    project?.remove();
    if (empty) rmSync(empty, { recursive: true, force: true });
  });

  /** Makes a bundle in a folder of its own; returns its path. */
  async function make(bundler, entry, options) {
    const folder = join(empty, String(number++));
    mkdirSync(folder);
    const file = await bundle[bundler](join(project.folder, entry), folder, options);
    assert.deepEqual(readdirSync(folder), [file], 'one file');
    return { folder, file, path: join(folder, file) };
  }

  /** Runs a bundle in Node. */
  const inNode = ({ folder, file }) => exec(node(24), [file], { cwd: folder, env: { ...process.env, AUTH: JSON.stringify(server.auth) } });

  /** Runs a bundle where a page would. */
  async function inPage({ folder, path }, { major = 24, more = [] } = {}) {
    const args = [join(HERE, 'support/page.mjs'), path, JSON.stringify(server.auth), ...more];
    const { stdout, stderr } = await exec(node(major), args, { cwd: folder });
    assert.equal(stderr, '', 'no warning');
    return JSON.parse(stdout);
  }

  for (const [bundler, how, entry, options] of [
    ['esbuild', 'ESM, import', 'node.mjs', { platform: 'node', format: 'esm' }],
    ['esbuild', 'CommonJS, import', 'node.mjs', { platform: 'node', format: 'cjs' }],
    ['esbuild', 'CommonJS, require', 'node.cjs', { platform: 'node', format: 'cjs' }],
    ['esbuild', 'ESM, import, own conditions', 'node.mjs', { platform: 'node', format: 'esm', conditions }],
    ['esbuild', 'CommonJS, import, own conditions', 'node.mjs', { platform: 'node', format: 'cjs', conditions }],
    ['vite', 'SSR', 'node.mjs', { ssr: true }],
    ['webpack', 'import', 'node.mjs', { target: 'node' }],
    ['webpack', 'require', 'node.cjs', { target: 'node' }],
    ['rollup', 'import', 'node.mjs', { format: 'es', exportConditions: ['node'] }],
  ]) {
    it(`runs in ${bundler} ${versions[bundler]}, for Node, ${how}`, async () => {
      const { stdout, stderr } = await inNode(await make(bundler, entry, options));
      assert.deepEqual(JSON.parse(stdout), EXPECTED);
      assert.equal(stderr, '', 'no warning');
    });
  }

  for (const [bundler, how, entry, options] of [
    ['esbuild', 'for pages, ESM, import', 'page.mjs', { platform: 'browser', format: 'esm' }],
    ['esbuild', 'for pages, one function, require', 'page.cjs', { platform: 'browser', format: 'iife', minify: true }],
    ['esbuild', 'for pages, import, own conditions', 'page.mjs', { platform: 'browser', format: 'esm', conditions }],
    ['vite', 'for pages', 'page.mjs', {}],
    ['webpack', 'for pages, import', 'page.mjs', { target: 'web' }],
    ['webpack', 'for pages, require', 'page.cjs', { target: 'web' }],
    ['webpack', 'for workers, import', 'page.mjs', { target: 'webworker' }],
    ['webpack', 'for workers, require', 'page.cjs', { target: 'webworker' }],
    ['rollup', 'for pages, import', 'page.mjs', { format: 'iife', browser: true }],
  ]) {
    it(`runs in ${bundler} ${versions[bundler]}, ${how}`, async () => {
      const { report, found, unpacked } = await inPage(await make(bundler, entry, options));
      assert.deepEqual(report, EXPECTED);
      assert.equal(found, 'undefined,undefined,undefined', 'nothing of Node');
      const module = sha256(readFileSync(join(ROOT, 'pkg/core.wasm')));
      assert.deepEqual(unpacked, { atob: 1, zlib: 0, module }, 'the core came out of base64 and deflate without any help');
    });
  }

  it('unpacks the core by the quickest way that there is', async () => {
    const made = await make('esbuild', 'page.mjs', { platform: 'browser', format: 'esm' });
    const ways = [];
    for (const given of [{ major: 24 }, { major: 26 }, { major: 24, more: ['with-node'] }]) {
      const { report, unpacked } = await inPage(made, given);
      assert.deepEqual(report, EXPECTED);
      ways.push([unpacked.atob, unpacked.zlib]);
    }
    assert.deepEqual(ways, [[1, 0], [0, 0], [0, 1]], 'atob; Uint8Array.fromBase64; Buffer and node:zlib');
  });

  // Only there is index.cjs taken, which reads core.wasm.
  it('says what to do where esbuild is given conditions of its own and the package is required', async () => {
    const made = await make('esbuild', 'node.cjs', { platform: 'node', format: 'cjs', conditions });
    const { stderr } = await inNode(made).catch((error) => error);
    assert.match(stderr, /invalid_configuration: WebAssembly/);
    assert.match(stderr, /keep core\.wasm beside the bundle/);
    copyFileSync(join(project.folder, 'node_modules/doorcode/core.wasm'), join(made.folder, 'core.wasm'));
    assert.deepEqual(JSON.parse((await inNode(made)).stdout), EXPECTED);
    const again = await make('esbuild', 'node.cjs', { platform: 'node', format: 'cjs', conditions: [...conditions, 'module'] });
    assert.deepEqual(JSON.parse((await inNode(again)).stdout), EXPECTED);
  });
});
