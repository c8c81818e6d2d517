// The licences of what is inside the package, which want to be passed on with it: the crates in the module, and the libraries that are bundled.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ask, ROOT } from './steps.mjs';

const WASM = 'wasm32-unknown-unknown';

/**
 * @param {string[]} inputs the files that were bundled, as esbuild names them
 * @returns {Promise<string>} each text once, below the names of those that have it
 */
export async function licences(inputs) {
  /** @type {Map<string, string[]>} */
  const owners = new Map();
  for (const { name, version, license, folder } of [...(await crates()), ...libraries(inputs)]) {
    if (!license) throw new Error(`${name} names no licence`);
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying)/i.test(file)).sort();
    // Those of Rust's come with two to choose from.
    const file = files.find((one) => /mit/i.test(one)) ?? files[0];
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `Licensed as ${license}; it comes without the text.`;
    owners.set(text, [...(owners.get(text) ?? []), `${name} ${version}`]);
  }
  const parts = [...owners].map(([text, names]) => `${names.sort().join('\n')}\n\n${text}\n`);
  return ['doorcode has these inside, each under the licence below its name.\n', ...parts.sort()].join(`\n${'-'.repeat(80)}\n\n`);
}

/** @typedef {{ name: string, version: string, license: string | null, folder: string }} Part */

/** The npm packages that files belong to. @param {string[]} inputs @returns {Part[]} */
function libraries(inputs) {
  const folders = new Set(inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter((folder) => folder !== undefined));
  const parts = [...folders].map((folder) => ({ ...JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')), folder: join(ROOT, folder) }));
  // npm may have put the same one into several places.
  return [...new Map(parts.map((part) => [`${part.name} ${part.version}`, part])).values()];
}

/** The crates that are compiled into the module. @returns {Promise<Part[]>} */
async function crates() {
  const json = await ask('cargo', ['metadata', '--format-version', '1', '--locked', '--filter-platform', WASM, '--manifest-path', join(ROOT, 'Cargo.toml')]);
  if (json === undefined) throw new Error('cargo metadata failed');
  const { packages, resolve } = JSON.parse(json);
  const found = new Set();
  const visit = (/** @type {string} */ id) => {
    for (const { pkg, dep_kinds: kinds } of resolve.nodes.find((/** @type {any} */ node) => node.id === id).deps) {
      const { targets } = packages.find((/** @type {any} */ one) => one.id === pkg);
      const isCompiledIn = kinds.some((/** @type {any} */ { kind }) => kind === null) && !targets.some((/** @type {any} */ { kind }) => kind.includes('proc-macro'));
      if (!isCompiledIn || found.has(pkg)) continue;
      found.add(pkg);
      visit(pkg);
    }
  };
  visit(resolve.root);
  return packages.filter((/** @type {any} */ { id }) => found.has(id)).map((/** @type {any} */ one) => ({ ...one, folder: dirname(one.manifest_path) }));
}
