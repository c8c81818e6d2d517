// What is measured. Each operation is set up with a library and a number of accounts, and returns
//   run      the timed part
//   check    throws if what `run` returned is wrong; called before anything is timed and after each batch
//   prepare  makes ready for so many runs; not timed
//   batch    how many runs one `prepare` can serve
//   finish   looks at the whole once everything is over

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accountInfo, person, scopes } from './blob.mjs';
import { load, OURS } from './libraries.mjs';
import { fastClock, startServer } from './server.mjs';

/**
 * @typedef {object} Setting
 * @property {import('./libraries.mjs').Library} library
 * @property {any} [FileCachePlugin] doorcode's
 * @property {number} accounts
 * @property {string} folder where the blobs are
 * @property {boolean} [overFetch]
 *
 * @typedef {import('./libraries.mjs').Client} Client
 * @typedef {import('./server.mjs').Server} Server
 * @typedef {{ run(): unknown, check(result: any): unknown, prepare?(runs: number): unknown, batch?: number, finish?(): unknown }} Operation
 */

/** Where the fixed loop arrives. */
const LOOP_ENDS = 366_300_225;

/**
 * @param {{ library?: string, accounts: number, over?: string, folder: string }} given the yardsticks need no library
 * @returns {Promise<Setting>}
 */
export async function setting({ library, over, ...given }) {
  const { FileCachePlugin } = library === OURS ? await import('doorcode/cache/file') : {};
  return { ...given, library: /** @type {any} */ (library && (await load(library))), FileCachePlugin, overFetch: over === 'fetch' };
}

/** @param {Setting} setting */
const blobFile = ({ folder, accounts }) => join(folder, `${accounts}.json`);

/** @param {Setting} setting */
const readBlob = (setting) => readFileSync(blobFile(setting), 'utf8');

/** Walks through the accounts in an order without a pattern, the same each time. @param {number} count */
function rotation(count) {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  let seed = 1;
  for (let left = count - 1; left > 0; left -= 1) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const other = seed % (left + 1);
    [order[left], order[other]] = [order[other], order[left]];
  }
  let at = -1;
  const walk = {
    infos: Array.from({ length: count }, (_, index) => accountInfo(index)),
    index: order[0],
    next() {
      at = (at + 1) % count;
      walk.index = order[at];
      return walk.infos[walk.index];
    },
  };
  return walk;
}

/** @param {Setting} setting @param {import('./libraries.mjs').Options} [options] */
const open = ({ library, overFetch }, options) => library.open({ overFetch, ...options });

/** A client that holds the blob's accounts in memory. @param {Setting} setting @param {import('./libraries.mjs').Options} [options] */
const filled = (setting, options) => open(setting, { blob: readBlob(setting), ...options });

/**
 * Frees large caches that were thrown away, also on the other side of a finalizer, so that no later batch pays for them. Small ones
 * are left to V8: collecting everything makes it forget compiled code, and that would cost more than they do.
 * @param {Setting} setting
 */
async function collect({ accounts }) {
  if (accounts >= 1_000) globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve));
}

/** @param {Setting} setting @param {Client} client @param {ReturnType<typeof rotation>} walk @returns {Operation} */
const hits = ({ library }, client, walk) => ({
  run: () => client.hit(walk.next()),
  check: (result) => assertHit(library, result, walk.index),
});

/** @param {Setting} setting @param {Client} client @param {Server} server @param {ReturnType<typeof rotation>} walk @returns {Operation} */
function refreshes({ library }, client, server, walk) {
  let asked = 0;
  return {
    run() {
      asked += 1;
      const account = walk.next();
      server.next = walk.index;
      return client.refresh(account);
    },
    check: (result) => assertFresh(library, result, server, asked),
    finish: () => assertKept(client, server),
  };
}

/** @param {Setting['library']} library @param {any} result @param {number} index */
function assertHit(library, result, index) {
  assert.equal(library.token(result), person(index).accessToken, 'it is the account\'s own token');
  assertTold(library.fromCache(result), true, 'the token came from the cache');
  assertTold(library.person(result), accountInfo(index).localAccountId, 'it is told whose it is');
}

/** @param {Setting['library']} library @param {any} result @param {Server} server @param {number} asked how many times until now */
function assertFresh(library, result, server, asked) {
  assert.equal(server.polls, asked, 'the server was asked for tokens once each time');
  assert.equal(library.token(result), server.sent, 'the token is the one that was sent');
  assertTold(library.fromCache(result), false, 'it came from the server');
  assertTold(library.person(result), accountInfo(server.next).localAccountId, 'it is told whose it is');
}

/** Not every library tells everything. @param {unknown} told @param {unknown} expected @param {string} why */
function assertTold(told, expected, why) {
  if (told !== undefined) assert.equal(told, expected, why);
}

/** The cache, of a library that has one, answers with what the server sent last. @param {Client} client @param {Server} server */
async function assertKept({ app }, server) {
  if (!app?.getTokenCache) return;
  const kept = await app.acquireTokenSilent({ account: accountInfo(server.next), scopes });
  assert.equal(kept.fromCache, true, 'what was fetched is in the cache');
  assert.equal(kept.accessToken, server.sent);
}

/**
 * Makes the text one piece, as whoever stores it would: an engine may hand out a rope of pieces, and leave the copying for later.
 * @param {number} length about how long it will be
 */
function flattener(length) {
  const page = Buffer.allocUnsafe(length * 2 + 65_536);
  return (/** @type {string} */ text) => {
    page.write(text);
    return text;
  };
}

/** @param {string} blob */
function memoryPlugin(blob) {
  const flatten = flattener(blob.length);
  const plugin = {
    saved: blob,
    async beforeCacheAccess(/** @type {any} */ context) {
      context.tokenCache.deserialize(plugin.saved);
    },
    async afterCacheAccess(/** @type {any} */ context) {
      if (context.cacheHasChanged) plugin.saved = flatten(context.tokenCache.serialize());
    },
  };
  return plugin;
}

/** A file of its own, with what is in the blob. @param {Setting} setting */
function copyOfBlob(setting) {
  const file = join(setting.folder, `plugin-${process.pid}.json`);
  copyFileSync(blobFile(setting), file);
  chmodSync(file, 0o600);
  return file;
}

/** What each library's users have: doorcode's own plugin, and what MSAL's documentation shows. @param {Setting} setting @param {string} file */
const bestFilePlugin = ({ FileCachePlugin }, file) => (FileCachePlugin ? new FileCachePlugin({ path: file }) : filePlugin(file));

/** As MSAL's documentation has it. @param {string} file */
const filePlugin = (file) => ({
  async beforeCacheAccess(/** @type {any} */ context) {
    context.tokenCache.deserialize(await readFile(file, 'utf8'));
  },
  async afterCacheAccess(/** @type {any} */ context) {
    if (context.cacheHasChanged) await writeFile(file, context.tokenCache.serialize());
  },
});

/** @type {Record<string, (setting: Setting) => Operation>} */
export const operations = {
  /** How fast the machine is: no library. */
  jsonParse(setting) {
    const blob = readBlob(setting);
    return { run: () => JSON.parse(blob), check: (parsed) => assert.ok(parsed.Account) };
  },

  /** The same: arithmetic that no cache and no memory slows down. */
  fixedLoop() {
    return {
      run() {
        let seed = 1;
        for (let left = 1_000_000; left > 0; left -= 1) seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
        return seed;
      },
      check: (seed) => assert.equal(seed, LOOP_ENDS),
    };
  },

  silentHit(setting) {
    return hits(setting, filled(setting), rotation(setting.accounts));
  },

  silentHitSameAccount(setting) {
    const walk = rotation(setting.accounts);
    const account = walk.next();
    return hits(setting, filled(setting), { ...walk, next: () => account });
  },

  silentHitMemoryPlugin(setting) {
    return hits(setting, open(setting, { plugin: memoryPlugin(readBlob(setting)) }), rotation(setting.accounts));
  },

  silentHitFilePlugin(setting) {
    return hits(setting, open(setting, { plugin: filePlugin(copyOfBlob(setting)) }), rotation(setting.accounts));
  },

  // Of a file that was not changed just now, as most are: doorcode's plugin reads a younger one each time, for its date may not tell.
  silentHitBestFilePlugin(setting) {
    const file = copyOfBlob(setting);
    const old = new Promise((resolve) => setTimeout(resolve, 2_100));
    const client = open(setting, { plugin: bestFilePlugin(setting, file) });
    return { ...hits(setting, client, rotation(setting.accounts)), prepare: () => old };
  },

  refreshAndSaveBestFile(setting) {
    const server = startServer(setting.accounts);
    const file = copyOfBlob(setting);
    const client = open(setting, { plugin: bestFilePlugin(setting, file), server });
    const refresh = refreshes(setting, client, server, rotation(setting.accounts));
    return {
      ...refresh,
      check(result) {
        refresh.check(result);
        assert.ok(readFileSync(file, 'utf8').includes(server.sent), 'the new token was saved');
      },
    };
  },

  refresh(setting) {
    const server = startServer(setting.accounts);
    return refreshes(setting, filled(setting, { server }), server, rotation(setting.accounts));
  },

  refreshAndSave(setting) {
    const server = startServer(setting.accounts);
    const plugin = memoryPlugin(readBlob(setting));
    const refresh = refreshes(setting, open(setting, { plugin, server }), server, rotation(setting.accounts));
    return {
      ...refresh,
      check(result) {
        refresh.check(result);
        assert.ok(plugin.saved.includes(server.sent), 'the new token was saved');
      },
    };
  },

  // Into a new cache each time: a library may know a text again that it has read before, which the plugin rows show.
  deserialize(setting) {
    const blob = readBlob(setting);
    const last = setting.accounts - 1;
    /** @type {any[]} */
    let apps = [];
    /** @type {any} */
    let app;
    return {
      batch: setting.accounts === 1 ? 2_000 : Math.ceil(8_000 / setting.accounts),
      async prepare(runs) {
        apps = [];
        app = undefined;
        await collect(setting);
        apps = Array.from({ length: runs }, () => open(setting).app);
      },
      run() {
        app = apps.pop();
        app.getTokenCache().deserialize(blob);
      },
      check: async () => assertHit(setting.library, await app.acquireTokenSilent({ account: accountInfo(last), scopes }), last),
    };
  },

  serialize(setting) {
    const server = startServer(setting.accounts);
    const client = filled(setting, { server });
    const change = refreshes(setting, client, server, rotation(setting.accounts));
    const cache = client.app.getTokenCache();
    const flatten = flattener(readBlob(setting).length);
    return {
      batch: 1,
      prepare: () => change.run(),
      run: () => flatten(cache.serialize()),
      check: (text) => assert.ok(text.includes(server.sent), 'the change was printed'),
      finish: () => assert.equal(Object.keys(JSON.parse(cache.serialize()).AccessToken).length, setting.accounts),
    };
  },

  getAllAccounts(setting) {
    const { app } = filled(setting);
    const { infos } = rotation(setting.accounts);
    return {
      run: () => app.getAllAccounts(),
      check(found) {
        assert.deepEqual(new Set(found.map((/** @type {any} */ one) => one.homeAccountId)), new Set(infos.map((one) => one.homeAccountId)));
        assert.equal(found.length, setting.accounts);
        assert.equal(found[0].idTokenClaims.oid, found[0].localAccountId);
      },
    };
  },

  getAccountByHomeId(setting) {
    const cache = filled(setting).app.getTokenCache();
    const walk = rotation(setting.accounts);
    return {
      run: () => cache.getAccountByHomeId(walk.next().homeAccountId),
      check: (found) => assert.equal(found?.username, walk.infos[walk.index].username),
    };
  },

  // From a cache that keeps at least four fifths of its accounts.
  removeAccount(setting) {
    const batch = setting.accounts / 5;
    let removed = batch;
    /** @type {any} */
    /** @type {any} */
    let app;
    /** @type {any} */
    let walk;
    return {
      batch,
      async prepare(runs) {
        if (removed + runs <= batch) return;
        // The same application again: after a forced collection a batch this short would measure V8 compiling.
        app ??= filled(setting).app;
        app.clearCache();
        app.getTokenCache().deserialize(readBlob(setting));
        walk = rotation(setting.accounts);
        removed = 0;
      },
      run() {
        removed += 1;
        return app.getTokenCache().removeAccount(walk.next());
      },
      check: () => assert.ok(removed > 0),
      finish() {
        const left = JSON.parse(app.getTokenCache().serialize());
        for (const kind of ['Account', 'IdToken', 'AccessToken', 'RefreshToken']) {
          assert.equal(Object.keys(left[kind]).length, setting.accounts - removed, `${kind}: as many are gone as were removed`);
        }
      },
    };
  },

  signIn(setting) {
    const server = startServer(Math.max(1, setting.accounts));
    const clock = fastClock();
    const walk = rotation(Math.max(1, setting.accounts));
    /** @type {Client[]} */
    let fresh = [];
    let client = setting.accounts > 0 ? filled(setting, { server, clock }) : undefined;
    let asked = 0;
    /** @type {Operation} */
    const signIns = {
      run() {
        asked += 1;
        client = fresh.pop() ?? client;
        clock.rewind();
        walk.next();
        server.next = walk.index;
        return client?.signIn();
      },
      check: (result) => assertFresh(setting.library, result, server, asked),
      finish: () => client && assertKept(client, server),
    };
    if (setting.accounts > 0) return signIns;
    return {
      ...signIns,
      batch: 2_000,
      async prepare(runs) {
        await collect(setting);
        fresh = Array.from({ length: runs }, () => open(setting, { server, clock }));
      },
    };
  },
};
