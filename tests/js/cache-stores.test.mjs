// Several processes with one store, stores that know versions, and stores with a key for each person.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as msal from '@azure/msal-node';
import { AuthError, DistributedCachePlugin } from 'doorcode';
import {
  app, AUTHORITY, BEHAVIOUR, failure, gate, homes, scopes, secrets, signIn, signInGrace, sisterOf, storedBlob, textStore,
  versionedStore,
} from './support/app.mjs';
import { CLIENT, homeAccountId, OTHER_PERSON, PERSON, startEntra, TENANT } from './support/entra.mjs';

const ADA = homeAccountId(PERSON);
const GRACE = homeAccountId(OTHER_PERSON);

let entra;
before(async () => {
  entra = await startEntra(BEHAVIOUR);
});
after(() => entra.close());
beforeEach(() => {
  entra.seen.length = 0;
  Object.assign(entra.options, BEHAVIOUR);
});

/** Each of three processes does what it likes, in turns; what they see and what is stored is as if there were one. */
async function walk(store, steps, random) {
  const apps = Array.from({ length: 3 }, () => app({ cachePlugin: { ...store.plugin } }));
  const tokens = new Map();
  for (let step = 0; step < steps; step++) {
    const [pca, person] = [apps[random(3)], [PERSON, OTHER_PERSON][random(2)]];
    const home = homeAccountId(person);
    const account = { homeAccountId: home, environment: 'login.windows.net', tenantId: TENANT };
    const silent = (forceRefresh) =>
      pca.acquireTokenSilent({ scopes, account, forceRefresh }).then(({ accessToken }) => accessToken, ({ errorCode }) => errorCode);
    const acts = {
      async signIn() {
        entra.options.person = person;
        tokens.set(home, (await signIn(pca)).accessToken);
      },
      async signOut() {
        await pca.signOut({ account });
        tokens.delete(home);
      },
      async silent() {
        assert.equal(await silent(false), tokens.get(home) ?? 'no_tokens_found');
      },
      async renew() {
        const renewed = await silent(true);
        if (!tokens.has(home)) return assert.equal(renewed, 'no_tokens_found');
        assert.match(renewed, /^AT-/);
        tokens.set(home, renewed);
      },
      async list() {
        assert.deepEqual((await pca.getAllAccounts()).map(({ homeAccountId }) => homeAccountId).sort(), [...tokens.keys()].sort());
      },
    };
    const names = Object.keys(acts);
    await acts[names[random(names.length)]]();
    assert.deepEqual(homes(store.text), [...tokens.keys()].sort());
  }
}

describe('three processes at random', () => {
  for (const [name, make] of [['a text', textStore], ['a text with a version', versionedStore]]) {
    it(`are as one, over ${name}`, async () => {
      let seed = 20260101;
      const random = (limit) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return (seed >>> 8) % limit;
      };
      for (let round = 0; round < 10; round++) await walk(make(), 40, random);
    });
  }
});

describe('a plugin with versions', () => {
  const start = (store) => app({ cachePlugin: { ...store.plugin } });

  it('is not asked for what has not changed', async () => {
    const { text, account, accessToken } = await storedBlob();
    const store = versionedStore(text);
    const pca = start(store);
    for (let round = 0; round < 3; round++) assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    await signInGrace(entra, pca);
    assert.equal((await pca.getAllAccounts()).length, 2);
    assert.deepEqual(store.reads, [[undefined, 'v0'], ['v0', 'unchanged'], ['v0', 'unchanged'], ['v0', 'unchanged'], ['v1', 'unchanged']]);
    assert.deepEqual(store.writes, [['v0', 'written']]);
  });

  it('is read again when somebody else wrote, or the memory was cleared', async () => {
    const { text, account } = await storedBlob();
    const store = versionedStore(text);
    const pca = start(store);
    await pca.getAllAccounts();
    await start(store).signOut({ account });
    assert.deepEqual(await pca.getAllAccounts(), []);
    pca.clearCache();
    await pca.getAllAccounts();
    assert.deepEqual(store.reads.at(-1), [undefined, 'v1']);
  });

  it('begins with nothing', async () => {
    const store = versionedStore();
    await signIn(start(store));
    assert.deepEqual(homes(store.text), [ADA]);
    assert.deepEqual(store.writes, [['v0', 'written']]);
  });

  it('loses neither of two sign-ins at once', async () => {
    const store = versionedStore();
    const [one, other] = [start(store), start(store)];
    const graces = await signInGrace(entra, app());
    const refreshToken = sisterOf(graces.accessToken);
    const both = gate();
    let writers = 0;
    // Neither writes before both have read.
    store.onWrite = () => (++writers === 2 ? both.open() : undefined, both.opened);
    await Promise.all([signIn(one), other.acquireTokenByRefreshToken({ scopes, refreshToken, forceCache: true })]);
    assert.deepEqual(store.writes, [['v0', 'written'], ['v0', 'conflict'], ['v1', 'written']]);
    assert.deepEqual(homes(store.text), [ADA, GRACE].sort());
    for (const pca of [one, other]) {
      for (const account of await pca.getAllAccounts()) assert.equal((await pca.acquireTokenSilent({ scopes, account })).fromCache, true);
    }
  });

  it('has stored what it has written: another\'s sign-out afterwards is not undone', async () => {
    const store = versionedStore();
    const [one, other] = [start(store), start(store)];
    const { account } = await signIn(one);
    assert.equal(one.getTokenCache().hasChanged(), false);
    await other.signOut({ account });
    await signInGrace(entra, one);
    assert.deepEqual(homes(store.text), [GRACE]);
  });

  it('makes a sign-out again on what somebody else wrote meanwhile', async () => {
    const { text, account } = await storedBlob();
    const store = versionedStore(text);
    const [one, other] = [start(store), start(store)];
    let writers = 0;
    store.onWrite = async () => {
      if (++writers === 1) await signInGrace(entra, other);
    };
    await one.signOut({ account });
    assert.deepEqual(homes(store.text), [GRACE]);
    assert.ok(!store.text.includes(ADA));
    assert.deepEqual(store.writes.map(([, outcome]) => outcome), ['written', 'conflict', 'written']);
  });

  it('does not undo a sign-out that came between its reading and its writing', async () => {
    const { text, account } = await storedBlob();
    const store = versionedStore(text);
    const [one, other] = [start(store), start(store)];
    let writers = 0;
    store.onWrite = async () => {
      if (++writers === 1) await other.signOut({ account });
    };
    await one.acquireTokenSilent({ scopes, account, forceRefresh: true }).catch(() => {});
    assert.deepEqual(homes(store.text), []);
    assert.ok(!store.text.includes(ADA));
  });

  it('is given up when it never stops changing, and what was to be stored is stored later', async () => {
    const { text, account } = await storedBlob();
    const store = versionedStore(text);
    const pca = start(store);
    await pca.getAllAccounts();
    store.onWrite = async () => store.put(store.text);
    const error = await failure(pca.signOut({ account }));
    assert.ok(error instanceof AuthError);
    assert.equal(error.errorCode, 'cache_conflict');
    assert.deepEqual(new Set(store.writes.map(([, outcome]) => outcome)), new Set(['conflict']));
    assert.ok(store.writes.length <= 40);
    store.onWrite = async () => {};
    assert.deepEqual(await pca.getAllAccounts(), []);
    await signInGrace(entra, pca);
    assert.deepEqual(homes(store.text), [GRACE]);
  });

  it('writes nothing over what it cannot read, at first or after a conflict', async () => {
    const { account } = await storedBlob();
    for (const text of ['damaged', '{"Account":{']) {
      const store = versionedStore(text);
      for (const operate of [(pca) => signIn(pca), (pca) => pca.signOut({ account }), (pca) => pca.getAllAccounts()]) {
        await assert.rejects(operate(start(store)), { errorCode: 'invalid_cache_record' });
      }
      assert.deepEqual([store.text, store.writes], [text, []]);

      const later = versionedStore();
      later.onWrite = async () => later.put(text);
      await assert.rejects(signIn(start(later)), { errorCode: 'invalid_cache_record' });
      assert.equal(later.text, text);
    }
  });

  it('sets aside what is no cache, if it can, and begins anew', async () => {
    const store = versionedStore('damaged');
    const pca = start(store);
    const aside = [];
    pca.getTokenCache().persistence.setAside = async (version, reason) => {
      aside.push([version, reason.errorCode, store.text]);
      store.put('');
    };
    await signIn(pca);
    assert.deepEqual(aside, [['v0', 'invalid_cache_record', 'damaged']]);
    assert.deepEqual(homes(store.text), [ADA]);
    assert.deepEqual(store.writes, [['v1', 'written']]);
  });

  it('is asked once to set aside, and what stays is not written over', async () => {
    for (const setAside of [async () => {}, () => Promise.reject(new Error('no leave'))]) {
      const store = versionedStore('damaged');
      const pca = start(store);
      let calls = 0;
      pca.getTokenCache().persistence.setAside = () => ((calls += 1), setAside());
      const error = await failure(signIn(pca));
      assert.ok(error.errorCode === 'invalid_cache_record' || error.message === 'no leave', error);
      assert.deepEqual([store.text, store.writes, calls], ['damaged', [], 1]);
    }
  });

  it('that throws, fails the operation with that, and the next one goes on', async () => {
    const { text, account } = await storedBlob();
    for (const thrown of [new Error('down'), undefined]) {
      const store = versionedStore(text);
      const pca = start(store);
      const plugin = pca.getTokenCache().persistence;
      const { readCache } = plugin;
      plugin.readCache = () => Promise.reject(thrown);
      assert.equal(await failure(pca.signOut({ account })), thrown);
      plugin.readCache = readCache;
      store.onWrite = () => Promise.reject(thrown);
      assert.equal(await failure(pca.signOut({ account })), thrown);
      assert.equal(store.text, text);
      store.onWrite = async () => {};
      assert.deepEqual(await pca.getAllAccounts(), [], 'it is signed out here');
      await signInGrace(entra, pca);
      assert.deepEqual(homes(store.text), [GRACE], 'and there, the next time');
    }
  });
});

describe('DistributedCachePlugin', () => {
  /** A client over a Map, and a program that serves one person at a time. */
  function world(map = new Map()) {
    const client = { get: async (key) => map.get(key) ?? '', set: async (key, value) => (map.set(key, value), value) };
    const session = { key: 'nobody' };
    const partitions = { getKey: async () => session.key, extractKey: async ({ homeAccountId }) => homeAccountId };
    return { map, session, client, partitions };
  }
  const ours = ({ client, partitions }) => app({ cachePlugin: new DistributedCachePlugin(client, partitions) });
  const theirs = ({ client, partitions }) =>
    new msal.PublicClientApplication({
      auth: { clientId: CLIENT, authority: AUTHORITY },
      cache: { cachePlugin: new msal.DistributedCachePlugin(client, partitions) },
    });

  it('keeps each person in a partition of their own', async () => {
    const here = world();
    const pca = ours(here);
    const ada = await signIn(pca);
    const grace = await signInGrace(entra, pca);
    assert.deepEqual([...here.map.keys()], [ADA, GRACE]);
    for (const [home, result] of [[ADA, ada], [GRACE, grace]]) {
      assert.deepEqual(homes(here.map.get(home)), [home]);
      here.session.key = home;
      assert.equal((await pca.acquireTokenSilent({ scopes, account: result.account })).accessToken, result.accessToken);
      assert.deepEqual((await pca.getAllAccounts()).map(({ homeAccountId }) => homeAccountId), [home]);
    }
  });

  it('writes an empty partition under the key of the person who left', async () => {
    const here = world();
    const pca = ours(here);
    const { account } = await signIn(pca);
    here.session.key = ADA;
    await pca.signOut({ account });
    assert.deepEqual([...here.map.keys()], [ADA]);
    assert.deepEqual(homes(here.map.get(ADA)), []);
    assert.doesNotMatch(here.map.get(ADA), /AT-|RT-/);
  });

  it('names the partition by the account as msal-node has it', async () => {
    const here = world();
    const seen = [];
    here.partitions.extractKey = async (account) => (seen.push(account), account.homeAccountId);
    for (const start of [ours, theirs]) await signIn(start(here));
    // JSON leaves out what is undefined.
    const [mine, its] = seen.map(({ lastModificationTime, lastUpdatedAt, ...account }) => JSON.parse(JSON.stringify(account)));
    assert.deepEqual(mine, its);
  });

  it('stores what could not be stored with its person the next time, and never with another', async () => {
    const down = async () => Promise.reject(new Error('down'));
    for (const failing of ['get', 'set', 'extractKey']) {
      const here = world();
      const pca = ours(here);
      const graces = await signInGrace(entra, pca);
      const [owner, work] = failing === 'extractKey' ? [here.partitions, here.partitions.extractKey] : [here.client, here.client[failing]];
      here.session.key = 'nobody';
      owner[failing] = down;
      assert.equal((await failure(signIn(pca))).message, 'down');
      owner[failing] = work;

      // Grace, and somebody else who is new.
      here.session.key = GRACE;
      assert.equal((await pca.acquireTokenSilent({ scopes, account: graces.account, forceRefresh: true })).fromCache, false);
      assert.deepEqual(homes(here.map.get(GRACE)), [GRACE]);
      here.session.key = 'nobody';
      assert.deepEqual(await pca.getAllAccounts(), []);
      assert.deepEqual([...here.map.keys()], [GRACE]);
    }

    const here = world();
    const pca = ours(here);
    const { account } = await signIn(pca);
    here.session.key = ADA;
    const { set } = here.client;
    here.client.set = down;
    await failure(pca.acquireTokenSilent({ scopes, account, forceRefresh: true }));
    here.client.set = set;
    const { accessToken } = await pca.acquireTokenSilent({ scopes, account, forceRefresh: true });
    assert.deepEqual(secrets(here.map.get(ADA), 'AccessToken'), [accessToken]);
  });

  it('does not write for nothing', async () => {
    const here = world();
    const { account } = await signIn(ours(here));
    here.session.key = ADA;
    here.client.set = () => assert.fail('it was written');
    await ours(here).getAllAccounts();
    await ours(here).acquireTokenSilent({ scopes, account });
  });

  for (const [name, first, second] of [['doorcode, then msal-node', ours, theirs], ['msal-node, then doorcode', theirs, ours]]) {
    it(`is one with msal-node's, over the same store: ${name}`, async () => {
      const here = world();
      const { accessToken, account } = await signIn(first(here));
      here.session.key = ADA;
      const pca = second(here);
      assert.deepEqual((await pca.getAllAccounts()).map(({ homeAccountId }) => homeAccountId), [ADA]);
      // msal-node does not believe what is dated in the future, as the fast clock has it by a second.
      if (second === ours) assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
      const renewed = await pca.acquireTokenSilent({ scopes, account, forceRefresh: true });
      assert.deepEqual(secrets(here.map.get(ADA), 'AccessToken'), [renewed.accessToken]);
      const again = first(here);
      assert.equal((await again.acquireTokenSilent({ scopes, account, forceRefresh: true })).fromCache, false);
      await again.signOut({ account });
      assert.deepEqual(homes(here.map.get(ADA)), []);
      assert.deepEqual(await second(here).getAllAccounts(), []);
    });
  }

  it('of msal-node works here as well', async () => {
    const here = world();
    const pca = app({ cachePlugin: new msal.DistributedCachePlugin(here.client, here.partitions) });
    const { account, accessToken } = await signIn(pca);
    here.session.key = ADA;
    assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    await pca.signOut({ account });
    assert.deepEqual(homes(here.map.get(ADA)), []);
  });

  it('passes on what the client throws, and takes its "nothing" in any form', async () => {
    const here = world();
    here.client.get = async () => Promise.reject(new Error('no route'));
    assert.equal((await failure(ours(here).getAllAccounts())).message, 'no route');
    for (const nothing of [undefined, null, '']) {
      here.client.get = async () => nothing;
      assert.deepEqual(await ours(here).getAllAccounts(), []);
    }
  });

  it('is told which method is missing', () => {
    const { client, partitions } = world();
    for (const [args, field] of [
      [[], 'client'],
      [[{}], 'client.get'],
      [[{ get() {} }], 'client.set'],
      [[client], 'partitionManager'],
      [[client, { getKey() {} }], 'partitionManager.extractKey'],
      [[client, { ...partitions, getKey: 'x' }], 'partitionManager.getKey'],
    ]) {
      assert.throws(() => new DistributedCachePlugin(...args), { name: 'ClientConfigurationError', field });
    }
  });
});
