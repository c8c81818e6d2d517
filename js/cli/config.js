// `doorcode config`: profiles.

import { rm, stat } from 'node:fs/promises';
import { configurationOf, flagsOf } from './application.js';
import { UsageError } from './failure.js';
import { writePrivate } from './files.js';
import { isStandardInput, readInput } from './input.js';
import {
  alreadyThere, checkName, checkSettings, createProfile, currentProfile, defaultProfile, deleteProfile, hasProfile, ordered, profileNames, readProfile,
  replaceProfile, SETTINGS, setDefaultProfile,
} from './profiles.js';
import { tokenFolder, usualKind } from './store.js';
import { aligned, asJson, canAsk, clean, mark, print, say, shortPath, styled } from './terminal.js';

/** @import { Failure } from './failure.js' */
/** @import { Settings } from './profiles.js' */

/** More than any profile has. In bytes. */
const LONGEST = 65_536;

/** @param {{ default?: boolean, [flag: string]: unknown }} options @param {AbortSignal} signal @param {string} [name] */
export async function create(options, signal, name) {
  const given = flagsOf(options);
  if (name !== undefined && (await hasProfile(name))) throw alreadyThere(name);
  if ((name !== undefined && given.clientId) || !canAsk()) {
    if (name === undefined) throw new UsageError('A profile needs a name.', 'Give it: doorcode config create work --client-id <id>');
    return add(name, checked(given), options.default);
  }
  const { askName, askSettings } = await import('./questions.js');
  const chosen = name ?? (await askName(await profileNames(), signal));
  await add(chosen, checked(await askSettings(given, {}, signal)), options.default);
}

/** @param {string} name @param {Settings} settings @param {boolean} [isDefault] the first one is anyway */
async function add(name, settings, isDefault) {
  const isFirst = (await profileNames()).length === 0;
  await createProfile(name, settings);
  if (isDefault || isFirst) await setDefaultProfile(name);
  const isUsual = (await defaultProfile()) === name;
  say(`${mark('done')} There is a profile ${styled('bold', name)} now${isUsual ? '; it is the default one' : ''}.`);
  say(`  Use it: doorcode get-token${isUsual ? '' : ` --profile ${name}`}`);
}

/** Settings that go together. @param {Settings} settings */
function checked(settings) {
  if (!settings.clientId) throw new UsageError('A profile needs the app that people sign in to.', 'Give its id: --client-id <id>');
  configurationOf(settings);
  return settings;
}

/** @param {{ json?: boolean }} options */
export async function list({ json }) {
  const [usual, names] = await Promise.all([defaultProfile(), profileNames()]);
  const profiles = await Promise.all(names.map(async (name) => {
    const read = await readProfile(name).then((settings) => ({ settings }), (/** @type {Failure} */ error) => ({ error }));
    return { name, isUsual: name === usual, ...read };
  }));
  if (profiles.length === 0) {
    say('There is no profile yet.');
    say('  Make one: doorcode config create');
  }
  if (json) {
    await print(`${asJson(profiles.map((profile) => ({
      name: profile.name,
      default: profile.isUsual,
      ...('settings' in profile ? ordered(profile.settings) : { error: clean(profile.error.message) }),
    })))}\n`);
  } else if (profiles.length > 0) {
    const rows = profiles.map((profile) => [profile.isUsual ? '*' : '', profile.name, ...('settings' in profile ? columns(profile.settings) : ['(damaged)'])]);
    const [heading, ...lines] = aligned([['', 'NAME', 'CLIENT ID', 'SIGN IN AT', 'SCOPES', 'STORE'], ...rows]);
    await print(`${[styled('bold', heading ?? '', process.stdout), ...lines].join('\n')}\n`);
  }
  for (const profile of profiles) {
    if (!('error' in profile)) continue;
    say(`${mark('warning')} ${clean(profile.error.message)}`);
    if (profile.error.remedy) say(`  ${clean(profile.error.remedy)}`);
  }
}

/** @param {Settings} settings */
function columns({ clientId, authority, tenant, tokenEndpoint, scopes, store }) {
  const server = [authority ?? (tokenEndpoint && new URL(tokenEndpoint).origin), tenant].filter(Boolean).join(' ');
  return [clientId ?? '', server || 'common', scopes?.join(' ') ?? '', store ?? usualKind()];
}

/** @param {{ json?: boolean }} options @param {AbortSignal} signal @param {string} [given] */
export async function show({ json }, signal, given) {
  const name = await named(given);
  const settings = await readProfile(name);
  if (json) return print(`${asJson({ name, ...ordered(settings) })}\n`);
  const isUsual = name === (await defaultProfile());
  const fields = Object.entries(ordered(settings)).map(([field, value]) => [nameOfFlag(/** @type {keyof Settings} */ (field)), [value].flat().join(' ')]);
  await print(`${aligned([['name', `${name}${isUsual ? ' (default)' : ''}`], ...fields]).join('\n')}\n`);
}

/** @param {{ unset?: string[], [flag: string]: unknown }} options @param {AbortSignal} signal @param {string} [name] */
export async function edit(options, signal, name) {
  const profile = await named(name);
  const present = await readProfile(profile);
  const given = flagsOf(options);
  const unset = (options.unset ?? []).map(fieldCalled);
  if (Object.keys(given).length > 0 || unset.length > 0) {
    const both = unset.find((field) => given[field] !== undefined);
    if (both) throw new UsageError(`${SETTINGS[both].flag} sets what --unset removes.`, 'Give one of them.');
    await rewrite(profile, present, checkedEdit({ ...present, ...given, ...Object.fromEntries(unset.map((field) => [field, undefined])) }));
  } else {
    if (!canAsk()) throw new UsageError('It is not said what to change.', 'Give what is to be otherwise, such as --scope User.Read, or --unset and a field.');
    const { askSettings } = await import('./questions.js');
    await rewrite(profile, present, checkedEdit(await askSettings({}, present, signal)));
  }
  say(`${mark('done')} The profile ${styled('bold', profile)} is changed.`);
}

/**
 * Writes what is in a profile anew. Tokens of its former tenant or server would be taken for those of the new one, so they go first.
 * @param {string} name @param {Settings} former @param {Settings} settings
 */
async function rewrite(name, former, settings) {
  const whom = (/** @type {Settings} */ { authority, tenant = authority ? '' : 'common' }) => [authority ?? 'https://login.microsoftonline.com', tenant].filter(Boolean).join('/');
  if (whom(former) !== whom(settings)) {
    const { folder, isThere } = await tokensOf(name);
    await rm(folder, { recursive: true, force: true });
    if (isThere) say(`${mark('info')} Its tokens were those of another tenant or server, and are deleted: sign in again.`);
  }
  await replaceProfile(name, settings);
}

/** @param {string} name of a profile */
async function tokensOf(name) {
  const folder = await tokenFolder(name);
  return { folder, isThere: await stat(folder).then(() => true, () => false) };
}

/** @param {Settings} settings */
function checkedEdit(settings) {
  try {
    return checked(settings);
  } catch (error) {
    const { message, remedy } = /** @type {Failure} */ (error);
    throw new UsageError(message, `${remedy} What the profile has is taken out by --unset, such as: --unset tenant`);
  }
}

/** @param {string} name of a field, or of its flag @returns {keyof Settings} */
function fieldCalled(name) {
  const fields = /** @type {(keyof Settings)[]} */ (Object.keys(SETTINGS));
  const field = fields.find((one) => [one, nameOfFlag(one), SETTINGS[one].flag].includes(name));
  if (field) return field;
  throw new UsageError(`--unset: there is no field ${name} in a profile.`, `There are ${fields.map(nameOfFlag).join(', ')}.`);
}

/** @param {keyof Settings} field */
function nameOfFlag(field) {
  return SETTINGS[field].flag.slice('--'.length);
}

/** @param {{ yes?: boolean }} options @param {AbortSignal} signal @param {string} name */
export async function remove({ yes }, signal, name) {
  if (!(await hasProfile(name))) await readProfile(name); // which says so
  const { folder, isThere: hasTokens } = await tokensOf(name);
  if (!yes) {
    if (!canAsk()) throw new UsageError(`Nobody can be asked here whether the profile ${name} may be deleted.`, `Give --yes: doorcode config delete ${name} --yes`);
    const { askWhether } = await import('./questions.js');
    await askWhether(`Delete the profile ${name}${hasTokens ? ' and its tokens' : ''}?`, signal);
  }
  // First: whoever has no profile any more would not find its tokens.
  await rm(folder, { recursive: true, force: true });
  const wasUsual = (await defaultProfile()) === name;
  await deleteProfile(name);
  say(`${mark('done')} The profile ${styled('bold', name)} is deleted.`);
  if (hasTokens) say(`  So are its tokens, which were in ${shortPath(folder)}`);
  if (wasUsual && (await profileNames()).length > 0) say('  It was the default one. Choose another: doorcode config set-default <name>');
}

/** @param {{ outputFile?: string }} options @param {AbortSignal} signal @param {string} [given] */
export async function exportProfile({ outputFile }, signal, given) {
  const name = await named(given);
  const json = `${asJson({ name, ...ordered(await readProfile(name)) })}\n`;
  if (outputFile === undefined) return print(json);
  await writePrivate(outputFile, json);
  say(`${mark('done')} Written to ${shortPath(outputFile)}`);
}

/** @param {{ name?: string, replace?: boolean }} options @param {AbortSignal} signal @param {string} [file] */
export async function importProfile({ name: given, replace }, signal, file) {
  const where = isStandardInput(file) ? 'Standard input' : shortPath(file);
  const { name: written, ...read } = parsed(await readText(file, where, signal), where);
  const chosen = given ?? written;
  if (typeof chosen !== 'string') throw new UsageError(`${where}: name: there is none.`, 'Say what to call the profile: --name <name>');
  checkName(chosen);
  const settings = checkSettings(read, where);
  if (!settings.clientId) throw new UsageError(`${where}: clientId: there is none.`, 'A profile needs the id of the app that people sign in to: add clientId.');
  configurationOf(settings);
  if (!(await hasProfile(chosen))) return add(chosen, settings);
  if (!replace) throw new UsageError(`There is a profile ${chosen} already.`, 'Give it another name with --name, or replace it with --replace.');
  const former = await readProfile(chosen); // What is damaged is left for somebody to look at.
  await rewrite(chosen, former, settings);
  say(`${mark('done')} The profile ${styled('bold', chosen)} is replaced.`);
}

/** @param {string | undefined} file @param {string} where for errors @param {AbortSignal} signal */
async function readText(file, where, signal) {
  if (isStandardInput(file) && process.stdin.isTTY) say('Paste what `doorcode config export` printed, and press Ctrl-D on a line of its own.');
  const tooLong = new UsageError(`${where} is too long to be a profile.`, 'Import what `doorcode config export` printed.');
  const bytes = await readInput(file, signal, LONGEST, tooLong);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${where} is no text in UTF-8.`, 'Save it as UTF-8, or export with --output-file.');
  }
}

/** @param {string} json @param {string} where @returns {Record<string, unknown>} */
function parsed(json, where) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    throw new UsageError(`${where} is no JSON.`, 'Import what `doorcode config export` printed.');
  }
  if (Array.isArray(value)) throw new UsageError(`${where} is a list.`, 'Import one profile at a time, as `doorcode config export` prints it.');
  if (typeof value === 'object' && value !== null) return /** @type {Record<string, unknown>} */ (value);
  throw new UsageError(`${where} is no profile.`, 'Import what `doorcode config export` printed.');
}

/** @param {unknown} options @param {AbortSignal} signal @param {string} name */
export async function setDefault(options, signal, name) {
  await readProfile(name);
  await setDefaultProfile(name);
  say(`${mark('done')} The profile ${styled('bold', name)} is the default one.`);
}

/** @param {string | undefined} given */
async function named(given) {
  const name = given ?? (await currentProfile());
  if (name !== undefined) return name;
  throw new UsageError('No profile is named, and there is no default one.', 'Name one that `doorcode config list` shows.');
}
