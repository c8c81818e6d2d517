// A small authorization server (RFC 8628 and refresh tokens of RFC 6749) that is exact about its state, and keeps all of it to be looked
// at afterwards. Who signs in is known by the scope of the request, which is a name that nobody else has.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { jwt } from '../js/support/jwt.mjs';
import { dice } from './dice.mjs';

const CLIENT = 'client';

/**
 * @typedef {object} Code what became of a device code
 * @property {string} name whose it is
 * @property {number} polls
 * @property {'granted' | 'declined' | 'expired'} end what the person makes of it, in the end
 * @property {boolean} spent whether it was exchanged for tokens
 * @property {string} [accessToken] the one that it was exchanged for
 *
 * @typedef {object} Person
 * @property {Code[]} codes
 * @property {boolean} rotates whether each refresh token is good for one use
 * @property {string[]} accessTokens all that were sent
 * @property {Set<string>} refreshTokens those that work
 * @property {number} refreshes how often a refresh token was shown
 */

/** Starts it on a free port of this machine. @param {number} seed */
export async function startServer(seed) {
  /** @type {Map<string, Code>} */
  const codes = new Map();
  /** @type {Map<string, Person>} */
  const people = new Map();
  /** Whose a token is. @type {Map<string, string>} */
  const owners = new Map();

  const http = createServer(async (request, response) => {
    let body = '';
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return; // cut off
    }
    const [status, answer] = answerTo(`${request.method} ${request.url}`, new URLSearchParams(body));
    const text = JSON.stringify(answer);
    // One way of telling where the body ends as often as the other, so that both are hit.
    const length = text.length % 2 ? { 'content-length': Buffer.byteLength(text) } : {};
    response.writeHead(status, { 'content-type': 'application/json', ...length });
    if (length['content-length']) return void response.end(text);
    response.write(text.slice(0, 20));
    response.end(text.slice(20));
  });
  http.keepAliveTimeout = 60_000;
  // The order of events is the proxy's affair alone.
  http.requestTimeout = 0;
  await new Promise((resolve) => http.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (http.address());

  const server = {
    port,
    codes,
    people,
    owners,
    /** The address by which people know it: the proxy's. */
    issuer: '',
    /** Where something was sent to that nobody makes of sound mind: corrupted on the way. */
    nonsense: 0,
    close: () => new Promise((resolve) => {
      http.close(resolve);
      http.closeAllConnections();
    }),
  };
  return server;

  /** @param {string} what @param {URLSearchParams} form @returns {[number, object]} */
  function answerTo(what, form) {
    // Each application has a path of its own, so that its request for this document can be told from others.
    const [, method, path, last] = /^(\w+) (\/app-\d+)(\/\S+)$/.exec(what) ?? [];
    const issuer = server.issuer + path;
    if (method === 'GET' && last === '/.well-known/openid-configuration') {
      return [200, { issuer, device_authorization_endpoint: `${issuer}/device`, token_endpoint: `${issuer}/token` }];
    }
    if (method === 'POST' && last === '/device') return device(form);
    if (method === 'POST' && last === '/token' && form.get('client_id') === CLIENT) {
      if (form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:device_code') return poll(form.get('device_code') ?? '', issuer);
      if (form.get('grant_type') === 'refresh_token') return refresh(form.get('refresh_token') ?? '', issuer);
    }
    server.nonsense += 1;
    return [400, { error: 'invalid_request' }];
  }

  /** @param {URLSearchParams} form @returns {[number, object]} */
  function device(form) {
    const name = /(?:^| )(person-\d+-[0-9a-f]{4})(?: |$)/.exec(form.get('scope') ?? '')?.[1];
    if (!name || form.get('client_id') !== CLIENT) {
      server.nonsense += 1;
      return [400, { error: 'invalid_scope' }];
    }
    const person = people.get(name) ?? newPerson(name);
    const roll = dice(seed, name, 'person', person.codes.length);
    const fate = roll();
    /** @type {Code} */
    const code = { name, polls: Math.floor(roll() * 3), end: fate < 0.94 ? 'granted' : fate < 0.98 ? 'declined' : 'expired', spent: false };
    person.codes.push(code);
    const deviceCode = `DC-${name}-${randomBytes(16).toString('hex')}`;
    codes.set(deviceCode, code);
    const user_code = randomBytes(4).toString('hex').toUpperCase();
    return [200, { device_code: deviceCode, user_code, verification_uri: `${server.issuer}/activate`, expires_in: 200_000, interval: 5 }];
  }

  /** @param {string} name */
  function newPerson(name) {
    /** @type {Person} */
    const person = { codes: [], rotates: dice(seed, name, 'rotates')() < 0.5, accessTokens: [], refreshTokens: new Set(), refreshes: 0 };
    people.set(name, person);
    return person;
  }

  /** @param {string} deviceCode @param {string} issuer @returns {[number, object]} */
  function poll(deviceCode, issuer) {
    const code = codes.get(deviceCode);
    if (!code) return [400, { error: 'invalid_grant', error_description: 'The device code is not known.' }];
    if (code.spent) return [400, { error: 'invalid_grant', error_description: 'The device code was used before.' }];
    if (code.polls > 0) {
      code.polls -= 1;
      const mood = dice(seed, code.name, 'mood', code.polls)();
      if (mood < 0.1) return [400, { error: 'slow_down' }];
      if (mood < 0.2) return [503, { error: 'temporarily_unavailable' }];
      return [400, { error: 'authorization_pending' }];
    }
    if (code.end === 'declined') return [400, { error: 'access_denied' }];
    if (code.end === 'expired') return [400, { error: 'expired_token' }];
    code.spent = true;
    const tokens = newTokens(code.name, issuer);
    code.accessToken = tokens.access_token;
    return [200, tokens];
  }

  /** @param {string} refreshToken @param {string} issuer @returns {[number, object]} */
  function refresh(refreshToken, issuer) {
    const name = owners.get(refreshToken);
    const person = name === undefined ? undefined : people.get(name);
    if (person) person.refreshes += 1;
    if (!name || !person?.refreshTokens.has(refreshToken)) return [400, { error: 'invalid_grant', error_description: 'The refresh token is not good.' }];
    if (person.rotates) person.refreshTokens.delete(refreshToken);
    return [200, newTokens(name, issuer)];
  }

  /** @param {string} name @param {string} issuer */
  function newTokens(name, issuer) {
    const [access_token, refresh_token] = ['AT', 'RT'].map((kind) => `${kind}-${name}-${randomBytes(16).toString('hex')}`);
    const person = /** @type {Person} */ (people.get(name));
    person.accessTokens.push(access_token);
    person.refreshTokens.add(refresh_token);
    owners.set(access_token, name).set(refresh_token, name);
    const now = Math.floor(Date.now() / 1000);
    const id_token = jwt({ iss: issuer, aud: CLIENT, sub: name, iat: now, exp: now + 400_000, name });
    return { access_token, refresh_token, id_token, token_type: 'Bearer', expires_in: 300_000, scope: `openid profile offline_access ${name}` };
  }
}
