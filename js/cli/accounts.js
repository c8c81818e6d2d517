// `doorcode accounts`, `sign-out` and `refresh`

import { checkFlags, signInNeeded, silently } from './acquire.js';
import { isCalled, isService, nameOf, notSignedIn, openApplication, openStoreAlone } from './application.js';
import { Exit, Failure, UsageError } from './failure.js';
import { aligned, asJson, canAsk, clean, mark, print, say, styled } from './terminal.js';
import { fromNow, iso } from './times.js';

/**
 * @import { AccountInfo } from 'doorcode'
 * @import { Application, Whom } from './application.js'
 */

const WRITABLE = 'See that the file can be written to, and its folder; or name another folder: DOORCODE_CONFIG_DIR';

/** @param {Whom & { json?: boolean }} options */
export async function accounts(options) {
  const application = await openStoreAlone(options);
  const known = await application.pca.getAllAccounts();
  if (options.json) await print(`${asJson(known.map(described))}\n`);
  else if (known.length > 0) await print(table(known));
  if (known.length === 0) sayNobody(application);
}

/** @param {AccountInfo} account */
function described({ username, name, tenantId, environment, homeAccountId, localAccountId }) {
  return {
    username: username || null,
    name: name || null,
    tenant_id: tenantId || null,
    environment,
    home_account_id: homeAccountId,
    local_account_id: localAccountId || null,
  };
}

/** @param {AccountInfo[]} known */
function table(known) {
  const rows = known.map((account) => [nameOf(account), account.name ?? '', account.tenantId, account.environment].map((cell) => cell || '-'));
  // For people; who counts lines finds one for each account.
  if (process.stdout.isTTY) rows.unshift(['USER', 'NAME', 'TENANT', 'SERVER']);
  return aligned(rows).map((line) => `${line}\n`).join('');
}

/** @param {Application} application */
function sayNobody({ profile }) {
  say(`${mark('info')} Nobody is signed in${profile ? ` with the profile ${clean(profile)}` : ''}.`);
  say(`  Sign in with: doorcode get-token${profile ? ` --profile ${clean(profile)}` : ''}`);
}

/** @param {Whom & { all?: boolean }} options @param {AbortSignal} signal */
export async function signOut(options, signal) {
  const application = await openStoreAlone(options);
  const { pca, store } = application;
  const known = await pca.getAllAccounts();
  if (known.length === 0) return sayNobody(application);
  if (store.unsaved) throw new Failure(`Nobody can be signed out: what is kept cannot be changed (${store.unsaved}).`, WRITABLE);
  for (const account of await leaving(application, people(known), options.all ?? false, signal)) {
    await pca.signOut({ account });
    say(`${mark('done')} Signed out ${styled('bold', nameOf(account))}.`);
  }
}

/**
 * @param {Application} application
 * @param {AccountInfo[][]} known
 * @param {boolean} isAll
 * @param {AbortSignal} signal
 * @returns {Promise<AccountInfo[]>} one account for each who is to be signed out
 */
async function leaving({ profile, settings: { account: name } }, known, isAll, signal) {
  const firsts = (/** @type {AccountInfo[][]} */ those) => those.flatMap(([first]) => first ?? []);
  if (isAll) return firsts(known);
  if (name !== undefined) {
    const called = known.filter((accounts) => accounts.some((account) => isCalled(account, name)));
    if (called.length === 0) throw notSignedIn({ profile }, name);
    return firsts(called);
  }
  if (known.length === 1) return firsts(known);
  if (canAsk()) return pick(firsts(known), signal);
  throw new UsageError(`Several people are signed in: ${firsts(known).map(nameOf).join(', ')}.`, 'Name one with --account, or sign everybody out with --all.');
}

/** The accounts by person: who signs out does so from all tenants. @param {AccountInfo[]} known @returns {AccountInfo[][]} */
function people(known) {
  /** @type {Map<string, AccountInfo[]>} */
  const found = new Map();
  for (const account of known) {
    const person = `${account.homeAccountId} ${account.environment}`;
    found.set(person, [...(found.get(person) ?? []), account]);
  }
  return [...found.values()];
}

/** @param {AccountInfo[]} known @param {AbortSignal} signal */
async function pick(known, signal) {
  const { isCancel, select } = await import('@clack/prompts');
  const choice = await select({
    message: 'Who is to be signed out?',
    options: [
      ...known.map((account) => ({ value: [account], label: nameOf(account), hint: clean(account.environment) })),
      { value: known, label: 'Everybody' },
    ],
    output: process.stderr,
    signal,
  });
  if (isCancel(choice)) throw new Failure('Nobody was signed out.', '', { exit: Exit.cancelled });
  return choice;
}

/** @param {Whom} options @param {AbortSignal} signal */
export async function refresh(options, signal) {
  const application = await openApplication(options);
  const { settings: { scopes = [], resource }, store } = application;
  // A refresh token may be good for one use only: spent here and not kept, it would be lost.
  if (store.unsaved) throw new Failure(`A renewed token could not be kept (${store.unsaved}).`, WRITABLE);
  checkFlags(options, application.settings);
  const request = { scopes, signal, ...(resource && { resource }) };
  const renewed = async () => {
    if (!isService(application.settings)) return silently(application, { ...request, forceRefresh: true });
    const { tokenForService } = await import('./service.js');
    return tokenForService(application, { ...request, skipCache: true });
  };
  try {
    const { account, expiresOn } = await renewed();
    const until = expiresOn ? `good until ${iso(expiresOn)} (${fromNow(expiresOn)})` : 'the server does not say until when it is good';
    await print(`${nameOf(account) || 'The token'}: renewed, ${until}\n`);
  } catch (error) {
    if (!(/** @type {import('doorcode').AuthError} */ (error).needsInteraction)) throw error;
    throw signInNeeded(application, error, options, 'and refresh asks nobody');
  }
}
