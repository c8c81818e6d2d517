// CryptoProvider, beside msal-node's.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { CryptoProvider as Theirs } from '@azure/msal-node';
import { ClientAuthError, ClientConfigurationError, CryptoProvider } from 'doorcode';

const ours = new CryptoProvider();
const theirs = new Theirs();
const TEXTS = ['', 'a', 'ab', 'abc', 'Zoë’s 🚪', '\u0000\n', '\ufeffmark', '>>>???', 'x'.repeat(200_000), '\ud800 alone'];

describe('CryptoProvider', () => {
  it('makes version 4 GUIDs, each another', () => {
    const made = Array.from({ length: 100 }, () => ours.createNewGuid());
    for (const guid of made) assert.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(new Set(made).size, 100);
  });

  it('takes no GUID from Math.random, for people use them as state and nonce', () => {
    const { random } = Math;
    Math.random = () => assert.fail('it was asked');
    try {
      for (const guid of [new CryptoProvider().createNewGuid(), new CryptoProvider().createNewGuid()]) assert.equal(guid.length, 36);
    } finally {
      Math.random = random;
    }
  });

  it('makes PKCE codes as RFC 7636 has them, each pair another', async () => {
    const made = await Promise.all(Array.from({ length: 100 }, () => ours.generatePkceCodes()));
    for (const { verifier, challenge } of made) {
      assert.match(verifier, /^[A-Za-z0-9_-]{43,128}$/);
      assert.equal(challenge, createHash('sha256').update(verifier).digest('base64url'));
    }
    assert.equal(new Set(made.map(({ verifier }) => verifier)).size, 100);
  });

  it('hashes as the example of RFC 7636 does', async () => {
    assert.equal(await ours.hashString('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'), 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
  });

  for (const text of TEXTS) {
    it(`encodes, decodes and hashes ${JSON.stringify(text.slice(0, 20))} as msal-node does`, async () => {
      const encoded = ours.base64Encode(text);
      assert.equal(encoded, theirs.base64Encode(text));
      assert.equal(ours.base64Decode(encoded), theirs.base64Decode(encoded));
      assert.equal(await ours.hashString(text), await theirs.hashString(text));
    });
  }

  it('decodes base64url, text without padding, text with line breaks, and what is not UTF-8, as msal-node does', () => {
    for (const text of ['Pj4-Pz8_', 'Pj4+Pz8/', 'YQ', 'YQ==', 'Wm/D\nqw==', '_w', '']) assert.equal(ours.base64Decode(text), theirs.base64Decode(text), text);
    assert.equal(ours.base64Decode('Pj4-Pz8_'), '>>>???');
  });

  it('says so when a text is no base64, and names what is no text', async () => {
    for (const text of ['a', 'ab$d', '{"state":1}', 'é', undefined, null, 7]) {
      assert.throws(() => ours.base64Decode(text), (error) => error instanceof ClientConfigurationError && error.field === 'input');
    }
    assert.throws(() => ours.base64Encode(undefined), { message: 'invalid_request_parameter: input: it must be a string' });
    await assert.rejects(ours.hashString({}), { errorCode: 'invalid_request_parameter' });
  });

  it('says what to do where there is no WebCrypto, as on a page without TLS', async () => {
    const whole = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    for (const value of [undefined, { getRandomValues: crypto.getRandomValues.bind(crypto) }]) {
      Object.defineProperty(globalThis, 'crypto', { configurable: true, value });
      try {
        const isClear = (error) => error instanceof ClientAuthError && error.errorCode === 'no_crypto_object' && /https/.test(error.remedy);
        assert.throws(() => ours.createNewGuid(), isClear);
        await assert.rejects(ours.generatePkceCodes(), isClear);
        await assert.rejects(ours.hashString('a'), isClear);
        assert.equal(ours.base64Decode(ours.base64Encode('é')), 'é');
      } finally {
        Object.defineProperty(globalThis, 'crypto', whole);
      }
    }
  });
});
