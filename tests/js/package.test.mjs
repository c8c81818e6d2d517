// The tarball that would be published, installed into another project and used there.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { approve } from '../../examples/authorization-server/person.mjs';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const tool = (name) => join(root, 'node_modules/.bin', name);
const hurry = new URL('support/hurry.mjs', import.meta.url).href;

let folder;
let tarball;
let server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doorcode-consumer-'));
  const { stdout } = await exec('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(root, 'pkg') });
  tarball = JSON.parse(stdout)[0];
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }');
  await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball.filename}`], { cwd: folder });
  server = await startAuthorizationServer({
    interval: 1,
    onPoll: async ({ count, userCode }) => {
      if (count === 2) await approve(`${server.issuer}/device`, userCode);
    },
  });
});

after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a file of the consumer's against the server; its waits are shortened. */
async function run(name, source, flags = []) {
  writeFileSync(join(folder, name), source);
  const env = { ...process.env, CLIENT_ID, AUTHORITY: server.issuer };
  const { stdout } = await exec(process.execPath, ['--import', hurry, ...flags, name], { cwd: folder, env });
  return stdout.trim().split('\n');
}

/** The entries beside the main one, and what they export. */
const EXPORTS = {
  'cache/encrypted': ['EncryptedCachePlugin'],
  'cache/file': ['FileCachePlugin'],
  'cache/kv': ['DenoKvCachePlugin', 'DurableObjectCachePlugin', 'KvCachePlugin'],
  'cache/redis': ['RedisCachePlugin'],
  'cache/web': ['IndexedDbCachePlugin', 'WebStorageCachePlugin'],
  testing: ['cachePluginTests'],
};
const SUBPATHS = Object.keys(EXPORTS);

const signIn = `
  const { CLIENT_ID: clientId, AUTHORITY: authority } = process.env;
  const pca = new PublicClientApplication({ auth: { clientId, authority } });
  pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} }).then(({ account }) => console.log(account.username));`;

/** A part of the command, named after what is in it. */
const PART = /-[0-9A-Z]{8}\.js$/;
const byPath = (one, other) => (one.slice(4) < other.slice(4) ? -1 : 1);

describe('the packed tarball', () => {
  it('has the files that support/published.txt lists, by name and mode, and no other', () => {
    // The command is in parts that are named after what is in them, and that changes; how many there are of which is known.
    const found = tarball.files.map(({ path, mode }) => `${(mode & 0o777).toString(8)} ${path.replace(PART, '-*.js')}`).sort(byPath);
    assert.deepEqual(found, readFileSync(new URL('support/published.txt', import.meta.url), 'utf8').trim().split('\n').sort(byPath));
  });

  it('has no part of the command that no other part loads', () => {
    const installed = join(folder, 'node_modules/doorcode/cli');
    const parts = tarball.files.map(({ path }) => path).filter((path) => PART.test(path)).map((path) => path.slice('cli/'.length));
    assert.ok(parts.length > 10);
    const reached = new Set(['doorcode.js']);
    for (const name of reached) for (const [, other] of readFileSync(join(installed, name), 'utf8').matchAll(/["']\.\/([\w-]+\.js)["']/g)) reached.add(other);
    assert.deepEqual(parts.filter((name) => !reached.has(name)), []);
  });

  it('has files alone: no link, no folder of its own, nothing outside its own', async () => {
    const { stdout } = await exec('tar', ['-tvzf', join(folder, tarball.filename)]);
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, tarball.files.length);
    for (const line of lines) assert.match(line, /^-.* package\/(?!.*\.\.)\S+$/);
  });

  it('has no dependency and no install script', () => {
    const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/doorcode/package.json'), 'utf8'));
    for (const field of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies', 'scripts', 'gypfile']) {
      assert.equal(manifest[field], undefined, field);
    }
    assert.match(manifest.version, /^\d+\.\d+\.\d+/);
  });

  it('holds no secret, no folder of the machine it was built on, no source map and no test, in any file', () => {
    const home = `${homedir()}/`;
    const never = [root, `${home}.`, tmpdir() === '/tmp' ? '/tmp/doorcode' : tmpdir(), '/.cargo/', 'sourceMappingURL', 'node:test', 'npm_', '_authToken'];
    const shapes = [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\\n]*[A-Za-z0-9+/]{20}/, /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/, /\b(?:ghp|gho|github_pat|npm)_\w{20,}/, /\bAKIA[0-9A-Z]{16}\b/];
    for (const { path } of tarball.files) {
      assert.doesNotMatch(path, /\.map$|(^|[./])test[./]|\.env|\.npmrc/, path);
      const text = readFileSync(join(folder, 'node_modules/doorcode', path), 'latin1');
      for (const part of never) assert.ok(!text.includes(part), `${part} is in ${path}`);
      for (const shape of shapes) assert.doesNotMatch(text, shape, path);
    }
    assert.ok(readFileSync(join(root, 'target/core/core.wasm'), 'latin1').includes('doorcode'), 'the module has names that can be read');
  });

  it('has a command that nothing of the library loads', () => {
    const files = tarball.files.map(({ path }) => path).filter((path) => /\.c?js$/.test(path) && !path.startsWith('cli/'));
    assert.ok(files.length > 10);
    for (const path of files) assert.doesNotMatch(readFileSync(join(folder, 'node_modules/doorcode', path), 'utf8'), /\bcli\/|commander/, path);
  });

  it('passes on the licences of what is inside', () => {
    const text = readFileSync(join(folder, 'node_modules/doorcode/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['wasm-bindgen', 'serde_json', 'fflate', 'commander', 'boxen']) assert.match(text, new RegExp(`^${name} \\d`, 'm'));
  });

  // Nodes before 20.19 and 22.12 cannot `require` an ES module: they get index.cjs, an instance of its own.
  const oldWay = '--no-experimental-require-module';
  const ways = [['as this Node does it', []]];
  if (process.allowedNodeEnvironmentFlags.has(oldWay)) ways.push(['as Nodes before 20.19 do it', [oldWay]]);
  for (const [way, flags] of ways) {
    it(`is imported, ${way}`, async () => {
      assert.deepEqual(await run('esm.mjs', `import { PublicClientApplication } from 'doorcode';${signIn}`, flags), ['ada@example.com']);
    });

    it(`is required, ${way}`, async () => {
      assert.deepEqual(await run('cjs.cjs', `const { PublicClientApplication } = require('doorcode');${signIn}`, flags), ['ada@example.com']);
    });

    it(`has the same exports, however it is loaded, ${way}`, async () => {
      const source = `
        import { createRequire } from 'node:module';
        import * as imported from 'doorcode';
        const require = createRequire(import.meta.url);
        const required = require('doorcode');
        const names = Object.keys(imported).filter((name) => !['default', 'module.exports'].includes(name));
        console.log(imported.AuthError === required.AuthError, names.length > 10, names.every((name) => name in required));
        console.log(require.resolve('doorcode').endsWith('.cjs'));`;
      assert.deepEqual(await run('both.mjs', source, flags), [`${flags.length === 0} true true`, String(flags.length > 0)]);
    });
  }

  for (const [way, flags] of ways) {
    it(`has stores whose errors are the main entry's, however they are loaded, ${way}`, async () => {
      const source = `
        const found = {};
        for (const path of ${JSON.stringify(SUBPATHS)}) found[path] = Object.keys(await load('doorcode/' + path)).filter((name) => !['default', 'module.exports'].includes(name)).sort();
        const { AuthError } = await load('doorcode');
        const { RedisCachePlugin } = await load('doorcode/cache/redis');
        try {
          new RedisCachePlugin({});
        } catch (error) {
          console.log(JSON.stringify([found, error instanceof AuthError, error.errorCode]));
        }`;
      const loaders = {
        'stores.mjs': `const load = (name) => import(name);${source}`,
        'stores.cjs': `const load = require; (async () => {${source}})();`,
      };
      for (const [name, program] of Object.entries(loaders)) {
        assert.deepEqual(JSON.parse((await run(name, program, flags)).join('')), [EXPORTS, true, 'invalid_configuration']);
      }
    });
  }

  it('has stores that a bundle gets only if it uses them', async () => {
    const { build } = await import('esbuild');
    const bundle = async (contents) => {
      const stdin = { contents, resolveDir: folder };
      const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: 'esm', platform: 'node', external: ['doorcode'], write: false, logLevel: 'error' });
      return outputFiles[0].text;
    };
    const all = SUBPATHS.map((path, number) => `import * as m${number} from 'doorcode/${path}';`).join('');
    assert.doesNotMatch(await bundle(all), /CachePlugin/);
    const one = await bundle("import { RedisCachePlugin } from 'doorcode/cache/redis'; console.log(RedisCachePlugin);");
    assert.ok(one.length < 8_000, `${one.length} bytes`);
    assert.doesNotMatch(one, /indexedDB|node:fs|getWithMetadata/);
  });

  it('runs the example of the README as it is written there', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [, example] = /```js\n([\s\S]*?)```/.exec(readme);
    assert.ok(example.trim().split('\n').length <= 12, 'twelve lines');
    const lines = await run('readme.mjs', example);
    assert.match(lines[0], /^To sign in, open /);
    assert.equal(lines.at(-1), 'signed in as ada@example.com');
  });

  /** Compiles files of the folder `types`; returns what there is to complain of. */
  async function compile(files, options) {
    const compilerOptions = { noEmit: true, strict: true, exactOptionalPropertyTypes: true, target: 'es2022', lib: ['es2022', 'dom'], types: [], ...options };
    writeFileSync(join(folder, 'types/tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    return exec(tool('tsc'), ['--project', 'types'], { cwd: folder }).then(() => '', (error) => error.stdout);
  }

  it('has types for every way of resolving', async () => {
    const source = readFileSync(new URL('types.ts', import.meta.url), 'utf8');
    mkdirSync(join(folder, 'types'), { recursive: true });
    const files = ['consumer.mts', 'consumer.cts'];
    for (const name of files) writeFileSync(join(folder, 'types', name), source);
    for (const [module, moduleResolution] of [['node16', 'node16'], ['nodenext', 'nodenext'], ['preserve', 'bundler']]) {
      assert.equal(await compile(files, { module, moduleResolution }), '', moduleResolution);
    }
  });

  it('is clean by publint and arethetypeswrong', async () => {
    const { publint } = await import('publint');
    const { messages } = await publint({ pkgDir: join(root, 'pkg'), strict: true });
    assert.deepEqual(messages, []);
    const { stdout } = await exec(tool('attw'), [join(folder, tarball.filename), '--format', 'ascii', '--no-color']).catch((error) => error);
    assert.match(stdout, /No problems found/);
  });
});
