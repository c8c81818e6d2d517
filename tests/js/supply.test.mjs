// What is said of the package beside the code: the bill of materials, the page on security, and what a release has to be.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as doorcode from 'doorcode';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');

describe('the bill of materials', () => {
  const bill = JSON.parse(read('target/doorcode.cdx.json'));
  const locked = JSON.parse(read('package-lock.json')).packages;

  it('has every crate that was compiled in and every library that was bundled, and nothing else', async () => {
    const tree = ['tree', '--locked', '--target', 'wasm32-unknown-unknown', '--edges', 'normal,no-proc-macro', '--prefix', 'none', '--format', '{p}'];
    const { stdout } = await exec('cargo', tree, { cwd: root });
    const crates = new Set(stdout.trim().split('\n').map((line) => line.split(' ')).filter(([name]) => name !== 'doorcode').map(([name, version]) => `pkg:cargo/${name}@${version.slice(1)}`));
    // The licences were written for the same bundle; that they are all there is the tarball's test.
    const named = new Set([...read('pkg/THIRD-PARTY-LICENSES.txt').matchAll(/^((?:@[\w.-]+\/)?[\w.-]+) (\d+\.\d+\.\d+\S*)$/gm)].map(([, name, version]) => `${name} ${version}`));
    const { components } = bill;
    const of = (type) => components.filter(({ purl }) => purl.startsWith(`pkg:${type}/`));
    assert.deepEqual(of('cargo').map(({ purl }) => purl).sort(), [...crates].sort());
    assert.deepEqual(new Set([...of('cargo'), ...of('npm')].map(({ name, version }) => `${name} ${version}`)), named);
    assert.deepEqual(of('generic').map(({ name }) => name), ['rust-std']);
    assert.equal(of('cargo').length + of('npm').length + of('generic').length, components.length);
    assert.deepEqual(of('npm').filter(({ properties }) => properties.some(({ value }) => value === 'doorcode.js')).map(({ name }) => name), ['fflate'], 'all that programs load');
    for (const { name } of of('npm')) {
      assert.ok(Object.keys(locked).some((path) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`)), name);
    }
    for (const tool of ['esbuild', 'typescript', '@azure/msal-node', 'oidc-provider', 'proptest', 'sha2']) assert.ok(!components.some(({ name }) => name === tool), tool);
  });

  it('tells of each its version, licence, package URL and hash, as CycloneDX has them', () => {
    assert.deepEqual([bill.bomFormat, bill.specVersion, bill.version], ['CycloneDX', '1.6', 1]);
    assert.deepEqual(bill.metadata.tools.components.map(({ name }) => name), ['rustc', 'lld']);
    const checksums = read('Cargo.lock');
    for (const one of bill.components) {
      const { type, name, version, purl, hashes = [], licenses: [{ license, expression }, ...more] } = one;
      assert.equal(type, 'library', name);
      assert.match(version, /^\d+\.\d+\.\d+/, name);
      assert.match(purl, /^pkg:(cargo|npm|generic)\/(%40[\w.-]+\/)?[\w.-]+@\d[\w.+%-]*$/, name);
      assert.equal(one['bom-ref'], purl, name);
      assert.deepEqual(more, [], name);
      assert.match(license?.id ?? expression, /^\(?(Apache-2\.0|ISC|MIT|Unlicense)\b/, name);
      if (purl.startsWith('pkg:cargo/')) assert.ok(checksums.includes(`name = "${name}"\nversion = "${version}"\nsource`) && checksums.includes(`checksum = "${hashes[0].content}"`), name);
      if (purl.startsWith('pkg:npm/')) {
        assert.equal(hashes[0].alg, 'SHA-512', name);
        const integrity = `sha512-${Buffer.from(hashes[0].content, 'hex').toString('base64')}`;
        assert.ok(Object.values(locked).some((entry) => entry.integrity === integrity && entry.version === version), name);
      }
    }
  });

  it('has each part once, in a tree whose every branch is there, and no date', () => {
    const refs = bill.components.map(({ purl }) => purl);
    assert.equal(new Set(refs).size, refs.length);
    const { purl } = bill.metadata.component;
    assert.deepEqual(bill.dependencies.map(({ ref }) => ref), [purl, ...refs]);
    const reached = new Set([purl]);
    const needs = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    for (const ref of reached) for (const needed of needs.get(ref)) reached.add(needed);
    assert.deepEqual([...reached].sort(), [purl, ...refs].sort());
    assert.equal(bill.metadata.timestamp ?? bill.serialNumber, undefined, 'the same sources make the same bill');
  });
});

describe('SECURITY.md', () => {
  const page = read('SECURITY.md').replaceAll(/<!--[^]*?-->\n?/g, '');
  const sources = new Map();
  const source = (path) => {
    if (!sources.has(path)) sources.set(path, read(path));
    return sources.get(path);
  };
  /** Whether a file has a test of that very title. */
  function has(path, title) {
    const text = source(path);
    if (path.endsWith('.rs')) return new RegExp(`#\\[test\\]\\s+fn ${title}\\(`).test(text);
    return [`'${title.replaceAll("'", "\\'")}'`, `\`${title}\``].some((quoted) => ['it', 'test'].some((call) => text.includes(`${call}(${quoted},`)));
  }

  it('names a test with each promise, and each that it names is there', () => {
    const tables = page.split(/\n\n/).filter((part) => /^\|.*\| held by \|\n/.test(part.trimStart()));
    assert.ok(tables.length >= 8, `${tables.length} tables`);
    const rows = tables.flatMap((table) => table.trim().split('\n').slice(2));
    assert.ok(rows.length > 50, `${rows.length} promises`);
    for (const row of rows) {
      const tests = [...row.matchAll(/`(tests\/[\w./-]+)`: \*(.+?)\*(?=;| \|)/g)];
      assert.equal(tests.length, row.split('`tests/').length - 1, `a test is not named as the others are: ${row}`);
      assert.ok(tests.length > 0, `no test holds this: ${row}`);
      for (const [, path, title] of tests) {
        assert.ok(existsSync(join(root, path)), `${path} is not there`);
        assert.ok(has(path, title), `${path} has no test "${title}"`);
      }
    }
  });

  it('names commands that there are', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = [...page.matchAll(/npm run (\w+)/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(named)].filter((name) => !(name in scripts)), []);
  });

  it('goes through RFC 8628, section 5, and RFC 9700, sections 2 and 4, without leaving an item out', () => {
    const [, device, best] = page.split(/^## RFC /m);
    const numbers = (text) => [...text.matchAll(/^\| ([\d., ]+) \|/gm)].flatMap(([, list]) => list.split(', '));
    assert.deepEqual(numbers(device), ['5.1', '5.2', '5.3', '5.4', '5.5', '5.6', '5.7']);
    const wanted = ['2.1', '2.1.1', '2.1.2', '2.2.1', '2.2.2', '2.3', '2.4', '2.5', '2.6', ...Array.from({ length: 17 }, (_, index) => `4.${index + 1}`)];
    assert.deepEqual([...new Set(numbers(best))].sort(), wanted.sort());
  });
});

describe('the package', () => {
  it('has neither the implicit grant nor the password grant', () => {
    for (const name of ['PublicClientApplication', 'ConfidentialClientApplication']) {
      assert.equal(doorcode[name].prototype.acquireTokenByUsernamePassword, undefined, name);
    }
    const core = readFileSync(join(root, 'target/core/core.wasm'), 'latin1');
    assert.ok(core.includes('authorization_code'), 'the text is looked at');
    for (const word of ['response_type=token', 'id_token token', 'grant_type=password']) assert.ok(!core.includes(word), word);
  });
});

describe('a release', () => {
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'doorcode-release-'));
    for (const name of ['.dev', 'pkg-template', 'Cargo.toml', 'Cargo.lock', 'CHANGELOG.md']) cpSync(join(root, name), join(folder, name), { recursive: true });
    const path = join(folder, 'pkg-template/package.json');
    const manifest = { ...JSON.parse(readFileSync(path, 'utf8')), repository: { type: 'git', url: 'git+https://forge.example/somebody/doorcode.git' } };
    writeFileSync(path, JSON.stringify(manifest));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const version = /^version = "(.+)"/m.exec(read('Cargo.toml'))[1];
  const check = (environment = {}) => exec(process.execPath, ['.dev/release.mjs', 'check'], {
    cwd: folder,
    env: { ...process.env, GITHUB_REF_NAME: `v${version}`, GITHUB_REPOSITORY: 'somebody/doorcode', GITHUB_SERVER_URL: 'https://forge.example', ...environment },
  }).then(({ stdout }) => stdout, ({ stderr }) => stderr);

  it('can be made where tag, version, changelog and repository agree', async () => {
    assert.equal(await check(), `${version} can be released\n`);
  });

  it('is refused where tag, version, changelog and repository do not agree, and says what to write', async () => {
    assert.match(await check({ GITHUB_REF_NAME: 'v9.9.9' }), new RegExp(`the tag is v9\\.9\\.9, and the version in Cargo\\.toml ${version}`));
    assert.match(await check({ GITHUB_REPOSITORY: 'else/where' }), /write "repository": \{"type":"git","url":"git\+https:\/\/forge\.example\/else\/where\.git"\}/);
    assert.match(await check({ GITHUB_REPOSITORY: '' }), /is for the release workflow/);
    const changelog = join(folder, 'CHANGELOG.md');
    const text = readFileSync(changelog, 'utf8');
    writeFileSync(changelog, text.replace(`## ${version}`, '## 0.0.1'));
    assert.match(await check(), new RegExp(`CHANGELOG\\.md says nothing of ${version}`));
    writeFileSync(changelog, text);
    const manifest = join(folder, 'Cargo.toml');
    writeFileSync(manifest, read('Cargo.toml').replace(/^version = ".+"/m, 'version = "9.9.9"'));
    assert.match(await check({ GITHUB_REF_NAME: 'v9.9.9' }), /Cargo\.lock has another version/);
    writeFileSync(manifest, read('Cargo.toml'));
  });

  it('is made by a workflow that runs the gate, audits, reproduces, and signs what is inside', () => {
    const steps = readdirSync(join(root, '.github/workflows')).map((name) => read(`.github/workflows/${name}`)).join('\n');
    for (const part of ['.ci/run', 'audit -- --strict', 'reproduce -- --against', '--provenance', 'sha256sum --check', 'sbom-path']) assert.ok(steps.includes(part), part);
  });
});
