// EncryptedCachePlugin: what is stored, by which keys it opens, and that nothing which cannot be opened is written over.

import assert from 'node:assert/strict';
import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { inspect } from 'node:util';
import * as msal from '@azure/msal-node';
import { AuthError, AuthErrorCodes, ClientConfigurationError, DistributedCachePlugin, TokenCacheContext } from 'doorcode';
import { EncryptedCachePlugin } from 'doorcode/cache/encrypted';
import { FileCachePlugin } from 'doorcode/cache/file';
import { cachePluginTests } from 'doorcode/testing';
import {
  app, AUTHORITY, BEHAVIOUR, failure, gate, homes, scopes, signIn, signInGrace, storedBlob, textStore, versionedStore,
} from './support/app.mjs';
import { CLIENT, homeAccountId, OTHER_PERSON, PERSON, startEntra } from './support/entra.mjs';

const ADA = homeAccountId(PERSON);
const GRACE = homeAccountId(OTHER_PERSON);
const REFUSED = { name: 'AuthError', errorCode: 'cache_decryption_failed' };
const CACHE = '{"Account":{},"note":"Zoë"}';

/** 32 bytes that are all the same. @param {number} value */
const bytes = (value) => new Uint8Array(32).fill(value);
const base64url = (value) => Buffer.from(value).toString('base64url');
const QUICK = { passphrase: 'correct horse battery staple', iterations: 1000 };
const ofCryptoKey = async (value, extractable = false, usages = ['encrypt', 'decrypt']) => ({
  key: await crypto.subtle.importKey('raw', bytes(value), 'AES-GCM', extractable, usages),
});

/** An entry of a keyring, as far as `@napi-rs/keyring` has one. */
function entry(password = null) {
  const kept = { password, calls: [], onGet: () => {}, onSet: () => {} };
  kept.keyring = {
    getPassword() {
      kept.calls.push('get');
      kept.onGet();
      return kept.password;
    },
    setPassword(password) {
      kept.calls.push('set');
      kept.onSet(password);
      kept.password = password;
    },
  };
  return kept;
}
const inKeyring = (value) => ({ keyring: entry(base64url(bytes(value))).keyring });

const KINDS = {
  'a key': async (value = 1) => ({ key: bytes(value) }),
  'a CryptoKey': (value = 1) => ofCryptoKey(value),
  'a passphrase': async (value = 1) => ({ ...QUICK, passphrase: `passphrase ${value}` }),
  'a keyring': async (value = 1) => inKeyring(value),
};

/** A text as versioned plugins have it: `read` and `write` go through encryption with these options. */
const over = (store, options) => new EncryptedCachePlugin({ ...store.plugin }, options);
const read = async (store, options) => (await over(store, options).readCache(undefined)).cache;

/** What is stored of a cache. */
async function sealed(options, cache = CACHE) {
  const store = versionedStore();
  await over(store, options).writeCache(cache, 'v0');
  return store.text;
}

const headerOf = (text) => JSON.parse(Buffer.from(text.split('.')[0], 'base64url'));
const withHeader = (text, header) => [base64url(JSON.stringify(header)), ...text.split('.').slice(1)].join('.');

/** That a text is refused, and left alone, over both kinds of stores. */
async function isRefused(text, options, what = text) {
  const versions = versionedStore(text);
  await assert.rejects(read(versions, options), REFUSED, what);
  const plain = textStore(text);
  await assert.rejects(app({ cachePlugin: new EncryptedCachePlugin(plain.plugin, options) }).getAllAccounts(), REFUSED, what);
  assert.deepEqual([versions.text, versions.writes, plain.text], [text, [], text]);
}

/** How often a key was left in its keyring for half a second, which takes no time here. */
let waits;
beforeEach(() => {
  const { setTimeout } = globalThis;
  waits = 0;
  mock.method(globalThis, 'setTimeout', (work, wait, ...args) => setTimeout(work, wait === 500 ? ((waits += 1), 0) : wait, ...args));
});
afterEach(() => mock.restoreAll());

/** A store with MSAL's two callbacks that holds a lock from the first to the second, and hands `calls` what it was called with. */
function lockedStore(text = '') {
  const store = { text, queue: Promise.resolve(), calls: [], isLocked: false };
  store.open = () => {
    let unlock;
    return {
      async beforeCacheAccess(context) {
        const before = store.queue;
        const mine = gate();
        store.queue = before.then(() => mine.opened);
        await before;
        unlock = mine.open;
        store.isLocked = true;
        store.calls.push(['before', context.cacheHasChanged]);
        context.tokenCache.deserialize(store.text);
      },
      async afterCacheAccess(context) {
        store.calls.push(['after', context.cacheHasChanged]);
        if (context.cacheHasChanged) store.text = context.tokenCache.serialize();
        store.isLocked = false;
        unlock();
      },
    };
  };
  return store;
}

describe('the tests for cache plugins', () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    const stores = {
      'a store with versions': () => {
        const { plugin } = versionedStore();
        return () => ({ ...plugin });
      },
      'a store that holds a lock': () => lockedStore().open,
    };
    for (const [name, create] of Object.entries(stores)) {
      const tests = cachePluginTests(async () => {
        const [open, options] = [create(), await make()];
        return { open: () => new EncryptedCachePlugin(open(), options) };
      });
      for (const { name: what, run } of tests) it(`pass over ${name}, with ${kind}: ${what}`, run);
    }
    const tests = cachePluginTests(async () => {
      const [{ plugin }, options] = [textStore(), await make()];
      return { open: () => new EncryptedCachePlugin({ ...plugin }, options) };
    }, { keepsConcurrentWrites: false });
    for (const { name: what, run } of tests) it(`pass over a text, with ${kind}: ${what}`, run);
  }
});

describe('what is stored', () => {
  it('is a JWE in the compact serialization, with a new initialization vector each time', async () => {
    for (const [kind, make] of Object.entries(KINDS)) {
      const options = await make();
      const texts = await Promise.all(Array.from({ length: 20 }, () => sealed(options)));
      for (const text of texts) {
        assert.match(text, /^[\w-]+(\.[\w-]*){4}$/);
        const { alg, enc, p2c, p2s } = headerOf(text);
        assert.equal(enc, 'A256GCM');
        if (kind !== 'a passphrase') assert.deepEqual([alg, p2c, p2s, text.split('.')[1]], ['dir', undefined, undefined, '']);
        else assert.deepEqual([alg, p2c, Buffer.from(p2s, 'base64url').length], ['PBES2-HS512+A256KW', 1000, 16]);
      }
      for (const place of [2, 3, 4]) assert.equal(new Set(texts.map((text) => text.split('.')[place])).size, texts.length);
    }
  });

  it('has a content key of its own each time where it is by a passphrase, and the salt that was read', async () => {
    const store = versionedStore();
    const texts = [];
    for (let version = 0; version < 3; version += 1) {
      const plugin = over(store, QUICK);
      await plugin.writeCache(CACHE, (await plugin.readCache(undefined)).version);
      texts.push(store.text);
    }
    assert.equal(new Set(texts.map((text) => text.split('.')[1])).size, 3);
    assert.equal(new Set(texts.map((text) => headerOf(text).p2s)).size, 1);
  });

  /** A JWE made by OpenSSL, of parts that are given. */
  function byOpenSsl(header, encryptedKey, contentKey, iv, content) {
    const head = base64url(JSON.stringify(header));
    const cipher = createCipheriv('aes-256-gcm', contentKey, iv).setAAD(Buffer.from(head));
    const ciphertext = base64url(Buffer.concat([cipher.update(content), cipher.final()]));
    return [head, encryptedKey, base64url(iv), ciphertext, base64url(cipher.getAuthTag())].join('.');
  }

  it('opens with the content key, initialization vector and ciphertext of RFC 7516, appendix A.1', async () => {
    const key = Buffer.from('saH0gFSP4XM_tAP_a5rU9ooHbltwLiJpL4LLLnrqQPw', 'base64url');
    const content = 'The true sign of intelligence is not knowledge but imagination.';
    const text = byOpenSsl({ alg: 'dir', enc: 'A256GCM' }, '', key, Buffer.from('48V1_ALb6US04U3b', 'base64url'), content);
    assert.equal(text.split('.')[3], '5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A');
    for (const options of [{ key }, { keyring: entry(base64url(key)).keyring }]) {
      assert.equal(await read(versionedStore(text), options), content);
    }
  });

  it('opens with the passphrase, salt and encrypted key of RFC 7520, section 5.3', async () => {
    const contentKey = Buffer.from('uwsjJXaBK407Qaf0_zpcpmr1Cs0CC50hIUEyGNEt3m0', 'base64url');
    const header = { alg: 'PBES2-HS512+A256KW', p2s: '8Q1SzinasR3xchYz6ZZcHA', p2c: 8192, cty: 'jwk-set+json', enc: 'A256GCM' };
    const text = byOpenSsl(header, 'd3qNhUWfqheyPp4H8sjOWsDYajoej4c5Je6rlUtFPWdgtURtmeDV1g', contentKey, bytes(7).slice(0, 12), CACHE);
    assert.equal(await read(versionedStore(text), { passphrase: 'entrap_o\u2013peter_long\u2013credit_tun' }), CACHE);
  });

  it('opens as it was written down once', async () => {
    // By jose 6.2.17: `new CompactEncrypt(…).setProtectedHeader(…).encrypt(…)`.
    for (const [text, options] of [
      [
        'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..jsjoxtOfpNNVD2-7.ct5aDkJFcsEXMFqyVBgyC4ZhIyYWncvylxSaKQ.piVuzzrZ8xIGmIrXEJwzBQ',
        { key: bytes(1) },
      ],
      [
        'eyJhbGciOiJQQkVTMi1IUzUxMitBMjU2S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo0MDk2LCJwMnMiOiJfYXN1bF9zNzM5Y0tXdlZNOThZUjdnIn0.'
        + 'GcDBBfQiH7ACQID-6wCrx_T-EXt0GTgH0u0DFSSaPJZPkeVDFm3mBg.'
        + 'oNIyC4et9MbmKkqL.J2hDyf7SV6KpDfPezvjN94m39TK1qk-s5mTmdg.fS2dTTwv35byMzK18SA2Yg',
        { passphrase: 'correct horse battery staple' },
      ],
    ]) assert.equal(await read(versionedStore(text), options), CACHE);
  });

  it('keeps every letter, and a byte order mark', async () => {
    const lengths = Array.from({ length: 8 }, (_, length) => 'x'.repeat(length + 1));
    for (const cache of ['\ufeff{}', '{"😀":"\u0000\u2028"}', `{"x":"${'é'.repeat(100_000)}"}`, ...lengths]) {
      for (const make of Object.values(KINDS)) {
        const options = await make();
        assert.equal(await read(versionedStore(await sealed(options, cache)), options), cache);
      }
    }
  });

  it('is an empty cache where nothing is stored, or only white space', async () => {
    const kept = entry();
    const { plugin } = versionedStore();
    assert.equal((await new EncryptedCachePlugin(plugin, { keyring: kept.keyring }).readCache(undefined)).cache, '');
    for (const text of ['', ' ', '\n']) {
      for (const options of [...(await Promise.all(Object.values(KINDS).map((make) => make()))), { keyring: kept.keyring }]) {
        assert.equal(await read(versionedStore(text), options), '');
        assert.deepEqual(await app({ cachePlugin: new EncryptedCachePlugin(textStore(text).plugin, options) }).getAllAccounts(), []);
      }
    }
    assert.deepEqual([...new Set(kept.calls)], ['get'], 'and nothing is put into the keyring');
  });

  it('may have white space around it, as an editor leaves it', async () => {
    assert.equal(await read(versionedStore(`${await sealed({ key: bytes(1) })}\n`), { key: bytes(1) }), CACHE);
  });

  it('is not decrypted again while it stays the same', async () => {
    const decrypt = mock.method(crypto.subtle, 'decrypt');
    const { text } = await storedBlob();
    for (const [make, isMsal] of [[versionedStore, false], [textStore, false], [versionedStore, true], [textStore, true]]) {
      const store = make();
      const options = { key: bytes(1) };
      store.text = await sealed(options, text);
      const plugin = new EncryptedCachePlugin(store.plugin, options);
      const cache = (isMsal ? ofMsal(plugin) : app({ cachePlugin: plugin })).getTokenCache();
      decrypt.mock.resetCalls();
      for (let round = 0; round < 5; round += 1) assert.equal((await cache.getAllAccounts()).length, 1);
      assert.equal(decrypt.mock.callCount(), 1);
    }
  });
});

describe('what was changed', () => {
  const others = 'AQgw_-9.=+ {\u00e9';

  for (const [kind, make] of Object.entries(KINDS)) {
    it(`is refused, whichever letter it is, and left as it is: ${kind}`, async () => {
      const options = await make();
      const text = await sealed(options, '{}');
      for (let at = 0; at < text.length; at += 1) {
        const [head, tail] = [text.slice(0, at), text.slice(at + 1)];
        for (const other of others) {
          if (text[at] !== other) await isRefused(head + other + tail, options);
          // White space around it is none of it.
          if (at > 0 || other !== ' ') await isRefused(head + other + text.slice(at), options);
        }
        // One bit, which may be one that no byte needs.
        const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        const bit = letters.indexOf(text[at]) ^ 1;
        if (text[at] !== '.') await isRefused(head + letters[bit] + tail, options);
        await isRefused(head + tail, options);
        if (at > 0) await isRefused(head, options);
        if (at > 0) await isRefused(text.slice(at), options);
      }
    });

    it(`is refused if it is made of two that are good: ${kind}`, async () => {
      const options = await make();
      const [one, other] = [(await sealed(options, '{"one":1}')).split('.'), (await sealed(options, '{"two":2}')).split('.')];
      for (let places = 1; places < 31; places += 1) {
        const mixed = one.map((part, place) => ((places >> place) & 1 ? other[place] : part)).join('.');
        // Of the same key the headers are equal, and there is no encrypted key: then it is one of the two.
        if (mixed !== one.join('.') && mixed !== other.join('.')) await isRefused(mixed, options);
      }
      const all = Buffer.from(one[3], 'base64url');
      const tag = Buffer.from(one[4], 'base64url');
      // Where the content ends and the tag begins.
      for (const [content, rest] of [[[all, tag.subarray(0, 1)], [tag.subarray(1)]], [[all.subarray(0, -1)], [all.subarray(-1), tag]]]) {
        await isRefused([...one.slice(0, 3), base64url(Buffer.concat(content)), base64url(Buffer.concat(rest))].join('.'), options);
      }
    });
  }

  it('is refused with another header, also a weaker one', async () => {
    for (const options of [{ key: bytes(1) }, QUICK]) {
      const text = await sealed(options);
      const header = headerOf(text);
      for (const other of [
        { ...header, more: 1 }, { ...header, alg: 'none' }, { ...header, alg: 'A256KW' }, { ...header, alg: 'PBES2-HS256+A128KW' },
        { ...header, enc: 'A128GCM' }, { ...header, enc: 'A128CBC-HS256' }, { ...header, enc: undefined }, { ...header, alg: undefined },
        { ...header, zip: 'DEF' }, { ...header, crit: ['exp'], exp: 1 }, { ...header, p2c: 1 }, {}, [], null, 'text',
        { ...header, alg: header.alg === 'dir' ? 'PBES2-HS512+A256KW' : 'dir', p2c: 1000, p2s: base64url(bytes(1)) },
      ]) await isRefused(withHeader(text, other), options, JSON.stringify(other));
    }
  });

  it('is refused if it was encrypted with the key, but is compressed, critical, or of other sizes', async () => {
    const key = bytes(1);
    const make = (header, { content = CACHE, encryptedKey = '', iv = 12, tag = 16 } = {}) => {
      const head = base64url(JSON.stringify(header));
      const cipher = createCipheriv('aes-256-gcm', key, bytes(9).slice(0, iv), { authTagLength: tag }).setAAD(Buffer.from(head));
      const ciphertext = base64url(Buffer.concat([cipher.update(content), cipher.final()]));
      return [head, encryptedKey, base64url(bytes(9).slice(0, iv)), ciphertext, base64url(cipher.getAuthTag())].join('.');
    };
    const header = { alg: 'dir', enc: 'A256GCM' };
    assert.equal(await read(versionedStore(make(header)), { key }), CACHE);
    for (const text of [
      make({ ...header, zip: 'DEF' }), make({ ...header, crit: ['x'], x: 1 }), make({ alg: 'dir' }),
      make({ alg: 'A256GCMKW', enc: 'A256GCM' }), make(header, { iv: 16 }), make(header, { iv: 8 }), make(header, { tag: 12 }),
      make(header, { tag: 4 }), make(header, { encryptedKey: 'AAAA' }),
      make(header, { content: Buffer.from([0x7b, 0xff, 0x7d]) }),
    ]) await isRefused(text, { key });
  });

  it('is refused if its content key is a shorter one, or it names another algorithm for that', async () => {
    const make = (alg, size) => {
      const [salt, contentKey] = [bytes(3).slice(0, 16), bytes(4).slice(0, size)];
      const wrapping = pbkdf2Sync(QUICK.passphrase, Buffer.concat([Buffer.from('PBES2-HS512+A256KW\0'), salt]), 1000, 32, 'sha512');
      const wrapped = createCipheriv('id-aes256-wrap', wrapping, Buffer.alloc(8, 0xa6)).update(contentKey);
      const head = base64url(JSON.stringify({ alg, enc: 'A256GCM', p2c: 1000, p2s: base64url(salt) }));
      const cipher = createCipheriv(`aes-${8 * size}-gcm`, contentKey, bytes(9).slice(0, 12)).setAAD(Buffer.from(head));
      const ciphertext = base64url(Buffer.concat([cipher.update(CACHE), cipher.final()]));
      return [head, base64url(wrapped), base64url(bytes(9).slice(0, 12)), ciphertext, base64url(cipher.getAuthTag())].join('.');
    };
    assert.equal(await read(versionedStore(make('PBES2-HS512+A256KW', 32)), QUICK), CACHE);
    for (const [alg, size] of [['PBES2-HS512+A256KW', 16], ['PBES2-HS256+A128KW', 32], ['dir', 32], [undefined, 32]]) {
      await isRefused(make(alg, size), QUICK);
    }
  });

  it('has no key made of a passphrase with a number of rounds that nobody asked for', async () => {
    const derive = mock.method(crypto.subtle, 'deriveKey');
    const text = await sealed(QUICK);
    derive.mock.resetCalls();
    for (const p2c of [-1, 0, 1, 999, 1_000_001, 4_294_967_296, 1e21, 1000.5, '1000', null, [1000], undefined]) {
      await isRefused(withHeader(text, { ...headerOf(text), p2c }), QUICK, `${p2c}`);
    }
    for (const p2s of [undefined, 1, '', base64url(bytes(1).slice(0, 7)), 'a b']) {
      await isRefused(withHeader(text, { ...headerOf(text), p2s }), QUICK);
    }
    await isRefused(text, { key: bytes(1) });
    assert.equal(derive.mock.callCount(), 0);
  });
});

describe('a wrong key', () => {
  it('is said to be one, and changes nothing', async () => {
    for (const [kind, make] of Object.entries(KINDS)) {
      const text = await sealed(await make(1));
      for (const other of Object.values(KINDS)) {
        const error = await failure(read(versionedStore(text), await other(2)));
        assert.ok(error instanceof AuthError);
        assert.equal(error.errorCode, AuthErrorCodes.cacheDecryptionFailed);
        assert.match(error.message, /encrypted with another key, or changed since/, kind);
        assert.match(error.remedy, /previous/);
        await isRefused(text, await other(2));
      }
    }
  });

  it('changes nothing in any operation, and sets nothing aside', async () => {
    const { text: cache, account } = await storedBlob();
    const text = await sealed({ key: bytes(1) }, cache);
    const operations = [(pca) => signIn(pca), (pca) => pca.signOut({ account }), (pca) => pca.acquireTokenSilent({ scopes, account })];
    for (const operate of operations) {
      for (const make of [versionedStore, textStore]) {
        const store = make(text);
        store.plugin.setAside = () => assert.fail('it was set aside');
        const plugin = new EncryptedCachePlugin(store.plugin, { key: bytes(2) });
        assert.equal('setAside' in plugin, false);
        await assert.rejects(operate(app({ cachePlugin: plugin })), REFUSED);
        await assert.rejects(plugin.rotate(), REFUSED);
        assert.deepEqual([store.text, store.writes ?? []], [text, []]);
      }
    }
  });

  it('has what is decrypted but no cache left as it is', async () => {
    const text = await sealed({ key: bytes(1) }, 'no cache');
    for (const make of [versionedStore, textStore]) {
      const store = make(text);
      store.plugin.setAside = () => assert.fail('it was set aside');
      const cachePlugin = new EncryptedCachePlugin(store.plugin, { key: bytes(1) });
      await assert.rejects(signIn(app({ cachePlugin })), { errorCode: 'invalid_cache_record' });
      assert.equal(store.text, text);
    }
  });
});

describe('a passphrase', () => {
  it('makes a key once for each plugin, whatever is read and written', async () => {
    const derive = mock.method(crypto.subtle, 'deriveKey');
    const store = versionedStore();
    const plugin = over(store, QUICK);
    let { version } = await plugin.readCache(undefined);
    for (let round = 0; round < 5; round += 1) {
      version = await plugin.writeCache(`{"round":${round}}`, version);
      assert.equal((await over(store, QUICK).readCache(undefined)).cache, `{"round":${round}}`);
    }
    assert.equal(derive.mock.callCount(), 1 + 5);
    assert.equal((await plugin.readCache(undefined)).cache, '{"round":4}');
    assert.equal(derive.mock.callCount(), 1 + 5);
  });

  it('goes 210000 rounds unless it is told otherwise', async () => {
    const derive = mock.method(crypto.subtle, 'deriveKey');
    assert.equal(headerOf(await sealed({ passphrase: 'x' })).p2c, 210_000);
    assert.equal(derive.mock.calls[0].arguments[0].iterations, 210_000);
  });

  it('keeps more rounds than its own, and strengthens fewer, at the next write or by rotate', async () => {
    const few = await sealed(QUICK);
    const stronger = { ...QUICK, iterations: 2000 };
    const written = versionedStore(few);
    const plugin = over(written, stronger);
    await plugin.writeCache((await plugin.readCache(undefined)).cache, 'v0');
    assert.equal(headerOf(written.text).p2c, 2000);
    assert.notEqual(headerOf(written.text).p2s, headerOf(few).p2s);
    const rotated = versionedStore(few);
    assert.equal(await over(rotated, stronger).rotate(), true);
    assert.equal(headerOf(rotated.text).p2c, 2000);
    assert.equal(await over(rotated, QUICK).rotate(), false);
    const weaker = over(rotated, QUICK);
    await weaker.writeCache((await weaker.readCache(undefined)).cache, 'v1');
    assert.deepEqual([headerOf(rotated.text).p2c, await read(rotated, QUICK)], [2000, CACHE]);
  });

  it('is not written with a salt that somebody planted', async () => {
    const store = versionedStore();
    const plugin = over(store, QUICK);
    const version = await plugin.writeCache(CACHE, 'v0');
    const { text } = store;
    const { p2s } = headerOf(text);
    store.text = withHeader(text, { ...headerOf(text), p2s: base64url(bytes(0)) });
    await assert.rejects(plugin.readCache(undefined), REFUSED);
    await plugin.writeCache(CACHE, version);
    assert.equal(headerOf(store.text).p2s, p2s);
  });

  it('says what to do where the runtime allows fewer rounds', async () => {
    const text = await sealed(QUICK);
    // As Cloudflare does; the workerd that anybody can run has no such limit.
    const refusal = 'Pbkdf2 failed: iteration counts above 100000 are not supported';
    mock.method(crypto.subtle, 'deriveKey', () => Promise.reject(new DOMException(refusal, 'NotSupportedError')));
    for (const operate of [() => sealed({ passphrase: 'the secret' }), () => read(versionedStore(text), QUICK)]) {
      const error = await failure(operate());
      assert.ok(error instanceof AuthError);
      assert.equal(error.errorCode, 'cache_store_failed');
      assert.match(error.remedy, /100000/);
      assert.equal(error.cause.message, refusal);
    }
  });
});

describe('a file', () => {
  let folder;
  const file = () => join(folder, 'token-cache.jwe');
  const over = (key) => new EncryptedCachePlugin(new FileCachePlugin({ path: file() }), { key: bytes(key) });
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'doorcode-encrypted-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const { name, run } of cachePluginTests(() => ({ open: () => over(1), close: () => rmSync(file(), { force: true }) }))) it(name, run);

  it('holds nothing in plain, and is left as it is by who has another key, or none', async () => {
    await signIn(app({ cachePlugin: over(1) }));
    const text = readFileSync(file(), 'utf8');
    assert.doesNotMatch(text, /AT-|RT-|Account/);
    await assert.rejects(signIn(app({ cachePlugin: over(2) })), REFUSED);
    const plain = await failure(signIn(app({ cachePlugin: new FileCachePlugin({ path: file() }) })));
    assert.match(plain.remedy, /EncryptedCachePlugin/);
    assert.deepEqual([readdirSync(folder), readFileSync(file(), 'utf8')], [['token-cache.jwe'], text]);
  });
});

describe('rotation', () => {
  const [OLD, NEW] = [{ key: bytes(1) }, { key: bytes(2), previous: [{ key: bytes(1) }] }];

  it('reads what any of the previous keys opens, and writes with the current one', async () => {
    const currents = await Promise.all(Object.values(KINDS).map((make) => make(2)));
    for (const [kind, make] of Object.entries(KINDS)) {
      for (const current of currents) {
        const old = await make(1);
        const options = { ...current, previous: [{ key: bytes(8) }, { ...QUICK, passphrase: 'no' }, inKeyring(9), old] };
        const store = versionedStore(await sealed(old));
        const plugin = over(store, options);
        const { cache, version } = await plugin.readCache(undefined);
        assert.equal(cache, CACHE, kind);
        await plugin.writeCache(cache, version);
        assert.equal(await read(store, current), CACHE);
        await isRefused(store.text, old);
      }
    }
  });

  it('may have keys that can only decrypt', async () => {
    const options = { key: bytes(2), previous: [await ofCryptoKey(1, false, ['decrypt'])] };
    assert.equal(await read(versionedStore(await sealed(OLD)), options), CACHE);
  });

  it('encrypts at once if it is asked, and says whether it did', async () => {
    for (const make of [versionedStore, textStore]) {
      for (const [text, changes] of [[await sealed(OLD), true], [await sealed({ key: bytes(2) }), false], ['', false], [' ', false]]) {
        const store = make(text);
        assert.equal(await new EncryptedCachePlugin(store.plugin, NEW).rotate(), changes);
        assert.equal(store.text === text, !changes);
        if (!changes) continue;
        assert.equal(await read(versionedStore(store.text), { key: bytes(2) }), CACHE);
        assert.equal(await new EncryptedCachePlugin(store.plugin, NEW).rotate(), false);
      }
    }
  });

  it('loses nothing that others write meanwhile', async () => {
    const store = versionedStore(await sealed(OLD));
    let writes = 0;
    store.onWrite = async () => {
      if ((writes += 1) < 3) store.put(await sealed(OLD, `{"write":${writes}}`));
    };
    assert.equal(await over(store, NEW).rotate(), true);
    assert.equal(await read(store, { key: bytes(2) }), '{"write":2}');
    store.put(await sealed(OLD));
    store.onWrite = async () => store.put(await sealed(OLD));
    const error = await failure(over(store, NEW).rotate());
    assert.deepEqual([error.errorCode, error.retryable], ['cache_conflict', true]);
    assert.equal(await read(store, OLD), CACHE);
  });

  it('lets go of a lock, whatever comes of it', async () => {
    for (const [text, options, calls] of [
      [await sealed(OLD), NEW, [['before', true], ['after', true]]],
      [await sealed(NEW), NEW, [['before', true], ['after', false]]],
      ['damaged', NEW, [['before', true], ['after', false]]],
    ]) {
      const store = lockedStore(text);
      await new EncryptedCachePlugin(store.open(), options).rotate().catch(() => {});
      assert.deepEqual([store.calls, store.isLocked], [calls, false]);
    }
    const store = textStore(await sealed(OLD));
    store.onBefore = () => Promise.reject(new Error('down'));
    await assert.rejects(new EncryptedCachePlugin(store.plugin, NEW).rotate(), { message: 'down' });
    assert.deepEqual(store.calls, [['before', true], ['after', false]]);
  });
});

describe('a cache that is not encrypted', () => {
  it('is refused, and the error says what to do', async () => {
    const { text } = await storedBlob();
    for (const plain of [text, ` \n${text}`, `\ufeff${text}`, '{}', '{']) {
      const error = await failure(read(versionedStore(plain), { key: bytes(1) }));
      assert.match(error.remedy, /acceptPlain: true/);
      await isRefused(plain, { key: bytes(1) });
    }
    for (const other of ['text', '[]', 'null', '....', 'a.b.c.d.e', '.{}']) {
      const error = await failure(read(versionedStore(other), { key: bytes(1), acceptPlain: true }));
      assert.doesNotMatch(error.remedy, /acceptPlain/);
      await isRefused(other, { key: bytes(1), acceptPlain: true });
    }
  });

  it('is read if that is asked for, and encrypted at the next write', async () => {
    const { text, account, accessToken } = await storedBlob();
    for (const make of [versionedStore, textStore]) {
      const store = make(text);
      const start = () => app({ cachePlugin: new EncryptedCachePlugin({ ...store.plugin }, { key: bytes(1), acceptPlain: true }) });
      assert.equal((await start().acquireTokenSilent({ scopes, account })).accessToken, accessToken);
      assert.equal(store.text, text);
      await signIn(start());
      assert.deepEqual(homes(await read(versionedStore(store.text), { key: bytes(1) })), [ADA]);
    }
  });

  it('is encrypted by rotate', async () => {
    const { text } = await storedBlob();
    for (const make of [versionedStore, textStore]) {
      const store = make(text);
      const plugin = new EncryptedCachePlugin(store.plugin, { key: bytes(1), acceptPlain: true });
      assert.deepEqual([await plugin.rotate(), await plugin.rotate()], [true, false]);
      assert.equal(await read(versionedStore(store.text), { key: bytes(1) }), text);
    }
  });

  it('has nothing that a store hands over taken for text which is none', async () => {
    for (const text of [null, undefined, 5, {}, Buffer.from('{}')]) {
      const plugin = { readCache: async () => ({ cache: text, version: 'v' }), writeCache: () => assert.fail('it was written') };
      await assert.rejects(new EncryptedCachePlugin(plugin, { key: bytes(1), acceptPlain: true }).readCache(), REFUSED);
    }
  });
});

describe('a keyring', () => {
  it('gets a random key at the first write', async () => {
    const kept = entry();
    const store = versionedStore();
    const plugin = over(store, { keyring: kept.keyring });
    const { version } = await plugin.readCache(undefined);
    assert.deepEqual([kept.calls, kept.password], [['get'], null]);
    await plugin.writeCache(CACHE, version);
    assert.deepEqual([kept.calls, waits], [['get', 'get', 'set', 'get'], 1]);
    assert.match(kept.password, /^[\w-]{43}$/);
    assert.equal(await read(store, { key: Buffer.from(kept.password, 'base64url') }), CACHE);
    assert.equal(await read(store, { keyring: kept.keyring }), CACHE);
    const other = entry();
    await over(versionedStore(), { keyring: other.keyring }).writeCache(CACHE, 'v0');
    assert.notEqual(other.password, kept.password);
  });

  it('is asked once', async () => {
    const kept = entry(base64url(bytes(1)));
    const store = versionedStore(await sealed({ key: bytes(1) }));
    const plugin = over(store, { keyring: kept.keyring });
    for (let round = 0; round < 3; round += 1) await plugin.writeCache(CACHE, (await plugin.readCache(undefined)).version);
    assert.deepEqual([kept.calls, waits], [['get'], 0]);
  });

  it('may answer later', async () => {
    const kept = entry();
    const keyring = { getPassword: async () => kept.keyring.getPassword(), setPassword: async (text) => kept.keyring.setPassword(text) };
    const store = versionedStore();
    await over(store, { keyring }).writeCache(CACHE, 'v0');
    assert.equal(await read(store, { keyring }), CACHE);
  });

  it('gets one key of many who find none at the same time', async () => {
    for (const make of [versionedStore, textStore]) {
      const kept = entry();
      const [store, both] = [make(), gate()];
      let finders = 0;
      // Each asks, and puts a key in after all have asked.
      const keyring = () => ({
        async getPassword() {
          const found = kept.password;
          if ((finders += 1) === 3) both.open();
          if (!found) await both.opened;
          return found;
        },
        setPassword: async (text) => void (kept.password = text),
      });
      const plugins = Array.from({ length: 3 }, () => new EncryptedCachePlugin({ ...store.plugin }, { keyring: keyring() }));
      const apps = plugins.map((cachePlugin) => app({ cachePlugin }));
      await Promise.all(apps.map((pca) => signIn(pca)));
      assert.deepEqual(homes(await read(versionedStore(store.text), { keyring: keyring() })), [ADA]);
      assert.equal(waits, 3);
      waits = 0;
    }
  });

  it('gets one key, also if somebody finds one that is replaced then', async () => {
    const kept = entry();
    const store = versionedStore();
    const [asked, found] = [gate(), gate()];
    // Finds none, and puts its own in after another has found the second's.
    const late = {
      ...kept.keyring,
      getPassword: () => kept.password ?? (asked.open(), found.opened.then(() => null)),
    };
    kept.onGet = () => void (kept.password && found.open());
    const [first, second, third] = [late, kept.keyring, kept.keyring].map((keyring) => app({ cachePlugin: over(store, { keyring }) }));
    const signingIn = signIn(first);
    await asked.opened;
    await Promise.all([signingIn, signIn(second), signIn(third)]);
    assert.deepEqual(homes(await read(store, { keyring: entry(kept.password).keyring })), [ADA]);
  });

  it('may be made when it is needed, and once', async () => {
    const kept = entry();
    const store = versionedStore();
    let made = 0;
    const plugin = over(store, { keyring: async () => ((made += 1), kept.keyring) });
    assert.equal(made, 0);
    const { version } = await plugin.readCache(undefined);
    await plugin.writeCache(CACHE, await plugin.writeCache(CACHE, version));
    assert.equal(made, 1);
    for (const keyring of [() => { throw new Error('no bus'); }, async () => undefined]) {
      const error = await failure(read(store, { keyring }));
      assert.equal(error.errorCode, 'cache_store_failed');
      assert.match(error.cause.message, /no bus|undefined/);
    }
  });

  it('is asked once more before a text is refused', async () => {
    const kept = entry(base64url(bytes(1)));
    const store = versionedStore(await sealed({ key: bytes(1) }));
    const plugin = over(store, { keyring: kept.keyring });
    await plugin.readCache(undefined);
    // Somebody began anew.
    kept.password = base64url(bytes(2));
    store.put(await sealed({ key: bytes(2) }, '{"new":1}'));
    assert.equal((await plugin.readCache('v0')).cache, '{"new":1}');
    await plugin.writeCache(CACHE, 'v1');
    assert.equal(await read(store, { key: bytes(2) }), CACHE);
    store.put(await sealed({ key: bytes(3) }));
    kept.calls.length = 0;
    await assert.rejects(plugin.readCache('v1'), REFUSED);
    assert.deepEqual(kept.calls, ['get']);
  });

  it('is asked again once nothing is stored: who has lost the key has deleted that as well', async () => {
    const kept = entry();
    const store = versionedStore();
    const plugin = over(store, { keyring: kept.keyring });
    await plugin.writeCache(CACHE, (await plugin.readCache(undefined)).version);
    for (const password of [null, base64url(bytes(2))]) {
      kept.password = password;
      store.put('');
      await plugin.writeCache(CACHE, (await plugin.readCache(undefined)).version);
      assert.equal(await read(store, { keyring: entry(kept.password).keyring }), CACHE);
    }
    assert.equal(kept.password, base64url(bytes(2)));
  });

  it('that has no key for what is stored gets none, and nothing is changed', async () => {
    const text = await sealed({ key: bytes(1) });
    for (const make of [versionedStore, textStore]) {
      const kept = entry();
      const store = make(text);
      const plugin = new EncryptedCachePlugin(store.plugin, { keyring: kept.keyring });
      const error = await failure(signIn(app({ cachePlugin: plugin })));
      assert.ok(error instanceof AuthError);
      assert.equal(error.errorCode, 'cache_decryption_failed');
      assert.match(error.message, /the keyring has no key for it/);
      const account = { homeAccountId: ADA, environment: 'login.windows.net', tenantId: 't', localAccountId: '', username: '' };
      await assert.rejects(ofMsal(plugin).getTokenCache().removeAccount(account), REFUSED);
      await assert.rejects(plugin.rotate(), REFUSED);
      assert.deepEqual([kept.password, store.text, store.writes ?? [], kept.calls.includes('set')], [null, text, [], false]);
    }
  });

  it('that holds something else is left alone', async () => {
    const text = await sealed({ key: bytes(1) });
    const good = base64url(bytes(1));
    for (const password of ['my own password', base64url(bytes(1).slice(1)), `${good}A`, `${good}=`, 987654321]) {
      const kept = entry(password);
      for (const operate of [(plugin) => plugin.readCache(undefined), (plugin) => plugin.writeCache(CACHE, 'v0')]) {
        const store = versionedStore(text);
        const error = await failure(operate(over(store, { keyring: kept.keyring })));
        assert.deepEqual([error.errorCode, store.text, kept.password], ['cache_decryption_failed', text, password]);
        assert.match(error.remedy, /another name/);
        assert.ok(!shown(error).includes(String(password)));
      }
    }
  });

  it('that fails, fails the operation, and nothing is changed', async () => {
    const text = await sealed({ key: bytes(1) });
    const thrown = () => {
      throw Object.assign(new Error('the collection is locked'), { code: 'GenericFailure', details: 'a secret' });
    };
    const reading = entry();
    reading.onGet = thrown;
    const writing = entry();
    writing.onSet = thrown;
    const forgetting = entry();
    forgetting.keyring.setPassword = () => {};
    for (const [kept, stored, operate] of [
      [reading, text, (plugin) => plugin.readCache(undefined)],
      [reading, '', (plugin) => plugin.writeCache(CACHE, 'v0')],
      [writing, '', (plugin) => plugin.writeCache(CACHE, 'v0')],
      [forgetting, '', (plugin) => plugin.writeCache(CACHE, 'v0')],
    ]) {
      const store = versionedStore(stored);
      const error = await failure(operate(over(store, { keyring: kept.keyring })));
      assert.ok(error instanceof AuthError);
      assert.deepEqual([error.errorCode, store.text, store.writes], ['cache_store_failed', stored, []]);
      if (kept === forgetting) continue;
      const { message, code, details } = error.cause;
      assert.deepEqual([message, code, details], ['the collection is locked', 'GenericFailure', undefined]);
    }
  });

  it('that fails, fails before a person is asked to sign in', async () => {
    for (const make of [versionedStore, textStore]) {
      const cachePlugin = new EncryptedCachePlugin(make().plugin, { keyring: () => Promise.reject(new Error('no bus')) });
      const asked = app({ cachePlugin }).acquireToken({ scopes, deviceCodeCallback: () => assert.fail('somebody was asked') });
      await assert.rejects(asked, { errorCode: 'cache_store_failed' });
    }
  });

  it('that repeats the key in what it throws is not quoted', async () => {
    const kept = entry();
    let key;
    kept.onSet = (password) => {
      key = password;
      throw new Error(`cannot store ${password}`);
    };
    const error = await failure(over(versionedStore(), { keyring: kept.keyring }).writeCache(CACHE, 'v0'));
    assert.equal(key.length, 43);
    assert.ok(!shown(error).includes(key));
  });

  it('can take the place of a key, and its key is made then', async () => {
    const kept = entry();
    const store = versionedStore(await sealed({ key: bytes(1) }));
    assert.equal(await over(store, { keyring: kept.keyring, previous: [{ key: bytes(1) }] }).rotate(), true);
    assert.equal(await read(store, { keyring: kept.keyring }), CACHE);
  });

  it('that is a previous one is only read', async () => {
    const kept = entry();
    const plugin = over(versionedStore(), { key: bytes(1), previous: [{ keyring: kept.keyring }] });
    await plugin.writeCache(CACHE, (await plugin.readCache(undefined)).version);
    assert.deepEqual(kept.calls, []);
  });
});

/** Everything that printing shows of a value. */
const shown = (value) => `${inspect(value, { depth: 20, showHidden: true })} ${JSON.stringify(value)} ${value} ${value?.stack}`;

const ofMsal = (cachePlugin) =>
  new msal.PublicClientApplication({ auth: { clientId: CLIENT, authority: AUTHORITY }, cache: { cachePlugin } });

describe('a store with MSAL\'s two callbacks', () => {
  const options = { key: bytes(1) };

  it('is called as without encryption, and sees no token', async () => {
    const [plain, inner] = [textStore(), textStore()];
    const texts = [];
    inner.onBefore = async ({ tokenCache, cache, hasChanged, cacheHasChanged }) => {
      assert.deepEqual([tokenCache, hasChanged], [cache, cacheHasChanged]);
      texts.push(tokenCache.serialize());
    };
    inner.onAfter = async ({ tokenCache }) => void texts.push(tokenCache.serialize());
    for (const cachePlugin of [plain.plugin, new EncryptedCachePlugin(inner.plugin, options)]) {
      const pca = app({ cachePlugin });
      const { account } = await signIn(pca);
      await pca.acquireTokenSilent({ scopes, account });
      await pca.acquireTokenSilent({ scopes, account, forceRefresh: true });
      await pca.signOut({ account });
    }
    assert.deepEqual(inner.calls, plain.calls);
    for (const text of texts) assert.match(text, /^$|^eyJ[\w.-]+$/);
  });

  it('is not known as one with versions', () => {
    const [callbacks, versions] = [textStore(), versionedStore()].map(({ plugin }) => new EncryptedCachePlugin(plugin, options));
    assert.deepEqual(['readCache' in callbacks, 'writeCache' in callbacks], [false, false]);
    assert.deepEqual(['readCache' in versions, 'writeCache' in versions, Object.keys(versions)], [true, true, []]);
  });

  it('hears the end of each turn once, with nothing changed if it cannot be opened', async () => {
    for (const operate of [(plugin) => app({ cachePlugin: plugin }).getAllAccounts(), (plugin) => signIn(app({ cachePlugin: plugin }))]) {
      const store = lockedStore('damaged');
      const plugin = new EncryptedCachePlugin(store.open(), options);
      await assert.rejects(operate(plugin), REFUSED);
      assert.deepEqual([store.calls.slice(1), store.text, store.isLocked], [[['after', false]], 'damaged', false]);
      store.text = await sealed(options, '{}');
      await operate(plugin);
    }
  });

  it('hears the end of a turn that cannot be opened, also if nobody says that it is over', async () => {
    const store = lockedStore('damaged');
    const context = new TokenCacheContext({ serialize: () => '{}', deserialize() {} }, true);
    await assert.rejects(new EncryptedCachePlugin(store.open(), options).beforeCacheAccess(context), REFUSED);
    assert.deepEqual([store.calls, store.isLocked], [[['before', true], ['after', false]], false]);
  });

  it('hears the end of a turn that MSAL Node would have it end by writing', async () => {
    const account = { homeAccountId: ADA, environment: 'login.windows.net', tenantId: 't', localAccountId: '', username: '' };
    const store = lockedStore('damaged');
    await assert.rejects(ofMsal(new EncryptedCachePlugin(store.open(), options)).getTokenCache().removeAccount(account), REFUSED);
    assert.deepEqual([store.calls, store.text, store.isLocked], [[['before', true], ['after', false]], 'damaged', false]);
    const versions = versionedStore('damaged');
    await assert.rejects(ofMsal(over(versions, options)).getTokenCache().removeAccount(account), REFUSED);
    assert.deepEqual([versions.text, versions.writes], ['damaged', []]);
  });

  it('that cannot read is not written to, and hears the end', async () => {
    const store = textStore(await sealed(options, '{}'));
    const { text } = store;
    store.onBefore = () => Promise.reject(new Error('down'));
    const plugin = new EncryptedCachePlugin(store.plugin, options);
    await assert.rejects(signIn(app({ cachePlugin: plugin })), { message: 'down' });
    assert.deepEqual([store.calls, store.text], [[['before', true], ['after', false]], text]);
    const context = new TokenCacheContext({ serialize: () => '{}', deserialize() {} }, true);
    await assert.rejects(plugin.beforeCacheAccess(context), { message: 'down' });
    await plugin.afterCacheAccess(context);
    assert.deepEqual(store.calls.at(-1), ['after', false]);
    assert.equal(store.text, text);
  });

  it('that always writes, writes what it has, or is told why it cannot', async () => {
    const always = (store) => ({
      ...store.plugin,
      afterCacheAccess: async ({ tokenCache }) => void (store.text = tokenCache.serialize()),
    });
    const good = await sealed(options, '{}');
    for (const text of [good, '']) {
      const store = textStore(text);
      await app({ cachePlugin: new EncryptedCachePlugin(always(store), options) }).getAllAccounts();
      assert.equal(store.text, text);
    }
    const damaged = textStore('damaged');
    await assert.rejects(signIn(app({ cachePlugin: new EncryptedCachePlugin(always(damaged), options) })), REFUSED);
    assert.equal(damaged.text, 'damaged');
    const down = textStore(good);
    down.onBefore = () => Promise.reject(new Error('down'));
    await assert.rejects(signIn(app({ cachePlugin: new EncryptedCachePlugin(always(down), options) })), { message: 'down' });
    assert.equal(down.text, good);
  });

  it('that fails to store, or cannot be encrypted for, is not taken for stored', async () => {
    const store = textStore();
    const kept = entry();
    const plugin = new EncryptedCachePlugin(store.plugin, { keyring: kept.keyring });
    const pca = app({ cachePlugin: plugin });
    kept.onGet = () => {
      throw new Error('locked');
    };
    await assert.rejects(signIn(pca), { errorCode: 'cache_store_failed' });
    assert.deepEqual([store.calls, store.text], [[['before', true], ['after', false]], '']);
    assert.equal(pca.getTokenCache().hasChanged(), true);
    kept.onGet = () => {};
    kept.password = base64url(bytes(1));
    store.onAfter = () => Promise.reject(new Error('the disk is full'));
    await assert.rejects(signIn(pca), { message: 'the disk is full' });
    assert.deepEqual([store.text, pca.getTokenCache().hasChanged()], ['', true]);
    store.onAfter = async () => {};
    await signInGrace(entra, pca);
    assert.deepEqual(homes(await read(versionedStore(store.text), options)), [ADA, GRACE].sort());
  });

  it('may hand over a copy after a bad text, or nothing', async () => {
    const { text } = await storedBlob();
    const good = await sealed(options, text);
    const given = [['damaged', good], [], [null]];
    const counts = [];
    for (const texts of given) {
      const plugin = {
        beforeCacheAccess: async ({ tokenCache }) => texts.forEach((text) => tokenCache.deserialize(text)),
        async afterCacheAccess() {},
      };
      counts.push((await app({ cachePlugin: new EncryptedCachePlugin(plugin, options) }).getAllAccounts()).length);
    }
    assert.deepEqual(counts, [1, 0, 0]);
  });
});

let entra;
before(async () => {
  entra = await startEntra(BEHAVIOUR);
});
after(() => entra.close());
beforeEach(() => Object.assign(entra.options, BEHAVIOUR));

describe('MSAL Node', () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const [name, create] of [['a text', textStore], ['a text with a version', versionedStore]]) {
      it(`and doorcode read what the other wrote, encrypted with ${kind}, over ${name}`, async () => {
        const store = create();
        const options = await make();
        const plugin = () => new EncryptedCachePlugin({ ...store.plugin }, options);
        const { account, accessToken } = await signIn(ofMsal(plugin()));
        assert.match(store.text, /^eyJ[\w.-]+$/);
        const ours = app({ cachePlugin: plugin() });
        assert.equal((await ours.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
        await signInGrace(entra, ours);
        const later = ofMsal(plugin());
        const accounts = await later.getTokenCache().getAllAccounts();
        assert.deepEqual(accounts.map(({ homeAccountId }) => homeAccountId).sort(), [ADA, GRACE].sort());
        const grace = accounts.find(({ homeAccountId }) => homeAccountId === GRACE);
        // doorcode's clock is ahead of MSAL Node's here, which may take the token for one of the future and renew it.
        assert.match((await later.acquireTokenSilent({ scopes, account: grace })).accessToken, /^AT-/);
        await later.getTokenCache().removeAccount(grace);
        assert.deepEqual((await ours.getAllAccounts()).map(({ homeAccountId }) => homeAccountId), [ADA]);
        await ours.signOut({ account });
        assert.deepEqual(await ofMsal(plugin()).getTokenCache().getAllAccounts(), []);
      });
    }
  }
});

describe('the options', () => {
  const store = versionedStore().plugin;
  const { keyring } = entry();
  const wrong = async (field, message, options, inner = store) => {
    const error = await failure((async () => new EncryptedCachePlugin(inner, options))());
    assert.ok(error instanceof ClientConfigurationError, `${error}`);
    assert.deepEqual([error.errorCode, error.field], ['invalid_configuration', field]);
    assert.match(error.message, message);
    for (const secret of ['swordfish', '122', 'ennn']) assert.ok(!shown(error).includes(secret), error.message);
  };

  it('have one key, and not two', async () => {
    await wrong('options', /an object with one of key, passphrase and keyring/, undefined);
    await wrong('options', /an object/, 'swordfish');
    await wrong('key', /it is missing/, {});
    await wrong('passphrase', /it is missing/, { passphrase: undefined });
    await wrong('keyring', /it is missing/, { keyring: null });
    await wrong('key', /cannot be given with passphrase/, { key: bytes(122), passphrase: 'swordfish' });
    await wrong('passphrase', /cannot be given with keyring/, { passphrase: 'swordfish', keyring });
    await wrong('key', /with passphrase/, { key: bytes(122), passphrase: 'swordfish', keyring });
  });

  it('have a key of 256 bits, for AES-GCM', async () => {
    await wrong('key', /must be bytes, not a string/, { key: 'swordfish' });
    for (const length of [0, 16, 31, 33]) {
      await wrong('key', new RegExp(`must have 32 bytes, not ${length}`), { key: new Uint8Array(length).fill(122) });
    }
    for (const key of [5, true, {}, [], new Uint16Array(32), new ArrayBuffer(32), { algorithm: {} }]) {
      await wrong('key', /Uint8Array of 32 bytes, or a CryptoKey/, { key });
    }
    const generate = (algorithm, usages) => crypto.subtle.generateKey(algorithm, false, usages);
    for (const key of [
      await generate({ name: 'AES-GCM', length: 128 }, ['encrypt', 'decrypt']),
      await generate({ name: 'AES-CBC', length: 256 }, ['encrypt', 'decrypt']),
      await generate({ name: 'HMAC', hash: 'SHA-256' }, ['sign']),
    ]) await wrong('key', /AES-GCM with 256 bits/, { key });
    await wrong('key', /usage "decrypt"/, await ofCryptoKey(1, false, ['encrypt']));
    await wrong('key', /usage "encrypt"/, await ofCryptoKey(1, false, ['decrypt']));
    await wrong('previous[0].key', /usage "decrypt"/, { key: bytes(1), previous: [await ofCryptoKey(1, false, ['encrypt'])] });
  });

  it('have a passphrase that is a text, and a number of rounds that is safe', async () => {
    await wrong('passphrase', /it is empty/, { passphrase: '' });
    for (const passphrase of [5, {}, bytes(122)]) await wrong('passphrase', /must be a string/, { passphrase });
    for (const iterations of [0, 999, 1_000_001, 1000.5, NaN, '1000', null]) {
      await wrong('iterations', /from 1000 to 1000000/, { passphrase: 'swordfish', iterations });
    }
  });

  it('have a keyring that can be read and written', async () => {
    await wrong('keyring', /must be an object/, { keyring: 'swordfish' });
    await wrong('keyring.getPassword', /it is missing/, { keyring: {} });
    await wrong('keyring.setPassword', /it is missing/, { keyring: { getPassword() {} } });
  });

  it('have previous keys of the same kinds', async () => {
    const key = bytes(122);
    await wrong('previous', /must be an array/, { key, previous: { key } });
    await wrong('previous[0]', /must be an object/, { key, previous: [key.join('')] });
    await wrong('previous[1].key', /must have 32 bytes/, { key, previous: [{ key }, { key: new Uint8Array(1) }] });
    await wrong('previous[0].passphrase', /it is empty/, { key, previous: [{ passphrase: '' }] });
    await wrong('previous[0].keyring.getPassword', /it is missing/, { key, previous: [{ keyring: {} }] });
    await wrong('acceptPlain', /true or false/, { key, acceptPlain: 1 });
  });

  it('are for a store that is a plugin', async () => {
    const key = bytes(122);
    for (const inner of [null, 5, 'text']) await wrong('store', /must be an object/, { key }, inner);
    await wrong('store.beforeCacheAccess', /it is missing/, { key }, {});
    await wrong('store.afterCacheAccess', /it is missing/, { key }, { beforeCacheAccess() {} });
    await wrong('store.writeCache', /must be a function/, { key }, { readCache() {}, writeCache: 5 });
    const client = { get: async () => '', set: async () => '' };
    const partitions = { getKey: async () => '', extractKey: async () => '' };
    await wrong('store', /encrypt in its client/, { key }, new DistributedCachePlugin(client, partitions));
  });

  it('need crypto.subtle, which a page that is not secure has not', async () => {
    mock.getter(globalThis, 'crypto', () => ({ getRandomValues() {} }));
    await wrong('crypto.subtle', /https:/, { key: bytes(1) });
  });

  it('are copied: a key that is wiped afterwards is no matter', async () => {
    const key = bytes(1);
    const plugin = over(versionedStore(await sealed({ key: bytes(1) })), { key });
    key.fill(0);
    assert.equal((await plugin.readCache(undefined)).cache, CACHE);
  });
});

describe('keys and tokens', () => {
  it('are in nothing that is printed', async () => {
    const secrets = [/swordfish/, /AT-\w|RT-\w/, /(122, ?){3}|(7a ?){4}/i, new RegExp(base64url(bytes(122)).slice(0, 20))];
    const { text } = await storedBlob();
    const passphrase = { passphrase: 'swordfish', iterations: 1000 };
    for (const options of [{ key: bytes(122) }, passphrase, inKeyring(122), await ofCryptoKey(122, true)]) {
      for (const make of [versionedStore, textStore]) {
        const store = make();
        const full = { ...options, previous: [{ key: bytes(122) }, { passphrase: 'swordfish' }] };
        const plugin = new EncryptedCachePlugin({ beforeCacheAccess() {}, afterCacheAccess() {}, ...store.plugin }, full);
        const pca = app({ cachePlugin: plugin });
        await signIn(pca);
        const values = [plugin, pca];
        for (const damaged of [`${store.text}x`, text, 'RT-x', store.text.slice(0, -1)]) {
          store.text = damaged;
          store.version += 1;
          values.push(await failure(pca.getAllAccounts()));
        }
        assert.equal(values.length, 6);
        for (const value of values) for (const secret of secrets) assert.doesNotMatch(shown(value), secret);
      }
    }
  });
});
