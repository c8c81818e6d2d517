// The licences of what is inside the package, which want to be passed on with it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {import('./inside.mjs').Part[]} parts
 * @returns {string} each text once, below the names of those that have it
 */
export function licences(parts) {
  /** @type {Map<string, string[]>} */
  const owners = new Map();
  for (const { name, version, license, folder } of parts.filter(({ kind }) => kind !== 'std')) {
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying)/i.test(file)).sort();
    // Those of Rust's come with two to choose from.
    const file = files.find((one) => /mit/i.test(one)) ?? files[0];
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `Licensed as ${license}; it comes without the text.`;
    owners.set(text, [...(owners.get(text) ?? []), `${name} ${version}`]);
  }
  const texts = [...owners].map(([text, names]) => `${names.sort().join('\n')}\n\n${text}\n`);
  return ['doorcode has these inside, each under the licence below its name.\n', ...texts.sort()].join(`\n${'-'.repeat(80)}\n\n`);
}
