// Profiles: whom to ask, for what, under a name. One file each, without secrets, in the platform's folder for configuration.

import { readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import envPaths from 'env-paths';
import { makeFolder } from '../cache/file-lock.js';
import { isSegment } from '../cache/file-path.js';
import { system } from '../cache/file-system.js';
import { FLOWS, STORES } from './choices.js';
import { Failure, UsageError } from './failure.js';
import { reasonOf, replaceFile } from './files.js';
import { clean, shortPath } from './terminal.js';

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
 * @property {(typeof FLOWS)[number]} [flow] how a token is had
 * @property {string} [clientCertificate] the path of a file
 * @property {string} [clientAssertionFile] the path of a file
 */

/** The settings, each with its flag and what may be in it. @type {Record<keyof Settings, { flag: string, check: (value: unknown) => string | undefined }>} */
export const SETTINGS = {
  clientId: { flag: '--client-id', check: text },
  tenant: { flag: '--tenant', check: tenant },
  authority: { flag: '--authority', check: url },
  oidc: { flag: '--oidc', check: (value) => (typeof value === 'boolean' ? undefined : 'it must be true or false') },
  deviceEndpoint: { flag: '--device-endpoint', check: url },
  tokenEndpoint: { flag: '--token-endpoint', check: url },
  knownAuthorities: { flag: '--known-authority', check: words },
  scopes: { flag: '--scope', check: words },
  resource: { flag: '--resource', check: text },
  account: { flag: '--account', check: text },
  store: { flag: '--store', check: oneOf(STORES) },
  flow: { flag: '--flow', check: oneOf(FLOWS) },
  clientCertificate: { flag: '--client-certificate', check: path },
  clientAssertionFile: { flag: '--client-assertion-file', check: path },
};

/** @param {readonly string[]} values @returns {(value: unknown) => string | undefined} */
function oneOf(values) {
  return (value) => (values.some((one) => one === value) ? undefined : `it must be one of ${values.join(', ')}`);
}

/** A command is run now in one folder and now in another. @param {unknown} value */
function path(value) {
  return text(value) ?? (isAbsolute(String(value)) ? undefined : 'it must be the whole path of a file, from the root on');
}

/** @param {unknown} value */
function text(value) {
  if (typeof value !== 'string' || !value.trim()) return 'it must be a text that is not empty';
  return clean(value) === value ? undefined : 'it must be without control characters';
}

/** @param {unknown} value */
function words(value) {
  return Array.isArray(value) && value.every((one) => !text(one) && !/\s/.test(one)) ? undefined : 'it must be a list of texts without spaces';
}

/** @param {unknown} value */
function tenant(value) {
  return typeof value === 'string' && /^[\w.-]+$/.test(value)
    ? undefined
    : 'it must be the id or the domain of a tenant, such as contoso.com, or common, organizations or consumers';
}

/** @param {unknown} value */
function url(value) {
  const wrong = 'it must be a URL that begins with https:// (http:// is for this machine alone)';
  if (typeof value !== 'string' || text(value) || /\s/.test(value) || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return wrong;
  const { protocol, hostname, username, password } = new URL(value);
  if (protocol === 'http:' && !isThisMachine(hostname)) return wrong;
  return username || password ? 'it must be a URL without a user and a password' : undefined;
}

/** Whether plain http reaches nobody else: the library's own rule. @param {string} hostname of a `URL` */
export function isThisMachine(hostname) {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The folder of profiles. */
export function configFolder() {
  const folder = process.env.DOORCODE_CONFIG_DIR || envPaths('doorcode', { suffix: '' }).config;
  // Where somebody happens to be there may be profiles that others have put there.
  if (!process.env.DOORCODE_CONFIG_DIR && !isAbsolute(folder)) throw homeless();
  return folder;
}

/** Nobody says where a person's files are. */
export function homeless() {
  return new Failure('No home folder is known.', 'Set HOME (and XDG_CONFIG_HOME if it is set) to an absolute path, or name a folder: DOORCODE_CONFIG_DIR');
}

const folder = () => join(configFolder(), 'profiles');

/** The file of a profile. @param {string} name */
export function profilePath(name) {
  return join(folder(), `${name}.json`);
}

const defaultPath = () => join(configFolder(), 'default-profile');

/** Whether a file can have that name, and a shell, which completes it, need not be told that it is only a name. @param {string} name */
function isName(name) {
  return /^\w[\w.-]*$/.test(name) && isSegment(name);
}

/** @param {string} name @throws {UsageError} */
export function checkName(name) {
  if (isName(name)) return name;
  throw new UsageError(`A profile cannot be called ${JSON.stringify(name)}.`, 'Take a name of letters from a to z, digits, "-", "_" and ".", such as work.');
}

/**
 * @param {unknown} value what was read
 * @param {string} where for the error
 * @returns {Settings}
 * @throws {UsageError} naming the field that is wrong, and the fix
 */
export function checkSettings(value, where) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`${where} is no profile.`, 'A profile is a JSON object, as `doorcode config export` prints it.');
  for (const [field, content] of Object.entries(value)) {
    const setting = Object.hasOwn(SETTINGS, field) ? SETTINGS[/** @type {keyof Settings} */ (field)] : undefined;
    if (!setting) {
      const isSecret = /secret|password|token$|key$/i.test(field);
      const fix = isSecret ? 'A profile holds no secrets: remove it. That of an app goes into DOORCODE_CLIENT_SECRET.' : `Remove it; there are ${Object.keys(SETTINGS).join(', ')}.`;
      throw new UsageError(`${where}: ${field}: there is no such field in a profile.`, fix);
    }
    const wrong = setting.check(content);
    if (wrong) throw new UsageError(`${where}: ${field}: ${wrong}.`, `Correct ${field}; the flag for it is ${setting.flag}.`);
  }
  return value;
}

/** The names of all profiles. */
export async function profileNames() {
  const files = await readdir(folder()).catch(ifMissing(/** @type {string[]} */ ([])));
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length)).filter(isName).sort();
}

/** @param {string} name @returns {Promise<Settings>} @throws {UsageError} if there is none, or it cannot be read */
export async function readProfile(name) {
  const path = profilePath(checkName(name));
  const json = await readFile(path, 'utf8').catch(ifMissing(undefined));
  if (json === undefined) throw await missing(name);
  const damaged = `Mend the file, or delete it and make the profile anew: doorcode config delete ${name}`;
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    throw new UsageError(`The profile ${name} is no JSON: ${shortPath(path)}`, damaged);
  }
  return checkSettings(value, `The profile ${name} (${shortPath(path)})`);
}

/** @param {string} name of no profile */
async function missing(name) {
  const names = await profileNames();
  const known = names.length > 0 ? `There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}.` : 'There is none yet.';
  const named = name === process.env.DOORCODE_PROFILE ? ', which DOORCODE_PROFILE names' : name === (await defaultProfile()) ? ', which is the default one' : '';
  return new UsageError(`There is no profile ${name}${named}.`, `${known} Make it with: doorcode config create ${name}`);
}

/** Makes a profile; of two who do at once, one does. @param {string} name @param {Settings} settings @throws {UsageError} if there is one */
export async function createProfile(name, settings) {
  const path = profilePath(checkName(name));
  await writing(async () => {
    try {
      await writeFile(path, json(settings), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') throw alreadyThere(name);
      // The disk is full, or such; what was begun is ours.
      await rm(path, { force: true }).catch(() => {});
      throw error;
    }
  });
}

/** @param {string} name */
export function alreadyThere(name) {
  return new UsageError(`There is a profile ${name} already.`, `Change it: doorcode config edit ${name}. Or delete it first: doorcode config delete ${name}`);
}

/** Writes what is in a profile anew, whole or not at all. @param {string} name @param {Settings} settings */
export async function replaceProfile(name, settings) {
  await writing(() => replaceFile(profilePath(checkName(name)), json(settings)));
}

/** @param {string} name @returns {Promise<boolean>} whether there is one, be it damaged */
export async function hasProfile(name) {
  return (await profileNames()).includes(checkName(name));
}

/** @param {string} name what is in it does not matter */
export async function deleteProfile(name) {
  const wasDefault = (await defaultProfile()) === name;
  await writing(async () => {
    await unlink(profilePath(checkName(name)));
    if (wasDefault) await unlink(defaultPath()).catch(ifMissing(undefined));
  });
}

/** The profile that counts where no flag names one. @returns {Promise<string | undefined>} */
export async function currentProfile() {
  return process.env.DOORCODE_PROFILE || (await defaultProfile());
}

/** @returns {Promise<string | undefined>} */
export async function defaultProfile() {
  const name = await readFile(defaultPath(), 'utf8').catch(ifMissing(''));
  return name.trim() || undefined;
}

/** @param {string} name */
export async function setDefaultProfile(name) {
  await writing(() => replaceFile(defaultPath(), `${name}\n`));
}

/** What is said, in one order, and nothing of what is not. @param {Settings} settings @returns {Settings} */
export function ordered(settings) {
  const fields = /** @type {(keyof Settings)[]} */ (Object.keys(SETTINGS));
  return Object.fromEntries(fields.filter((field) => settings[field] !== undefined).map((field) => [field, settings[field]]));
}

/** @param {Settings} settings */
function json(settings) {
  return `${JSON.stringify(ordered(settings), null, 2)}\n`;
}

/** Changes something in the folder, which is made if need be. @param {() => Promise<void>} change */
async function writing(change) {
  try {
    await makeFolder(folder(), system.fs, system.platform);
    await change();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const why = reasonOf(cause, { ENOENT: 'the file system takes no folders', EEXIST: 'a file is in the place of a folder' });
    throw new Failure(`Profiles cannot be written to ${shortPath(configFolder())}: ${why}.`, 'Mend that, or name another folder: DOORCODE_CONFIG_DIR', { cause });
  }
}

/** What there is instead of a file that is not there. @template T @param {T} value */
function ifMissing(value) {
  return (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return value;
    throw error;
  };
}
