// Profiles: whom to ask, for what, under a name. One file each, without secrets, in the platform's folder for configuration.

import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import writeFileAtomic from 'write-file-atomic';
import { isSegment } from '../cache/file-path.js';
import { STORES } from './choices.js';
import { Failure, UsageError } from './failure.js';
import { shortPath } from './terminal.js';

/**
 * What a profile says, and what the flags of a command can say in its place.
 * @typedef {object} Settings
 * @property {string} [clientId]
 * @property {string} [tenant] a tenant's id or domain
 * @property {string} [authority] a URL
 * @property {boolean} [oidc] the authority is an OpenID provider
 * @property {string} [deviceEndpoint] a URL, of a plain OAuth server
 * @property {string} [tokenEndpoint] a URL, of a plain OAuth server
 * @property {string[]} [knownAuthorities] hosts
 * @property {string[]} [scopes]
 * @property {string} [resource]
 * @property {string} [account] whose token: what they type to sign in
 * @property {(typeof STORES)[number]} [store] where tokens are kept
 */

/** The settings, each with its flag and what may be in it. @type {Record<keyof Settings, { flag: string, check: (value: unknown) => string | undefined }>} */
export const SETTINGS = {
  clientId: { flag: '--client-id', check: text },
  tenant: { flag: '--tenant', check: tenant },
  authority: { flag: '--authority', check: url },
  oidc: { flag: '--oidc', check: (value) => (typeof value === 'boolean' ? undefined : 'it must be true or false') },
  deviceEndpoint: { flag: '--device-endpoint', check: url },
  tokenEndpoint: { flag: '--token-endpoint', check: url },
  knownAuthorities: { flag: '--known-authority', check: texts },
  scopes: { flag: '--scope', check: texts },
  resource: { flag: '--resource', check: text },
  account: { flag: '--account', check: text },
  store: { flag: '--store', check: (value) => (STORES.some((store) => store === value) ? undefined : `it must be one of ${STORES.join(', ')}`) },
};

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' && value.trim() ? undefined : 'it must be a text that is not empty';
}

/** @param {unknown} value */
function texts(value) {
  return Array.isArray(value) && value.every((one) => !text(one)) ? undefined : 'it must be a list of texts';
}

/** @param {unknown} value */
function tenant(value) {
  return typeof value === 'string' && /^[\w.-]+$/.test(value)
    ? undefined
    : 'it must be the id or the domain of a tenant, such as contoso.com, or common, organizations or consumers';
}

/** @param {unknown} value */
function url(value) {
  return typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value) ? undefined : 'it must be a URL that begins with https://';
}

/** The folder of profiles. */
export function configFolder() {
  return process.env.DOORCODE_CONFIG_DIR || envPaths('doorcode', { suffix: '' }).config;
}

const pathOf = (/** @type {string} */ name) => join(configFolder(), 'profiles', `${name}.json`);
const defaultPath = () => join(configFolder(), 'default-profile');

/** @param {string} name @throws {UsageError} if no file can have that name */
export function checkName(name) {
  if (isSegment(name) && !name.startsWith('.') && !name.startsWith('-')) return name;
  throw new UsageError(`A profile cannot be called ${JSON.stringify(name)}.`, 'Take a name of letters, digits, "-", "_" and ".", such as work.');
}

/**
 * @param {unknown} value what was read
 * @param {string} where for the error
 * @returns {Settings}
 * @throws {Failure} naming the field that is wrong, and the fix
 */
export function checkSettings(value, where) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Failure(`${where} is no profile.`, 'A profile is a JSON object, as `doorcode config export` prints it.');
  for (const [field, content] of Object.entries(value)) {
    const setting = SETTINGS[/** @type {keyof Settings} */ (field)];
    if (!setting) {
      const isSecret = /secret|password|token$|key$/i.test(field);
      const fix = isSecret ? 'A profile holds no secrets: doorcode signs people in to apps that have none. Remove it.' : `Remove it; there are ${Object.keys(SETTINGS).join(', ')}.`;
      throw new Failure(`${where}: ${field}: there is no such field in a profile.`, fix);
    }
    const wrong = setting.check(content);
    if (wrong) throw new Failure(`${where}: ${field}: ${wrong}.`, `Correct ${field}; the flag for it is ${setting.flag}.`);
  }
  return value;
}

/** The names of all profiles. */
export async function profileNames() {
  const files = await readdir(join(configFolder(), 'profiles')).catch(ifMissing(/** @type {string[]} */ ([])));
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length)).sort();
}

/** @param {string} name @returns {Promise<Settings>} @throws {Failure} if there is none, or it cannot be read */
export async function readProfile(name) {
  const path = pathOf(checkName(name));
  const json = await readFile(path, 'utf8').catch(ifMissing(undefined));
  if (json === undefined) {
    const names = await profileNames();
    const known = names.length > 0 ? `There are ${names.join(', ')}.` : 'There is none yet.';
    throw new UsageError(`There is no profile ${name}.`, `${known} Make it with: doorcode config create ${name}`);
  }
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Failure(`The profile ${name} is no JSON: ${shortPath(path)}`, 'Mend the file, or delete it and make the profile anew.');
  }
  return checkSettings(value, `The profile ${name} (${shortPath(path)})`);
}

/** Writes a profile, whole or not at all. @param {string} name @param {Settings} settings */
export async function writeProfile(name, settings) {
  await write(pathOf(checkName(name)), `${JSON.stringify(settings, null, 2)}\n`);
}

/** @param {string} name @returns {Promise<boolean>} whether there is one */
export async function hasProfile(name) {
  return (await profileNames()).includes(checkName(name));
}

/** @param {string} name */
export async function deleteProfile(name) {
  await readProfileText(name);
  await unlink(pathOf(name));
  if ((await defaultProfile()) === name) await unlink(defaultPath()).catch(ifMissing(undefined));
}

/** @param {string} name @throws {UsageError} if there is none; what is in it does not matter */
async function readProfileText(name) {
  if (!(await hasProfile(name))) await readProfile(name);
}

/** The profile that counts where none is named. @returns {Promise<string | undefined>} */
export async function defaultProfile() {
  const name = await readFile(defaultPath(), 'utf8').catch(ifMissing(''));
  return name.trim() || undefined;
}

/** @param {string} name */
export async function setDefaultProfile(name) {
  await readProfile(name);
  await write(defaultPath(), `${name}\n`);
}

/** @param {string} path @param {string} content */
async function write(path, content) {
  await mkdir(join(configFolder(), 'profiles'), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, content, { mode: 0o600 });
}

/** What there is instead of a file that is not there. @template T @param {T} value */
function ifMissing(value) {
  return (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
}
