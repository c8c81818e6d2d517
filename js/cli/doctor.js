// `doorcode doctor`: what could keep people from signing in, on this machine and at the server.

import { stat } from 'node:fs/promises';
import { chosen, configurationOf, flagsOf } from './application.js';
import { cancelled, Exit, Failure, inOurWords } from './failure.js';
import { profilePath } from './profiles.js';
import { quoted } from './result.js';
import { openStore } from './store.js';
import { asJson, clean, isRich, mark, print, shortPath, styled } from './terminal.js';

/**
 * @import { Finding } from 'doorcode'
 * @import { Whom } from './application.js'
 * @import { Settings } from './profiles.js'
 */

/** @type {Record<Finding['severity'], Parameters<typeof mark>[0]>} */
const MARKS = { ok: 'done', info: 'info', warning: 'warning', error: 'failed' };

/** What the library looks at that matters to no other flow. */
const OF_DEVICE_CODES = ['device_endpoint', 'public_client', 'verification_uri'];

/** @param {Whom & { json?: boolean }} options @param {AbortSignal} signal */
export async function doctor(options, signal) {
  /** @type {Finding[]} */
  const findings = [];
  const tell = async (/** @type {Finding[]} */ found) => {
    findings.push(...found.map(inWordsOfTheCommand));
    if (!options.json) for (const finding of findings.slice(-found.length)) await print(shown(finding));
  };
  flagsOf(options); // a flag that is wrong is said at once, as by every command
  await tell([runtime(), ...environment()]);
  const { told, known } = await profileOf(options);
  await tell([told]);
  if (known) {
    await tell(await store(known.profile, known.settings));
    await tell(await waiting(() => server(known.settings, options.verbose, signal)));
  }
  if (options.json) await print(`${asJson(findings)}\n`);
  else await print(`\n${summary(findings)}\n`);
  if (findings.some(({ severity }) => severity === 'error')) process.exitCode = Exit.failed;
}

/** @param {Finding['severity']} severity @param {string} check @param {string} message @param {string} [remedy] @returns {Finding} */
function finding(severity, check, message, remedy = '') {
  return { check, severity, message, remedy };
}

/** What an error says. @param {string} check @param {any} error @param {Finding['severity']} [severity] @returns {Finding} */
function findingOf(check, error, severity = 'error') {
  const { message, remedy = '', remedyUrl } = error;
  return { ...finding(severity, check, message, remedy), ...(remedyUrl && { remedyUrl }) };
}

function runtime() {
  return finding('ok', 'node', `${otherRuntime() ?? `Node ${process.versions.node}`}.`);
}

/** What runs it, if it is not Node; it has Node's version as well. */
function otherRuntime() {
  const { bun, deno } = process.versions;
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : undefined;
}

/** What the environment does to connections. Never what is in it: an address of a proxy may hold a password. @returns {Finding[]} */
function environment() {
  const { env, execArgv, versions } = process;
  const found = [];
  const set = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'].filter((name) => env[name]);
  if (set.length > 0) {
    const [major = 0, minor = 0] = versions.node.split('.').map(Number);
    const isAble = major >= 24 || (major === 22 && minor >= 21);
    const options = [...execArgv, ...(env.NODE_OPTIONS ?? '').split(' ')];
    const isTold = env.NODE_USE_ENV_PROXY === '1' || options.includes('--use-env-proxy');
    const isTaken = otherRuntime() || (isAble && isTold && set.some((name) => /^https?_/i.test(name)));
    const fix = isAble ? 'Set NODE_USE_ENV_PROXY=1, and HTTPS_PROXY' : 'Take Node 24 or 22.21, and set NODE_USE_ENV_PROXY=1 and HTTPS_PROXY';
    found.push(isTaken
      ? finding('ok', 'proxy', `Connections are made by the proxy of ${set.join(' and ')}.`)
      : finding('warning', 'proxy', `${set.join(' and ')} names a proxy, and this Node does not use it.`, `${fix}, if the server can be reached by the proxy alone.`));
  }
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    const remedy = 'Remove it; name the certificate of your proxy or server in NODE_EXTRA_CA_CERTS.';
    found.push(finding('warning', 'tls', 'NODE_TLS_REJECT_UNAUTHORIZED=0: no certificate is checked, so anybody in between can read tokens.', remedy));
  }
  return found;
}

/** @param {Whom} options @returns {Promise<{ told: Finding, known?: Awaited<ReturnType<typeof chosen>> }>} nothing is known of a profile that cannot be read */
async function profileOf(options) {
  try {
    const known = await chosen(options);
    if (!known.profile) return { told: finding('info', 'profile', 'No profile is used: the flags alone count.'), known };
    return { told: finding('ok', 'profile', `The profile ${known.profile} is used (${shortPath(profilePath(known.profile))}).`), known };
  } catch (error) {
    return { told: findingOf('profile', error) };
  }
}

/** Where tokens are kept, and who is signed in. @param {string | undefined} profile @param {Settings} settings @returns {Promise<Finding[]>} */
async function store(profile, settings) {
  const found = [];
  try {
    const { plugin, path, unsaved } = await openStore(profile, settings.store);
    const isMeant = settings.store === 'memory';
    if (path) found.push(await place(path), ...(await plainBeside(path, profile)));
    else if (isMeant) found.push(finding('info', 'store', `Tokens are not kept, ${unsaved}.`));
    else found.push(finding('warning', 'store', `Tokens cannot be kept (${unsaved}).`, 'Name a folder that can be written to: DOORCODE_CONFIG_DIR'));
    // It has no `setAside`: whoever looks leaves what is damaged where it is.
    const look = { readCache: (/** @type {string | undefined} */ since) => plugin.readCache(since), writeCache: async () => null };
    const { PublicClientApplication } = await import('doorcode');
    const accounts = await new PublicClientApplication({ auth: { clientId: 'any' }, cache: { cachePlugin: look } }).getAllAccounts();
    const many = accounts.length === 1 ? '1 account is signed in.' : `${accounts.length} accounts are signed in.`;
    found.push(finding('info', 'accounts', accounts.length === 0 ? 'Nobody is signed in.' : many));
  } catch (error) {
    const isDamaged = /** @type {import('doorcode').AuthError} */ (error).errorCode === 'invalid_cache_record';
    const left = 'It was left as it is. The next command that needs it keeps it under another name; sign in again then.';
    found.push(isDamaged ? { ...findingOf('accounts', error, 'warning'), remedy: left } : findingOf('store', error));
  }
  return found;
}

/** @param {string} path */
async function place(path) {
  const { mode } = await stat(path).catch(() => ({ mode: undefined }));
  if (mode === undefined) return finding('ok', 'store', `Tokens will be kept in ${shortPath(path)}, which is not there yet.`);
  const others = (mode & 0o077).toString(8);
  if (others !== '0' && process.platform !== 'win32') {
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    return finding('warning', 'store', `${shortPath(path)} has tokens, and others have rights there (mode ${octal}).`, `chmod 600 ${quoted(path)}`);
  }
  return finding('ok', 'store', `Tokens are kept in ${shortPath(path)}, which its owner alone can read.`);
}

/** What was kept before it was to be encrypted. @param {string} path @param {string | undefined} profile @returns {Promise<Finding[]>} */
async function plainBeside(path, profile) {
  const plain = path.replace(/\.jwe$/, '.json');
  const isThere = plain !== path && (await stat(plain).then(() => true, () => false));
  if (!isThere) return [];
  const remedy = `Sign everybody out there: doorcode sign-out --all --store file${profile === undefined ? '' : ` --profile ${profile}`}. Then delete it.`;
  return [finding('warning', 'store', `${shortPath(plain)} is from before, and what is in it is not encrypted.`, remedy)];
}

/** @param {Settings} settings @param {boolean | undefined} isVerbose @param {AbortSignal} signal @returns {Promise<Finding[]>} */
async function server(settings, isVerbose, signal) {
  const { scopes, resource } = settings;
  try {
    const { diagnose } = await import('doorcode');
    const found = await diagnose(configurationOf(settings, isVerbose), { signal, ...(scopes && { scopes }), ...(resource && { resource }) });
    const { flow = 'device-code' } = settings;
    if (flow === 'device-code') return found;
    return [...found.filter(({ check }) => !OF_DEVICE_CODES.includes(check)), finding('info', 'flow', `Tokens are had by ${flow}, which is not tried here.`)];
  } catch (error) {
    if (error instanceof Failure) return [findingOf('configuration', error)];
    throw signal.aborted ? cancelled() : error;
  }
}

/** A sign of life, while servers are asked. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function waiting(work) {
  if (!isRich(process.stderr)) return work();
  const { default: yoctoSpinner } = await import('yocto-spinner');
  const spinner = yoctoSpinner({ text: 'Asking the server…', stream: process.stderr, handleSignals: false }).start();
  try {
    return await work();
  } finally {
    spinner.stop();
  }
}

/** @param {Finding} found @returns {Finding} */
function inWordsOfTheCommand(found) {
  return { ...found, message: inOurWords(found.message), remedy: inOurWords(found.remedy) };
}

/** @param {Finding} found */
function shown({ severity, message, remedy, remedyUrl }) {
  const page = remedyUrl && !remedy.includes(remedyUrl) ? remedyUrl : '';
  const lines = [`${mark(MARKS[severity], process.stdout)} ${clean(message)}`, ...[remedy, page].filter(Boolean).map((line) => `  ${clean(line)}`)];
  return lines.map((line) => `${line}\n`).join('');
}

/** @param {Finding[]} findings */
function summary(findings) {
  const [errors, warnings] = ['error', 'warning'].map((severity) => findings.filter((found) => found.severity === severity).length);
  if (errors) return styled('bold', 'Nobody can sign in like this.', process.stdout);
  return styled('bold', warnings ? 'People can sign in; see the warnings.' : 'Nothing stands in the way of signing in.', process.stdout);
}
