// `npm run sbom`: the bill of materials of what is published, in CycloneDX's JSON. The build leaves it in target/, beside the package: it is
// an asset of each release, and takes no byte of anybody's installation. This file alone prints what is in the last one.

import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './steps.mjs';

/** @import { Part } from './inside.mjs' */

export const SBOM = join(ROOT, 'target/doorcode.cdx.json');

/**
 * Without a date and a serial number, which the standard leaves open: the same sources make the same bill.
 * @param {{ name: string, version: string, license: string, description: string }} published its package.json
 * @param {Part[]} parts what is inside
 * @param {Record<string, string>} tools the versions of what no lockfile fixes
 */
export function sbom({ name, version, license, description }, parts, tools) {
  const root = `pkg:npm/${name}@${version}`;
  const refs = new Map(parts.map((part) => [`${part.name} ${part.version}`, purl(part)]));
  const needed = (/** @type {string[]} */ labels) => labels.map((label) => refs.get(label)).filter((ref) => ref !== undefined).sort();
  const direct = parts.filter(({ isDirect }) => isDirect).map((part) => `${part.name} ${part.version}`);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      tools: { components: Object.entries(tools).map(([tool, itsVersion]) => ({ type: 'application', name: tool, version: itsVersion })) },
      component: { type: 'library', 'bom-ref': root, name, version, description, licenses: [{ license: { id: license } }], purl: root },
    },
    components: parts.map(component),
    dependencies: [
      { ref: root, dependsOn: needed(direct) },
      ...parts.map((part) => ({ ref: purl(part), dependsOn: needed(part.needs) })),
    ],
  };
}

/** @param {Part} part */
function component(part) {
  const { name, version, description, license, repository, hash, inside } = part;
  return {
    type: 'library',
    'bom-ref': purl(part),
    name,
    version,
    ...(description && { description: description.trim().replace(/\s+/g, ' ') }),
    scope: 'required',
    ...(hash && { hashes: [{ alg: hash.algorithm, content: hash.hex }] }),
    licenses: [/ (OR|AND|WITH) /.test(license) ? { expression: license } : { license: { id: license } }],
    purl: purl(part),
    ...(/^https?:/.test(repository) && { externalReferences: [{ type: 'vcs', url: repository }] }),
    properties: inside.map((file) => ({ name: 'doorcode:inside', value: file })),
  };
}

/** @param {Part} part */
function purl({ kind, name, version }) {
  const type = { cargo: 'cargo', npm: 'npm', std: 'generic' }[kind];
  return `pkg:${type}/${name.replace('@', '%40')}@${version.replaceAll('+', '%2B')}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { components } = JSON.parse(readFileSync(SBOM, 'utf8'));
  for (const { purl: name, licenses: [{ license, expression }], properties } of components) {
    console.log(`${name.padEnd(44)} ${(license?.id ?? expression).padEnd(40)} ${properties.map((/** @type {any} */ { value }) => value).join(', ')}`);
  }
  console.log(`\n${components.length} parts of others are in the package. The bill is ${relative(ROOT, SBOM)}.`);
}
