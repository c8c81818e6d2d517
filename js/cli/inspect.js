// `doorcode inspect`: what is in a token, for people and for scripts. Nothing of it is verified.
//
// Whoever made the token may be an attacker, so what it says is shown with care; and what it is worth is never shown: not the token, not its
// signature, not another token inside it.

import { isUtf8 } from 'node:buffer';
import { jwtDecode } from 'jwt-decode';
import { Failure } from './failure.js';
import { isStandardInput, readInput } from './input.js';
import { asJson, clean, mark, print, say, styled } from './terminal.js';
import { distance, fromNow, iso } from './times.js';

/** Bytes. Servers take headers of some 16 KB; what is longer than this is something else. */
const MOST_BYTES = 1_048_576;
/** Levels of a claim. */
const DEEPEST = 32;
/** Microsoft Graph, as tokens name it. */
const GRAPH = '00000003-0000-0000-c000-000000000000';
/** Characters of a name that others are lined up with. */
const WIDEST_NAME = 24;

/** @typedef {Record<string, unknown>} Members of a JSON object */

/** What claims are for, of those that people ask about. @type {Record<string, string>} */
const MEANINGS = {
  aud: 'whom it is for',
  iss: 'who issued it',
  sub: 'whom it is about, in the words of the issuer',
  scp: 'what the app may do for the person',
  scope: 'what the app may do for the person',
  roles: 'what the app, or the person, may do',
  tid: 'tenant',
  oid: 'id of the person, or the app, in the tenant',
  appid: 'app that asked for it',
  azp: 'app that asked for it',
  client_id: 'app that asked for it',
  app_displayname: 'app that asked for it',
  preferred_username: 'what they type to sign in; it may change',
  upn: 'what they type to sign in; it may change',
  unique_name: 'what they type to sign in; it may change',
  amr: 'how they signed in',
  acrs: 'which rules of Conditional Access were met',
  idtyp: 'on behalf of a user, or of the app itself',
  xms_cc: 'what the app can handle; cp1 is claims challenges',
  ver: 'version of the format',
  jti: 'id of this token',
  uti: 'id of this token',
};

/** @type {Record<string, (date: Date) => string>} */
const TIMES = {
  exp: (date) => (isPast(date) ? `expired ${fromNow(date)}` : `good for another ${distance(date)}`),
  nbf: (date) => (isPast(date) ? `began ${fromNow(date)}` : `not good yet: ${fromNow(date)}`),
  iat: (date) => `issued ${fromNow(date)}`,
  auth_time: (date) => `signed in ${fromNow(date)}`,
};

const isPast = (/** @type {Date} */ date) => date.getTime() <= Date.now();

/** @param {{ token?: string, file?: string, json?: boolean }} options @param {AbortSignal} signal */
export async function inspect(options, signal) {
  const token = tokenIn(options.token ?? (await read(options.file, signal)));
  const decoded = decode(token);
  await print(options.json ? `${asJson(described(decoded))}\n` : shown(decoded));
}

/** @param {string | undefined} file standard input without one @param {AbortSignal} signal @returns {Promise<string>} */
async function read(file, signal) {
  if (isStandardInput(file) && process.stdin.isTTY) {
    say(`${mark('info')} Paste a token, then press Enter and ${process.platform === 'win32' ? 'Ctrl-Z, Enter' : 'Ctrl-D'}. Ctrl-C cancels.`);
  }
  const tooLong = new Failure('That is more than 1 MiB: no token is as long.', 'Give a file or a text that has the token alone.');
  const bytes = await readInput(file, signal, MOST_BYTES, tooLong);
  // What PowerShell 5 makes of `>`.
  return bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le') : bytes.toString('utf8');
}

/** The token in a text: alone, or in one of the forms that get-token prints. @param {string} text @returns {string} */
function tokenIn(text) {
  const trimmed = text.replace(/^\ufeff/, '').trim();
  if (!trimmed) throw new Failure('There is no token: nothing came in.', 'Hand one in: doorcode get-token | doorcode inspect');
  const [, variable] = /^(?:export\s+)?ACCESS_TOKEN=(.*)$/m.exec(trimmed) ?? [];
  const found = inJson(trimmed) ?? variable ?? trimmed.replace(/^(?:Authorization:\s*)?(?:Bearer|DPoP)\s+/i, '');
  // Quotes of a shell, and the ends of lines where a terminal has broken it up.
  return found.replace(/^(["'])(.*)\1$/s, '$2').replace(/\s+/g, '');
}

/** @param {string} text @returns {string | undefined} */
function inJson(text) {
  if (!text.startsWith('{')) return undefined;
  /** @type {any} */
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // The second is what the Azure CLI calls it.
  const found = [value.access_token, value.accessToken, value.id_token].find((member) => typeof member === 'string' && member);
  if (found === undefined) throw new Failure('There is no access_token in that JSON.', 'Hand in what doorcode get-token -o json prints, or the token alone.');
  return found;
}

/** @param {string} token @returns {{ header: Members, claims: Members }} */
function decode(token) {
  const parts = token.split('.');
  const isJose = parts.every((part) => /^[\w-]*$/.test(part)) && Boolean(parts[0]);
  if (isJose && parts.length === 5) {
    throw new Failure('That token is encrypted (JWE): only whom it is for can read it.', 'Ask the API that it is for; nobody else can tell what is in it.');
  }
  if (!isJose || parts.length !== 3) {
    const remedy = 'Only the server that issued an opaque token knows what is in it: ask there, such as at its introspection endpoint.';
    throw new Failure('That is not a JWT: it is an opaque token, or no token at all.', remedy);
  }
  return { header: part(token, 'header'), claims: part(token, 'claims') };
}

/** @param {string} token @param {'header' | 'claims'} name @returns {Members} */
function part(token, name) {
  const isHeader = name === 'header';
  /** @type {unknown} */
  let value;
  try {
    // The library takes other bytes for Latin-1, which nobody who verifies a token does.
    if (isUtf8(Buffer.from(token.split('.')[isHeader ? 0 : 1] ?? '', 'base64url'))) value = jwtDecode(token, { header: isHeader });
  } catch {
    // Its error quotes what it could not read.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return /** @type {Members} */ (withoutSecrets(value));
  throw new Failure(`That is not a JWT: its ${name} cannot be read as a JSON object.`, 'See that it is whole: copy it again, or hand it in by a file or a pipe.');
}

/** A text without the tokens in it. Each part is looked at once: the text may be long, and made to be slow. @param {string} text */
function withoutTokens(text) {
  return text.replace(/(?<![\w-])[\w-]+\.[\w-]*\.[\w.-]*/g, (found) => (found.includes('eyJ') ? '(a token, not shown)' : found));
}

/**
 * A value without tokens and passwords, and no deeper than can be printed.
 * @param {unknown} value
 * @param {string} [name] of the member that it is
 * @param {number} [depth]
 * @returns {unknown}
 */
function withoutSecrets(value, name = '', depth = 0) {
  if (typeof value === 'string') return /(token|secret|password)$/i.test(name) ? '(not shown)' : withoutTokens(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '(too deep to show)';
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, name, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [withoutTokens(key), withoutSecrets(member, key, depth + 1)]));
}

/** @param {unknown} seconds since 1970 @returns {Date | undefined} undefined if it is not a time */
function dateOf(seconds) {
  const date = new Date(typeof seconds === 'number' ? seconds * 1000 : NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** @param {ReturnType<typeof decode>} decoded */
function described({ header, claims }) {
  const [issued, notBefore, expires] = [claims.iat, claims.nbf, claims.exp].map(dateOf);
  return {
    header,
    claims,
    verified: false,
    issued_at: issued?.toISOString() ?? null,
    not_before: notBefore?.toISOString() ?? null,
    expires_at: expires?.toISOString() ?? null,
    expired: expires ? isPast(expires) : null,
  };
}

/** @param {ReturnType<typeof decode>} decoded */
function shown({ header, claims }) {
  const stream = process.stdout;
  const expires = dateOf(claims.exp);
  const isUnsigned = typeof header.alg === 'string' && header.alg.toLowerCase() === 'none';
  return [
    `${mark('warning', stream)} The signature was not verified: anybody could have written this.${isUnsigned ? ' It has none (alg is none).' : ''}`,
    state(expires),
    '',
    styled('bold', 'Header', stream),
    ...rows(header, (name, value) => (name === 'nonce' && value ? 'Microsoft Graph\'s: only Graph can verify this token' : undefined)),
    '',
    styled('bold', 'Claims', stream),
    ...rows(claims, meaning),
  ].map((line) => `${line}\n`).join('');
}

/** @param {Date | undefined} expires */
function state(expires) {
  if (!expires) return `${mark('info', process.stdout)} It does not say when it expires.`;
  if (isPast(expires)) return `${mark('failed', process.stdout)} Expired ${fromNow(expires)} (${iso(expires)}).`;
  return `${mark('done', process.stdout)} Good for another ${distance(expires)} (until ${iso(expires)}).`;
}

/** @param {Members} members @param {(name: string, value: unknown) => string | undefined} note */
function rows(members, note) {
  const entries = Object.entries(members).map(([name, value]) => [clean(name), inWords(value), note(name, value)]);
  const width = Math.min(WIDEST_NAME, Math.max(0, ...entries.map(([name]) => name?.length ?? 0)));
  return entries.map(([name = '', value = '', told]) => `  ${name.padEnd(width)}  ${value}${told ? `  ${styled('dim', `(${told})`, process.stdout)}` : ''}`);
}

/** @param {unknown} value */
function inWords(value) {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.map(clean).join(', ');
  return clean(typeof value === 'string' ? value : JSON.stringify(value));
}

/** @param {string} name @param {unknown} value @returns {string | undefined} what to say of a claim */
function meaning(name, value) {
  if (name === 'aud' && value === GRAPH) return `${MEANINGS.aud}: Microsoft Graph`;
  if (!Object.hasOwn(TIMES, name)) return Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined;
  const date = dateOf(value);
  return date ? `${TIMES[name]?.(date)}, ${iso(date)}` : 'not a time: it must be a number of seconds';
}
