// The tests that authors of cache plugins can run: they pass with plugins that are right, and each of them fails with one that is not.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from 'node:test';
import { cachePluginTests } from 'doorcode/testing';

/** What a plugin needs of its store; a fault takes one of these away. */
const SOUND = { text: '', version: 0, compares: true, isShared: true, keeps: (text) => text };

/** A text with a version. @param {Partial<typeof SOUND>} [fault] */
function versioned(fault) {
  const store = { ...SOUND, ...fault };
  const open = () => {
    const mine = store.isShared ? store : { ...store };
    return {
      async readCache(since) {
        return since === `v${mine.version}` ? null : { cache: mine.text, version: `v${mine.version}` };
      },
      async writeCache(cache, expected) {
        if (mine.compares && expected !== `v${mine.version}`) return null;
        mine.text = mine.keeps(cache);
        mine.version += 1;
        return `v${mine.version}`;
      },
    };
  };
  return { open };
}

/** The plugin that most programs have. */
function plain(fault) {
  const store = { ...SOUND, ...fault };
  const open = () => ({
    async beforeCacheAccess({ tokenCache }) {
      tokenCache.deserialize(store.text);
    },
    async afterCacheAccess({ tokenCache, cacheHasChanged }) {
      if (cacheHasChanged) store.text = store.keeps(tokenCache.serialize());
    },
  });
  return { open };
}

/** The names of the tests that fail. */
async function failing(create, options) {
  const names = [];
  for (const { name, run } of cachePluginTests(create, options)) await run().catch(() => names.push(name));
  return names;
}

describe('the tests for cache plugins', () => {
  for (const { name, run } of cachePluginTests(() => versioned())) it(`pass with a text with a version: ${name}`, run);
  for (const { name, run } of cachePluginTests(() => plain(), { keepsConcurrentWrites: false })) it(`pass with a text: ${name}`, run);

  it('fail where two writers overwrite each other', async () => {
    const lost = 'loses nobody of several who sign in at the same time';
    assert.ok((await failing(() => plain())).includes(lost));
    const names = await failing(() => versioned({ compares: false }));
    for (const name of [lost, 'writes over no version but the one that is expected, if it knows versions']) assert.ok(names.includes(name), name);
  });

  it('fail where others do not see what was written', async () => {
    const names = await failing(() => versioned({ isShared: false }));
    for (const name of ['forgets who signed out', 'shows what others wrote, each time', 'gives back what it was given, to the letter']) {
      assert.ok(names.includes(name), name);
    }
  });

  it('fail where letters are lost, or the end of a large cache', async () => {
    for (const make of [plain, versioned]) {
      const ofBytes = (text) => Buffer.from(text, 'latin1').toString('latin1');
      assert.ok((await failing(() => make({ keeps: ofBytes }))).includes('gives back what it was given, to the letter'));
      const ofOneValue = (text) => (text.length < 100_000 ? text : '');
      assert.ok((await failing(() => make({ keeps: ofOneValue }))).includes('keeps a large cache'));
    }
  });

  it('fail where what is no cache is taken for none, and written over', async () => {
    const open = () => {
      const plugin = store.open();
      const readCache = async (since) => {
        const read = await plugin.readCache(since);
        return read && { ...read, cache: read.cache.startsWith('{') ? read.cache : '' };
      };
      return { ...plugin, readCache };
    };
    let store;
    const names = await failing(() => ((store = versioned()), { open }));
    assert.deepEqual(names, ['leaves what is no cache as it is, unless it can set it aside']);
  });

  it('fail where a plugin shows tokens', async () => {
    const create = () => {
      const { open } = plain();
      return { open: () => ({ ...open(), shown: undefined, async afterCacheAccess({ tokenCache }) {
        this.shown = tokenCache.serialize();
      } }) };
    };
    assert.ok((await failing(create)).includes('shows no token where it is printed'));
  });

  it('say what was wrong, and remove the store whatever happens', async () => {
    let closed = 0;
    const tests = cachePluginTests(() => ({ ...plain({ keeps: () => '' }), close: () => void (closed += 1) }));
    const problems = [];
    for (const { run } of tests) await run().catch((error) => problems.push(error));
    assert.equal(closed, tests.length);
    assert.ok(problems.some(({ message }) => message === 'ada was signed in, and is not there'), inspect(problems));
  });
});
