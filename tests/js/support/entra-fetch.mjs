// A `fetch` that finds the server of entra.mjs under Entra's host names, and trusts its certificate: undici's own with a dispatcher, for how
// to hand one to Node's built-in `fetch` differs between its versions. Loaded before a program, `--import entra-fetch.mjs`, it is that program's:
// ENTRA_PORT and ENTRA_CERTIFICATE say where the server is.

import { Agent, buildConnector, fetch as undiciFetch } from 'undici';

/** The names of the public cloud: MSAL Python files what it has under the first, msal-node under the second. */
export const ALIASES = ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'];

/** @param {number} port @param {string} certificate @returns {{ fetch: typeof fetch, close: () => Promise<void> }} */
export function entraFetch(port, certificate) {
  const connect = buildConnector({ ca: certificate });
  const dispatcher = new Agent({
    connect: (target, done) =>
      connect(
        ALIASES.includes(target.hostname) ? { ...target, host: '127.0.0.1', hostname: '127.0.0.1', port, servername: target.hostname } : target,
        done,
      ),
  });
  return {
    fetch: (url, init) => undiciFetch(url, { ...init, headers: Object.fromEntries(new Headers(init?.headers)), dispatcher }),
    close: () => dispatcher.close(),
  };
}

const { ENTRA_PORT, ENTRA_CERTIFICATE } = process.env;
if (ENTRA_PORT) globalThis.fetch = entraFetch(Number(ENTRA_PORT), ENTRA_CERTIFICATE).fetch;
