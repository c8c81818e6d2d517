// docs/api/ is what the types give: see .dev/docs.mjs, which also says what is not documented and which link leads nowhere. docs/floors.svg
// is what the imports give.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { draw, PICTURE } from '../../.dev/floors.mjs';
import { REFERENCE, UNUSED, writeReference } from '../../.dev/docs.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The files of a folder, and what is in them. */
function files(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

describe('the reference', () => {
  let folder;
  let complaints;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'doorcode-reference-'));
    complaints = await writeReference(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is of types that are documented, each of them, with links that lead somewhere', () => assert.deepEqual(complaints, []));

  it('is what the types say', () => {
    const [made, committed] = [files(folder), files(REFERENCE)];
    assert.deepEqual([...committed.keys()], [...made.keys()], 'run `npm run docs`');
    for (const [name, text] of made) assert.ok(committed.get(name) === text, `docs/api/${name} is not up to date: run \`npm run docs\``);
  });

  it('has a page for each entry of the package', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'pkg-template/package.json'), 'utf8'));
    const pages = Object.keys(exports).filter((path) => path !== './package.json').map((path) => `${path.replace('.', 'doorcode')}.md`);
    assert.deepEqual([...files(REFERENCE).keys()].sort(), ['README.md', ...pages].sort());
  });

  it('names no machine, no day and no line of a file', () => {
    for (const [name, text] of files(REFERENCE)) assert.doesNotMatch(text, /Defined in|\/home\/|\/tmp\/|\/root\/|node_modules|20\d\d-\d\d-\d\d/, name);
  });

  it('calls no error code unused that the code uses', () => {
    const sources = execFileSync('git', ['ls-files', 'src', 'js/*.js', ':!js/errors.js'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
    const code = sources.map((name) => readFileSync(join(root, name), 'utf8')).join('\n');
    const unused = [...files(REFERENCE).get('doorcode.md').matchAll(/`(\w+)` \| `"(\w+)"` \| (.+) \|$/gm)].filter(([, , , text]) => text === UNUSED);
    assert.ok(unused.length > 30, `${unused.length}`);
    for (const [, name, value] of unused) assert.doesNotMatch(code, new RegExp(`ErrorCodes\\.${name}\\b|["']${value}["']`), name);
  });
});

describe('the picture of the floors', () => {
  it('is what the code says', () => {
    assert.ok(readFileSync(PICTURE, 'utf8') === draw(), 'docs/floors.svg is not up to date: run `npm run docs`');
  });
});
