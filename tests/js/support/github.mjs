// An HTTP server on this machine that answers as GitHub documents its device flow: forms unless JSON is asked for, refusals with status
// 200, scopes with commas, and tokens that do not expire, unless they are a GitHub App's.
// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

export const CLIENT_ID = 'Ov23li0123456789abcd';
export const OCTOCAT = { login: 'octocat', id: 583231, name: 'The Octocat' };
export const HUBOT = { login: 'hubot', id: 480938, name: 'Hubot' };
/** Where GitHub describes its refusals. */
export const ERRORS_PAGE = 'https://docs.github.com/developers/apps/authorizing-oauth-apps#error-codes-for-the-device-flow';

const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const DESCRIPTIONS = {
  access_denied: 'The authorization request was denied.',
  authorization_pending: 'The authorization request is still pending.',
  bad_refresh_token: 'The refresh token passed is incorrect or expired.',
  device_flow_disabled: 'Device Flow must be explicitly enabled for this App',
  expired_token: 'This \'device_code\' has expired.',
  incorrect_client_credentials: 'The client_id and/or client_secret passed are incorrect.',
  incorrect_device_code: 'The device_code provided is not valid.',
  slow_down: 'Too many requests have been made in the same timeframe.',
  unsupported_grant_type: 'The grant type is not supported.',
};

/** What GitHub makes of the scopes that were asked for. */
const granted = (scope) => (scope ?? '').split(/[ ,]+/).filter(Boolean).sort().join(',');

/**
 * @param {object} [given] what may be changed later, in `options` of what is returned
 * @param {(poll: number) => string | undefined} [given.onPoll] the refusal of each poll of a code, counted from 1: nothing for tokens
 * @param {number} [given.slowDownBy] seconds that slow_down adds
 * @param {boolean} [given.isEnabled] whether "Enable Device Flow" is ticked
 * @param {boolean} [given.isGitHubApp] tokens expire and are renewed, and there are no scopes
 * @param {{ login: string }} [given.person] who approves
 * @param {object} [given.more] added to each reply with tokens
 */
export async function startGitHub(given = {}) {
  const options = {
    onPoll: (poll) => (poll > 1 ? undefined : 'authorization_pending'),
    slowDownBy: 5,
    isEnabled: true,
    isGitHubApp: false,
    person: OCTOCAT,
    more: {},
    ...given,
  };
  const seen = [];
  const codes = new Map();
  const people = new Map();
  const refreshTokens = new Map();
  const refusal = (error, more) => ({ error, error_description: DESCRIPTIONS[error], error_uri: ERRORS_PAGE, ...more });

  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { headers, method } = request;
    const url = new URL(request.url, origin);
    const form = new URLSearchParams(body);
    seen.push({ method, url, path: url.pathname, headers, form });
    const route = `${method} ${url.pathname}`;
    if (route === 'GET /api/v3/user') return user(headers, response);
    const answer = { 'POST /login/device/code': deviceCode, 'POST /login/oauth/access_token': token }[route]?.(form);
    if (!answer) return response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not Found</h1>');
    const isJson = headers.accept?.includes('application/json');
    response.writeHead(200, { 'content-type': `${isJson ? 'application/json' : 'application/x-www-form-urlencoded'}; charset=utf-8` });
    response.end(isJson ? JSON.stringify(answer) : new URLSearchParams(answer).toString());
  });

  function user(headers, response) {
    const person = people.get(/^Bearer (.+)$/.exec(headers.authorization)?.[1]);
    response.writeHead(person ? 200 : 401, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(person ?? { message: 'Bad credentials', status: '401' }));
  }

  function deviceCode(form) {
    if (form.get('client_id') !== CLIENT_ID) return refusal('incorrect_client_credentials');
    if (!options.isEnabled) return refusal('device_flow_disabled');
    const code = randomBytes(20).toString('hex');
    codes.set(code, { scope: form.get('scope'), interval: 5, polls: 0 });
    return { device_code: code, user_code: 'WDJB-MJHT', verification_uri: `${origin}/login/device`, expires_in: 900, interval: 5 };
  }

  function token(form) {
    if (form.get('client_id') !== CLIENT_ID) return refusal('incorrect_client_credentials');
    if (form.get('grant_type') === 'refresh_token') return renewed(form.get('refresh_token'));
    if (form.get('grant_type') !== DEVICE_CODE_GRANT) return refusal('unsupported_grant_type');
    const code = codes.get(form.get('device_code'));
    if (!code) return refusal('incorrect_device_code');
    code.polls += 1;
    const error = options.onPoll(code.polls);
    if (error === 'slow_down') return refusal(error, { interval: (code.interval += options.slowDownBy) });
    if (error) return refusal(error);
    codes.delete(form.get('device_code'));
    return tokens(granted(code.scope), options.person);
  }

  function renewed(refreshToken) {
    const person = refreshTokens.get(refreshToken);
    if (!person) return refusal('bad_refresh_token');
    refreshTokens.delete(refreshToken); // each is good for one use
    return tokens('', person);
  }

  function tokens(scope, person) {
    const accessToken = `${options.isGitHubApp ? 'ghu' : 'gho'}_${randomBytes(18).toString('hex')}`;
    people.set(accessToken, person);
    const reply = { access_token: accessToken, token_type: 'bearer', scope: options.isGitHubApp ? '' : scope, ...options.more };
    if (!options.isGitHubApp) return reply;
    const refreshToken = `ghr_${randomBytes(38).toString('hex')}`;
    refreshTokens.set(refreshToken, person);
    return { ...reply, expires_in: 28_800, refresh_token: refreshToken, refresh_token_expires_in: 15_897_600 };
  }

  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${http.address().port}`;
  return {
    origin,
    /** The API, where a GitHub Enterprise Server has it. */
    api: `${origin}/api/v3`,
    /** Every request so far. */
    seen,
    /** What the server does, from now on. */
    options,
    /** As after the six months that they live, or when the person has revoked the app. */
    forgetRefreshTokens: () => refreshTokens.clear(),
    close: () =>
      new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      }),
  };
}
