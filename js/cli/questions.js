// What `doorcode config` asks people at a terminal.

import { confirm, isCancel, select, text, updateSettings } from '@clack/prompts';
import { STORES } from './choices.js';
import { cancelled } from './failure.js';
import { checkName, SETTINGS } from './profiles.js';

/** @import { Settings } from './profiles.js' */

// Ctrl-D, at which there would be nothing more to read, and the question would stay.
updateSettings({ aliases: { '\u0004': 'cancel' } });

/** @param {string[]} taken @param {AbortSignal} signal */
export function askName(taken, signal) {
  return line('What is the profile to be called? (such as work)', signal, {
    check(name) {
      try {
        return taken.includes(checkName(name)) ? 'There is one of that name already.' : undefined;
      } catch (error) {
        return /** @type {import('./failure.js').Failure} */ (error).remedy;
      }
    },
  });
}

/**
 * @param {Settings} given by flags, which is not asked for
 * @param {Settings} present what there is already
 * @param {AbortSignal} signal
 * @returns {Promise<Settings>}
 */
export async function askSettings(given, present, signal) {
  const { tenant, authority, oidc, deviceEndpoint, tokenEndpoint, ...others } = present;
  const clientId = given.clientId ?? (await field('clientId', 'Which app do people sign in to? (its client id)', present, signal));
  const isServerGiven = [given.tenant, given.authority, given.oidc, given.deviceEndpoint, given.tokenEndpoint].some((one) => one !== undefined);
  const server = isServerGiven ? {} : await askServer(present, signal);
  const scopes = given.scopes ?? (await askScopes(present.scopes, signal));
  const store = given.store ?? (await askStore(present.store, signal));
  return { ...others, ...server, ...given, clientId, scopes, store };
}

/** Whom to ask. @param {Settings} present @param {AbortSignal} signal @returns {Promise<Settings>} */
async function askServer(present, signal) {
  const { tenant, authority, oidc, deviceEndpoint } = present;
  const kind = await answer(select({
    ...common(signal),
    message: 'Where do they sign in?',
    initialValue: deviceEndpoint ? 'oauth' : oidc ? 'openid' : authority ? 'authority' : 'tenant',
    options: [
      { value: 'tenant', label: 'Entra ID', hint: 'Microsoft accounts of work, school or home' },
      { value: 'authority', label: 'Entra ID elsewhere', hint: 'a national cloud, External ID, AD FS' },
      { value: 'openid', label: 'an OpenID provider', hint: 'such as Keycloak' },
      { value: 'oauth', label: 'a plain OAuth server', hint: 'such as GitHub' },
    ],
  }));
  switch (kind) {
    case 'tenant': return { tenant: await field('tenant', 'In which tenant? (id or domain; common for any)', present, signal, 'common') };
    case 'authority': {
      const whole = authority && tenant ? `${new URL(authority).origin}/${tenant}` : authority;
      return { authority: await field('authority', 'What is its URL, with the tenant?', { ...(whole && { authority: whole }) }, signal) };
    }
    case 'openid': return { authority: await field('authority', 'What is its issuer? (a URL)', present, signal), oidc: true };
    default: return {
      // Where it has a name besides its endpoints, it keeps it.
      ...(deviceEndpoint && authority && { authority }),
      deviceEndpoint: await field('deviceEndpoint', 'Where does it give device codes? (a URL)', present, signal),
      tokenEndpoint: await field('tokenEndpoint', 'Where does it give tokens? (a URL)', present, signal),
    };
  }
}

/** @param {string[] | undefined} present @param {AbortSignal} signal */
async function askScopes(present, signal) {
  const split = (/** @type {string} */ typed) => typed.split(/[\s,]+/).filter(Boolean);
  const typed = await line('Which scopes? (such as User.Read; several with spaces between; or none)', signal, {
    initialValue: present?.join(' '),
    defaultValue: '',
    check: (value) => SETTINGS.scopes.check(split(value)),
  });
  const scopes = split(typed);
  return scopes.length > 0 ? scopes : undefined;
}

/** @param {Settings['store']} present @param {AbortSignal} signal */
async function askStore(present, signal) {
  const labels = { file: 'in a file that only you may read', encrypted: 'in an encrypted file', memory: 'nowhere' };
  const store = await answer(select({
    ...common(signal),
    message: 'Where are the tokens to be kept?',
    initialValue: present ?? 'file',
    options: STORES.map((value) => ({ value, label: labels[value] })),
  }));
  // The usual, unless it was asked for by name: a key in the environment has it encrypted.
  return store === 'file' && present === undefined ? undefined : store;
}

/** @param {string} message @param {AbortSignal} signal @throws if not */
export async function askWhether(message, signal) {
  if (!(await answer(confirm({ ...common(signal), message, initialValue: false })))) throw cancelled();
}

/** @param {'clientId' | 'tenant' | 'authority' | 'deviceEndpoint' | 'tokenEndpoint'} name @param {string} message @param {Settings} present @param {AbortSignal} signal @param {string} [usual] */
function field(name, message, present, signal, usual) {
  return line(message, signal, { initialValue: present[name], ...(usual && { placeholder: usual, defaultValue: usual }), check: SETTINGS[name].check });
}

/**
 * @param {string} message
 * @param {AbortSignal} signal
 * @param {{ check: (value: string) => string | undefined, initialValue?: string | undefined, placeholder?: string, defaultValue?: string }} options
 * @returns {Promise<string>}
 */
async function line(message, signal, { check, initialValue, ...options }) {
  const typed = await answer(text({
    ...common(signal),
    ...options,
    ...(initialValue !== undefined && { initialValue }),
    message,
    validate: (value = '') => (value === '' && options.defaultValue !== undefined ? undefined : check(value.trim())),
  }));
  return typed.trim();
}

/** Questions are for people: stdout has the result. @param {AbortSignal} signal */
function common(signal) {
  return { output: process.stderr, signal };
}

/** @template T @param {Promise<T>} asked @returns {Promise<Exclude<T, symbol>>} */
async function answer(asked) {
  const value = await asked;
  if (isCancel(value)) throw cancelled();
  return /** @type {Exclude<T, symbol>} */ (value);
}
