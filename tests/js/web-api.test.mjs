// examples/web-api: what it answers to which token. The tokens are made here, and so are the keys; the token service is a small server.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { makeApi } from '../../examples/web-api/api.mjs';

const AUDIENCE = 'https://notes.example';
const NO_TOKEN = 'Bearer realm="notes"';
const invalid = (why) => `Bearer realm="notes", error="invalid_token", error_description="${why}"`;
const SIGNATURE = invalid('The signature is not valid');
const UNREADABLE = invalid('The token cannot be read');
const NOT_FOR_US = invalid('The token is not for this API');
const MALFORMED = 'Bearer realm="notes", error="invalid_request", error_description="One token belongs behind Bearer"';
const insufficient = (scope) => `Bearer realm="notes", error="insufficient_scope", scope="${scope}"`;

describe('examples/web-api', () => {
  /** The token service: what it has, and how it answers. */
  const service = { keys: [], status: 200, issuer: '', asked: [] };
  const keys = {};
  let http;
  let issuer;
  let api;
  before(async () => {
    for (const [name, alg] of [['good', 'RS256'], ['pss', 'PS256'], ['curve', 'ES256'], ['stranger', 'RS256']]) {
      keys[name] = { alg, kid: name, ...(await generateKeyPair(alg, { extractable: true })) };
    }
    for (const { alg, kid, publicKey } of [keys.good, keys.pss, keys.curve]) {
      service.keys.push({ ...(await exportJWK(publicKey)), alg, kid, use: 'sig' });
    }
    http = createServer(({ url }, response) => {
      service.asked.push(url);
      const configuration = { issuer: service.issuer, jwks_uri: `${issuer}/keys` };
      const documents = { '/.well-known/openid-configuration': configuration, '/keys': { keys: service.keys } };
      response.writeHead(service.status, { 'content-type': 'application/json' }).end(JSON.stringify(documents[url]));
    });
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    issuer = `http://127.0.0.1:${http.address().port}`;
  });
  after(() => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });
  beforeEach(() => {
    Object.assign(service, { status: 200, issuer, asked: [] });
    api = makeApi({ issuer, audience: AUDIENCE });
  });

  const now = () => Math.floor(Date.now() / 1000);
  const claims = (more) => ({ iss: issuer, aud: AUDIENCE, sub: 'ada', iat: now(), exp: now() + 600, scope: 'openid Notes.Read', ...more });
  /** A token that is good, but for what is given; a claim that is undefined is left out. */
  const token = (more, { alg, kid, privateKey } = keys.good, header = {}) =>
    new SignJWT(JSON.parse(JSON.stringify(claims(more)))).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
  const ask = (authorization, options) => api.request('/notes', { ...options, headers: { ...(authorization !== undefined && { authorization }) } });
  const add = async (given, body) => ask(`Bearer ${await given}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

  /** The rows of the table: what is sent, and the status and the challenge that come back. */
  const rows = [
    ['no token', () => undefined, 401, NO_TOKEN],
    ['another scheme', () => 'Basic YTpi', 401, NO_TOKEN],
    ['a scheme without a token', () => 'Bearer', 400, MALFORMED],
    ['two tokens', async () => `Bearer ${await token()} ${await token()}`, 400, MALFORMED],
    ['a good token', async () => `Bearer ${await token()}`, 200],
    ['the scheme in small letters', async () => `bearer ${await token()}`, 200],
    ['scopes as Entra has them', async () => `Bearer ${await token({ scope: undefined, scp: 'Notes.Read User.Read' })}`, 200],
    ['one of several audiences', async () => `Bearer ${await token({ aud: ['https://other.example', AUDIENCE] })}`, 200],
    ['a signature by PS256', async () => `Bearer ${await token({}, keys.pss)}`, 200],
    ['a signature by ES256', async () => `Bearer ${await token({}, keys.curve)}`, 200],
    ['a clock that is ten seconds late', async () => `Bearer ${await token({ exp: now() - 10 })}`, 200],
    ['another scope', async () => `Bearer ${await token({ scope: 'Notes.Write' })}`, 403, insufficient('Notes.Read')],
    ['a scope that only begins like it', async () => `Bearer ${await token({ scope: 'Notes.ReadAll' })}`, 403, insufficient('Notes.Read')],
    ['no scope at all', async () => `Bearer ${await token({ scope: undefined })}`, 403, insufficient('Notes.Read')],
    ['garbage', () => 'Bearer abc', 401, UNREADABLE],
    ['a token that has expired', async () => `Bearer ${await token({ exp: now() - 60 })}`, 401, invalid('The token has expired')],
    ['a token that does not expire', async () => `Bearer ${await token({ exp: undefined })}`, 401, NOT_FOR_US],
    ['a token of nobody', async () => `Bearer ${await token({ sub: undefined })}`, 401, NOT_FOR_US],
    ['a token that is not good yet', async () => `Bearer ${await token({ nbf: now() + 600 })}`, 401, NOT_FOR_US],
    ['a token for another API', async () => `Bearer ${await token({ aud: 'https://other.example' })}`, 401, NOT_FOR_US],
    ['a token for no API', async () => `Bearer ${await token({ aud: undefined })}`, 401, NOT_FOR_US],
    ['a token of another issuer', async () => `Bearer ${await token({ iss: 'https://other.example' })}`, 401, NOT_FOR_US],
    ['a token that a stranger has signed', async () => `Bearer ${await token({}, keys.stranger)}`, 401, SIGNATURE],
    ['a token that a stranger has signed in our name', async () => `Bearer ${await token({}, { ...keys.stranger, kid: 'good' })}`, 401, SIGNATURE],
    ['claims that were changed', async () => `Bearer ${forged(await token())}`, 401, SIGNATURE],
    ['a token that nobody has signed', async () => `Bearer ${new UnsecuredJWT(claims()).encode()}`, 401, SIGNATURE],
    ['a signature with the public key as the secret', () => `Bearer ${confused()}`, 401, SIGNATURE],
    ['a header that names its own key', async () => `Bearer ${await token({}, keys.stranger, await itself(keys.stranger))}`, 401, SIGNATURE],
    ['a header with a demand that nobody knows', () => `Bearer ${demanding()}`, 401, UNREADABLE],
  ];
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const forged = (good) => good.split('.').with(1, part(claims({ sub: 'grace' }))).join('.');
  function confused() {
    const text = `${part({ alg: 'HS256', kid: 'good' })}.${part(claims())}`;
    return `${text}.${createHmac('sha256', JSON.stringify(service.keys[0])).update(text).digest('base64url')}`;
  }
  const itself = async ({ publicKey }) => ({ jwk: await exportJWK(publicKey) });
  const demanding = () => `${part({ alg: 'RS256', kid: 'good', crit: ['exp'], exp: 1 })}.${part(claims())}.AA`;

  for (const [name, authorization, status, challenge] of rows) {
    it(`answers ${status} to ${name}`, async () => {
      const response = await ask(await authorization());
      assert.deepEqual([response.status, response.headers.get('www-authenticate')], [status, challenge ?? null]);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      const body = await response.json();
      assert.equal(Object.keys(body).join(), status === 200 ? 'notes' : 'error');
    });
  }

  it('takes no token from the query or from a form', async () => {
    const good = await token();
    assert.equal((await api.request(`/notes?access_token=${good}`)).status, 401);
    const body = new URLSearchParams({ access_token: good });
    assert.equal((await api.request('/notes', { method: 'POST', body })).status, 401);
  });

  it('lets write who has that scope, and nobody else', async () => {
    const refused = await add(token(), { text: 'one' });
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [403, insufficient('Notes.Write')]);
    const writer = await token({ scope: 'Notes.Read Notes.Write' });
    assert.equal((await add(writer, { text: 'two' })).status, 201);
    assert.deepEqual((await (await ask(`Bearer ${writer}`)).json()).notes, ['The first note of ada.', 'two']);
    const grace = await token({ sub: 'grace' });
    assert.deepEqual((await (await ask(`Bearer ${grace}`)).json()).notes, ['The first note of grace.']);
  });

  it('takes only notes that are texts, and not for ever', async () => {
    const writer = await token({ scope: 'Notes.Write' });
    for (const wrong of [{}, { text: 1 }, { text: ' ' }, { text: 'x'.repeat(501) }, '{', 'null', '']) {
      assert.equal((await add(writer, wrong)).status, 400, JSON.stringify(wrong));
    }
    assert.equal((await add(writer, { text: 'x'.repeat(20_000) })).status, 413);
    for (let count = 1; count < 100; count += 1) assert.equal((await add(writer, { text: 'x' })).status, 201);
    assert.equal((await add(writer, { text: 'x' })).status, 409);
  });

  it('asks for keys once, and again when there is a new one', async () => {
    for (let times = 0; times < 3; times += 1) assert.equal((await ask(`Bearer ${await token()}`)).status, 200);
    assert.deepEqual(service.asked, ['/.well-known/openid-configuration', '/keys']);
  });

  it('answers 503, not 401, while the token service is down, and goes on afterwards', async (test) => {
    const said = test.mock.method(console, 'error', () => {});
    const good = await token();
    for (const fault of [{ status: 500 }, { issuer: 'https://other.example' }]) {
      Object.assign(service, { status: 200, issuer }, fault);
      const response = await ask(`Bearer ${good}`);
      assert.deepEqual([response.status, response.headers.get('www-authenticate'), response.headers.get('retry-after')], [503, null, '5']);
      assert.deepEqual(await response.json(), { error: 'tokens cannot be checked just now; try again' });
    }
    Object.assign(service, { status: 200, issuer });
    assert.equal((await ask(`Bearer ${good}`)).status, 200);
    assert.equal(said.mock.callCount(), 2);
    assert.ok(said.mock.calls.every(({ arguments: [line] }) => !line.includes(good.slice(0, 20)) && !/\n/.test(line)));
  });

  it('has nothing elsewhere', async () => {
    assert.equal((await api.request('/')).status, 404);
  });
});
