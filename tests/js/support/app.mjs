// An application at the server of Entra's shape, and stores that its cache plugin keeps the cache in.

import assert from 'node:assert/strict';
import { PublicClientApplication } from 'doorcode';
import { fastClock } from './clock.mjs';
import { CLIENT, OTHER_PERSON, PERSON, TENANT } from './entra.mjs';

export const AUTHORITY = `https://login.microsoftonline.com/${TENANT}`;
export const scopes = ['User.Read'];

/** @param {{ auth?: object, cachePlugin?: object, clock?: object, system?: object }} [given] */
export function app({ auth, cachePlugin, clock = fastClock(), system } = {}) {
  return new PublicClientApplication({
    auth: { clientId: CLIENT, authority: AUTHORITY, ...auth },
    ...(cachePlugin && { cache: { cachePlugin } }),
    system: { clock, ...system },
  });
}

/** How the server of Entra's shape behaves, unless a test says otherwise: everybody signs in at once, and refresh tokens work once. */
export const BEHAVIOUR = {
  person: PERSON, onPoll: () => ({ done: true }), onRefresh: () => undefined, unique: true, rotate: true, interval: 1,
  expiresIn: 4000, extExpiresIn: 4000, refreshIn: undefined, foci: undefined,
};

export const signIn = (pca, request) => pca.acquireTokenByDeviceCode({ scopes, deviceCodeCallback() {}, ...request });

/** Signs a second person in. */
export async function signInGrace(entra, pca) {
  entra.options.person = OTHER_PERSON;
  try {
    return await signIn(pca);
  } finally {
    entra.options.person = PERSON;
  }
}

/** The refresh token that came with an access token. */
export const sisterOf = (accessToken) => accessToken.replace('AT', 'RT');

/** Who is in a blob, by home account id. */
export const homes = (blob) => Object.values(JSON.parse(blob || '{}').Account ?? {}).map((account) => account.home_account_id).sort();
export const secrets = (blob, section) => Object.values(JSON.parse(blob)[section]).map(({ secret }) => secret);

/** What an operation rejects with. */
export const failure = (promise) => promise.then(() => assert.fail('it was to be refused'), (error) => error);

/** A promise, and what settles it. */
export function gate() {
  const gate = {};
  gate.opened = new Promise((resolve) => (gate.open = resolve));
  return gate;
}

/** Waits for what goes on in the background. Only what never comes takes time. */
export async function until(condition) {
  for (const patience = Date.now() + 20_000; Date.now() < patience; await new Promise(setImmediate)) {
    if (await condition()) return;
  }
  assert.fail(`it never came: ${condition}`);
}

/** A text kept by the plugin that most programs have: it loads all before, and stores all after a change. */
export function textStore(text = '') {
  const store = {
    text,
    /** What the plugin was called with: `before` or `after`, and the flag. */
    calls: [],
    /** What to wait for, or to throw, before the plugin does its work. */
    onBefore: async () => {},
    onAfter: async () => {},
  };
  store.plugin = {
    async beforeCacheAccess(context) {
      store.calls.push(['before', context.cacheHasChanged]);
      await store.onBefore(context);
      context.tokenCache.deserialize(store.text);
    },
    async afterCacheAccess(context) {
      store.calls.push(['after', context.cacheHasChanged]);
      await store.onAfter(context);
      if (context.cacheHasChanged) store.text = context.tokenCache.serialize();
    },
  };
  return store;
}

/** A text with a version, kept by a plugin that reads and writes by versions. */
export function versionedStore(text = '') {
  const store = { text, version: 0, reads: [], writes: [], onWrite: async () => {} };
  store.put = (next) => {
    store.text = next;
    store.version += 1;
  };
  store.plugin = {
    async readCache(since) {
      const version = `v${store.version}`;
      store.reads.push([since, since === version ? 'unchanged' : version]);
      return since === version ? null : { cache: store.text, version };
    },
    async writeCache(cache, expected) {
      await store.onWrite(cache, expected);
      const isExpected = expected === `v${store.version}`;
      store.writes.push([expected, isExpected ? 'written' : 'conflict']);
      if (!isExpected) return null;
      store.put(cache);
      return `v${store.version}`;
    },
  };
  return store;
}

/** What is stored once Ada has signed in; with a server at hand, Grace as well. */
export async function storedBlob(entra) {
  const store = textStore();
  const pca = app({ cachePlugin: store.plugin });
  const { account, accessToken } = await signIn(pca);
  if (entra) await signInGrace(entra, pca);
  return { text: store.text, account, accessToken };
}
