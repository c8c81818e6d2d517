// Entra within the process: an INetworkModule that answers at once, and a clock on which waiting takes no time.

import { person } from './blob.mjs';

const DEVICE_CODE = {
  user_code: 'ABCD-EFGH',
  device_code: `1.${'d'.repeat(200)}`,
  verification_uri: 'https://microsoft.com/devicelogin',
  expires_in: 900,
  interval: 5,
  message: 'To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code ABCD-EFGH.',
};

const HEADERS = { 'content-type': 'application/json; charset=utf-8', 'x-ms-request-id': 'd3a1c4de-4d4f-4a9b-8f1e-3c5b7a9d1e2f' };

/**
 * Answers for so many people. Who signs in or refreshes is whoever `next` names: to read it from the request would cost more than the
 * libraries do.
 * @param {number} count
 */
export function startServer(count) {
  const people = Array.from({ length: count }, (_, index) => {
    const { idToken, accessToken, refreshToken, clientInfo } = person(index);
    return { idToken, accessToken, refreshToken, clientInfo };
  });
  let issued = 0;
  const server = {
    next: 0,
    /** The access token that was sent last. */
    sent: '',
    async sendPostRequestAsync(/** @type {string} */ url) {
      return { status: 200, headers: HEADERS, body: url.includes('/devicecode') ? DEVICE_CODE : tokens() };
    },
    async sendGetRequestAsync(/** @type {string} */ url) {
      throw new Error(`a request that nobody needs: GET ${url}`);
    },
  };

  function tokens() {
    const { idToken, accessToken, refreshToken, clientInfo } = people[server.next];
    issued += 1;
    server.sent = `${accessToken}${issued}`;
    return {
      token_type: 'Bearer',
      scope: 'email openid profile User.Read',
      expires_in: 4800,
      ext_expires_in: 4800,
      access_token: server.sent,
      refresh_token: `${refreshToken}${issued}`,
      id_token: idToken,
      client_info: clientInfo,
    };
  }

  return server;
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
