// A token, from the cache if that will do, else from a person; or for a service.

import { flagsOf, isCalled, isService, nameOf, namedAccounts, openApplication } from './application.js';
import { Exit, Failure, messageOf, UsageError } from './failure.js';
import { openAndCopy, openPage } from './open.js';
import { SETTINGS } from './profiles.js';
import { makePrompt, showAddress } from './prompt.js';
import { quoted } from './result.js';
import { clean, mark, say, shortPath, styled } from './terminal.js';

/**
 * @import { Application, Whom } from './application.js'
 * @import { AuthenticationResult } from 'doorcode'
 * @import { Settings } from './profiles.js'
 */

/** How long people may take in a browser if nobody says, in seconds. */
const BROWSER_TIMEOUT = 300;

/**
 * @typedef {object} Asking the flags of how a token is to be had
 * @property {boolean} [silent] nobody is asked
 * @property {boolean} [forceRefresh]
 * @property {number} [timeout] seconds
 * @property {boolean} [renew] a code that expires is followed by another
 * @property {boolean} [qr]
 * @property {boolean} [open] opens the page and copies the code
 */

/**
 * @param {Whom & Asking} options
 * @param {AbortSignal} signal
 * @param {string} [claims] what the token must bring, as an API has said
 * @returns {Promise<{ application: Application, result: AuthenticationResult }>}
 */
export async function acquire(options, signal, claims) {
  const application = await openApplication(options);
  checkFlags(options, application.settings);
  const { scopes = [], resource } = application.settings;
  const request = { scopes, signal, ...(resource && { resource }), ...(claims && { claims }) };
  if (isService(application.settings)) {
    const { tokenForService } = await import('./service.js');
    return { application, result: await tokenForService(application, { ...request, skipCache: options.forceRefresh ?? false }) };
  }
  try {
    return { application, result: await silently(application, { ...request, forceRefresh: options.forceRefresh ?? false }) };
  } catch (error) {
    const { needsInteraction, claims: wanted } = /** @type {import('doorcode').AuthError} */ (error);
    if (!needsInteraction) throw error;
    if (options.silent) throw signInNeeded(application, error, options);
    const result = await bySigningIn(application, options, { ...request, ...(wanted && { claims: wanted }) });
    return { application, result };
  }
}

/** What was asked for in vain is told, not passed over. @param {Record<string, unknown>} options @param {Settings} settings */
export function checkFlags(options, settings) {
  const { flow = 'device-code' } = settings;
  const unlike = (/** @type {boolean} */ isGiven, /** @type {string} */ flag, /** @type {string} */ why) => {
    if (isGiven) throw new UsageError(`${flag} makes no sense with --flow ${flow}: ${why}.`, `Leave out ${flag}, or give another --flow.`);
  };
  if (isService(settings)) {
    for (const flag of ['open', 'renew', 'timeout']) unlike(Boolean(options[flag]), `--${flag}`, 'nobody signs in');
    unlike(options.qr === false, '--no-qr', 'nobody signs in');
  } else {
    unlike(options.clientCertificate !== undefined, '--client-certificate', 'it is for client-credentials');
    unlike(options.clientAssertionFile !== undefined, '--client-assertion-file', 'it is for client-credentials');
  }
  unlike(flow === 'interactive-browser' && Boolean(options.renew), '--renew', 'there is no code that could expire');
}

/** Without the person. @param {Application} application @param {import('doorcode').TokenRequest} wanted */
export async function silently(application, wanted) {
  const { authority } = application;
  const request = { ...wanted, ...(authority !== undefined && { authority }) };
  const accounts = await namedAccounts(application);
  if (accounts === undefined) return application.pca.acquireToken(request);
  // The same person may be known to several servers and tenants; the library knows which of them it is asked for.
  /** @type {unknown} */
  let refused;
  for (const account of accounts) {
    try {
      return await application.pca.acquireToken({ ...request, account });
    } catch (error) {
      const { needsInteraction, errorCode } = /** @type {import('doorcode').AuthError} */ (error);
      if (!needsInteraction) throw error;
      if (refused === undefined || errorCode !== 'no_tokens_found') refused = error;
    }
  }
  throw refused ?? Object.assign(new Failure(`${application.settings.account} is not signed in.`), { needsInteraction: true });
}

/**
 * @param {Application} application
 * @param {unknown} cause
 * @param {Whom} options the flags that were given, for those of the sign-in have to be the same
 * @param {string} [nobodyAsked] why the person is not asked
 */
export function signInNeeded({ profile }, cause, options, nobodyAsked = 'and --silent says to ask nobody') {
  const { errorCode } = /** @type {import('doorcode').AuthError} */ (cause);
  const why = errorCode === undefined || errorCode === 'no_tokens_found' ? '' : ` ${messageOf(cause)}`;
  const flags = Object.entries(flagsOf(options)).map(([field, value]) => asTyped(SETTINGS[/** @type {keyof typeof SETTINGS} */ (field)].flag, value));
  const remedy = ['Sign in first: doorcode get-token', ...(profile ? [asTyped('--profile', profile)] : []), ...flags].join(' ');
  return new Failure(`Somebody has to sign in, ${nobodyAsked}.${why}`, remedy, { exit: Exit.signInNeeded, cause });
}

/** A flag as it is typed into a shell. @param {string} flag @param {unknown} value @returns {string} */
function asTyped(flag, value) {
  if (value === true) return flag;
  if (Array.isArray(value)) return value.map((one) => asTyped(flag, one)).join(' ');
  return `${flag} ${quoted(String(value))}`;
}

/** @typedef {Omit<import('doorcode').DeviceCodeRequest, 'deviceCodeCallback'>} Request */

/** @param {Application} application @param {Asking} options @param {Request} request */
async function bySigningIn(application, options, request) {
  const { pca, settings, store } = application;
  if (store.unsaved && settings.store !== 'memory') {
    say(`${mark('warning')} Tokens cannot be kept (${store.unsaved}): this sign-in will not be remembered.`);
    say('  Name a folder that can be written to: DOORCODE_CONFIG_DIR');
  }
  const [result, unstored] = await (settings.flow === 'interactive-browser' ? byBrowser : byDeviceCode)(application, options, request).then(
    (done) => /** @type {const} */ ([done]),
    async (error) => {
      if (error.errorCode !== 'cache_store_failed') throw error;
      // The person has signed in, and what could not be stored is still in memory.
      return /** @type {const} */ ([await pca.acquireToken(request), error]);
    },
  );
  welcome(result, unstored ? undefined : store.path);
  if (unstored) say(`${mark('warning')} ${clean(messageOf(unstored))}.`);
  checkPerson(result, settings.account);
  return result;
}

/** @param {Application} application @param {Asking} options @param {Request} request */
async function byDeviceCode({ pca, configuration: { auth }, settings }, options, request) {
  /** @type {{ app: string, server: string } | undefined} */
  let asks = { app: auth.clientId, server: auth.authority ? new URL(auth.authority).host : 'login.microsoftonline.com' };
  const givenUpAt = Date.now() + (options.timeout ?? Infinity) * 1000;
  for (;;) {
    const timeout = options.timeout && { timeout: Math.ceil((givenUpAt - Date.now()) / 1000) };
    const prompt = makePrompt({ qr: options.qr ?? true, ...timeout, ...(asks && { asks }), ...(settings.account && { account: settings.account }) });
    const signIn = pca.acquireTokenByDeviceCode({
      ...request,
      ...timeout,
      deviceCodeCallback: async (response) => {
        prompt.show(response);
        if (options.open) await openAndCopy(response);
        prompt.wait();
      },
      progressCallback: (progress) => prompt.progress(progress),
    });
    try {
      return await signIn.finally(() => prompt.end());
    } catch (error) {
      const { errorCode } = /** @type {import('doorcode').AuthError} */ (error);
      if (errorCode !== 'device_code_expired' || !options.renew) throw error;
      if (Date.now() >= givenUpAt) throw Object.assign(/** @type {Error} */ (error), { errorCode: 'user_timeout_reached' });
      say(`${mark('warning')} Device code expired. Here is a new one.`);
      asks = undefined;
    }
  }
}

/** @param {Application} application @param {Asking} options @param {Request} request */
async function byBrowser({ pca, settings: { account } }, options, request) {
  const timeout = options.timeout ?? BROWSER_TIMEOUT;
  /** @type {ReturnType<typeof showAddress> | undefined} */
  let prompt;
  let isOver = false;
  const signIn = pca.acquireTokenInteractive({
    ...request,
    timeout,
    ...(account && { loginHint: account }),
    openBrowser: async (address) => {
      prompt = showAddress({ address, timeout, ...(account && { account }) });
      if (!(await openPage(address))) {
        say(`${mark('warning')} There is no browser that could be opened here, and the sign-in has to come back to this machine.`);
        say('  To sign in on another device: --flow device-code');
      }
      if (!isOver) prompt.wait();
    },
  });
  try {
    return await signIn;
  } catch (error) {
    const { errorCode } = /** @type {import('doorcode').AuthError} */ (error);
    if (errorCode !== 'user_timeout_reached' || options.timeout) throw error;
    throw new Failure(`Nobody signed in within ${BROWSER_TIMEOUT} seconds.`, 'Run the command again; a longer --timeout gives more time.', { exit: Exit.expired, cause: error });
  } finally {
    isOver = true;
    prompt?.end();
  }
}

/**
 * @param {AuthenticationResult} result
 * @param {string | undefined} path of the file that has the tokens now
 */
function welcome({ account }, path) {
  // A server that tells no name has a number made up for it, which says nothing to anybody.
  const name = clean(account?.username || account?.name || '');
  say(`${mark('done')} Signed in${name && ` as ${styled('bold', name)}`}.`);
  // There is no telling later whose it is.
  if (!account) say('  The token is not kept, for the server does not say whose it is.');
  else say(path ? `  The token is kept in ${shortPath(path)}` : '  The token is not kept.');
}

/** @param {AuthenticationResult} result @param {string | undefined} name who was to sign in */
function checkPerson({ account }, name) {
  if (name === undefined || (account && isCalled(account, name))) return;
  const remedy = `Run the command again and sign in as ${clean(name)}; or leave out --account.`;
  throw new Failure(`It was ${nameOf(account) || 'somebody else'} who signed in, not ${clean(name)}.`, remedy);
}
