// The rules of the house that a machine can check.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a tool; returns what it had to complain of. */
async function complaints(command, args) {
  return exec(command, args, { cwd: root, maxBuffer: 1 << 26 }).then(() => '', (error) => `${error.message}\n${error.stdout}\n${error.stderr}`);
}

const has = (component) => exec('cargo', [component, '--version'], { cwd: root }).then(() => true, () => false);

describe('the house', () => {
  it('is JavaScript that agrees with its hand-written types', async () => {
    assert.equal(await complaints(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'js']), '');
  });

  it('is Rust without a warning, and formatted', async (test) => {
    if (!(await has('clippy')) || !(await has('fmt'))) return test.skip('this Rust has no clippy or no rustfmt');
    assert.equal(await complaints('cargo', ['clippy', '--all-targets', '--locked', '--', '-D', 'warnings']), '');
    assert.equal(await complaints('cargo', ['fmt', '--check']), '');
  });

  it('has documentation whose links lead somewhere', async () => {
    assert.equal(await complaints('cargo', ['rustdoc', '--locked', '--lib', '--', '-D', 'warnings']), '');
  });

  it('declares every export, and exports what it declares', async () => {
    const declared = [...readFileSync(`${root}/js/index.d.ts`, 'utf8').matchAll(/^export declare (?:const|class|enum|function) (\w+)/gm)].map(([, name]) => name);
    assert.deepEqual(Object.keys(await import('doorcode')).sort(), declared.sort());
  });

  it('keeps its top level', () => {
    const allowed = ['Cargo.toml', 'Cargo.lock', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'docs', 'examples', 'js', 'package.json',
      'package-lock.json', 'pkg-template', 'SECURITY.md', 'src', 'tests'];
    const made = ['node_modules', 'pkg', 'target'];
    const found = readdirSync(root).filter((name) => !name.startsWith('.') && !made.includes(name));
    assert.deepEqual(found.filter((name) => !allowed.includes(name)), []);
  });

  it('has workflows that run what is there, with actions that nobody can replace and no more rights than they need', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
    const folder = `${root}/.github/workflows`;
    const files = readdirSync(folder);
    assert.deepEqual(files.sort(), ['ci.yml', 'release.yml']);
    for (const name of files) {
      const text = readFileSync(`${folder}/${name}`, 'utf8');
      for (const [, script] of text.matchAll(/\bnpm run ([\w-]+)/g)) assert.ok(script in scripts, `${name}: npm run ${script}`);
      for (const [, path] of text.matchAll(/(?:\bnode |run: )(\.[\w./-]+)/g)) assert.ok(existsSync(`${root}/${path}`), `${name}: ${path}`);
      const uses = [...text.matchAll(/\buses: (.+)/g)].map(([, action]) => action);
      assert.ok(uses.length > 0);
      for (const action of uses) assert.match(action, /^actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
      assert.match(text, /^permissions: \{\}$/m, 'each job asks for what it needs');
      assert.doesNotMatch(text, /secrets\./, 'there is no token that could be stolen');
    }
  });
});
