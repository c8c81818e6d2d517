// `doorcode call`: a GET with the access token, for a first look at an API.
//
// The token goes to the address that was named and nowhere else. An API may send it back: its body is printed as it is, but no line of ours
// has the token in it.

import { acquire } from './acquire.js';
import { Failure, UsageError } from './failure.js';
import { isThisMachine } from './profiles.js';
import { quoted } from './result.js';
import { clean, escaped, mark, print, say } from './terminal.js';

/**
 * @import { Asking } from './acquire.js'
 * @import { Whom } from './application.js'
 */

/** Milliseconds in which an answer has to begin. */
const PATIENCE = 60_000;
/** Bytes of an answer that are kept: to be indented, or for the reason of a refusal. */
const MOST_BYTES = 4_194_304;

/** @param {Whom & Asking & { include?: boolean }} options @param {AbortSignal} signal @param {string} address */
export async function call(options, signal, address) {
  const url = checked(address);
  let token = (await acquire(options, signal)).result.accessToken;
  let response = await get(url, token, signal);
  const claims = response.status === 401 ? wantedClaims(challengeOf(response)) : undefined;
  if (claims !== undefined) {
    await response.body?.cancel();
    token = (await acquire(options, signal, claims)).result.accessToken;
    response = await get(url, token, signal);
  }
  const hide = hiding(token);
  const status = `${response.status} ${response.statusText}`.trim();
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`);
  if (options.include) await print(`${[`HTTP/1.1 ${status}`, ...headers].map(hide).join('\n')}\n\n`);
  else if (response.ok) say(`${mark('done')} ${hide(status)}`);
  const body = await passOn(response, url, signal);
  if (!response.ok) throw refusal(response, url, body, hide);
}

/** @param {string} address @returns {URL} */
function checked(address) {
  if (!URL.canParse(address)) {
    const isHost = /^[\w-]+(\.[\w-]+)+(\/|$)/.test(address);
    throw new UsageError(`${clean(address)} is no URL.`, isHost ? `Begin it with https:// – https://${clean(address)}` : 'Give one that begins with https://');
  }
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) throw new UsageError(`${clean(address)} is no address of an API.`, 'Give one that begins with https://');
  if (url.protocol === 'http:' && !isThisMachine(url.hostname)) {
    throw new UsageError('The token would be sent over http://, where others can read it.', 'Begin it with https://; http:// is for servers on this machine alone.');
  }
  if (url.username || url.password) throw new UsageError('There is a name or a password in the URL.', 'Leave it out: the API is shown the token.');
  return url;
}

/** @param {URL} url @param {string} token @param {AbortSignal} signal @returns {Promise<Response>} its body may still be on the way */
async function get(url, token, signal) {
  // No server's, but something else may have written the cache; and `fetch` quotes such a token in its error.
  if (!/^[ -~]+$/.test(token)) {
    throw new Failure('The access token in the cache cannot be sent: it has characters that none may have.', 'Get another: doorcode get-token --force-refresh');
  }
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  try {
    return await fetch(url, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json, */*;q=0.5', 'user-agent': `doorcode/${DOORCODE_VERSION}` },
      redirect: 'manual',
      signal: AbortSignal.any([signal, limit.signal]),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (limit.signal.aborted) {
      const happened = `${url.host} did not answer within ${PATIENCE / 1000} seconds.`;
      throw new Failure(happened, 'Try again; if it stays so, check the address.', { cause: error });
    }
    throw unreachable(url, error);
  } finally {
    clearTimeout(timer);
  }
}

/** What broke a connection, and what to do about it. @type {[RegExp, (host: string) => string, string][]} */
const TROUBLES = [
  [/^ENOTFOUND$/, (host) => `There is no host ${host}.`, 'Check the address, and the connection.'],
  [/^EAI_AGAIN$/, (host) => `The address of ${host} cannot be looked up now.`, 'Check the connection.'],
  [/^ECONNREFUSED$/, (host) => `Nothing answers at ${host}.`, 'Check the address and its port, and that the server runs.'],
  [/TIMEOUT|^ETIMEDOUT$/, (host) => `${host} does not answer.`, 'Check the connection and the firewall of this machine, then try again.'],
  [/^(ENETUNREACH|EHOSTUNREACH)$/, (host) => `There is no way to ${host}.`, 'Check the connection.'],
  [/CERT|SIGNATURE|ISSUER/, (host) => `The certificate of ${host} is not trusted.`, 'If it is your own, or your company\'s, name its issuer in NODE_EXTRA_CA_CERTS.'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, (host) => `${host} broke the connection off.`, 'Try again.'],
];

/** @param {URL} url @param {any} error what `fetch` threw, or its body */
function unreachable({ host }, error) {
  const { code = '', message = '' } = error.cause ?? error;
  const [, happened, remedy] = TROUBLES.find(([pattern]) => pattern.test(code)) ?? [];
  const what = `${happened?.(host) ?? `${host} cannot be asked.`} (${[code, message].filter(Boolean).join(': ')})`;
  return new Failure(what, `${remedy ?? 'Check the address, and the connection.'} For proxies see: doorcode doctor`, { cause: error });
}

/**
 * Prints the body: the bytes as they are, or for a terminal what it can show.
 * @param {Response} response
 * @param {URL} url
 * @param {AbortSignal} signal
 * @returns {Promise<string>} the beginning of it
 */
async function passOn(response, url, signal) {
  const [kept, show] = [new TextDecoder(), process.stdout.isTTY ? screen(response.headers.get('content-type') ?? '') : undefined];
  let [beginning, length] = ['', 0];
  try {
    for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (/** @type {unknown} */ (response.body ?? []))) {
      if (length < MOST_BYTES) beginning += kept.decode(chunk, { stream: true });
      length += chunk.length;
      await print(show ? show.part(chunk) : chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(url, error);
  } finally {
    if (show) await print(show.end());
  }
  return beginning;
}

/** What a terminal can show of a body. @param {string} type */
function screen(type) {
  if (type && !/^text\/|json|xml|javascript|yaml|urlencoded/i.test(type)) {
    let length = 0;
    return {
      part: (/** @type {Uint8Array} */ chunk) => ((length += chunk.length), ''),
      end: () => (length > 0 ? `(${length} bytes of ${clean(type)}, which a terminal cannot show; send them to a file with >)\n` : ''),
    };
  }
  const decoder = new TextDecoder();
  const lines = (/** @type {string} */ text) => text.split(/\r?\n/).map(clean).join('\n');
  let isWhole = /\bjson\b/i.test(type);
  let rest = '';
  return {
    part(/** @type {Uint8Array} */ chunk) {
      rest += decoder.decode(chunk, { stream: true });
      isWhole &&= rest.length < MOST_BYTES;
      // An escape sequence may be in two parts, but not in two lines.
      const end = isWhole ? 0 : rest.length < MOST_BYTES ? rest.lastIndexOf('\n') + 1 : rest.length;
      const shown = rest.slice(0, end);
      rest = rest.slice(end);
      return lines(shown);
    },
    end() {
      rest += decoder.decode();
      const shown = (isWhole ? indented(rest) : undefined) ?? lines(rest);
      return shown && !shown.endsWith('\n') ? `${shown}\n` : shown;
    },
  };
}

/** JSON as it is, in lines: no number is rounded, and no member dropped. @param {string} text @returns {string | undefined} undefined if it is no JSON */
function indented(text) {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  let depth = 0;
  const line = (/** @type {number} */ change) => `\n${'  '.repeat(Math.min((depth += change), 40))}`;
  return escaped(text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|([{[])\s*([\]}])?|[\]}]|[,:]|\s+/g, (part, opening, closing) => {
    if (part.startsWith('"')) return part;
    if (closing) return `${opening}${closing}`;
    if (opening) return `${opening}${line(1)}`;
    if (part === ',') return `,${line(0)}`;
    if (part === ':') return ': ';
    return part.trim() && `${line(-1)}${part}`;
  }));
}

/** The parameters of WWW-Authenticate (RFC 9110 section 11.6.1), of all challenges. @param {Response} response @returns {Record<string, string>} */
function challengeOf(response) {
  const header = response.headers.get('www-authenticate') ?? '';
  const found = header.matchAll(/(?<![\w-])([\w-]+)\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s",]+))/g);
  return Object.fromEntries([...found].map(([, name = '', quoted, plain = '']) => [name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain]));
}

/** Which claims the API wants in a token (OpenID Connect Core 1.0 section 5.5; Entra's Continuous Access Evaluation). @param {Record<string, string>} challenge */
function wantedClaims({ claims }) {
  const text = Buffer.from(claims ?? '', 'base64').toString();
  return isObject(parsed(text)) ? text : undefined;
}

/** @param {string} text @returns {any} undefined if it is no JSON */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {Response} response
 * @param {URL} url
 * @param {string} body
 * @param {(line: string) => string} hide
 */
function refusal(response, url, body, hide) {
  const { status, statusText, headers } = response;
  const what = `${status} ${statusText}`.trim();
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location && URL.canParse(location, url.href)) {
    return new Failure(hide(`${what}: it leads to ${new URL(location, url).href}`), 'The token was not sent there. If you trust that address, call it instead.');
  }
  const challenge = challengeOf(response);
  const reason = reasonIn(parsed(body)) ?? challenge.error_description ?? challenge.error;
  return new Failure(`${hide(what)}${reason ? `: ${shortened(hide(reason))}` : ''}`, hide(remedyFor(status, challenge, headers)));
}

/** @param {string} text */
function shortened(text) {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** Why an API refuses, in the forms of Graph and OData, of OAuth, of RFC 9457, and of many others. @param {any} body @returns {string | undefined} */
function reasonIn(body) {
  if (!isObject(body)) return undefined;
  const { error, error_description, message, detail, title } = body;
  const told = isObject(error) ? [[error.code, error.message].filter((part) => typeof part === 'string' && part).join(': ')] : [];
  return [...told, error_description, error, message, detail, title].find((text) => typeof text === 'string' && text);
}

/** @param {number} status @param {Record<string, string>} challenge @param {Headers} headers */
function remedyFor(status, { error, scope }, headers) {
  if (scope && error === 'insufficient_scope') return `The API wants another scope: --scope ${quoted(scope)}`;
  if (status === 401) return 'See whom the token is for (doorcode get-token | doorcode inspect), and get one for this API with --scope or --resource.';
  if (status === 403) return 'The token is good, but not for this: it needs another --scope, the consent of an administrator, or a role for the person.';
  if (status === 404 || status === 410) return 'Check the address.';
  if (status === 405) return 'The API takes no GET at this address.';
  if (status === 429) return `Try again ${headers.get('retry-after') ? `when the API allows it (Retry-After: ${headers.get('retry-after')})` : 'in a while'}.`;
  return status >= 500 ? 'The API is in trouble: try again in a while.' : 'Check the address, and what the API says.';
}

/** Makes a line fit to be shown: without the token, however it is written there, not even one that is broken up by what is not shown. @param {string} token */
function hiding(token) {
  const forms = [token, encodeURIComponent(token), JSON.stringify(token).slice(1, -1)];
  return (/** @type {string} */ line) => forms.reduce((text, form) => text.replaceAll(form, '(the token)'), clean(line));
}

