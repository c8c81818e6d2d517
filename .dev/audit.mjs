// `npm run audit`: looks at everything of others that is inside the package or helps to make it: whether it is known to be vulnerable, was
// withdrawn, may be passed on, and runs programs when it is installed. The rules for crates are in .deny.toml.
//
// Advisories are asked for over the network. Where they cannot be had that is said, and what can be known without them is looked at;
// `-- --strict`, which releases are made with, takes that for a failure.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { SBOM } from './sbom.mjs';
import { cargoDeny } from './setup.mjs';
import { main, ROOT } from './steps.mjs';

/** Their folders; each has crates of its own. */
const CRATES = ['', 'tests/fuzz'].filter((folder) => existsSync(join(ROOT, folder, 'Cargo.lock')));
/** Their folders; each has packages of its own. */
const PACKAGES = ['', 'tests/runtimes'];
/** They may run a program when they are installed: it puts the binary for this machine into place. */
const INSTALL_SCRIPTS = ['esbuild', 'workerd'];
/** Of bundled libraries: what asks for no more than that its text is passed on, which THIRD-PARTY-LICENSES.txt does. */
const LICENCES = ['ISC', 'MIT'];
/** Milliseconds, after which a server is out of reach. */
const PATIENCE = 120_000;

/** @typedef {{ subject: string, outcome: 'ok' | 'not checked' | 'FAILED', detail: string }} Finding */

const { values: { strict } } = parseArgs({ options: { strict: { type: 'boolean', default: false } } });

main(async () => {
  await build();
  const shipped = inThePackage();
  const deny = await cargoDeny();
  /** @type {Finding[]} */
  const findings = [];
  for (const folder of CRATES) findings.push(...(await crates(deny, folder)));
  for (const folder of PACKAGES) findings.push(...(await packages(folder, shipped)));
  findings.push(licences(shipped));

  console.log(`\nAt run time the package gets nothing from npm. Inside are ${shipped.filter(({ kind }) => kind === 'cargo').length} crates, the standard `
    + `library of Rust and ${shipped.filter(({ kind }) => kind === 'npm').length} npm packages; all else is for development.\n`);
  for (const { subject, outcome, detail } of findings) console.log(`${outcome.padEnd(12)} ${subject}${detail && `: ${detail}`}`);
  const bad = findings.filter(({ outcome }) => outcome === 'FAILED' || (strict && outcome === 'not checked'));
  if (bad.length > 0) throw new Error(`${bad.length} of ${findings.length} checks ${strict ? 'failed, or could not be made' : 'failed'}`);
});

/** @typedef {{ kind: string, name: string, version: string, licence: string }} Shipped */

/** What the build found inside. @returns {Shipped[]} */
function inThePackage() {
  return JSON.parse(readFileSync(SBOM, 'utf8')).components.map((/** @type {any} */ { purl, name, version, licenses: [{ license, expression }] }) => ({
    kind: /^pkg:(\w+)/.exec(purl)?.[1], name, version, licence: license?.id ?? expression,
  }));
}

/** @param {string} deny cargo-deny @param {string} folder @returns {Promise<Finding[]>} */
async function crates(deny, folder) {
  const subject = `crates${folder && ` of ${folder}`}`;
  const check = (/** @type {string[]} */ ...which) => ask(deny, [
    '--manifest-path', join(ROOT, folder, 'Cargo.toml'), '--config', join(ROOT, '.deny.toml'), '--locked', 'check', '--hide-inclusion-graph', ...which,
  ]);
  const rules = await check('bans', 'licenses', 'sources');
  const known = await check('advisories');
  const isOutOfReach = known.code !== 0 && /failed to fetch advisory database/.test(known.text);
  return [
    { subject: `${subject}: bans, licences, sources`, ...judged(rules) },
    isOutOfReach
      ? { subject: `${subject}: advisories`, outcome: 'not checked', detail: 'the database of RustSec, a repository at GitHub, cannot be reached' }
      : { subject: `${subject}: advisories, withdrawn versions`, ...judged(known) },
    ...(isOutOfReach ? [await withdrawn(folder, subject)] : []),
  ];
}

/**
 * Cargo takes no withdrawn version that a lockfile does not name already, so one that has no lockfile asks for each.
 * @param {string} folder @param {string} subject @returns {Promise<Finding>}
 */
async function withdrawn(folder, subject) {
  const lock = readFileSync(join(ROOT, folder, 'Cargo.lock'), 'utf8');
  const wanted = [...lock.matchAll(/^name = "(.+)"\nversion = "(.+)"\nsource = /gm)].map(([, name, version], index) => `c${index} = { package = "${name}", version = "=${version}" }`);
  const work = mkdtempSync(join(tmpdir(), 'doorcode-audit-'));
  try {
    mkdirSync(join(work, 'src'));
    writeFileSync(join(work, 'src/lib.rs'), '');
    writeFileSync(join(work, 'Cargo.toml'), `[package]\nname = "everything"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n${wanted.join('\n')}\n`);
    const { code, text } = await ask('cargo', ['generate-lockfile', '--manifest-path', join(work, 'Cargo.toml')]);
    const about = `${subject}: withdrawn versions`;
    if (code === 0) return { subject: about, outcome: 'ok', detail: `none of ${wanted.length}` };
    if (/is yanked/.test(text)) return { subject: about, outcome: 'FAILED', detail: text };
    return { subject: about, outcome: 'not checked', detail: `crates.io cannot be asked\n${text}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {Shipped[]} shipped @returns {Promise<Finding[]>} */
async function packages(folder, shipped) {
  const subject = `npm${folder && `, ${folder}`}`;
  const lock = Object.entries(JSON.parse(readFileSync(join(ROOT, folder, 'package-lock.json'), 'utf8')).packages).filter(([path]) => path !== '');
  const name = (/** @type {string} */ path) => path.replace(/^.*node_modules\//, '');
  const unlike = (/** @type {(entry: any) => unknown} */ test) => lock.filter(([, entry]) => test(entry)).map(([path]) => name(path));
  const oddities = [
    ...unlike(({ integrity }) => !/^sha512-/.test(integrity)).map((one) => `${one} has no hash`),
    ...unlike(({ resolved }) => resolved).map((one) => `${one} is not from the registry`),
    ...unlike(({ deprecated }) => deprecated).map((one) => `${one} was deprecated`),
    ...unlike(({ hasInstallScript }) => hasInstallScript).filter((one) => !INSTALL_SCRIPTS.includes(one)).map((one) => `${one} runs a program when it is installed`),
  ];
  return [
    { subject: `${subject}: hashes, sources, deprecations, install scripts`, outcome: oddities.length > 0 ? 'FAILED' : 'ok', detail: oddities.join('; ') || `${lock.length} packages` },
    ...(await advisories(folder, subject, shipped)),
  ];
}

/** What is inside the package may have none at all; what only helps to make it, none that is high. @param {string} folder @param {string} subject @param {Shipped[]} shipped @returns {Promise<Finding[]>} */
async function advisories(folder, subject, shipped) {
  const { text } = await ask('npm', ['audit', '--json', '--package-lock-only'], join(ROOT, folder));
  /** @type {any} */
  let report;
  try {
    report = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  } catch {
    report = {};
  }
  if (!report.vulnerabilities) return [{ subject: `${subject}: advisories`, outcome: 'not checked', detail: `the registry does not tell (${report.statusCode ?? 'no answer'})` }];
  const inside = shipped.filter(({ kind }) => kind === 'npm').map(({ name }) => name);
  const all = Object.values(report.vulnerabilities).map((/** @type {any} */ { name, severity, via }) => ({
    name, severity, what: `${name} (${severity}): ${via.map((/** @type {any} */ one) => one.title ?? `by ${one}`).join(', ')}`,
  }));
  const ships = folder === '' ? all.filter(({ name }) => inside.includes(name)) : [];
  const helps = all.filter((one) => !ships.includes(one));
  const finding = (/** @type {string} */ which, /** @type {typeof all} */ found, /** @type {boolean} */ isBad) => /** @type {Finding} */ (
    { subject: `${subject}: advisories on what ${which}`, outcome: isBad ? 'FAILED' : 'ok', detail: found.map(({ what }) => what).join('; ') || 'none' });
  const development = finding('is for development', helps, helps.some(({ severity }) => ['high', 'critical'].includes(severity)));
  return folder === '' ? [finding('is inside the package', ships, ships.length > 0), development] : [development];
}

/** What is passed on may be passed on. Crates were judged by cargo-deny. @param {Shipped[]} shipped @returns {Finding} */
function licences(shipped) {
  const others = shipped.filter(({ kind, licence }) => kind === 'npm' && !LICENCES.includes(licence)).map(({ name, licence }) => `${name} is ${licence}`);
  return { subject: 'npm: licences of what is inside the package', outcome: others.length > 0 ? 'FAILED' : 'ok', detail: others.join('; ') };
}

/** @param {{ code: number, text: string }} answer @returns {Pick<Finding, 'outcome' | 'detail'>} */
function judged({ code, text }) {
  return code === 0 ? { outcome: 'ok', detail: '' } : { outcome: 'FAILED', detail: `\n${text}` };
}

/** Runs a command to its end; what it printed, on either stream. @param {string} command @param {string[]} args @param {string} [cwd] */
function ask(command, args, cwd = ROOT) {
  /** @type {Promise<{ code: number, text: string }>} */
  const ended = new Promise((resolve) => {
    let text = '';
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
    child.on('error', (error) => resolve({ code: 1, text: String(error) }));
    child.on('close', (code) => resolve({ code: code ?? 1, text: text.trim() }));
  });
  return ended;
}
