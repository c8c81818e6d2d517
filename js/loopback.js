// The redirect URI of a program on this machine (RFC 8252 section 7.3): a port that takes one answer, the one with the state that was made
// for it, and shows a page to the browser that brought it. Whatever else comes to that port gets a short refusal and changes nothing.

import { ClientAuthError, ClientAuthErrorCodes } from './errors.js';
import { failed } from './failed.js';

/** @import { IncomingMessage, Server, ServerResponse } from 'node:http' */

/** What an answer may have, in bytes. */
const MOST_BYTES = 65_536;
/** How long one may take to arrive, in milliseconds. */
const PATIENCE = 10_000;
/** How long a browser may take to come for its page, or to read it, in milliseconds. */
const GRACE = 1000;

/**
 * @typedef {object} Page
 * @property {string} html
 * @property {string} [policy] its Content-Security-Policy
 */

/**
 * @typedef {object} Loopback
 * @property {string} redirectUri with the port
 * @property {Promise<Record<string, string>>} answer the fields of the answer, as they came
 * @property {(page: Page, isHasty: boolean) => Promise<void>} close shows the page to whoever brought the answer, and closes the port; in
 *   haste, only to who is there already
 */

/**
 * @param {Pick<typeof import('node:http'), 'createServer'>} http
 * @param {object} options
 * @param {string} options.host of the redirect URI
 * @param {string} options.path of the redirect URI; may be empty
 * @param {number} [options.port] if nobody else has it
 * @param {string} options.state
 * @returns {Promise<Loopback>}
 */
export async function listen({ createServer }, { host, path, port = 0, state }) {
  /** @type {(fields: Record<string, string>) => void} */
  let take;
  /** @type {Promise<Record<string, string>>} */
  const answer = new Promise((resolve) => (take = resolve));
  let isAnswered = false;
  /** Those who wait for the page. @type {ServerResponse[]} */
  const waiting = [];
  /** @type {Page | undefined} */
  let page;
  /** @type {() => void} */
  let onShown;
  /** @type {Promise<void>} */
  const shown = new Promise((resolve) => (onShown = resolve));

  const address = host === '[::1]' ? '::1' : '127.0.0.1';
  const start = (/** @type {number} */ number) => started(createServer((request, response) => void handle(request, response)), number, address);
  const server = await start(port).catch((cause) => (port ? start(0) : Promise.reject(cause))).catch((cause) => {
    const remedy = 'Let the program listen on 127.0.0.1 (Deno: --allow-net), or sign in with acquireTokenByDeviceCode.';
    throw failed(ClientAuthError, ClientAuthErrorCodes.noLoopbackServerExists, 'No port can be opened on this machine for the answer of the sign-in.', { remedy, cause });
  });
  const bound = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  const { pathname } = new URL(`http://${host}${path}`);
  // A page of elsewhere whose host's name was made to lead here (DNS rebinding) still sends that name.
  const hosts = ['localhost', '127.0.0.1', '[::1]'].map((name) => new URL(`http://${name}:${bound}`).host);

  /** @param {IncomingMessage} request @param {ServerResponse} response */
  async function handle(request, response) {
    const { method = '', headers, url = '' } = request;
    const [to, query = ''] = url.split(/\?(.*)/s);
    if (!hosts.includes(headers.host ?? '')) return refuse(response, 403);
    if (!['GET', 'POST'].includes(method)) return refuse(response, 405, { allow: 'GET, POST' });
    if (to !== pathname) return refuse(response, 404);
    const isPosted = method === 'POST';
    if (!isPosted && !query) return isAnswered ? show(response) : refuse(response, 404);
    if (isPosted && !/^application\/x-www-form-urlencoded *(;|$)/i.test(headers['content-type'] ?? '')) return refuse(response, 415);
    const text = isPosted ? await bodyOf(request) : query;
    if (typeof text === 'number') return refuse(response, text);
    const entries = [...new URLSearchParams(text)];
    const fields = Object.fromEntries(entries);
    if (fields.state !== state || entries.length !== Object.keys(fields).length) return refuse(response, 400);
    if (isAnswered) return refuse(response, 409);
    isAnswered = true;
    take(fields);
    // An address with a code in it is not left in the browser.
    if (isPosted) show(response);
    else answerWith(response, 303, { location: pathname });
  }

  /** Now, or when there is something to show. @param {ServerResponse} response */
  function show(response) {
    if (!page) return void waiting.push(response);
    response.on('close', onShown);
    answerWith(response, 200, { 'content-type': 'text/html; charset=utf-8', ...(page.policy && { 'content-security-policy': page.policy }) }, page.html);
  }

  return {
    redirectUri: `http://${host}:${bound}${path}`,
    answer,
    async close(given, isHasty) {
      page = given;
      const isSomebodyThere = waiting.length > 0;
      waiting.splice(0).forEach(show);
      if (isSomebodyThere || (isAnswered && !isHasty)) await within(GRACE, shown);
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @param {Server} server @param {number} port @param {string} address @returns {Promise<Server>} */
async function started(server, port, address) {
  const { Deno } = /** @type {any} */ (globalThis);
  const host = (address.includes(':') ? `[${address}]` : address) + (port ? `:${port}` : '');
  // Without leave to listen, Deno throws later what nobody can catch.
  if (Deno && Deno.permissions.requestSync({ name: 'net', host }).state !== 'granted') throw new Error(`Deno does not allow to listen on ${host}`);
  return new Promise((resolve, reject) => void server.on('error', reject).listen(port, address, () => resolve(server)));
}

/** @param {ServerResponse} response @param {number} status @param {Record<string, string>} [headers] */
function refuse(response, status, headers) {
  answerWith(response, status, { 'content-type': 'text/plain', ...headers }, 'This is not the answer that the sign-in waits for.\n');
}

/** Nothing is kept, no address is passed on, and no connection stays. */
const HEADERS = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff', connection: 'close' };

/** @param {ServerResponse} response @param {number} status @param {Record<string, string>} headers @param {string} [body] */
function answerWith(response, status, headers, body = '') {
  response.writeHead(status, { ...HEADERS, ...headers }).end(body);
}

/** The body of a request; or the status to refuse it with. @param {IncomingMessage} request @returns {Promise<string | number>} */
async function bodyOf(request) {
  let body = '';
  /** @type {Promise<string | number>} */
  const read = new Promise((resolve) => {
    request.setEncoding('latin1'); // a form is ASCII, and so its length is that of the bytes
    request.on('data', (chunk) => {
      body += chunk;
      if (body.length > MOST_BYTES) resolve(413);
    });
    request.on('end', () => resolve(body));
    request.on('close', () => resolve(400));
  });
  return (await within(PATIENCE, read)) ?? 408;
}

/** @template T @param {number} milliseconds @param {Promise<T>} work @returns {Promise<T | undefined>} undefined if that takes longer */
export async function within(milliseconds, work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  try {
    return await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)))]);
  } finally {
    clearTimeout(timer);
  }
}
