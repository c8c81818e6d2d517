// Entra within the process, answering at once, in the dialect of each library's network; and a clock on which waiting takes no time.

import { person } from './blob.mjs';

const DEVICE_CODE = {
  user_code: 'ABCD-EFGH',
  device_code: `1.${'d'.repeat(200)}`,
  verification_uri: 'https://microsoft.com/devicelogin',
  expires_in: 900,
  interval: 5,
  message: 'To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code ABCD-EFGH.',
};

const PENDING = {
  error: 'authorization_pending',
  error_description: 'AADSTS70016: OAuth 2.0 device flow error. Authorization is pending. Continue polling. Trace ID: '
    + 'd3a1c4de-4d4f-4a9b-8f1e-3c5b7a9d1e2f Correlation ID: 5b0a6f0e-6f0c-4a52-9d0b-64a0f3f0b5c1 Timestamp: 2026-11-22 01:30:22Z',
  error_codes: [70016],
  timestamp: '2026-11-22 01:30:22Z',
  trace_id: 'd3a1c4de-4d4f-4a9b-8f1e-3c5b7a9d1e2f',
  correlation_id: '5b0a6f0e-6f0c-4a52-9d0b-64a0f3f0b5c1',
  error_uri: 'https://login.microsoftonline.com/error?code=70016',
};

const HEADERS = { 'content-type': 'application/json; charset=utf-8', 'x-ms-request-id': 'd3a1c4de-4d4f-4a9b-8f1e-3c5b7a9d1e2f' };

/**
 * Answers for so many people. Who signs in or refreshes is whoever `next` names: to read it from the request would cost more than the
 * libraries do.
 * @param {number} count
 * @param {{ same?: boolean }} [options] whether tokens are always the blob's own, and not new ones
 */
export function startServer(count, { same = false } = {}) {
  const people = Array.from({ length: count }, (_, index) => {
    const { idToken, accessToken, refreshToken, clientInfo } = person(index);
    return { idToken, accessToken, refreshToken, clientInfo };
  });
  let issued = 0;
  const server = {
    next: 0,
    /** The access token that was sent last. */
    sent: '',
    /** Whether everybody is still typing the code. */
    isPending: false,
    codes: 0,
    polls: 0,
    /** Called with each poll's form, where somebody wants to see it. @type {((form: string) => void) | undefined} */
    watch: undefined,

    /** MSAL's network module. */
    networkClient: {
      async sendPostRequestAsync(/** @type {string} */ url, /** @type {any} */ options) {
        const { status, body } = answer(url, options?.body);
        return { status, headers: HEADERS, body };
      },
      async sendGetRequestAsync(/** @type {string} */ url) {
        return needless(url);
      },
    },

    /** The web's, which openid-client takes, and doorcode if it is given no network. */
    async fetch(/** @type {any} */ url, /** @type {any} */ options) {
      if (options?.method !== 'POST') needless(url);
      const { status, body } = answer(String(url), options.body);
      return new Response(JSON.stringify(body), { status, headers: HEADERS });
    },

    /** That of Azure's SDK. */
    httpClient: {
      async sendRequest(/** @type {any} */ request) {
        if (request.method !== 'POST') needless(request.url);
        const { status, body } = answer(request.url, request.body);
        return { request, status, headers: azureHeaders(), bodyAsText: JSON.stringify(body) };
      },
    },
  };

  /** @param {string} url @param {unknown} form */
  function answer(url, form) {
    if (url.includes('/devicecode')) {
      server.codes += 1;
      return { status: 200, body: { ...DEVICE_CODE, device_code: `${DEVICE_CODE.device_code}${server.codes}` } };
    }
    server.polls += 1;
    server.watch?.(String(form));
    return server.isPending ? { status: 400, body: PENDING } : { status: 200, body: tokens() };
  }

  function tokens() {
    const { idToken, accessToken, refreshToken, clientInfo } = people[server.next];
    issued += 1;
    const mark = same ? '' : issued;
    server.sent = `${accessToken}${mark}`;
    return {
      token_type: 'Bearer',
      scope: 'email openid profile User.Read',
      expires_in: 4800,
      ext_expires_in: 4800,
      access_token: server.sent,
      refresh_token: `${refreshToken}${mark}`,
      id_token: idToken,
      client_info: clientInfo,
    };
  }

  return server;
}

/** @typedef {ReturnType<typeof startServer>} Server */

/** @param {unknown} url @returns {never} */
function needless(url) {
  throw new Error(`a request that nobody needs: GET ${url}`);
}

/** As much of Azure's HttpHeaders as a pipeline asks for. */
function azureHeaders() {
  const headers = new Map(Object.entries(HEADERS));
  return Object.assign(headers, { toJSON: () => ({ ...HEADERS }) });
}

/** MSAL knows no clock and does not wait before its first poll, so with tokens on the first poll neither library waits. */
export function fastClock() {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    async sleep(/** @type {number} */ milliseconds) {
      ahead += milliseconds;
    },
    /** Else a thousand sign-ins would end hours ahead, when tokens have expired. */
    rewind() {
      ahead = 0;
    },
  };
}
