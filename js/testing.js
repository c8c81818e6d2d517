// What any cache plugin must be able to do, as tests that know of no test runner.

import { PublicClientApplication, TokenCacheContext } from 'doorcode';

const ISSUER = 'https://id.example';
const CLIENT = 'the-client';
const scopes = ['api'];

/** Letters of every length in UTF-8 and UTF-16, and what JSON, shells and pages are particular about. */
const AWKWARD = 'Zoë Ждан 张伟 🚪\u{10FFFF} "quoted" \\ / </script> %00 ${x}';
/** More of that: a name that is shown has none of it. */
const RAW = JSON.stringify({ [AWKWARD]: '\u2028 \ufeff \u0085 \u0000 \r\n' });

/** @typedef {import('doorcode').ICachePlugin | import('doorcode').IVersionedCachePlugin} Plugin */

/** @param {import('./testing.js').StoreUnderTest} store */
const application = async (store) => applicationOf(await store.open());

/** @param {Plugin} [cachePlugin] */
function applicationOf(cachePlugin) {
  return new PublicClientApplication({
    auth: { clientId: CLIENT, authority: ISSUER, authorityMetadata: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` } },
    cache: cachePlugin && { cachePlugin },
    system: { protocolMode: 'OIDC', networkClient: server },
  });
}

/** A server that signs in whoever a refresh token is named after. */
const server = {
  /** @param {string} url @returns {Promise<any>} */
  async sendGetRequestAsync(url) {
    throw new Error(`nothing is to be asked of ${url}`);
  },
  /** @param {string} _url @param {{ body?: string }} [options] @returns {Promise<any>} */
  async sendPostRequestAsync(_url, { body = '' } = {}) {
    const person = new URLSearchParams(body).get('refresh_token')?.replace(/^RT-/, '') ?? '';
    const now = Math.floor(Date.now() / 1000);
    const idToken = { iss: ISSUER, aud: CLIENT, sub: person, name: AWKWARD, preferred_username: `${person}@id.example`, iat: now, exp: now + 3600 };
    return {
      status: 200,
      headers: {},
      body: {
        access_token: `AT-${person}`,
        refresh_token: `RT-${person}`,
        id_token: `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(idToken))}.`,
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'api',
      },
    };
  },
};

/** @param {string} text */
function base64url(text) {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @typedef {PublicClientApplication} Application */

/** @param {Application} application @param {string} person */
const signIn = (application, person) => application.acquireTokenByRefreshToken({ scopes, refreshToken: `RT-${person}`, forceCache: true });

/** Who is stored, by the names that `signIn` was given. @param {Application} application */
const people = async (application) => (await application.getAllAccounts()).map(({ username }) => username.replace(/@.*/, '')).sort();

/** @param {Application} application @param {string} person */
async function signOut(application, person) {
  await application.signOut({ account: await accountOf(application, person) });
}

/** @param {Application} application @param {string} person */
async function accountOf(application, person) {
  const account = (await application.getAllAccounts()).find(({ username }) => username === `${person}@id.example`);
  if (!account) throw new Error(`${person} was signed in, and is not there`);
  return account;
}

/** A cache in which people are signed in. @param {string[]} names */
async function cacheOf(names) {
  const memory = applicationOf();
  for (const name of names) await signIn(memory, name);
  return memory.getTokenCache().serialize();
}

/** Stores a cache as it is. @param {Plugin} plugin @param {string} cache */
async function put(plugin, cache) {
  if ('readCache' in plugin) return void (await plugin.writeCache(cache, (await plugin.readCache(undefined))?.version));
  const context = new TokenCacheContext({ serialize: () => cache, deserialize() {} }, true);
  await plugin.beforeCacheAccess(context);
  await plugin.afterCacheAccess(context);
}

/** What is stored, as it is. @param {Plugin} plugin */
async function stored(plugin) {
  if ('readCache' in plugin) return (await plugin.readCache(undefined))?.cache;
  let text;
  const context = new TokenCacheContext({ serialize: () => '', deserialize: (cache) => void (text = cache) }, false);
  await plugin.beforeCacheAccess(context);
  await plugin.afterCacheAccess(context);
  return text;
}

/** @param {unknown} found @param {unknown} expected @param {string} what */
function equal(found, expected, what) {
  const [one, other] = [found, expected].map((value) => JSON.stringify(value));
  if (one !== other) throw new Error(`${what}: found ${one}, expected ${other}`);
}

/** @param {Application} application @param {string[]} expected */
const holds = async (application, expected) => equal(await people(application), [...expected].sort(), 'who is stored');

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {(store: import('./testing.js').StoreUnderTest, options: { accounts: number }) => Promise<void>} test
 */

/** @type {Case[]} */
const ALWAYS = [
  {
    name: 'holds nothing at first',
    async test(store) {
      await holds(await application(store), []);
    },
  },
  {
    name: 'gives back what it was given, to the letter',
    async test(store) {
      await signIn(await application(store), 'ada');
      const later = await application(store);
      const account = await accountOf(later, 'ada');
      equal(account.name, AWKWARD, 'the name of the account');
      const { accessToken, fromCache } = await later.acquireTokenSilent({ scopes, account });
      equal([accessToken, fromCache], ['AT-ada', true], 'the token');
    },
  },
  {
    name: 'keeps a large cache',
    async test(store, { accounts }) {
      const names = Array.from({ length: accounts }, (_, number) => `person${number}`);
      await put(await store.open(), await cacheOf(names));
      const one = await application(store);
      await holds(one, names);
      await signIn(one, 'ada');
      await signOut(one, 'person0');
      await holds(await application(store), ['ada', ...names.slice(1)]);
    },
  },
  {
    name: 'forgets who signed out',
    async test(store) {
      const [one, other] = [await application(store), await application(store)];
      await signIn(one, 'ada');
      await signIn(one, 'grace');
      await signOut(other, 'ada');
      await holds(one, ['grace']);
      await holds(await application(store), ['grace']);
      await signOut(one, 'grace');
      await holds(other, []);
      await holds(await application(store), []);
    },
  },
  {
    name: 'does not bring back who signed out elsewhere',
    async test(store) {
      const [one, other] = [await application(store), await application(store)];
      await signIn(one, 'ada');
      await holds(other, ['ada']);
      await signOut(other, 'ada');
      await signIn(one, 'grace');
      await holds(await application(store), ['grace']);
    },
  },
  {
    name: 'shows what others wrote, each time',
    async test(store) {
      const [one, other] = [await application(store), await application(store)];
      for (const [writer, reader, person] of /** @type {const} */ ([[one, other, 'ada'], [other, one, 'grace'], [one, other, 'linus']])) {
        await signIn(writer, person);
        await accountOf(reader, person);
      }
    },
  },
  {
    name: 'serves several applications of one program',
    async test(store) {
      const cachePlugin = await store.open();
      const one = applicationOf(cachePlugin);
      const other = applicationOf(cachePlugin);
      await Promise.all([signIn(one, 'ada'), signIn(other, 'grace'), signIn(one, 'linus')]);
      for (const pca of [one, other, await application(store)]) await holds(pca, ['ada', 'grace', 'linus']);
      await Promise.all([signOut(one, 'ada'), signOut(other, 'linus')]);
      for (const pca of [one, other, await application(store)]) await holds(pca, ['grace']);
    },
  },
  {
    name: 'leaves what is no cache as it is, unless it can set it aside',
    async test(store) {
      const plugin = await store.open();
      if ('setAside' in plugin) return;
      await put(plugin, 'damaged');
      const pca = await application(store);
      const refused = await signIn(pca, 'ada').then(() => undefined, (error) => error.errorCode);
      equal(refused, 'invalid_cache_record', 'what the operation fails with');
      equal(await stored(await store.open()), 'damaged', 'what is stored');
    },
  },
  {
    name: 'shows no token where it is printed',
    async test(store) {
      const cachePlugin = await store.open();
      await signIn(applicationOf(cachePlugin), 'ada');
      const { process, Deno, Bun } = /** @type {any} */ (globalThis);
      const inspect = Deno?.inspect ?? Bun?.inspect ?? process?.getBuiltinModule?.('node:util').inspect ?? String;
      const shown = [inspect(cachePlugin), `${cachePlugin}`, JSON.stringify(cachePlugin), ...Object.values(cachePlugin).map(String)].join();
      if (/AT-ada|RT-ada/.test(shown)) throw new Error('a token is in what is printed of the plugin');
    },
  },
];

/** @type {Case[]} */
const CONCURRENT = [
  {
    name: 'loses nobody of several who sign in at the same time',
    async test(store) {
      const names = ['ada', 'grace', 'linus', 'margaret', 'edsger', 'barbara'];
      const applications = await Promise.all(names.map(() => application(store)));
      await Promise.all(applications.map((pca, number) => signIn(pca, names[number] ?? '')));
      await holds(await application(store), names);
    },
  },
  {
    name: 'keeps a sign-in and a sign-out that come at the same time',
    async test(store) {
      await signIn(await application(store), 'ada');
      const [one, other] = [await application(store), await application(store)];
      await Promise.all([holds(one, ['ada']), holds(other, ['ada'])]);
      await Promise.all([signOut(one, 'ada'), signIn(other, 'grace')]);
      await holds(await application(store), ['grace']);
    },
  },
];

/** What `IVersionedCachePlugin` promises. @type {{ name: string, test: (store: import('./testing.js').StoreUnderTest) => Promise<void> }[]} */
const VERSIONED = [
  {
    name: 'says that nothing has changed, if it knows versions',
    async test(store) {
      const plugin = await versioned(store);
      if (!plugin) return;
      const first = await plugin.readCache(undefined);
      equal(typeof first?.cache, 'string', 'what kind of value the cache is');
      equal(await plugin.readCache(first?.version), null, 'what it answers if nothing has changed');
      const second = await plugin.writeCache(RAW, first?.version);
      if (typeof second !== 'string' || second === first?.version) throw new Error('a write is to give a new version');
      equal(await plugin.readCache(second), null, 'what it answers after its own write');
      equal((await plugin.readCache(first?.version))?.cache, RAW, 'what is stored');
    },
  },
  {
    name: 'knows a version again whatever came between, if it knows versions',
    async test(store) {
      const [plugin, other] = [await versioned(store), await versioned(store)];
      if (!plugin || !other) return;
      const first = await plugin.writeCache('{"one":1}', (await plugin.readCache(undefined))?.version);
      const theirs = await other.readCache(undefined);
      equal(theirs?.cache, '{"one":1}', 'what another reads');
      await other.writeCache('{"two":2}', theirs?.version);
      const read = await plugin.readCache(first ?? undefined);
      equal(read?.cache, '{"two":2}', 'what is read after another has written');
      equal(await plugin.readCache(read?.version), null, 'what it answers if nothing has changed');
    },
  },
];

/** @type {typeof VERSIONED} */
const SWAPPED = [
  {
    name: 'writes over no version but the one that is expected, if it knows versions',
    async test(store) {
      const [plugin, other] = [await versioned(store), await versioned(store)];
      if (!plugin || !other) return;
      const [mine, theirs] = [await plugin.readCache(undefined), await other.readCache(undefined)];
      equal(typeof (await other.writeCache('{"theirs":1}', theirs?.version)), 'string', 'what kind of value the version is');
      equal(await plugin.writeCache('{"mine":1}', mine?.version), null, 'what it answers if another has written');
      equal(await plugin.writeCache('{"mine":1}', undefined), null, 'what it answers if nothing was read');
      const now = await plugin.readCache(mine?.version);
      equal(now?.cache, '{"theirs":1}', 'what is stored');
      equal(typeof (await plugin.writeCache('{"mine":1}', now?.version)), 'string', 'what kind of value the version is');
      equal((await other.readCache(undefined))?.cache, '{"mine":1}', 'what is stored');
    },
  },
];

/** @param {import('./testing.js').StoreUnderTest} store */
async function versioned(store) {
  const plugin = await store.open();
  return 'readCache' in plugin ? plugin : undefined;
}

/**
 * @param {() => import('./testing.js').StoreUnderTest | Promise<import('./testing.js').StoreUnderTest>} create
 * @param {import('./testing.js').CachePluginTestOptions} [options]
 * @returns {import('./testing.js').CachePluginTest[]}
 */
export function cachePluginTests(create, { keepsConcurrentWrites = true, accounts = 300 } = {}) {
  const cases = [...ALWAYS, ...VERSIONED, ...(keepsConcurrentWrites ? [...CONCURRENT, ...SWAPPED] : [])];
  return cases.map(({ name, test }) => ({
    name,
    async run() {
      const store = await create();
      try {
        await test(store, { accounts });
      } finally {
        await store.close?.();
      }
    },
  }));
}
