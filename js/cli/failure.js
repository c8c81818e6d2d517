// What goes wrong, in one line, and what to do about it, in another; and the code that the command ends with.

import { clean, mark, say } from './terminal.js';

/** What the command ends with. */
export const Exit = Object.freeze({ done: 0, failed: 1, usage: 2, signInNeeded: 3, declined: 4, expired: 5, cancelled: 130 });

/** Something that the command itself has to say. */
export class Failure extends Error {
  /**
   * @param {string} message what happened, in one line
   * @param {string} [remedy] what to do, in one line
   * @param {{ exit?: number, cause?: unknown }} [more]
   */
  constructor(message, remedy = '', { exit = Exit.failed, cause } = {}) {
    super(message, { cause });
    this.remedy = remedy;
    this.exit = exit;
  }
}

/** The command was called in a way that cannot be. */
export class UsageError extends Failure {
  /** @param {string} message @param {string} [remedy] @param {unknown} [cause] */
  constructor(message, remedy, cause) {
    super(message, remedy, { exit: Exit.usage, cause });
  }
}

/** Somebody who was asked would rather not. */
export function cancelled() {
  return new Failure('Cancelled. Nothing was changed.', '', { exit: Exit.cancelled });
}

/** What the library's errors are here, where they are not plain failures. @type {Record<string, { exit: number, message?: string, remedy?: string }>} */
const OUTCOMES = {
  authorization_declined: { exit: Exit.declined },
  access_denied: { exit: Exit.declined },
  device_code_expired: {
    exit: Exit.expired,
    message: 'Device code expired. Please try again.',
    remedy: 'Run the command again; with --renew it gets a new code by itself.',
  },
  user_timeout_reached: {
    exit: Exit.expired,
    message: 'Nobody signed in within the time that --timeout gives.',
    remedy: 'Run the command again, with a longer --timeout or without one.',
  },
  missing_tenant_id_error: { exit: Exit.usage, remedy: 'Name the tenant by its id or domain: --tenant contoso.com' },
  cache_decryption_failed: {
    exit: Exit.failed,
    remedy: 'Set the DOORCODE_CACHE_KEY or DOORCODE_CACHE_PASSPHRASE that it was encrypted with. If that is lost, delete the file, and everybody signs in again.',
  },
};

/** What the library calls things, and what they are called here. @type {[RegExp, string][]} */
const WORDS = [
  [/system\.protocolMode (?:is|to) "OIDC"/g, '--oidc'],
  [/\bset --oidc/g, 'give --oidc'],
  [/\bthat --oidc/g, 'that --oidc is given'],
  [/\bauth\.clientId\b/g, '--client-id'],
  [/\bauth\.clientSecret\b/g, 'DOORCODE_CLIENT_SECRET'],
  [/\bauth\.clientCertificate\.(privateKey|x5c)\b/g, '--client-certificate'],
  [/\bauth\.clientAssertion\b/g, '--client-assertion-file'],
  [/\bauth\.knownAuthorities\b/g, '--known-authority'],
  [/\bauth\.authorityMetadata\b/g, '--device-endpoint and --token-endpoint'],
  [/\bauth\.authority\b/g, '--authority'],
  [/\bacquireTokenByDeviceCode\b/g, '`doorcode get-token`'],
  [/\bpass (?:a|another) path\b[^.]*\./, 'name another folder: DOORCODE_CONFIG_DIR'],
  [/^Pass (?:a|the) [^.]*\bpath\b[^.]*\./, 'Name another folder: DOORCODE_CONFIG_DIR'],
  [/\bpass a key or a passphrase\./i, 'set DOORCODE_CACHE_KEY or DOORCODE_CACHE_PASSPHRASE.'],
  [
    / A page needs the server's leave \(CORS\), an extension the host among its host_permissions\./,
    ' If it is the certificate that is not trusted, name its issuer in NODE_EXTRA_CA_CERTS.',
  ],
  [/^Show people `message` or `verificationUri` as doorcode hands them over\.$/, '`doorcode get-token` shows them that page.'],
];

/** What a library's text says to people who use the command. @param {string} text */
export function inOurWords(text) {
  return WORDS.reduce((said, [theirs, ours]) => said.replace(theirs, ours), text);
}

/** The code to end with. @param {any} error @returns {number} */
export function exitCode(error) {
  if (error instanceof Failure) return error.exit;
  if (error?.name === 'ClientConfigurationError') return Exit.usage;
  return OUTCOMES[error?.errorCode]?.exit ?? Exit.failed;
}

/** Says what happened and what to do; with `isVerbose` all that is known besides. Never a stack, never a token. @param {any} error @param {boolean} isVerbose */
export function report(error, isVerbose) {
  const outcome = OUTCOMES[error?.errorCode];
  const message = outcome?.message ?? messageOf(error);
  const page = error?.remedyUrl && !error.remedy?.includes(error.remedyUrl) ? ` ${error.remedyUrl}` : '';
  const remedy = outcome?.remedy ?? `${error?.remedy ?? usual(error)}${page}`;
  say(`${mark('failed')} ${clean(inOurWords(message))}`);
  if (remedy) say(`  ${clean(inOurWords(remedy))}`);
  if (!isVerbose) return;
  for (const [name, value] of details(error)) say(`  ${name}: ${clean(String(value))}`);
}

/** What an error says. What begins it is for programs, unless it is the server's own word, which people search for. @param {any} error @returns {string} */
export function messageOf(error) {
  if (!(error instanceof Error)) return String(error);
  return ['AuthError', 'ClientAuthError', 'ClientConfigurationError'].includes(error.name) && 'errorMessage' in error ? String(error.errorMessage) : error.message;
}

/** What to do about an error that does not say. @param {any} error */
function usual(error) {
  if (error?.syscall) return 'Check the path, and who may read and write there.';
  return error instanceof Failure ? '' : 'This is a fault of doorcode itself: please report it, with what --verbose says.';
}

/** What else is known of an error, and of what caused it. @param {any} error @returns {[string, unknown][]} */
function details(error) {
  const names = ['errorCode', 'subError', 'errorNo', 'status', 'correlationId', 'traceId', 'timestamp', 'field', 'url', 'code', 'path'];
  const told = names.filter((name) => error?.[name]).map((name) => /** @type {[string, unknown]} */ ([name, error[name]]));
  const { cause } = error ?? {};
  if (!(cause instanceof Error)) return told;
  return [...told, ['cause', `${cause.name}: ${cause.message}`], ...details(cause)];
}
