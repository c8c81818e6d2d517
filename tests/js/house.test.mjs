// The rules of the house that a machine can check.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
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
      'package-lock.json', 'pkg-template', 'src', 'tests'];
    const made = ['node_modules', 'pkg', 'target'];
    const found = readdirSync(root).filter((name) => !name.startsWith('.') && !made.includes(name));
    assert.deepEqual(found.filter((name) => !allowed.includes(name)), []);
  });
});
