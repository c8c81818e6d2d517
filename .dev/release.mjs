// What the release workflow does beside the gate. `node .dev/release.mjs check`: whether this commit can be released under its tag.
// `node .dev/release.mjs pack`: the package, its bill of materials, their digests and the release's notes, in target/release/.

import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from './build.mjs';
import { SBOM } from './sbom.mjs';
import { main, ROOT, run } from './steps.mjs';

const OUT = join(ROOT, 'target/release');
const read = (/** @type {string} */ path) => readFileSync(join(ROOT, path), 'utf8');

/** What GitHub tells a workflow. */
const { GITHUB_REF_NAME: tag = '', GITHUB_REPOSITORY: repository = '', GITHUB_SERVER_URL: server = '' } = process.env;
const version = /^version = "([^"]+)"/m.exec(read('Cargo.toml'))?.[1] ?? '';

/** What the changelog says of this version. */
function notes() {
  const [, text] = new RegExp(`^## ${version.replaceAll('.', '\\.')}(?: .*)?\\n([^]*?)(?=^## |(?![^]))`, 'm').exec(read('CHANGELOG.md')) ?? [];
  return text?.trim() ?? '';
}

function check() {
  const wrong = [];
  if (!repository || !server) wrong.push('GITHUB_REPOSITORY and GITHUB_SERVER_URL are not set: this is for the release workflow');
  if (tag !== `v${version}`) wrong.push(`the tag is ${tag || 'not set'}, and the version in Cargo.toml ${version}: tag v${version}, or change the version`);
  if (!notes()) wrong.push(`CHANGELOG.md says nothing of ${version}: add "## ${version}" with what has changed`);
  const lock = new RegExp(`^name = "doorcode"\\nversion = "${version.replaceAll('.', '\\.')}"`, 'm');
  if (!lock.test(read('Cargo.lock'))) wrong.push('Cargo.lock has another version of doorcode: run "cargo check" and commit it');
  // npm holds the provenance against it. It is a part of the package, so that whoever builds this commit gets the very tarball.
  const wanted = { type: 'git', url: `git+${server}/${repository}.git` };
  const { repository: named } = JSON.parse(read('pkg-template/package.json'));
  if (repository && named?.url !== wanted.url) {
    wrong.push(`pkg-template/package.json names ${named ? `the repository ${named.url}` : 'no repository'}: write "repository": ${JSON.stringify(wanted)}`);
  }
  if (wrong.length > 0) throw new Error(`this cannot be released:\n  ${wrong.join('\n  ')}`);
  console.log(`${version} can be released`);
}

async function pack() {
  await build();
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  await run('npm pack', 'npm', ['pack', '--pack-destination', OUT], { cwd: join(ROOT, 'pkg') });
  copyFileSync(SBOM, join(OUT, basename(SBOM)));
  writeFileSync(join(OUT, 'NOTES.md'), `${notes()}\n`);
  const sums = readdirSync(OUT).sort().map((name) => `${createHash('sha256').update(readFileSync(join(OUT, name))).digest('hex')}  ${name}\n`).join('');
  writeFileSync(join(OUT, 'SHA256SUMS'), sums);
  console.log(sums.trim());
}

main(async () => {
  const [step] = process.argv.slice(2);
  if (step === 'check') check();
  else if (step === 'pack') await pack();
  else throw new Error('usage: node .dev/release.mjs check | pack');
});
