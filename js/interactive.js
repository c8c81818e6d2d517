// A sign-in in the browser of this machine: the authorization code flow with PKCE, whose answer comes to a port of ours (RFC 8252).

import { Input, wrong } from './check.js';
import { coreOf } from './core.js';
import { CryptoProvider } from './crypto-provider.js';
import { ClientAuthError, ClientAuthErrorCodes, ClientConfigurationErrorCodes } from './errors.js';
import { failed } from './failed.js';
import { listen, within } from './loopback.js';
import { authorizationRequest, newCorrelationId } from './shapes.js';
import { stoppable } from './stop.js';

/** How long people may take if nobody says, in seconds. */
const TIMEOUT = 300;
/** What a timer can count, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * @param {import('./index.js').PublicClientApplication} application
 * @param {import('./index.js').InteractiveRequest} request
 * @returns {Promise<import('./index.js').AuthenticationResult>}
 */
export async function signInInteractively(application, request) {
  const input = Input.request(request);
  const openBrowser = input.callback('openBrowser');
  if (!openBrowser) throw input.wrong('openBrowser', 'it is missing; pass a function that opens the address in a browser');
  const correlationId = input.filledText('correlationId') ?? newCorrelationId();
  const [timeout, ownState = ''] = [input.positive('timeout', 'seconds') ?? TIMEOUT, input.text('state')];
  const templates = [input.text('successTemplate'), input.text('errorTemplate')];
  checkResponseMode(input);
  const crypto = new CryptoProvider();
  const [state, nonce] = [crypto.createNewGuid(), input.filledText('nonce') ?? crypto.createNewGuid()];
  const place = { ...loopbackOf(input), port: portOf(input), state };
  const http = nodeHttp(correlationId);

  return stoppable({ signal: input.signal('signal') }, async (signal) => {
    const gaveUp = () => stopped(signal.reason, correlationId);
    const unlessStopped = racing(signal, gaveUp);
    if (signal.aborted) throw gaveUp();
    const { redirectUri, answer, close } = await listen(http, place);
    try {
      const { openBrowser: _, ...given } = request;
      const asked = { ...given, scopes: given.scopes ?? [], correlationId, redirectUri, nonce, state };
      const { verifier: codeVerifier, challenge: codeChallenge } = await crypto.generatePkceCodes();
      const fields = authorizationRequest(Input.request({ ...asked, codeChallenge, codeChallengeMethod: 'S256' }));
      // Microsoft's servers are asked to post their answer, as MSAL does: an address with a code in it stays where addresses are kept.
      const address = await unlessStopped(coreOf(application).authorizationUrl(JSON.stringify({ ...fields, prefersPost: true }), signal));
      const opened = opening(openBrowser, address);
      const payload = await within(Math.min(timeout * 1000, LONGEST), unlessStopped(Promise.race([answer, opened])));
      if (!payload) throw late(timeout, correlationId);
      const result = await unlessStopped(application.acquireTokenByCode({ ...asked, code: '', codeVerifier, signal }, payload));
      // Not before: whoever reads "signed in" is.
      await close(pageFrom(templates[0], 'You are signed in', []), false);
      return { ...result, state: ownState };
    } catch (error) {
      await close(pageFrom(templates[1], 'You are not signed in', told(error)), signal.aborted);
      throw error;
    }
  });
}

/** @param {Input} input */
function loopbackOf(input) {
  const [, host, path = ''] = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(\/[^?#\s\\]*)?$/.exec(input.filledText('redirectUri') ?? 'http://localhost') ?? [];
  if (host) return { host, path };
  const fix = 'it must be http://localhost, http://127.0.0.1 or http://[::1], with any path and without a port, which is filled in; or leave it out';
  throw wrong(ClientConfigurationErrorCodes.redirectUriNotSupported, 'redirectUri', fix);
}

/** @param {Input} input */
function portOf(input) {
  const port = /** @type {any} */ (input.value.preferredPort) ?? undefined;
  // MSAL: 0 is none, too.
  if (port === undefined || (Number.isInteger(port) && port >= 0 && port < 65_536)) return port;
  throw input.wrong('preferredPort', 'it must be a whole number from 1 to 65535');
}

/** @param {Input} input */
function checkResponseMode(input) {
  const mode = input.filledText('responseMode');
  if (mode === undefined || mode === 'query' || mode === 'form_post') return;
  throw wrong(ClientConfigurationErrorCodes.invalidResponseMode, 'responseMode', 'it must be "query" or "form_post", for no other reaches a port; or leave it out');
}

/** Bundlers for browsers see no import of Node's, and Cloudflare, which has the module, has no ports. @param {string} correlationId */
function nodeHttp(correlationId) {
  const http = globalThis.process?.getBuiltinModule?.('node:http');
  if (typeof http?.createServer === 'function' && globalThis.navigator?.userAgent !== 'Cloudflare-Workers') return http;
  const message = 'acquireTokenInteractive needs a port of this machine, which Node (20.16 or later), Deno and Bun can open, and nothing else.';
  const remedy = 'Sign in with acquireTokenByDeviceCode here; in a web app with getAuthCodeUrl and acquireTokenByCode.';
  throw failed(ClientAuthError, ClientAuthErrorCodes.methodNotImplemented, message, { remedy, correlationId });
}

/** Only if the browser cannot be opened does that matter: some programs end with their window. @param {Function} openBrowser @param {string} address */
async function opening(openBrowser, address) {
  await openBrowser(address);
  return /** @type {Promise<never>} */ (new Promise(() => {}));
}

/** @param {number} seconds @param {string} correlationId */
function late(seconds, correlationId) {
  const message = `The sign-in was not completed within the ${seconds} s that the request allows (timeout).`;
  return failed(ClientAuthError, ClientAuthErrorCodes.userTimeoutReached, message, { remedy: 'Start again, with a longer timeout or none.', correlationId });
}

/** @param {unknown} cause @param {string} correlationId */
function stopped(cause, correlationId) {
  const message = 'The sign-in was cancelled by the program.';
  return failed(ClientAuthError, ClientAuthErrorCodes.deviceCodePollingCancelled, message, { remedy: 'Start again to sign in.', correlationId, cause });
}

/** Waits for work until the signal aborts. @param {AbortSignal} signal @param {() => Error} error @returns {<T>(work: Promise<T>) => Promise<T>} */
function racing(signal, error) {
  /** @type {Promise<never>} */
  const aborted = new Promise((_, reject) => signal.addEventListener('abort', () => reject(error())));
  aborted.catch(() => {}); // whoever waits hears of it
  return (work) => Promise.race([work, aborted]);
}

/** What a page says of an error. @param {any} error @returns {string[]} */
function told(error) {
  return [error?.errorMessage ?? 'The program could not go on.', error?.remedy ?? ''].filter(Boolean);
}

/**
 * What the browser shows at the end. A template of the program's is its own affair, policy and all.
 * @param {string | undefined} template
 * @param {string} title
 * @param {string[]} lines
 * @returns {import('./loopback.js').Page}
 */
function pageFrom(template, title, lines) {
  if (template) return { html: template };
  const escaped = (/** @type {string} */ text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  const paragraphs = [...lines, 'You can close this page and go back to the program.'].map((line) => `<p dir="auto">${escaped(line)}</p>`);
  return {
    html: `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 30rem; margin: 12vh auto; padding: 0 1rem }
h1 { font-size: 1.5rem; line-height: 1.25 }
</style>
<main>
<h1>${title}</h1>
${paragraphs.join('\n')}
</main>
</html>
`,
    policy: "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  };
}
