// The encrypted cache in each runtime, and with `jose`: what either writes, the other reads.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { EncryptedCachePlugin } from '../../pkg/cache/encrypted.js';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from './node_modules/jose/dist/webapi/index.js';
import { memory } from './consumers/encrypted/memory.mjs';
import { chromiumVersion, startChromium } from './support/chromium.mjs';
import { consumer } from './support/consumer.mjs';
import { bun, deno, node, versionOf } from './support/runtimes.mjs';
import { serveFolder } from './support/static-server.mjs';
import { bundledByWrangler, VERSION, workerd } from './support/workerd.mjs';

const CACHE = '{"note":"Zoë"}';
const utf8 = (text) => new TextEncoder().encode(text);
const bytes = (value) => new Uint8Array(32).fill(value);

/** @param {Uint8Array} key @param {object} header @param {object} [parameters] */
const byJose = (key, header, parameters, text = CACHE) => {
  const encrypt = new CompactEncrypt(utf8(text)).setProtectedHeader({ enc: 'A256GCM', ...header });
  return (parameters ? encrypt.setKeyManagementParameters(parameters) : encrypt).encrypt(key);
};
const PBES2 = 'PBES2-HS512+A256KW';

async function openedByJose(text, key) {
  const options = { keyManagementAlgorithms: ['dir', PBES2], contentEncryptionAlgorithms: ['A256GCM'], maxPBES2Count: 1_000_000 };
  return new TextDecoder().decode((await compactDecrypt(text, key, options)).plaintext);
}

describe('jose', () => {
  for (const [name, options, key, header, parameters] of [
    ['a key', { key: bytes(3) }, bytes(3), { alg: 'dir' }],
    ['a passphrase', { passphrase: 'Zoë’s 🚪', iterations: 1000 }, utf8('Zoë’s 🚪'), { alg: PBES2 }, { p2c: 3000 }],
    ['a passphrase and OWASP\'s figure', { passphrase: 'x' }, utf8('x'), { alg: PBES2 }, { p2c: 210_000, p2s: bytes(4) }],
  ]) {
    it(`reads what doorcode encrypts with ${name}, and doorcode reads what it encrypts`, async () => {
      for (const cache of [CACHE, '{}', `{"long":"${'é🚪'.repeat(50_000)}"}`]) {
        const store = memory();
        await new EncryptedCachePlugin(store.plugin, options).writeCache(cache, 'v0');
        assert.equal(await openedByJose(store.text, key), cache);
        assert.deepEqual([decodeProtectedHeader(store.text).alg, decodeProtectedHeader(store.text).enc], [header.alg, 'A256GCM']);

        for (const more of [{}, { kid: 'one', typ: 'JWE', cty: 'json' }]) {
          const theirs = memory(await byJose(key, { ...header, ...more }, parameters, cache));
          const plugin = new EncryptedCachePlugin(theirs.plugin, options);
          assert.equal((await plugin.readCache()).cache, cache);
          await plugin.writeCache('{"next":1}', 'v0');
          assert.equal(await openedByJose(theirs.text, key), '{"next":1}');
        }
      }
    });
  }

  it('is not read where it uses other algorithms, or compresses', async () => {
    const texts = [
      await byJose(bytes(1), { alg: 'A256KW' }),
      await byJose(bytes(1), { alg: 'A256GCMKW' }),
      await byJose(utf8('x'), { alg: 'PBES2-HS256+A128KW' }),
      await byJose(bytes(1).slice(16), { alg: 'dir', enc: 'A128GCM' }),
      await byJose(new Uint8Array(64).fill(1), { alg: 'dir', enc: 'A256CBC-HS512' }),
      await byJose(bytes(1), { alg: 'dir', zip: 'DEF' }),
    ];
    for (const text of texts) {
      for (const options of [{ key: bytes(1) }, { passphrase: 'x', iterations: 1000 }]) {
        const store = memory(text);
        await assert.rejects(new EncryptedCachePlugin(store.plugin, options).readCache(), { errorCode: 'cache_decryption_failed' });
        assert.equal(store.text, text);
      }
    }
  });
});

describe('the encrypted cache', async () => {
  let project;
  let given;
  before(async () => {
    project = await consumer('encrypted');
    given = [
      { text: await byJose(bytes(5), { alg: 'dir' }), value: 5 },
      { text: await byJose(utf8('swordfish'), { alg: PBES2 }, { p2c: 2000 }), passphrase: 'swordfish' },
    ];
  });
  after(() => project?.remove());

  /** That all went well in a runtime, and that jose reads what it wrote. */
  async function check({ passed, failed, opened, sealed, refused, password }) {
    assert.deepEqual(failed, []);
    assert.ok(passed >= 4 * 12, `${passed}`);
    assert.deepEqual(opened, [CACHE, CACHE]);
    assert.deepEqual([...new Set(refused)], ['cache_decryption_failed']);
    const keys = [bytes(1), bytes(1), utf8('correct horse'), Buffer.from(password, 'base64url')];
    assert.equal(sealed.length, keys.length);
    for (const [place, text] of sealed.entries()) assert.equal(await openedByJose(text, keys[place]), CACHE);
  }

  for (const [name, program, args] of [
    ...await Promise.all([20, 22, 24, 26].map(async (major) => [`Node ${await versionOf(node(major))}`, node(major), []])),
    [`Deno ${await versionOf(deno())}`, deno(), ['run', '--no-prompt', '--quiet']],
    [`Bun ${await versionOf(bun())}`, bun(), []],
  ]) {
    it(`runs in ${name}, encrypted cache`, async () => {
      const child = spawn(program, [...args, 'main.mjs'], { cwd: project.folder, env: { PATH: process.env.PATH, NO_COLOR: '1' } });
      child.stdin.end(JSON.stringify(given));
      const [printed, said] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')]);
      assert.equal(said, '', 'no warning');
      await check(JSON.parse(printed));
    });
  }

  for (const compatibilityDate of ['2024-09-23', '2026-11-17']) {
    it(`runs in workerd ${VERSION}, encrypted cache, ${compatibilityDate}`, async () => {
      const args = ['worker.mjs', '--name', 'consumer', '--compatibility-date', compatibilityDate];
      const modules = await bundledByWrangler(project.folder, args);
      const host = workerd();
      try {
        const worker = await host.start({ compatibilityDate, modules });
        const response = await fetch(worker.origin, { method: 'POST', body: JSON.stringify(given) });
        const text = await response.text();
        assert.equal(response.status, 200, text);
        await check(JSON.parse(text));
        assert.equal(worker.output(), '', 'no warning');
      } finally {
        await host.close();
      }
    });
  }

  describe('in Chromium', async () => {
    const version = await chromiumVersion();
    let files;
    let chromium;
    before(async () => {
      files = await serveFolder(project.folder);
      chromium = await startChromium({ hosts: { 'insecure.example': files.origin.replace('http://', '') } });
    });
    after(async () => {
      await chromium?.close();
      await files?.close();
    });

    async function inPage({ browser }, { url, name, argument }) {
      const page = await browser.newPage();
      await page.goto(url);
      const value = await page.evaluate((name, argument) => globalThis[name](argument), name, argument);
      await page.close();
      return value;
    }

    it(`runs in Chromium ${version}, encrypted cache`, async () => {
      await check(await chromium.run(inPage, { url: `${files.origin}/page.html`, name: 'runJob', argument: given }));
    });

    it('says what to do on a page that is not secure', async () => {
      assert.equal(await chromium.run(inPage, { url: `${files.origin}/page.html`, name: 'tryToBegin' }), 'it was made');
      const { errorCode, field, message } = await chromium.run(inPage, { url: 'http://insecure.example/page.html', name: 'tryToBegin' });
      assert.deepEqual([errorCode, field], ['invalid_configuration', 'crypto.subtle']);
      assert.match(message, /https:/);
    });
  });
});
