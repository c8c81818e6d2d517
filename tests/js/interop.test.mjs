// One cache, several libraries: msal-node 7, msal-node 2 and MSAL Python, the real ones, each write what doorcode reads and read what it
// writes. Refresh tokens work once here, so that whoever takes an old one is told.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as msal7 from '@azure/msal-node';
import * as msal2 from 'msal-node-2';
import * as doorcode from 'doorcode';
import { fastClock } from './support/clock.mjs';
import { CLIENT, homeAccountId, OTHER_PERSON, PERSON, SIBLING, startEntra, TENANT } from './support/entra.mjs';
import { startMsalPython } from './support/msal-python.mjs';

const AUTHORITY = `https://login.microsoftonline.com/${TENANT}`;
const ADA = homeAccountId(PERSON);
const GRACE = homeAccountId(OTHER_PERSON);
const INTERVAL = 1;
const scopes = ['User.Read'];

let entra;
let msalPython;
before(async () => {
  entra = await startEntra({ onPoll: () => ({ done: true }), interval: INTERVAL, unique: true, rotate: true });
  msalPython = await startMsalPython(entra);
});
after(async () => {
  await msalPython?.close();
  await entra?.close();
});
beforeEach(() => {
  entra.seen.length = 0;
  Object.assign(entra.options, { person: PERSON, foci: undefined });
});

/** Nothing waits for real. It starts one interval late, so that nothing is dated in the future: the others would not believe it. */
function lateClock() {
  const clock = fastClock();
  return { sleep: clock.sleep, now: () => clock.now() - INTERVAL * 1000 };
}

/** A library that has msal-node's API. Every call is a program of its own, which starts with `blob` and returns the one it leaves. */
function nodeLibrary({ PublicClientApplication }, { viaPlugin = false, system } = {}) {
  async function use(blob, { clientId = CLIENT, authority = AUTHORITY, clock }, act) {
    const file = { text: blob };
    const cachePlugin = {
      beforeCacheAccess: async ({ tokenCache }) => void (file.text && tokenCache.deserialize(file.text)),
      afterCacheAccess: async ({ tokenCache, cacheHasChanged }) => {
        if (cacheHasChanged) file.text = tokenCache.serialize();
      },
    };
    const pca = new PublicClientApplication({
      auth: { clientId, authority },
      ...(viaPlugin && { cache: { cachePlugin } }),
      system: { ...system, ...(clock && { clock }) },
    });
    if (!viaPlugin && blob) pca.getTokenCache().deserialize(blob);
    const result = await act(pca);
    return { ...result, blob: viaPlugin ? file.text : pca.getTokenCache().serialize() };
  }
  const find = async (pca, wanted) => (await pca.getAllAccounts()).find(({ homeAccountId }) => homeAccountId === wanted);
  return {
    signIn: (blob, app = {}) =>
      use(blob, { clock: lateClock(), ...app }, (pca) => pca.acquireTokenByDeviceCode({ scopes, deviceCodeCallback() {} })),
    accounts: async (blob, app = {}) => (await use(blob, app, async (pca) => ({ list: await pca.getAllAccounts() }))).list,
    silent: (blob, { account = ADA, forceRefresh = false, ...app } = {}) =>
      use(blob, app, async (pca) => pca.acquireTokenSilent({ scopes, account: await find(pca, account), forceRefresh })),
    signOut: (blob, { account = ADA, ...app } = {}) =>
      use(blob, app, async (pca) => void (await pca.signOut({ account: await find(pca, account) }))),
  };
}

/** The same of MSAL Python. */
function pythonLibrary() {
  async function use(call, blob, { clientId = CLIENT, authority = AUTHORITY, ...args }) {
    const { result, cache } = await msalPython.call(call, { client_id: clientId, authority }, blob, args);
    assert.ok(!result?.error, result?.error_description);
    return { list: result, accessToken: result?.access_token, blob: cache };
  }
  return {
    signIn: (blob, app = {}) => use('sign_in', blob, { scopes, ...app }),
    accounts: async (blob, app = {}) =>
      (await use('accounts', blob, app)).list.map((found) => ({ homeAccountId: found.home_account_id, username: found.username })),
    silent: (blob, { account = ADA, forceRefresh = false, ...app } = {}) =>
      use('silent', blob, { scopes, account, force_refresh: forceRefresh, ...app }),
    signOut: (blob, { account = ADA, ...app } = {}) => use('sign_out', blob, { account, ...app }),
  };
}

/** msal-node 2 has a network of its own, which `startEntra` does not lead to this machine. */
const networkClient = {
  sendGetRequestAsync: (url, { headers } = {}) => send(url, { headers }),
  sendPostRequestAsync: (url, { headers, body } = {}) => send(url, { method: 'POST', headers, body }),
};
async function send(url, init) {
  const response = await fetch(url, init);
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.json() };
}

const node7 = nodeLibrary(msal7);
const node2 = nodeLibrary(msal2, { system: { networkClient } });
const python = pythonLibrary();
const others = [['msal-node 7', node7], ['msal-node 2', node2], ['MSAL Python', python]];
/** The right time, and no waiting. */
const clock = { now: Date.now, sleep: async () => {} };
const ways = [
  ['deserialized', nodeLibrary(doorcode, { system: { clock } })],
  ['through a cache plugin', nodeLibrary(doorcode, { system: { clock }, viaPlugin: true })],
];

const SECTIONS = ['Account', 'IdToken', 'AccessToken', 'RefreshToken', 'AppMetadata'];
const secrets = (blob, section) => Object.values(JSON.parse(blob)[section] ?? {}).map(({ secret }) => secret);
/** The refresh token that came with an access token. */
const sisterOf = (accessToken) => accessToken.replace('AT', 'RT');
/** The refresh tokens that the server was shown so far. */
const shown = () => entra.seen.map(({ form }) => form.get('refresh_token')).filter(Boolean);
const named = (accounts) => accounts.map(({ homeAccountId, username }) => [homeAccountId, username]);
const ada = [ADA, PERSON.preferred_username];
const grace = [GRACE, OTHER_PERSON.preferred_username];

/** What the cache holds; of everybody, or of everybody but one. */
function contents(blob, { but } = {}) {
  const cache = JSON.parse(blob);
  const kept = (section) => Object.entries(cache[section] ?? {}).filter(([, entity]) => !but || entity.home_account_id !== but);
  return Object.fromEntries(SECTIONS.map((section) => [section, Object.fromEntries(kept(section))]));
}

/** Every entity of one cache is in the other, just as it was. */
function assertKept(cache, blob) {
  const found = JSON.parse(blob);
  for (const section of Object.keys(cache)) {
    for (const [key, entity] of Object.entries(cache[section])) assert.deepEqual(found[section][key], entity, key);
  }
}

/** Signs Ada in, and then Grace. */
async function signInBoth(library) {
  const first = await library.signIn();
  entra.options.person = OTHER_PERSON;
  const second = await library.signIn(first.blob);
  entra.options.person = PERSON;
  return { blob: second.blob, graces: second.accessToken };
}

for (const [name, writer] of others) {
  for (const [way, ours] of ways) {
    describe(`a cache of ${name}, ${way}`, () => {
      it('lists its one account, with the names', async () => {
        const { blob } = await writer.signIn();
        const [account, ...more] = await ours.accounts(blob);
        assert.deepEqual(more, []);
        assert.deepEqual(named([account]), [ada]);
        assert.equal(account.name, PERSON.name);
        assert.equal(account.tenantId, TENANT);
        assert.equal(account.localAccountId, PERSON.oid);
        assert.equal(account.authorityType, 'MSSTS');
      });

      it('gives its token, and nobody is asked', async () => {
        const { blob, accessToken } = await writer.signIn();
        entra.seen.length = 0;
        const found = await ours.silent(blob);
        assert.equal(found.accessToken, accessToken);
        assert.equal(found.fromCache, true);
        assert.equal(found.account.username, PERSON.preferred_username);
        assert.equal(entra.seen.length, 0);
      });

      it('is refreshed by its one refresh token, and goes to and fro', async () => {
        const { blob, accessToken } = await writer.signIn();
        const mine = await ours.silent(blob, { forceRefresh: true });
        assert.deepEqual(shown(), [sisterOf(accessToken)]);
        assert.deepEqual(secrets(mine.blob, 'AccessToken'), [mine.accessToken]);
        assert.deepEqual(secrets(mine.blob, 'RefreshToken'), [sisterOf(mine.accessToken)]);

        assert.deepEqual(named(await writer.accounts(mine.blob)), [ada]);
        assert.equal((await writer.silent(mine.blob)).accessToken, mine.accessToken);
        const theirs = await writer.silent(mine.blob, { forceRefresh: true });
        assert.deepEqual(shown(), [accessToken, mine.accessToken].map(sisterOf));

        assert.deepEqual(named(await ours.accounts(theirs.blob)), [ada]);
        const again = await ours.silent(theirs.blob, { forceRefresh: true });
        assert.deepEqual(secrets(again.blob, 'RefreshToken'), [sisterOf(again.accessToken)]);
      });

      it('is signed in to again, and holds one of each kind', async () => {
        const again = await ours.signIn((await writer.signIn()).blob);
        assert.deepEqual(named(await ours.accounts(again.blob)), [ada]);
        assert.deepEqual(secrets(again.blob, 'AccessToken'), [again.accessToken]);
        assert.deepEqual(secrets(again.blob, 'RefreshToken'), [sisterOf(again.accessToken)]);
        assert.equal((await writer.silent(again.blob)).accessToken, again.accessToken);
      });

      it('is left by one person, and keeps the other', async () => {
        const { blob, graces } = await signInBoth(writer);
        assert.deepEqual(named(await ours.accounts(blob)).sort(), [ada, grace].sort());
        const left = await ours.signOut(blob);
        assert.deepEqual(contents(left.blob), contents(blob, { but: ADA }));
        assert.deepEqual(named(await writer.accounts(left.blob)), [grace]);
        assert.equal((await writer.silent(left.blob, { account: GRACE })).accessToken, graces);
      });

      it('keeps what doorcode does not know', async () => {
        const cache = JSON.parse((await writer.signIn()).blob);
        const unknown = { of: ['tomorrow', null, 1.5, { text: 'é\u0000\u{1F600}' }] };
        for (const section of SECTIONS) {
          for (const entity of Object.values(cache[section])) entity.unknown = unknown;
          cache[section].unknown = { credential_type: 'Unknown', unknown };
        }
        cache.Unknown = { unknown };
        // More digits than a JavaScript number holds.
        const blob = `${JSON.stringify(cache).slice(0, -1)},"Number":9007199254740993}`;

        entra.options.person = OTHER_PERSON;
        const both = await ours.signIn(blob);
        assertKept(cache, both.blob);
        const alone = await ours.signOut(both.blob, { account: GRACE });
        assertKept(cache, alone.blob);
        assert.deepEqual(contents(alone.blob), contents(alone.blob, { but: GRACE }));

        const refreshed = await ours.silent(alone.blob, { forceRefresh: true });
        assert.match(refreshed.blob, /"Number": ?9007199254740993\b/);
        const unknowns = Object.fromEntries(SECTIONS.map((section) => [section, { unknown: cache[section].unknown }]));
        assertKept({ ...unknowns, Unknown: cache.Unknown }, refreshed.blob);
        assert.deepEqual(Object.values(JSON.parse(refreshed.blob).Account).map((account) => account.unknown), [unknown, unknown]);
      });

      it('serves a sibling by the refresh token of the family', async () => {
        entra.options.foci = '1';
        const { blob, accessToken } = await writer.signIn();
        const sibling = await ours.silent(blob, { clientId: SIBLING });
        assert.deepEqual(shown(), [sisterOf(accessToken)]);
        assert.deepEqual(secrets(sibling.blob, 'RefreshToken'), [sisterOf(sibling.accessToken)]);
        assert.equal((await writer.silent(sibling.blob)).accessToken, accessToken, 'its own access token is still there');
        await writer.silent(sibling.blob, { forceRefresh: true });
      });

      it('serves no stranger', async () => {
        const { blob } = await writer.signIn();
        await assert.rejects(ours.silent(blob, { clientId: SIBLING }), { errorCode: 'no_tokens_found' });
        assert.deepEqual(shown(), []);
      });
    });
  }
}

for (const [way, ours] of ways) {
  describe(`a cache of doorcode's, ${way}`, () => {
    for (const [name, reader] of others) {
      it(`is read and refreshed by ${name}, and comes back`, async () => {
        const { blob, accessToken } = await ours.signIn();
        assert.deepEqual(named(await reader.accounts(blob)), [ada]);
        assert.equal((await reader.silent(blob)).accessToken, accessToken);
        assert.deepEqual(shown(), []);
        const theirs = await reader.silent(blob, { forceRefresh: true });
        assert.deepEqual(shown(), [sisterOf(accessToken)]);

        assert.deepEqual(named(await ours.accounts(theirs.blob)), [ada]);
        const again = await ours.silent(theirs.blob, { forceRefresh: true });
        assert.deepEqual(secrets(again.blob, 'RefreshToken'), [sisterOf(again.accessToken)]);
      });

      it(`is left by a person through ${name}`, async () => {
        const { blob } = await signInBoth(ours);
        const left = await reader.signOut(blob);
        assert.deepEqual(named(await ours.accounts(left.blob)), [grace]);
        // MSAL Python removes by keys that it computes. Its tokens have other keys than msal-node's: it takes the account away, and no more.
        if (reader !== python) assert.deepEqual(contents(left.blob), contents(left.blob, { but: ADA }));
      });
    }
  });
}

describe('a cache of several libraries', () => {
  for (const [way, ours] of ways) {
    for (const [names, first, second] of [['MSAL Python, then msal-node', python, node7], ['msal-node, then MSAL Python', node7, python]]) {
      it(`has one person under two names of the cloud: ${names}, ${way}`, async () => {
        const { blob } = await second.signIn((await first.signIn()).blob);
        for (const host of ['login.microsoftonline.com', 'login.windows.net']) assert.ok(blob.includes(`"${host}"`), host);
        assert.deepEqual(named(await ours.accounts(blob)), [ada]);

        const mine = await ours.silent(blob, { forceRefresh: true });
        assert.deepEqual(secrets(mine.blob, 'RefreshToken'), [sisterOf(mine.accessToken)]);
        for (const library of [first, second]) assert.equal((await library.silent(mine.blob)).accessToken, mine.accessToken);

        for (const before of [blob, mine.blob]) {
          const left = await ours.signOut(before);
          assert.deepEqual(contents(left.blob), contents(left.blob, { but: ADA }));
          for (const library of [first, second]) assert.deepEqual(await library.accounts(left.blob), []);
        }
      });
    }

    it(`is refreshed by the newer of two refresh tokens, after an upgrade from msal-node 2 to 7, ${way}`, async () => {
      const upgraded = await node7.silent((await node2.signIn()).blob, { forceRefresh: true });
      assert.equal(secrets(upgraded.blob, 'RefreshToken').length, 2);
      entra.seen.length = 0;
      const mine = await ours.silent(upgraded.blob, { forceRefresh: true });
      assert.deepEqual(shown(), [sisterOf(upgraded.accessToken)]);
      assert.deepEqual(secrets(mine.blob, 'RefreshToken'), [sisterOf(mine.accessToken)]);
    });

    it(`may have been signed in to at /organizations, as the Azure CLI does through MSAL Python, ${way}`, async () => {
      const app = { authority: 'https://login.microsoftonline.com/organizations' };
      const { blob, accessToken } = await python.signIn(undefined, app);
      assert.match(blob, /"realm": "organizations"/);
      const accounts = await ours.accounts(blob, app);
      assert.deepEqual(accounts.map(({ username, tenantId }) => [username, tenantId]), [[PERSON.preferred_username, TENANT]]);
      assert.equal((await ours.silent(blob, app)).accessToken, accessToken);

      const mine = await ours.silent(blob, { ...app, forceRefresh: true });
      assert.deepEqual(secrets(mine.blob, 'RefreshToken'), [sisterOf(mine.accessToken)]);
      await python.silent(mine.blob, { ...app, forceRefresh: true });
      assert.deepEqual(await python.accounts((await ours.signOut(mine.blob, app)).blob, app), []);
    });

    it(`lets doorcode serve MSAL Python's sibling by the refresh token of the family, ${way}`, async () => {
      entra.options.foci = '1';
      const { blob, accessToken } = await ours.signIn();
      await python.silent(blob, { clientId: SIBLING });
      assert.deepEqual(shown(), [sisterOf(accessToken)]);
    });
  }
});
