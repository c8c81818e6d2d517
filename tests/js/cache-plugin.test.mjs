// Cache plugins: when they are called and with what, what happens when they fail, and that nothing is lost between processes.

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { after, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { AuthError, ClientAuthError } from 'doorcode';
import {
  app, BEHAVIOUR, failure, gate, homes, scopes, secrets, signIn, signInGrace, storedBlob, textStore, until, versionedStore,
} from './support/app.mjs';
import { fastClock } from './support/clock.mjs';
import { CLIENT, homeAccountId, OTHER_PERSON, PERSON, startEntra } from './support/entra.mjs';
import { jwt } from './support/jwt.mjs';

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

describe('a cache plugin', () => {
  const [READ, WRITE] = [false, true].map((flag) => [['before', flag], ['after', flag]]);
  const operations = {
    'a sign-in': [(pca) => signIn(pca), WRITE],
    'a silent token that is at hand': [(pca, account) => pca.acquireTokenSilent({ scopes, account }), READ],
    'the same again': [async (pca, account, store) => {
      await pca.acquireTokenSilent({ scopes, account });
      store.calls.length = 0;
      await pca.acquireTokenSilent({ scopes, account });
    }, READ],
    'a silent token that is renewed': [
      (pca, account) => pca.acquireTokenSilent({ scopes, account, forceRefresh: true }),
      [...READ, ...WRITE],
    ],
    'a refresh token from elsewhere': [
      (pca, _, { text }) => pca.acquireTokenByRefreshToken({ scopes, refreshToken: secrets(text, 'RefreshToken')[0] }),
      WRITE,
    ],
    'getAllAccounts': [(pca) => pca.getAllAccounts(), READ],
    'getAccountByHomeId': [(pca) => pca.getTokenCache().getAccountByHomeId(ADA), READ],
    'getAccountByLocalId': [(pca) => pca.getTokenCache().getAccountByLocalId(PERSON.oid), READ],
    'overwriteCache': [(pca) => pca.getTokenCache().overwriteCache(), READ],
    'removeAccount': [(pca, account) => pca.getTokenCache().removeAccount(account), WRITE],
    'signOut': [(pca, account) => pca.signOut({ account }), WRITE],
    'the sign-out of a stranger': [
      (pca, account) => pca.signOut({ account: { ...account, homeAccountId: 'nobody' } }),
      [['before', true], ['after', false]],
    ],
  };
  for (const [name, [operate, calls]] of Object.entries(operations)) {
    it(`is called for ${name}: ${calls.map((call) => call.join('(') + ')').join(', ')}`, async () => {
      const { text, account } = await storedBlob();
      const store = textStore(text);
      await operate(app({ cachePlugin: store.plugin }), account, store);
      assert.deepEqual(store.calls, calls);
    });
  }

  it('has its methods called on itself, and each pair with a context of its own', async () => {
    class Plugin {
      contexts = [];
      async beforeCacheAccess(context) {
        this.contexts.push([context]);
      }
      async afterCacheAccess(context) {
        this.contexts.at(-1).push(context);
      }
    }
    const plugin = new Plugin();
    const pca = app({ cachePlugin: plugin });
    await Promise.all([pca.getAllAccounts(), pca.getAllAccounts()]);
    const [[one, same], [other]] = plugin.contexts;
    assert.equal(one, same);
    assert.notEqual(one, other);
    assert.equal(one.tokenCache, pca.getTokenCache());
    assert.equal(one.cache, one.tokenCache);
  });

  it('may hand over the same text, an equal one, or nothing', async () => {
    const { text, account, accessToken } = await storedBlob();
    const given = [text, text, `${text.slice(0, 40)}${text.slice(40)}`, JSON.stringify(JSON.parse(text), null, 1), text];
    let next;
    const cachePlugin = {
      beforeCacheAccess: async ({ tokenCache }) => void (next === undefined || tokenCache.deserialize(next)),
      afterCacheAccess: async () => {},
    };
    const pca = app({ cachePlugin });
    for (next of [...given, undefined]) {
      assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
      assert.equal((await pca.getAllAccounts()).length, 1);
    }
    next = null;
    assert.deepEqual(await pca.getAllAccounts(), []);
    await assert.rejects(pca.acquireTokenSilent({ scopes, account }), { errorCode: 'no_tokens_found' });
    next = text;
    assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
  });

  it('has a text that is known already skipped, and another one read', async () => {
    const { text, account } = await storedBlob();
    const { encodeInto } = TextEncoder.prototype;
    let reads = 0;
    // By this a text goes to WebAssembly.
    TextEncoder.prototype.encodeInto = function (source, target) {
      if (source.length > 1000) reads += 1;
      return encodeInto.call(this, source, target);
    };
    try {
      const store = textStore(text);
      const pca = app({ cachePlugin: store.plugin });
      const equal = `${text.slice(0, 40)}${text.slice(40)}`;
      for (const [given, count] of [[text, 1], [text, 1], [equal, 1], [`${text} `, 2], [`${text} `, 2], [text, 3]]) {
        store.text = given;
        await pca.getAllAccounts();
        await pca.acquireTokenSilent({ scopes, account });
        assert.equal(reads, count);
      }
      await signIn(pca);
      await pca.getAllAccounts();
      assert.equal(reads, 3, 'what was written is known');
    } finally {
      TextEncoder.prototype.encodeInto = encodeInto;
    }
  });

  it('need not return promises', async () => {
    let text = '';
    const cachePlugin = {
      beforeCacheAccess: ({ tokenCache }) => tokenCache.deserialize(text),
      afterCacheAccess: ({ tokenCache, cacheHasChanged }) => void (cacheHasChanged && (text = tokenCache.serialize())),
    };
    await signIn(app({ cachePlugin }));
    assert.equal((await app({ cachePlugin }).getAllAccounts()).length, 1);
  });

  it('may take its time: a request that is changed meanwhile is answered as it was', async () => {
    const { text, account, accessToken } = await storedBlob();
    const store = textStore(text);
    const pca = app({ cachePlugin: store.plugin });
    const request = { scopes: [...scopes], account };
    await pca.acquireTokenSilent(request);
    store.onBefore = async () => {
      request.scopes = 42;
      store.text = `${text} `; // as another process would have left it
    };
    assert.equal((await pca.acquireTokenSilent(request)).accessToken, accessToken);
    store.onBefore = async () => {};
    assert.equal((await pca.getAllAccounts()).length, 1, 'nobody is left at the door');
  });

  it('is asked before each hit, so that what others did counts at once', async () => {
    const { text, account, accessToken } = await storedBlob();
    const store = textStore(text);
    const [mine, theirs] = [app({ cachePlugin: store.plugin }), app({ cachePlugin: store.plugin })];
    const silent = () => mine.acquireTokenSilent({ scopes, account });
    for (let round = 0; round < 2; round++) assert.equal((await silent()).accessToken, accessToken);
    const renewed = await theirs.acquireTokenSilent({ scopes, account, forceRefresh: true });
    assert.equal((await silent()).accessToken, renewed.accessToken);
    await theirs.signOut({ account });
    await assert.rejects(silent(), { errorCode: 'no_tokens_found' });
  });

  it('misses nothing in 400 staggered silent calls (#7909)', async () => {
    const { text, account, accessToken } = await storedBlob();
    const store = textStore(text);
    const wait = (turns) => new Promise((resolve) => (turns === 0 ? resolve() : setImmediate(() => resolve(wait(turns - 1)))));
    let round = 0;
    store.onBefore = () => wait(round++ % 5);
    store.onAfter = () => wait(round++ % 3);
    const pca = app({ cachePlugin: store.plugin });
    const calls = Array.from({ length: 400 }, async (_, index) => {
      await wait(index % 7);
      return (await pca.acquireTokenSilent({ scopes, account })).accessToken;
    });
    assert.deepEqual([...new Set(await Promise.all(calls))], [accessToken]);
    assert.deepEqual(store.calls, Array.from({ length: 400 }, () => READ).flat());
    assert.equal(entra.seen.filter(({ form }) => form.get('grant_type') === 'refresh_token').length, 0);
  });

  it('that several applications share has one turn at a time', async () => {
    entra.options.rotate = false; // no application waits for another's renewal
    const { text } = await storedBlob(entra);
    const store = textStore(text);
    let inside = 0;
    store.onBefore = async () => {
      assert.equal(++inside, 1);
      await new Promise(setImmediate);
    };
    store.onAfter = async () => {
      await new Promise(setImmediate);
      inside -= 1;
    };
    const pcas = Array.from({ length: 4 }, () => app({ cachePlugin: store.plugin }));
    const [ada, grace] = await pcas[0].getAllAccounts();
    await Promise.all(pcas.flatMap((pca, index) => [
      pca.getAllAccounts(),
      pca.acquireTokenSilent({ scopes: [`api://app${index}/x`], account: grace }),
      signIn(pca),
      ...(index === 0 ? [pca.signOut({ account: ada })] : []),
    ]));
    assert.equal(inside, 0);
    assert.equal(store.calls.length % 2, 0);
    const names = store.calls.map(([name]) => name);
    assert.ok(names.every((name, index) => name === (index % 2 ? 'after' : 'before')), names.join());
    const targets = Object.values(JSON.parse(store.text).AccessToken).map(({ target }) => target);
    for (const index of pcas.keys()) assert.ok(targets.includes(`api://app${index}/x`), targets.join());
  });

  it('is called in the async context of whoever waits for it', async () => {
    const user = new AsyncLocalStorage();
    const partitions = [];
    const cachePlugin = {
      beforeCacheAccess: async () => void partitions.push(['before', user.getStore()]),
      afterCacheAccess: async () => void partitions.push(['after', user.getStore()]),
    };
    const pca = app({ cachePlugin });
    const names = ['ada', 'grace', 'eve'];
    await Promise.all(names.map((name) => user.run(name, () => pca.getAllAccounts())));
    assert.deepEqual(partitions, names.flatMap((name) => [['before', name], ['after', name]]));
    // Each renewal of one account waits for the one before, which ends in another's context.
    const { account } = await user.run('ada', () => signIn(pca));
    partitions.length = 0;
    await Promise.all(names.map((name) => user.run(name, () => pca.acquireTokenSilent({ scopes: [`api://${name}/x`], account }))));
    assert.ok(partitions.length >= 12);
    for (const [index, [name, whose]] of partitions.entries()) {
      if (name === 'after') assert.deepEqual(partitions[index - 1], ['before', whose]);
    }
    assert.deepEqual(new Set(partitions.map(([, whose]) => whose)), new Set(names));
    partitions.length = 0;
    await Promise.all(names.map((name) => user.run(name, () => pca.acquireTokenSilent({ scopes: [`api://${name}/x`], account }))));
    assert.deepEqual(partitions, names.flatMap((name) => [['before', name], ['after', name]]));
  });

  it('does not lose the store to a clearCache in the middle of its turn', async () => {
    for (const where of ['onBefore', 'onAfter']) {
      const { text } = await storedBlob();
      const store = textStore(text);
      const pca = app({ cachePlugin: { ...store.plugin, async beforeCacheAccess(context) {
        await store.plugin.beforeCacheAccess(context);
        if (where === 'onBefore') pca.clearCache();
      } } });
      if (where === 'onAfter') store.onAfter = async () => pca.clearCache();
      await signInGrace(entra, pca);
      assert.deepEqual(homes(store.text), [ADA, GRACE].sort());
      assert.deepEqual(pca.getTokenCache().getKVStore(), {}, 'it is cleared when the turn is over');
    }
  });

  it('is left alone by a sign-in that was given up while it waited for its turn', async () => {
    const { text } = await storedBlob();
    const store = textStore(text);
    const pca = app({ cachePlugin: store.plugin });
    const door = gate();
    store.onBefore = () => door.opened;
    const first = pca.getAllAccounts();
    await until(() => store.calls.length === 1);
    const controller = new AbortController();
    const { length } = entra.seen;
    const second = failure(signIn(pca, { signal: controller.signal }));
    await until(() => entra.seen.length === length + 2);
    for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
    controller.abort();
    assert.equal((await second).errorCode, 'device_code_polling_cancelled');
    door.open();
    await first;
    await pca.getAllAccounts();
    assert.deepEqual(store.calls, [...READ, ...READ]);
  });

  it('has its turn ended when the sign-in is given up in the middle of it', async () => {
    const { text } = await storedBlob();
    const store = textStore(text);
    const pca = app({ cachePlugin: store.plugin });
    const door = gate();
    store.onBefore = () => door.opened;
    const controller = new AbortController();
    const mine = failure(signIn(pca, { signal: controller.signal }));
    await until(() => store.calls.length === 1);
    controller.abort();
    assert.equal((await mine).errorCode, 'device_code_polling_cancelled');
    const theirs = pca.getAllAccounts();
    door.open();
    assert.equal((await theirs).length, 1);
    assert.deepEqual(store.calls, [['before', true], ['after', false], ...READ]);
    assert.equal(store.text, text);
  });

  it('that hangs can be left by a signal; a silent request goes on to its end', async () => {
    const { text, account, accessToken } = await storedBlob();
    const store = textStore(text);
    const pca = app({ cachePlugin: store.plugin });
    const door = gate();
    store.onBefore = () => door.opened;
    const controller = new AbortController();
    const mine = failure(pca.acquireTokenSilent({ scopes, account, signal: controller.signal }));
    await until(() => store.calls.length === 1);
    controller.abort();
    await mine;
    const theirs = pca.acquireTokenSilent({ scopes, account });
    door.open();
    assert.equal((await theirs).accessToken, accessToken);
    assert.deepEqual(store.calls, [...READ, ...READ]);
  });
});

describe('a plugin that fails to load', () => {
  const operations = {
    'a sign-in': (pca) => signIn(pca),
    'a silent token': (pca, account) => pca.acquireTokenSilent({ scopes, account }),
    'a renewal': (pca, account) => pca.acquireTokenSilent({ scopes, account, forceRefresh: true }),
    'getAllAccounts': (pca) => pca.getAllAccounts(),
    'a sign-out': (pca, account) => pca.signOut({ account }),
  };
  const always = async ({ tokenCache }, store) => void (store.text = tokenCache.serialize());
  for (const [name, operate] of Object.entries(operations)) {
    for (const thrown of [new Error('the disk is gone'), undefined, null, 0, 'no']) {
      it(`with ${inspect(thrown).split('\n')[0]} has nothing written over, by ${name}`, async () => {
        const { text, account } = await storedBlob();
        const store = textStore(text);
        store.onBefore = () => Promise.reject(thrown);
        // The usual plugin, and one that writes whatever it is told.
        for (const onAfter of [async () => {}, (context) => always(context, store)]) {
          store.onAfter = onAfter;
          store.calls.length = 0;
          assert.equal(await failure(operate(app({ cachePlugin: store.plugin }), account)), thrown);
          assert.deepEqual(store.calls.at(-1), ['after', false], 'so that a lock is released');
          assert.equal(store.text, text);
        }
        store.onBefore = store.onAfter = async () => {};
        assert.equal((await app({ cachePlugin: store.plugin }).getAllAccounts()).length, 1);
      });
    }
  }

  it('when tokens are to be stored, fails the operation, and the tokens are kept here and stored the next time', async () => {
    const { text, account, accessToken } = await storedBlob();
    const store = textStore(text);
    const pca = app({ cachePlugin: store.plugin });
    // To look is granted, to store is not.
    store.onBefore = async ({ cacheHasChanged }) => {
      if (cacheHasChanged) throw new Error('locked');
    };
    assert.equal((await failure(pca.acquireTokenSilent({ scopes, account, forceRefresh: true }))).message, 'locked');
    assert.equal((await failure(signInGrace(entra, pca))).message, 'locked');
    assert.equal(store.text, text);
    const kept = await pca.acquireTokenSilent({ scopes, account });
    assert.deepEqual([kept.fromCache, kept.accessToken === accessToken], [true, false]);
    store.onBefore = async () => {};
    const renewed = await pca.acquireTokenSilent({ scopes, account, forceRefresh: true });
    assert.deepEqual(homes(store.text), [ADA, GRACE].sort());
    assert.ok(secrets(store.text, 'AccessToken').includes(renewed.accessToken));
    for (const account of await app({ cachePlugin: store.plugin }).getAllAccounts()) {
      assert.equal((await pca.acquireTokenSilent({ scopes, account, forceRefresh: true })).fromCache, false);
    }
  });

  it('for once, fails that one operation', async () => {
    const { text, account, accessToken } = await storedBlob();
    const store = textStore(text);
    const pca = app({ cachePlugin: store.plugin });
    await pca.acquireTokenSilent({ scopes, account });
    let asked = 0;
    store.onBefore = async () => {
      if (++asked === 2) throw new Error('busy');
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => pca.acquireTokenSilent({ scopes, account })));
    const told = outcomes.map(({ value, reason }) => value?.accessToken ?? reason.message);
    assert.deepEqual(told, [accessToken, 'busy', accessToken, accessToken]);
  });

  const damaged = {
    'cut off': (text) => text.slice(0, -20),
    'not JSON': () => 'hello',
    'a Buffer': (text) => Buffer.from(text),
    'nested without end': () => '[{"x":'.repeat(50_000),
  };
  for (const [name, damage] of Object.entries(damaged)) {
    it(`because what is stored is ${name}: the error says so, and it stays as it is`, async () => {
      const { text, account } = await storedBlob();
      const store = textStore(damage(text));
      const { text: stored } = store;
      const swallowing = {
        beforeCacheAccess: (context) => store.plugin.beforeCacheAccess(context).catch(() => {}),
        afterCacheAccess: async (context) => always(context, store).catch(() => {}),
      };
      for (const cachePlugin of [store.plugin, swallowing]) {
        for (const operate of Object.values(operations)) {
          const error = await failure(operate(app({ cachePlugin }), account));
          assert.ok(error instanceof AuthError, inspect(error));
          if (name === 'a Buffer') assert.equal(error.field, 'cache');
          else assert.match(error.message, /^invalid_cache_record: .*\(line 1, column \d+\)/);
          assert.equal(store.text, stored);
        }
      }
    });
  }

  it('because what is stored is 50 MB long and cut off: it stays as it is', async () => {
    const { text } = await storedBlob();
    const store = textStore(`${text.slice(0, -1)},"x":"${'y'.repeat(50 << 20)}`);
    const { text: stored } = store;
    const error = await failure(signIn(app({ cachePlugin: store.plugin })));
    assert.match(error.message, /^invalid_cache_record: .*it is cut off \(line 1, column \d+\)/);
    assert.equal(store.text, stored);
  });

  it('and then loads a copy that it keeps, is a plugin that loads', async () => {
    const { text, account, accessToken } = await storedBlob();
    const store = textStore(text.slice(0, -20));
    const cachePlugin = {
      ...store.plugin,
      beforeCacheAccess: (context) => store.plugin.beforeCacheAccess(context).catch(() => context.tokenCache.deserialize(text)),
    };
    const pca = app({ cachePlugin });
    for (let round = 0; round < 3; round++) assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    await signInGrace(entra, pca);
    assert.deepEqual(homes(store.text), [ADA, GRACE].sort());
  });

  it('is told by serialize why nothing may be written', async () => {
    const store = textStore('damaged');
    let told;
    store.onAfter = async ({ tokenCache }) => {
      told = await failure((async () => tokenCache.serialize())());
    };
    const error = await failure(signIn(app({ cachePlugin: store.plugin })));
    assert.ok(told instanceof ClientAuthError);
    assert.deepEqual([told.errorCode, told.cause], ['invalid_cache_record', error]);
  });
});

describe('a plugin that fails to store', () => {
  /** An application whose plugin could not store that Ada signed in. */
  async function unstored() {
    const store = textStore();
    const pca = app({ cachePlugin: store.plugin });
    store.onAfter = () => Promise.reject(new Error('the disk is full'));
    assert.equal((await failure(signIn(pca))).message, 'the disk is full');
    store.onAfter = async () => {};
    return { store, pca };
  }

  it('fails the operation, and the tokens are kept here and stored the next time', async () => {
    const { store, pca } = await unstored();
    assert.equal(store.text, '');
    assert.equal(pca.getTokenCache().hasChanged(), true);
    const [account] = await pca.getAllAccounts();
    assert.equal(account.homeAccountId, ADA);
    assert.match((await pca.acquireTokenSilent({ scopes, account })).accessToken, /^AT-/);
    assert.deepEqual(store.calls.slice(-2), [['before', false], ['after', false]], 'who asks to look does not store');
    assert.equal(store.text, '');
    await signInGrace(entra, pca);
    assert.deepEqual(homes(store.text), [ADA, GRACE].sort());
    assert.equal(pca.getTokenCache().hasChanged(), false);
  });

  it('after it has serialized, has stored nothing: what was changed is changed again', async () => {
    const { text, account } = await storedBlob(entra);
    const store = textStore(text);
    const pca = app({ cachePlugin: store.plugin });
    store.onAfter = async ({ tokenCache }) => {
      tokenCache.serialize();
      throw new Error('the disk is full');
    };
    await failure(pca.signOut({ account }));
    await failure(pca.acquireTokenSilent({ scopes, account: (await storedBlob(entra)).account, forceRefresh: true }));
    store.onAfter = async () => {};
    assert.deepEqual((await pca.getAllAccounts()).map(({ homeAccountId }) => homeAccountId), [GRACE]);
    const [grace] = await pca.getAllAccounts();
    const { accessToken } = await pca.acquireTokenSilent({ scopes, account: grace, forceRefresh: true });
    assert.deepEqual(homes(store.text), [GRACE]);
    assert.deepEqual(secrets(store.text, 'AccessToken'), [accessToken]);
  });

  it('is not taken for one that stores because it serializes what it has loaded', async () => {
    const { store, pca } = await unstored();
    store.onBefore = async ({ tokenCache }) => void tokenCache.serialize();
    await pca.getAllAccounts();
    store.onBefore = async () => {};
    await signInGrace(entra, app({ cachePlugin: store.plugin }));
    assert.equal((await pca.getAllAccounts()).length, 2);
  });

  it('may store later: until then a change is not taken for stored', async () => {
    const { store, pca } = await unstored();
    // Its `afterCacheAccess` does nothing of itself.
    pca.getTokenCache().persistence.afterCacheAccess = async () => {};
    for (let round = 0; round < 2; round++) {
      // Somebody else writes.
      store.text = JSON.stringify({ ...JSON.parse(store.text || '{}'), [`round${round}`]: true });
      assert.equal((await pca.getAllAccounts()).length, 1);
      assert.equal(pca.getTokenCache().hasChanged(), true);
    }
    assert.deepEqual(homes(pca.getTokenCache().serialize()), [ADA]);
    assert.equal(pca.getTokenCache().hasChanged(), false);
  });

  it('with nothing at all, fails as well', async () => {
    const store = textStore();
    store.onAfter = () => Promise.reject();
    assert.equal(await failure(signIn(app({ cachePlugin: store.plugin }))), undefined);
  });
});

describe('two processes with one store', () => {
  /** Two applications that know nothing of each other: each has a plugin of its own, over the one store. */
  function processes(text) {
    const store = textStore(text);
    return { store, apps: [0, 1].map(() => app({ cachePlugin: { ...store.plugin } })) };
  }

  it('keep what each signs in to, in turns', async () => {
    const { store, apps: [one, other] } = processes();
    await signIn(one);
    await signInGrace(entra, other);
    await signIn(one, { scopes: ['api://one/x'] });
    assert.deepEqual(homes(store.text), [ADA, GRACE].sort());
    for (const pca of [one, other]) assert.equal((await pca.getAllAccounts()).length, 2);
  });

  it('respect each other\'s sign-outs', async () => {
    const { text, account } = await storedBlob();
    const { store, apps: [one, other] } = processes(text);
    await one.acquireTokenSilent({ scopes, account });
    await other.signOut({ account });
    await signInGrace(entra, one);
    assert.deepEqual(homes(store.text), [GRACE]);
    assert.ok(!store.text.includes(ADA), 'nor is any token left');
  });

  it('are not held to a sign-out of somebody who was not there', async () => {
    const { store, apps: [one, other] } = processes();
    const { account } = await signIn(other);
    for (let round = 0; round < 2; round++) await one.signOut({ account });
    const { accessToken } = await signIn(other);
    assert.equal((await one.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    await signInGrace(entra, one);
    assert.deepEqual(homes(store.text), [ADA, GRACE].sort());
  });

  it('lose nothing to a renewal that was under way when the person signed out elsewhere', async () => {
    const { text, account } = await storedBlob();
    const { store, apps: [one, other] } = processes(text);
    const asked = gate();
    const answer = gate();
    entra.options.onRefresh = async () => void (asked.open(), await answer.opened);
    const renewal = one.acquireTokenSilent({ scopes, account, forceRefresh: true });
    await asked.opened;
    await other.signOut({ account });
    answer.open();
    await renewal.catch(() => {});
    assert.deepEqual(homes(store.text), []);
    assert.ok(!store.text.includes(ADA));
    await assert.rejects(one.acquireTokenSilent({ scopes, account }), { errorCode: 'no_tokens_found' });
  });

  it('can both renew, though refresh tokens work once', async () => {
    const { text, account } = await storedBlob();
    const { apps: [one, other] } = processes(text);
    for (const pca of [one, other]) await pca.acquireTokenSilent({ scopes, account });
    for (const pca of [other, one, one, other]) {
      assert.equal((await pca.acquireTokenSilent({ scopes, account, forceRefresh: true })).fromCache, false);
    }
  });

  it('can both renew at once: who comes second waits for what the first one stores', async () => {
    const { text, account } = await storedBlob();
    const store = textStore(text);
    const door = gate();
    const slow = { ...store.plugin, beforeCacheAccess: async (context) => {
      if (context.cacheHasChanged) await door.opened;
      return store.plugin.beforeCacheAccess(context);
    } };
    const { length } = entra.seen;
    const first = app({ cachePlugin: slow }).acquireTokenSilent({ scopes, account, forceRefresh: true });
    await until(() => entra.seen.length > length);
    const clock = { ...fastClock(), sleep: async () => void (door.open(), await first) };
    const second = app({ cachePlugin: { ...store.plugin }, clock }).acquireTokenSilent({ scopes, account, forceRefresh: true });
    assert.equal((await second).fromCache, false);
    assert.equal((await first).fromCache, false);
    assert.deepEqual(secrets(store.text, 'AccessToken'), [(await second).accessToken]);
  });

  it('forget for good a refresh token that the server will never take again', async () => {
    const { text, account } = await storedBlob();
    const { store, apps: [one, other] } = processes(text);
    const body = entra.refusal('invalid_grant', 70000, 'Bad.', { suberror: 'bad_token' });
    entra.options.onRefresh = () => ({ body });
    const error = await failure(one.acquireTokenSilent({ scopes, account, forceRefresh: true }));
    assert.deepEqual([error.name, error.errorCode, error.subError], ['InteractionRequiredAuthError', 'invalid_grant', 'bad_token']);
    assert.deepEqual(secrets(store.text, 'RefreshToken'), []);
    assert.equal(secrets(store.text, 'AccessToken').length, 1, 'the access token may still be good');
    entra.seen.length = 0;
    for (const pca of [one, other]) {
      await assert.rejects(pca.acquireTokenSilent({ scopes, account, forceRefresh: true }), { errorCode: 'no_tokens_found' });
    }
    assert.equal(entra.seen.length, 0);
  });

  it('forget a person whose id has capitals, in every capital of it', async () => {
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const people = { 'auth0|AbC': 'big', 'auth0|abc': 'small' };
    let person = 'auth0|AbC';
    const origin = 'https://id.example';
    const answer = (body) => ({ status: 200, headers: {}, body });
    const codes = { device_code: 'DC', user_code: 'U', verification_uri: `${origin}/d`, interval: 1 };
    const tokens = () => ({
      access_token: `AT-${people[person]}`, refresh_token: `RT-${people[person]}`, token_type: 'Bearer', expires_in: 3600, scope: 'read',
      id_token: jwt({ iss: origin, aud: CLIENT, exp, sub: person }),
    });
    const networkClient = {
      sendGetRequestAsync: async () =>
        answer({ issuer: origin, device_authorization_endpoint: `${origin}/device`, token_endpoint: `${origin}/token` }),
      sendPostRequestAsync: async (url) => answer(url.endsWith('/device') ? codes : tokens()),
    };
    const store = textStore();
    const start = () => app({ auth: { authority: origin }, cachePlugin: { ...store.plugin }, system: { networkClient, protocolMode: 'OIDC' } });
    const { account } = await signIn(start(), { scopes: ['read'] });
    person = 'auth0|abc';
    const other = await signIn(start(), { scopes: ['read'] });
    assert.deepEqual(homes(store.text), ['auth0|AbC', 'auth0|abc']);
    assert.equal((await start().acquireTokenSilent({ scopes: ['read'], account })).accessToken, 'AT-big');
    await start().signOut({ account });
    assert.deepEqual(homes(store.text), ['auth0|abc']);
    assert.doesNotMatch(store.text, /big/);
    assert.equal((await start().acquireTokenSilent({ scopes: ['read'], account: other.account })).accessToken, 'AT-small');
    await start().signOut({ account: other.account });
    assert.doesNotMatch(store.text, /auth0|AT-|RT-/i);
  });
});

describe('secrets', () => {
  const SECRET = /[AR]T-\w|eyJhbGci/;

  it('are in no log line and no printed object, whatever happens', async () => {
    entra.options.refreshIn = 1000;
    const lines = [];
    const shown = [];
    const show = (value) => void shown.push(inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value), String(value));
    const loggerOptions = { logLevel: 4, piiLoggingEnabled: true, loggerCallback: (_, line) => void lines.push(line) };
    for (const make of [textStore, versionedStore, () => ({ plugin: undefined })]) {
      const store = make();
      const clock = fastClock();
      const contexts = [];
      if (make === textStore) store.onBefore = store.onAfter = async (context) => void contexts.push(context);
      const pca = app({ clock, cachePlugin: store.plugin, system: { loggerOptions } });
      const { account } = await signIn(pca);
      const silent = (request) => pca.acquireTokenSilent({ scopes, account, ...request });
      await silent();
      await silent({ forceRefresh: true });
      await clock.sleep(1001_000);
      const { accessToken } = await silent();
      await until(async () => (await silent()).accessToken !== accessToken);
      const refusals = [{}, { suberror: 'bad_token' }].map((more) => entra.refusal('invalid_grant', 70000, 'No.', more));
      for (const body of [{ error: 'server_error' }, ...refusals]) {
        // A server that repeats what it was sent.
        entra.options.onRefresh = (form) => ({ body: { ...body, error_description: `${form.get('refresh_token')} is no good` } });
        show(await failure(silent({ forceRefresh: true })));
      }
      entra.options.onRefresh = () => undefined;
      show(await failure(silent({ scopes: ['AT'], forceRefresh: true })));
      show(await failure(pca.acquireTokenByRefreshToken({ scopes, refreshToken: 'RT-mine' })));
      show(await failure((async () => pca.getTokenCache().deserialize('{"RefreshToken":{"a":{"secret":"RT-damaged"'))()));
      for (const value of [pca, pca.getTokenCache(), pca.getLogger(), ...contexts]) show(value);
      await pca.signOut({ account });
      show(pca);
    }
    assert.ok(lines.length > 20 && shown.length > 30);
    for (const text of [...lines, ...shown.filter(Boolean)]) assert.doesNotMatch(text, SECRET);
  });

  it('are not in what a plugin is told of a store that cannot be read', async () => {
    const { text, account } = await storedBlob();
    const store = textStore(text.slice(0, -30));
    const told = [];
    store.onAfter = async ({ tokenCache }) => void told.push(await failure((async () => tokenCache.serialize())()));
    const pca = app({ cachePlugin: store.plugin });
    told.push(await failure(pca.acquireTokenSilent({ scopes, account })), await failure(signIn(pca)));
    assert.equal(told.length, 4);
    for (const error of told) assert.doesNotMatch(`${inspect(error, { depth: 20, showHidden: true })} ${error.stack}`, SECRET);
  });
});
