// What is left of secrets in WebAssembly's linear memory when they are gone. JavaScript's own strings are out of anybody's hands.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { ConfidentialClientApplication, DeviceCodeFlow, PublicClientApplication } from 'doorcode';
import { failure } from './support/app.mjs';
import { fastClock } from './support/clock.mjs';
import { jwt } from './support/jwt.mjs';
import { collect, linearMemory } from './support/linear-memory.mjs';
import { CODES, startScripted } from './support/scripted.mjs';

/** A text that nothing else holds, and that is the same in a form, in JSON and in base64url. */
const secret = (name) => `${name}x${randomBytes(40).toString('hex')}`;

/** How long a piece of a secret is that counts as one, and how far apart those begin that are looked for. */
const [PIECE, STEP] = [12, 4];

/**
 * Which pieces of a secret are in memory: an allocator's own notes may have replaced its beginning. Of an ID token, its signature; what is
 * before that is alike in all of them.
 */
function left(secret) {
  const memory = linearMemory();
  const text = secret.slice(secret.lastIndexOf('.') + 1);
  const pieces = Array.from({ length: Math.floor((text.length - PIECE) / STEP) + 1 }, (_, index) => text.slice(index * STEP, index * STEP + PIECE));
  return pieces.filter((piece) => memory.includes(piece));
}

function assertGone(secrets) {
  for (const [name, text] of Object.entries(secrets)) assert.deepEqual(left(text), [], `of the ${name} this is left in memory`);
}

function assertThere(secrets) {
  for (const [name, text] of Object.entries(secrets)) assert.ok(left(text).length > 5, `the ${name} is in memory, so it would be found`);
}

describe('in WebAssembly\'s memory', () => {
  let server;
  /** How the server answers, from now on. */
  let answers = {};
  before(async () => {
    const said = (path, standard) => (request, response) => (answers[path] ?? standard)(request, response);
    server = await startScripted({ '/device': said('/device', () => ({ json: CODES })), '/token': said('/token', () => ({ json: {} })) });
  });
  after(() => server.close());

  /** Tokens that nobody else has. */
  const newTokens = () => {
    const claims = { iss: server.origin, aud: 'client', sub: 'ada', exp: Math.floor(Date.now() / 1000) + 3600 };
    return { access_token: secret('AT'), refresh_token: secret('RT'), id_token: jwt(claims).replace(/[^.]*$/, secret('IDT')) };
  };
  const configuration = (auth) => ({ auth: { clientId: 'client', authority: server.origin, ...auth }, system: { clock: fastClock(), protocolMode: 'OIDC' } });
  const newApp = () => new PublicClientApplication(configuration());
  const silently = (pca, account) => pca.acquireTokenSilent({ scopes: ['a'], account, forceRefresh: true });

  /** Signs in; returns the account, and what was secret. */
  async function signIn(pca) {
    const codes = { ...CODES, device_code: secret('DC') };
    const tokens = newTokens();
    answers = { '/device': () => ({ json: codes }), '/token': () => ({ json: { ...tokens, expires_in: 3600 } }) };
    const { account } = await pca.acquireTokenByDeviceCode({ scopes: ['a'], deviceCodeCallback() {} });
    return { account, tokens, deviceCode: codes.device_code };
  }

  it('a device code is gone when its flow has ended, and the tokens when the account is signed out', async () => {
    const pca = newApp();
    const { account, tokens, deviceCode } = await signIn(pca);
    assertGone({ deviceCode });
    assertThere(tokens);
    await pca.signOut({ account });
    assertGone(tokens);
    assert.deepEqual(await pca.getAllAccounts(), []);
  });

  it('a device code is gone when the sign-in is cancelled, refused, or unreadably answered', async () => {
    for (const end of ['cancelled', 'refused', 'unreadable', 'cut']) {
      const codes = { ...CODES, device_code: secret('DC') };
      const controller = new AbortController();
      const tokens = newTokens();
      answers = {
        '/device': () => ({ json: codes }),
        '/token': (_, response) => {
          if (end === 'refused') return { status: 400, json: { error: 'access_denied', error_description: `not ${tokens.access_token}` } };
          if (end === 'unreadable') return { body: `${JSON.stringify(tokens)}}` };
          if (end === 'cancelled') return void controller.abort();
          response.writeHead(200, { 'content-length': 9999 }).write(JSON.stringify(tokens), () => response.destroy());
        },
      };
      await failure(newApp().acquireTokenByDeviceCode({ scopes: ['a'], deviceCodeCallback() {}, signal: controller.signal }));
      assertGone({ deviceCode: codes.device_code, ...tokens });
    }
  });

  it('PKCE\'s verifier is gone when the flow that used it has ended', async () => {
    const seen = [];
    answers = {
      '/.well-known/openid-configuration': undefined,
      '/device': ({ body }) =>
        (body.includes('code_challenge') ? { json: CODES } : { status: 400, json: { error: 'invalid_request', error_description: 'PKCE' } }),
      '/token': ({ body }) => {
        seen.push(new URLSearchParams(body).get('code_verifier'));
        assertThere({ verifier: seen[0] });
        return seen.length < 3 ? { status: 400, json: { error: 'authorization_pending' } } : { json: newTokens() };
      },
    };
    const authorityMetadata = {
      issuer: server.origin, device_authorization_endpoint: `${server.origin}/device`, token_endpoint: `${server.origin}/token`,
      code_challenge_methods_supported: ['S256'],
    };
    const pca = new PublicClientApplication(configuration({ authorityMetadata }));
    await pca.acquireTokenByDeviceCode({ scopes: ['a'], deviceCodeCallback() {} });
    assert.equal(seen[0]?.length, 43);
    assertGone({ verifier: seen[0] });
  });

  it('a flow that was saved and resumed leaves nothing when it is dropped', async () => {
    const codes = { ...CODES, device_code: secret('DC') };
    answers = { '/device': () => ({ json: codes }), '/token': () => ({ status: 400, json: { error: 'authorization_pending' } }) };
    await (async () => {
      const pca = newApp();
      const flow = new DeviceCodeFlow(pca, { scopes: ['a'] });
      await flow.initiateDeviceCodeFlow();
      const resumed = DeviceCodeFlow.resume(pca, JSON.parse(JSON.stringify(flow)));
      await resumed.poll();
      assertThere({ deviceCode: codes.device_code });
    })();
    await collect();
    assertGone({ deviceCode: codes.device_code });
  });

  it('tokens are gone when newer ones have taken their place', async () => {
    const pca = newApp();
    const { account, tokens: old } = await signIn(pca);
    assertThere(old);
    const tokens = newTokens();
    answers = { '/token': () => ({ json: { ...tokens, expires_in: 3600 } }) };
    assert.equal((await silently(pca, account)).accessToken, tokens.access_token);
    assertGone(old);
    assertThere(tokens);
  });

  it('a refresh token is gone when the server has taken it and will have no other', async () => {
    const pca = newApp();
    const { account, tokens } = await signIn(pca);
    answers = { '/token': () => ({ status: 400, json: { error: 'invalid_grant', suberror: 'token_expired' } }) };
    assert.equal((await failure(silently(pca, account))).needsInteraction, true);
    assertGone({ refresh_token: tokens.refresh_token });
  });

  it('what was in a cache that was read is gone when it is signed out, renewed, cleared or replaced', async () => {
    const saved = async () => {
      const pca = newApp();
      const { account, tokens } = await signIn(pca);
      const text = pca.getTokenCache().serialize();
      pca.clearCache();
      assertGone(tokens);
      return { account, tokens, text };
    };
    for (const end of ['signed out', 'renewed', 'cleared', 'replaced', 'unreadable']) {
      const { account, tokens, text } = await saved();
      const pca = newApp();
      const cache = pca.getTokenCache();
      if (end === 'unreadable') {
        assert.throws(() => cache.deserialize(`${text}}`), { errorCode: 'invalid_cache_record' });
      } else {
        cache.deserialize(text);
        assertThere(tokens);
      }
      const newer = newTokens();
      answers = { '/token': () => ({ json: newer }) };
      if (end === 'signed out') await pca.signOut({ account });
      if (end === 'renewed') await silently(pca, account);
      if (end === 'cleared') pca.clearCache();
      if (end === 'replaced') cache.deserialize((await saved()).text);
      assertGone(tokens);
      if (end === 'signed out') assert.deepEqual(JSON.parse(cache.serialize()).RefreshToken, {});
    }
  });

  it('a client\'s secret, its codes and all its tokens are gone when nobody uses the application any more', async () => {
    for (const clientSecretMethod of ['client_secret_post', 'client_secret_basic']) {
      const clientSecret = secret('CS');
      const [code, codeVerifier, assertion, refreshToken] = ['CODE', 'CV', 'OBO', 'RT'].map(secret);
      const tokens = newTokens();
      const headers = [];
      answers = { '/token': (request) => (headers.push(request.headers.authorization), { json: { ...tokens, expires_in: 3600 } }) };
      const kept = { clientSecret, ...tokens };
      await (async () => {
        const cca = new ConfidentialClientApplication(configuration({ clientSecret, clientSecretMethod }));
        await cca.acquireTokenByCode({ scopes: ['a'], redirectUri: 'http://localhost/back', code, codeVerifier });
        await cca.acquireTokenByClientCredential({ scopes: ['b'] });
        await cca.acquireTokenOnBehalfOf({ scopes: ['c'], oboAssertion: assertion });
        await cca.acquireTokenByRefreshToken({ scopes: ['d'], refreshToken, forceCache: true });
        assertGone({ code, codeVerifier, assertion, refreshToken, header: headers[0]?.slice('Basic '.length) ?? '' });
        assertThere(kept);
      })();
      assert.equal(headers.length, 4);
      await collect();
      assertGone(kept);
    }
  });
});
