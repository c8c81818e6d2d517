// The application that a command's flags and its profile describe.

import { Failure, UsageError } from './failure.js';
import { currentProfile, readProfile, SETTINGS } from './profiles.js';
import { openStore } from './store.js';
import { clean, say } from './terminal.js';

/** @import { Settings } from './profiles.js' */

/** Of a service. Taken out of the environment: what is started from here, such as a browser, need not have it. */
export const { DOORCODE_CLIENT_SECRET: clientSecret } = process.env;
delete process.env.DOORCODE_CLIENT_SECRET;

/**
 * @typedef {{ profile?: string, verbose?: boolean, [flag: string]: unknown }} Whom the flags of a command that has those of `SETTINGS`
 */

/**
 * @typedef {object} Application
 * @property {import('doorcode').PublicClientApplication} pca
 * @property {import('doorcode').Configuration} configuration it was made from, without the store
 * @property {Settings} settings of the profile, with the flags over them
 * @property {string} [profile] its name
 * @property {import('./store.js').Store} store
 * @property {string} [authority] to be named with each request: what is kept may be another tenant's
 */

/** @param {Whom} options @returns {Promise<Application>} */
export async function openApplication(options) {
  const { profile, settings } = await chosen(options);
  const configuration = configurationOf(settings, options.verbose);
  const application = await opened(configuration, profile, settings);
  // A tenant's domain does not say whose tokens are its own. With a profile all are, if nothing else was asked for; else the server is asked.
  const { authority } = configuration.auth;
  const isShared = profile === undefined || options.tenant !== undefined || options.authority !== undefined;
  return { ...application, ...(isShared && authority !== undefined && { authority }) };
}

/** For a look at who is signed in: that is the same for every app, and nobody is asked, so none need be named. @param {Whom} options */
export async function openStoreAlone(options) {
  const { profile, settings } = await chosen(options);
  return opened(configurationOf({ clientId: settings.clientId ?? 'any' }, options.verbose), profile, settings);
}

/**
 * @param {import('doorcode').Configuration} configuration
 * @param {string | undefined} profile
 * @param {Settings} settings
 * @returns {Promise<Application>}
 */
async function opened(configuration, profile, settings) {
  const store = await openStore(profile, settings.store);
  const { PublicClientApplication } = await import('doorcode');
  const pca = new PublicClientApplication({ ...configuration, cache: { cachePlugin: store.plugin } });
  return { pca, configuration, settings, store, ...(profile && { profile }) };
}

/**
 * What counts: the flags, and behind them the profile that is named, or the usual one if the flags name no app.
 * @param {Whom} options
 * @returns {Promise<{ profile: string | undefined, settings: Settings }>}
 */
export async function chosen(options) {
  const given = flagsOf(options);
  const profile = options.profile ?? (given.clientId ? undefined : await currentProfile());
  return { profile, settings: { ...(profile !== undefined && (await readProfile(profile))), ...given } };
}

/** The settings among a command's flags. @param {Record<string, unknown>} options as commander names them @returns {Settings} */
export function flagsOf(options) {
  /** @type {Record<string, unknown>} */
  const given = {};
  for (const [field, { flag, check }] of Object.entries(SETTINGS)) {
    const value = options[flag.slice('--'.length).replace(/-(.)/g, (_, letter) => letter.toUpperCase())];
    if (value === undefined) continue;
    const wrong = check(value);
    if (wrong) throw new UsageError(`${flag}: ${wrong}.`, `Correct what is behind ${flag}.`);
    given[field] = value;
  }
  return given;
}

/** The library's configuration, without a store. @param {Settings} settings @param {boolean} [isVerbose] @returns {import('doorcode').Configuration} */
export function configurationOf(settings, isVerbose) {
  const { clientId, oidc, deviceEndpoint, tokenEndpoint, knownAuthorities } = settings;
  if (!clientId) throw new UsageError('It is not said which app people are to sign in to.', 'Give --client-id, or make a profile: doorcode config create');
  if (isService(settings) && settings.account) throw new UsageError('With --flow client-credentials nobody signs in, and --account names somebody.', 'Leave out one of them.');
  const authority = authorityOf(settings);
  return {
    auth: {
      clientId,
      ...(authority && { authority }),
      ...(knownAuthorities && { knownAuthorities }),
      ...(deviceEndpoint && tokenEndpoint && { authorityMetadata: { device_authorization_endpoint: deviceEndpoint, token_endpoint: tokenEndpoint } }),
    },
    system: {
      ...(oidc && { protocolMode: 'OIDC' }),
      loggerOptions: isVerbose ? { logLevel: 3, loggerCallback: (_, line) => say(clean(line)) } : {},
    },
  };
}

/** Whether nobody signs in. @param {Settings} settings */
export function isService({ flow }) {
  return flow === 'client-credentials';
}

/** @param {Settings} settings @returns {string | undefined} undefined for the library's own */
function authorityOf({ tenant, authority, oidc, deviceEndpoint, tokenEndpoint }) {
  if (deviceEndpoint || tokenEndpoint) {
    if (!deviceEndpoint || !tokenEndpoint) throw new UsageError('A plain OAuth server needs both its endpoints.', 'Give --device-endpoint and --token-endpoint.');
    return authority ?? new URL(tokenEndpoint).origin;
  }
  if (oidc && !authority) throw new UsageError('--oidc says that the authority is an OpenID provider, and there is no authority.', 'Give its issuer as --authority.');
  if (!tenant) return authority;
  if (oidc) throw new UsageError('An OpenID provider has no tenants.', 'Leave out --tenant; --authority is the issuer.');
  return `${authority ? new URL(authority).origin : 'https://login.microsoftonline.com'}/${tenant}`;
}

/**
 * The accounts that `--account` means: all that go by that name.
 * @param {Application} application
 * @returns {Promise<import('doorcode').AccountInfo[] | undefined>} undefined if nobody is named
 */
export async function namedAccounts({ pca, settings: { account: name } }) {
  if (name === undefined) return undefined;
  const accounts = await pca.getAllAccounts();
  return accounts.filter((account) => isCalled(account, name));
}

/** @param {import('doorcode').AccountInfo} account @param {string} name */
export function isCalled({ username, homeAccountId, localAccountId }, name) {
  return [username, homeAccountId, localAccountId].some((known) => known && known.toLowerCase() === name.toLowerCase());
}

/** What to call an account. @param {import('doorcode').AccountInfo | null | undefined} account */
export function nameOf(account) {
  return clean(account?.username || account?.name || account?.homeAccountId || '');
}

/** @param {Pick<Application, 'profile'>} application @param {string} name */
export function notSignedIn({ profile }, name) {
  return new Failure(`${clean(name)} is not signed in.`, `See who is with: doorcode accounts${profile ? ` --profile ${profile}` : ''}`);
}
