// What of others is inside the package: the crates that are compiled into the module, the libraries that are bundled, and the standard
// library. Read from what was compiled and bundled, never from a list that somebody keeps.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ask, ROOT } from './steps.mjs';

const WASM = 'wasm32-unknown-unknown';

/**
 * @typedef {object} Part
 * @property {'cargo' | 'npm' | 'std'} kind
 * @property {string} name
 * @property {string} version
 * @property {string} license an SPDX expression
 * @property {string} folder where its licence is; none for the standard library
 * @property {string} description
 * @property {string} repository
 * @property {{ algorithm: 'SHA-256' | 'SHA-512', hex: string } | undefined} hash of its archive, as the lockfile has it
 * @property {string[]} inside the files of the package that it is in
 * @property {string[]} needs `name version` of the parts that it needs itself
 * @property {boolean} isDirect whether doorcode's own code needs it
 */

/**
 * @param {Record<string, string[]>} bundles for each file of the package, the files that it was made of
 * @param {string} rustc the version of the compiler
 * @returns {Promise<Part[]>} in an order that is always the same
 */
export async function inside(bundles, rustc) {
  const parts = [...(await crates()), ...libraries(bundles), standardLibrary(rustc)];
  const order = (/** @type {Part} */ { kind, name, version }) => `${kind} ${name} ${version}`;
  return parts.sort((one, other) => (order(one) < order(other) ? -1 : 1));
}

/** What esbuild put bytes of into its output: what was looked at and left out does not count. @param {import('esbuild').Metafile} metafile */
export function contents(metafile) {
  return Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs).filter((file) => (inputs[file]?.bytesInOutput ?? 0) > 0));
}

/** @param {Record<string, string[]>} bundles @returns {Part[]} */
function libraries(bundles) {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const { devDependencies: ours } = lock[''];
  /** @type {Map<string, Part>} npm may have put the same one into several places */
  const parts = new Map();
  for (const [bundle, files] of Object.entries(bundles)) {
    for (const folder of new Set(files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter((one) => one !== undefined))) {
      const { name, version, license, description, repository, dependencies = {} } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
      const part = parts.get(`${name} ${version}`) ?? {
        kind: 'npm', name, version, description, folder: join(ROOT, folder), hash: sha512(lock[folder].integrity),
        license: named(license, name), repository: page(repository), inside: [], needs: Object.keys(dependencies), isDirect: name in ours,
      };
      if (!part.inside.includes(bundle)) part.inside.push(bundle);
      parts.set(`${name} ${version}`, part);
    }
  }
  const all = [...parts.values()];
  // What is needed and was left out by the bundler is not inside.
  for (const part of all) part.needs = all.filter(({ name }) => part.needs.includes(name)).map(({ name, version }) => `${name} ${version}`);
  return all;
}

/** @returns {Promise<Part[]>} */
async function crates() {
  const json = await ask('cargo', ['metadata', '--format-version', '1', '--locked', '--filter-platform', WASM, '--manifest-path', join(ROOT, 'Cargo.toml')]);
  if (json === undefined) throw new Error('cargo metadata failed');
  const { packages, resolve } = JSON.parse(json);
  const checksums = new Map([...readFileSync(join(ROOT, 'Cargo.lock'), 'utf8').matchAll(/^name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"/gm)]
    .map(([, name, version, hex]) => [`${name} ${version}`, hex]));
  const one = (/** @type {string} */ id) => packages.find((/** @type {any} */ candidate) => candidate.id === id);
  const label = (/** @type {string} */ id) => `${one(id).name} ${one(id).version}`;
  /** Those that are compiled into what needs them: neither for its tests or its building, nor macros, which run at compile time. */
  const needs = (/** @type {string} */ id) => resolve.nodes.find((/** @type {any} */ node) => node.id === id).deps
    .filter((/** @type {any} */ { pkg, dep_kinds: kinds }) => kinds.some((/** @type {any} */ { kind }) => kind === null)
      && !one(pkg).targets.some((/** @type {any} */ { kind }) => kind.includes('proc-macro')))
    .map((/** @type {any} */ { pkg }) => pkg);
  const direct = needs(resolve.root);
  const found = new Set(direct);
  for (const id of found) for (const needed of needs(id)) found.add(needed);
  return [...found].map((id) => {
    const { name, version, license, description, repository, manifest_path: manifest } = one(id);
    const hex = checksums.get(label(id));
    return {
      kind: 'cargo', name, version, description, repository: repository ?? '', folder: dirname(manifest), license: named(license, name),
      hash: hex === undefined ? undefined : { algorithm: 'SHA-256', hex }, inside: ['core.wasm'], needs: needs(id).map(label), isDirect: direct.includes(id),
    };
  });
}

/** It is of the compiler, and no lockfile names it. @param {string} version @returns {Part} */
function standardLibrary(version) {
  return {
    kind: 'std', name: 'rust-std', version, license: 'MIT OR Apache-2.0', folder: '', description: 'The Rust standard library, with what that is made of',
    repository: 'https://github.com/rust-lang/rust', hash: undefined, inside: ['core.wasm'], needs: [], isDirect: true,
  };
}

/** What no lockfile fixes and the bytes of the module depend on. @param {NodeJS.ProcessEnv} environment @returns {Promise<{ rustc: string, lld: string }>} the versions */
export async function compiler(environment) {
  const [verbose, sysroot] = await Promise.all([ask('rustc', ['-vV'], environment), ask('rustc', ['--print', 'sysroot'], environment)]);
  const [, rustc] = /^rustc (\S+)/.exec(verbose ?? '') ?? [];
  const [, host] = /^host: (.+)$/m.exec(verbose ?? '') ?? [];
  if (!rustc || !host || !sysroot) throw new Error('rustc does not tell its version');
  const lld = await ask(join(sysroot, 'lib/rustlib', host, 'bin/rust-lld'), ['-flavor', 'wasm', '--version'], environment);
  return { rustc, lld: /LLD (\S+)/.exec(lld ?? '')?.[1] ?? 'unknown' };
}

/** Cargo allows an old way of writing "or". @param {string | undefined} license @param {string} name */
function named(license, name) {
  if (!license) throw new Error(`${name} names no licence`);
  return license.replaceAll('/', ' OR ');
}

/** @param {string | { url: string } | undefined} repository as npm has it */
function page(repository) {
  const text = typeof repository === 'string' ? repository : (repository?.url ?? '');
  const [, owner] = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(text) ?? [];
  return owner ? `https://github.com/${owner}` : text.replace(/^git\+|\.git$/g, '').replace(/^(git|ssh):\/\/(git@)?/, 'https://');
}

/** @param {string} integrity as npm's lockfile has it @returns {Part['hash']} */
function sha512(integrity) {
  const [, base64] = /^sha512-(.+)$/.exec(integrity) ?? [];
  return base64 ? { algorithm: 'SHA-512', hex: Buffer.from(base64, 'base64').toString('hex') } : undefined;
}
