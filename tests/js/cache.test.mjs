// The token cache's own methods, against msal-node's on the same blob, and the application's that go with them.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import * as msal from '@azure/msal-node';
import { ClientAuthError, TokenCache } from 'doorcode';
import { app, AUTHORITY, BEHAVIOUR, failure, scopes, signIn, signInGrace, sisterOf, textStore } from './support/app.mjs';
import { CLIENT, homeAccountId, OTHER_PERSON, OTHER_TENANT, PERSON, startEntra, TENANT } from './support/entra.mjs';
import { jwt } from './support/jwt.mjs';

const ADA = homeAccountId(PERSON);
const GRACE = homeAccountId(OTHER_PERSON);
const GUEST_AUTHORITY = `https://login.microsoftonline.com/${OTHER_TENANT}`;
const EMPTY = '{"Account":{},"IdToken":{},"AccessToken":{},"RefreshToken":{},"AppMetadata":{}}';

let entra;
before(async () => {
  entra = await startEntra(BEHAVIOUR);
});
after(() => entra.close());
beforeEach(() => {
  entra.seen.length = 0;
  Object.assign(entra.options, BEHAVIOUR);
});

const msalApp = () => new msal.PublicClientApplication({ auth: { clientId: CLIENT, authority: AUTHORITY } });
const ids = (accounts) => accounts.map(({ homeAccountId, tenantId }) => [homeAccountId, tenantId]);

/** Ada, who is a guest elsewhere, and Grace; signed in by either library. */
async function everybody(pca) {
  const { account } = await signIn(pca);
  await pca.acquireTokenSilent({ scopes, account, authority: GUEST_AUTHORITY, forceRefresh: true });
  await signInGrace(entra, pca);
  return pca;
}

/** Without what is undefined, which is how "not there" is written, and without msal-node's note of when it read an entity. */
function plain(value) {
  if (value instanceof Map) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).filter(([name, item]) => item !== undefined && name !== 'lastUpdatedAt');
  return Object.fromEntries(fields.map(([name, item]) => [name, plain(item)]));
}

/** A blob with one account and its ID token, which say what they are told to. */
function blobOf({ home = ADA, tenant = TENANT, environment = 'login.windows.net', account = {}, claims }) {
  const key = `${home}-${environment}-${tenant}`.toLowerCase();
  const fields = { home_account_id: home, environment, realm: tenant, local_account_id: home.split('.')[0], username: 'ada@contoso.example',
    authority_type: 'MSSTS', ...account };
  const secret = jwt({ aud: CLIENT, ...claims });
  const idToken = { home_account_id: home, environment, credential_type: 'IdToken', client_id: CLIENT, realm: tenant, secret };
  const idTokenKey = `${home}-${environment}-idtoken-${CLIENT}-${tenant}--`.toLowerCase();
  return JSON.stringify({ ...JSON.parse(EMPTY), Account: { [key]: fields }, ...(claims && { IdToken: { [idTokenKey]: idToken } }) });
}

const profileText = (profile) =>
  JSON.stringify({ tenantId: TENANT, localAccountId: PERSON.oid, isHomeTenant: true, username: 'ada@contoso.example', ...profile });
const clientInfo = (info) => Buffer.from(JSON.stringify({ uid: PERSON.oid, utid: TENANT, ...info })).toString('base64url');

describe('what a blob says', () => {
  const blobs = {
    'msal-node wrote, of a guest and another person': async () => (await everybody(msalApp())).getTokenCache().serialize(),
    'doorcode wrote, of a guest and another person': async () => (await everybody(app())).getTokenCache().serialize(),
    'has an account without an ID token': () => blobOf({ account: { name: 'Ada', tenantProfiles: [profileText({ name: 'Ada' })] } }),
    'has every claim that becomes a field': () =>
      blobOf({
        account: { name: 'Ada', tenantProfiles: [profileText({ name: 'Ada' })] },
        claims: {
          tid: TENANT, oid: PERSON.oid, preferred_username: 'ada@new.example', name: 'Ada L.', login_hint: 'hint', upn: 'ada@upn.example',
          signin_state: ['kmsi'],
        },
      }),
    'is empty': () => EMPTY,
  };
  for (const [name, make] of Object.entries(blobs)) {
    it(`that ${name} is told as msal-node tells it`, async () => {
      const blob = await make();
      const [ours, theirs] = [app(), msalApp()].map((pca) => pca.getTokenCache());
      for (const cache of [ours, theirs]) cache.deserialize(blob);

      const [kept, snapshot] = [ours.getKVStore(), ours.getCacheSnapshot()].map(plain);
      for (const entity of [...Object.values(kept), ...Object.values(snapshot)]) {
        // What msal-node keeps of a refresh token in memory has no time.
        if (entity.credentialType === 'RefreshToken') delete entity.lastModificationTime;
      }
      assert.deepEqual(kept, plain(theirs.getKVStore()));
      assert.deepEqual(snapshot, plain(theirs.getCacheSnapshot()));

      const accounts = await theirs.getAllAccounts();
      assert.deepEqual(plain(await ours.getAllAccounts()), plain(accounts));
      for (const { homeAccountId, localAccountId } of accounts) {
        assert.deepEqual(plain(await ours.getAccountByHomeId(homeAccountId)), plain(await theirs.getAccountByHomeId(homeAccountId)));
        assert.deepEqual(plain(await ours.getAccountByLocalId(localAccountId)), plain(await theirs.getAccountByLocalId(localAccountId)));
      }
    });
  }

  it('is more than msal-node tells: names without profiles, ids with capitals, the data boundary', async () => {
    const elsewhere = (home, environment, authority_type, claims) =>
      blobOf({ home, tenant: '', environment, account: { authority_type }, claims: { sub: home, ...claims } });
    for (const [blob, account] of [
      [blobOf({}), { username: 'ada@contoso.example', tenantId: TENANT }],
      [blobOf({ account: { client_info: clientInfo({ xms_tdbr: 'EU' }) } }), { dataBoundary: 'EU' }],
      [
        elsewhere('auth0|AbC', 'id.example', 'Generic', { preferred_username: 'ada' }),
        { homeAccountId: 'auth0|AbC', username: 'ada', authorityType: 'Generic' },
      ],
      [
        elsewhere('AbC', 'adfs.example', 'ADFS', { upn: 'ada@adfs' }),
        { homeAccountId: 'AbC', username: 'ada@adfs', upn: 'ada@adfs', authorityType: 'ADFS' },
      ],
    ]) {
      const cache = app().getTokenCache();
      cache.deserialize(blob);
      const [found, ...more] = await cache.getAllAccounts();
      assert.deepEqual(more, []);
      assert.deepEqual(Object.fromEntries(Object.keys(account).map((name) => [name, found[name]])), account);
    }
  });

  it('lists one account for each tenant, which knows its siblings', async () => {
    const accounts = await (await everybody(app())).getAllAccounts();
    assert.deepEqual(ids(accounts).sort(), [[ADA, TENANT], [ADA, OTHER_TENANT], [GRACE, TENANT]].sort());
    const guest = accounts.find(({ tenantId }) => tenantId === OTHER_TENANT);
    const isHome = [...guest.tenantProfiles].map(([tenant, { isHomeTenant }]) => [tenant, isHomeTenant]);
    assert.deepEqual(isHome.sort(), [[TENANT, true], [OTHER_TENANT, false]]);
    assert.notEqual(guest.localAccountId, PERSON.oid, 'a guest is another object');
    assert.equal(guest.idTokenClaims.tid, OTHER_TENANT);
  });

  it('is not found under an id that nobody has', async () => {
    const cache = (await everybody(app())).getTokenCache();
    for (const id of ['nobody', '', undefined, null, 'constructor', `${ADA} `]) {
      assert.equal(await cache.getAccountByHomeId(id), null);
      assert.equal(await cache.getAccountByLocalId(id), null);
    }
  });

  it('is the caller\'s own: what is done to it changes nothing', async () => {
    const cache = (await everybody(app())).getTokenCache();
    const ask = async () =>
      [...(await cache.getAllAccounts()), await cache.getAccountByHomeId(ADA), await cache.getAccountByLocalId(PERSON.oid)];
    const before = structuredClone(await ask());
    for (const account of await ask()) {
      account.username = 'mallory';
      account.idTokenClaims.oid = 'mallory';
      for (const profile of account.tenantProfiles.values()) profile.username = 'mallory';
      account.tenantProfiles.clear();
    }
    assert.deepEqual(await ask(), before);
  });
});

describe('TokenCache', () => {
  it('is one object, which knows its plugin', async () => {
    const { plugin } = textStore();
    const pca = app({ cachePlugin: plugin });
    assert.ok(pca.getTokenCache() instanceof TokenCache);
    assert.equal(pca.getTokenCache(), pca.getTokenCache());
    assert.equal(pca.getTokenCache().persistence, plugin);
    assert.equal(app().getTokenCache().persistence, undefined);
  });

  it('begins empty, and can be read by everybody then', () => {
    for (const nothing of [undefined, null, '', ' \n', '\ufeff', '\ufeff{}', EMPTY]) {
      const cache = app().getTokenCache();
      cache.deserialize(nothing);
      assert.deepEqual(JSON.parse(cache.serialize()), JSON.parse(EMPTY), inspect(nothing));
      assert.deepEqual([cache.getKVStore(), cache.getCacheSnapshot()], [{}, {}]);
    }
    assert.equal(app().getTokenCache().serialize(), EMPTY);
  });

  it('goes to another process as text, as it is', async () => {
    const text = (await everybody(app())).getTokenCache().serialize();
    const cache = app().getTokenCache();
    cache.deserialize(text);
    assert.equal(cache.serialize(), text);
  });

  it('tells whether it has changed since it was last written', async () => {
    const pca = app();
    const cache = pca.getTokenCache();
    assert.equal(cache.hasChanged(), false);
    const { account } = await signIn(pca);
    assert.equal(cache.hasChanged(), true);
    const text = cache.serialize();
    assert.equal(cache.hasChanged(), false);
    await pca.getAllAccounts();
    await pca.acquireTokenSilent({ scopes, account });
    assert.equal(cache.hasChanged(), false);
    cache.deserialize(EMPTY);
    assert.equal(cache.hasChanged(), false);
    cache.deserialize(text);
    await cache.removeAccount(account);
    assert.equal(cache.hasChanged(), true);
    assert.equal(cache.serialize(), EMPTY);
  });

  it('shows what it holds now, and as a snapshot what was last read or written', async () => {
    const pca = app();
    const cache = pca.getTokenCache();
    await signIn(pca);
    const first = cache.getKVStore();
    assert.deepEqual(Object.values(first).map(({ secret }) => secret).filter((secret) => /^[AR]T-/.test(secret)).length, 2);
    assert.deepEqual(cache.getCacheSnapshot(), {});
    cache.serialize();
    assert.deepEqual(cache.getCacheSnapshot(), first);
    await signInGrace(entra, pca);
    assert.deepEqual(cache.getCacheSnapshot(), first);
    assert.equal(Object.keys(cache.getKVStore()).length, 2 * Object.keys(first).length);
  });

  it('takes over what it is given in place of what it had, but for what was not written yet', async () => {
    const hers = app();
    await signInGrace(entra, hers);
    const graces = hers.getTokenCache().serialize();
    const pca = app();
    await signIn(pca);
    pca.getTokenCache().deserialize(graces);
    assert.deepEqual(ids(await pca.getAllAccounts()).sort(), [[ADA, TENANT], [GRACE, TENANT]].sort());
    pca.getTokenCache().serialize();
    pca.getTokenCache().deserialize(graces);
    assert.deepEqual(ids(await pca.getAllAccounts()), [[GRACE, TENANT]]);
  });

  it('is read again by overwriteCache, where there is a plugin', async () => {
    const store = textStore();
    const pca = app({ cachePlugin: store.plugin });
    await signIn(app({ cachePlugin: store.plugin }));
    assert.deepEqual(pca.getTokenCache().getKVStore(), {});
    await pca.getTokenCache().overwriteCache();
    assert.deepEqual(store.calls.slice(-2), [['before', false], ['after', false]]);
    assert.deepEqual(pca.getTokenCache().getKVStore(), pca.getTokenCache().getCacheSnapshot());
    assert.equal(pca.getTokenCache().serialize(), store.text);
    await app().getTokenCache().overwriteCache();
  });
});

describe('an application', () => {
  it('lists the accounts of its cache', async () => {
    const pca = await everybody(app());
    assert.deepEqual(await pca.getAllAccounts(), await pca.getTokenCache().getAllAccounts());
    assert.equal((await pca.getAllAccounts()).length, 3);
  });

  for (const [name, leave] of [
    ['signOut', (pca, account) => pca.signOut({ account })],
    ['removeAccount', (pca, account) => pca.getTokenCache().removeAccount(account)],
  ]) {
    it(`forgets one person in every tenant by ${name}, and nobody else`, async () => {
      const pca = await everybody(app());
      const before = JSON.parse(pca.getTokenCache().serialize());
      entra.seen.length = 0;
      const account = await pca.getTokenCache().getAccountByHomeId(ADA);
      assert.equal(await leave(pca, account), undefined);
      const left = JSON.parse(pca.getTokenCache().serialize());
      for (const [section, entities] of Object.entries(before)) {
        assert.deepEqual(Object.keys(left[section]), Object.keys(entities).filter((key) => !key.startsWith(ADA)), section);
      }
      assert.deepEqual(ids(await pca.getAllAccounts()), [[GRACE, TENANT]]);
      for (const authority of [AUTHORITY, GUEST_AUTHORITY]) {
        await assert.rejects(pca.acquireTokenSilent({ scopes, account, authority }), { errorCode: 'no_tokens_found' });
      }
      assert.equal(await leave(pca, account), undefined, 'twice does no harm');
      assert.equal(entra.seen.length, 0, 'the server is not told');
    });
  }

  it('forgets a person also while it serves them', async () => {
    const pca = app();
    const { account } = await signIn(pca);
    await Promise.all([pca.acquireTokenSilent({ scopes, account }), pca.signOut({ account })]);
    await assert.rejects(pca.acquireTokenSilent({ scopes, account }), { errorCode: 'no_tokens_found' });
  });

  it('forgets everything in memory by clearCache, at once', async () => {
    const pca = app();
    const { account } = await signIn(pca);
    await pca.acquireTokenSilent({ scopes, account });
    assert.equal(pca.clearCache(), undefined);
    assert.deepEqual(await pca.getAllAccounts(), []);
    await assert.rejects(pca.acquireTokenSilent({ scopes, account }), { errorCode: 'no_tokens_found' });
    assert.equal(pca.getTokenCache().serialize(), EMPTY);
  });

  it('keeps what is stored when it clears its memory, and reads it again', async () => {
    const store = textStore();
    const pca = app({ cachePlugin: store.plugin });
    await signIn(pca);
    const { text, calls } = store;
    calls.length = 0;
    pca.clearCache();
    assert.deepEqual(calls, []);
    assert.equal((await pca.getAllAccounts()).length, 1);
    assert.equal(store.text, text);
  });
});

describe('acquireTokenByRefreshToken', () => {
  /** A refresh token of Ada's, from elsewhere. */
  async function fromElsewhere() {
    const { accessToken } = await signIn(app());
    entra.seen.length = 0;
    return sisterOf(accessToken);
  }

  it('gets tokens, and keeps nothing of somebody who is not known', async () => {
    const pca = app();
    const refreshToken = await fromElsewhere();
    const result = await pca.acquireTokenByRefreshToken({ scopes, refreshToken });
    assert.deepEqual(entra.seen.map(({ form }) => [form.get('grant_type'), form.get('refresh_token')]), [['refresh_token', refreshToken]]);
    assert.equal(result.account.homeAccountId, ADA);
    assert.equal(result.fromCache, false);
    assert.match(result.accessToken, /^AT-/);
    assert.ok(!inspect(result, { depth: 9 }).includes('RT-'), 'refresh tokens are not handed out');
    assert.deepEqual(await pca.getAllAccounts(), []);
    assert.equal(pca.getTokenCache().serialize(), EMPTY);
  });

  it('keeps them with forceCache, and of somebody who is known', async () => {
    for (const known of [false, true]) {
      const pca = app();
      if (known) await signIn(pca);
      const refreshToken = await fromElsewhere();
      const { accessToken, account } = await pca.acquireTokenByRefreshToken({ scopes, refreshToken, forceCache: !known });
      assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
      assert.ok(pca.getTokenCache().serialize().includes(sisterOf(accessToken)));
      assert.equal((await pca.getAllAccounts()).length, 1);
    }
  });

  it('passes on what the server says of a token that is no good', async () => {
    const error = await failure(app().acquireTokenByRefreshToken({ scopes, refreshToken: 'RT-stolen' }));
    assert.deepEqual([error.name, error.errorCode, error.errorNo], ['InteractionRequiredAuthError', 'invalid_grant', '9002313']);
    assert.ok(!inspect(error, { depth: 9 }).includes('RT-stolen'));
  });

  it('ends when the signal aborts', async () => {
    entra.options.onRefresh = () => new Promise(() => {});
    const refreshToken = await fromElsewhere();
    const error = await failure(app().acquireTokenByRefreshToken({ scopes, refreshToken, signal: AbortSignal.abort(new Error('enough')) }));
    assert.equal(error.cause.message, 'enough');
  });
});

describe('acquireToken', () => {
  /** Counts the codes that are shown. */
  function prompt() {
    const shown = [];
    return { shown, deviceCodeCallback: ({ message }) => void shown.push(message) };
  }

  it('shows a code to somebody new, and to nobody after that', async () => {
    const pca = app();
    const { shown, deviceCodeCallback } = prompt();
    const first = await pca.acquireToken({ scopes, deviceCodeCallback });
    assert.deepEqual([first.fromCache, shown.length], [false, 1]);
    const second = await pca.acquireToken({ scopes, deviceCodeCallback });
    assert.deepEqual([second.fromCache, second.accessToken, shown.length], [true, first.accessToken, 1]);
  });

  it('asks nobody if it was given nothing to ask with', async () => {
    const pca = app();
    const nobody = await failure(pca.acquireToken({ scopes }));
    assert.deepEqual([nobody.errorCode, nobody.needsInteraction, entra.seen.length], ['no_tokens_found', true, 0]);
    const { accessToken } = await signIn(pca);
    const asked = entra.seen.length;
    assert.equal((await pca.acquireToken({ scopes })).accessToken, accessToken);
    assert.equal(entra.seen.length, asked);
  });

  it('serves the account that is named, or else the one that was used last', async () => {
    const clock = { time: Date.now(), now: () => clock.time, sleep: async (milliseconds) => void (clock.time += milliseconds) };
    const pca = app({ clock });
    const ada = await signIn(pca);
    clock.time += 60_000;
    const grace = await signInGrace(entra, pca);
    const { shown, deviceCodeCallback } = prompt();
    const token = async (request) => (await pca.acquireToken({ scopes, deviceCodeCallback, ...request })).accessToken;
    assert.equal(await token(), grace.accessToken);
    assert.equal(await token({ account: ada.account }), ada.accessToken);
    clock.time += 60_000;
    const renewed = await token({ account: ada.account, forceRefresh: true });
    assert.notEqual(renewed, ada.accessToken);
    assert.equal(await token(), renewed);
    assert.deepEqual(shown, []);
  });

  it('shows a code where the server wants the person, with the claims that it asks for', async () => {
    const pca = app();
    const { account } = await signIn(pca);
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["x"]}}}';
    entra.options.onRefresh = () => ({ body: entra.refusal('interaction_required', 50076, 'MFA.', { suberror: 'basic_action', claims }) });
    const { shown, deviceCodeCallback } = prompt();
    /** The claims that the last code was asked for with. */
    const sent = () => entra.seen.findLast(({ url }) => url.pathname.endsWith('/devicecode')).form.get('claims');
    const { fromCache } = await pca.acquireToken({ scopes, account, forceRefresh: true, deviceCodeCallback });
    assert.deepEqual([fromCache, shown.length], [false, 1]);
    assert.deepEqual(JSON.parse(sent()), JSON.parse(claims));
    // The caller's own claims are asked for as well.
    const own = '{"id_token":{"email":null}}';
    await pca.acquireToken({ scopes, account, claims: own, deviceCodeCallback });
    assert.deepEqual(JSON.parse(sent()), { ...JSON.parse(own), ...JSON.parse(claims) });
  });

  it('shows no code for what a sign-in would not mend', async () => {
    const pca = app();
    const { account } = await signIn(pca);
    for (const [answer, code] of [
      [{ status: 503, body: {} }, 'post_request_failed'],
      [{ body: entra.refusal('invalid_client', 7000218, 'A secret is required.') }, 'invalid_client'],
      [{ status: 200, body: 'not JSON' }, 'token_parsing_error'],
    ]) {
      entra.options.onRefresh = () => answer;
      const deviceCodeCallback = () => assert.fail('a code was shown');
      assert.equal((await failure(pca.acquireToken({ scopes, account, forceRefresh: true, deviceCodeCallback }))).errorCode, code);
    }
  });
});

describe('a blob that is damaged', () => {
  const broken = {
    'not JSON': ['hello', 1, 1],
    'HTML': ['<html>', 1, 1],
    'null': ['null', 1, 1],
    'a list': ['[]', 1, 1],
    'a number': ['42', 1, 1],
    'a string': ['"{}"', 1, 1],
    'cut off': ['{\n "Account": {\n  "a": {"home_account_id": "x"', 3, 31],
    'with a comma too many': ['{"Account":{},}', 1, 15],
    'with a section that is a list': ['{\n"Account": []}', 2, 12],
    'with a section that is a text': ['{"RefreshToken": "x"}', 1, 18],
    'with something behind it': ['{}\n{}', 2, 1],
    'with single quotes': ["{'Account':{}}", 1, 2],
    'with a NUL': ['{"Account":{}}\u0000', 1, 15],
    'with a control character in a text': ['{"x":"a\u0001"}', 1, 8],
    'nested without end': ['{"x":'.repeat(100_000), 1, 501],
    'nested too deeply': [`{"Account":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 1, 12],
  };
  for (const [name, [blob, line, column]] of Object.entries(broken)) {
    it(`${name}, is told where, and changes nothing`, async () => {
      const pca = app();
      const { account, accessToken } = await signIn(pca);
      const before = pca.getTokenCache().serialize();
      const error = await failure((async () => pca.getTokenCache().deserialize(blob))());
      assert.ok(error instanceof ClientAuthError, inspect(error));
      assert.equal(error.errorCode, 'invalid_cache_record');
      assert.match(error.message, new RegExp(`\\(line ${line}, column ${column}\\)`), error.message);
      assert.ok(blob.length < 5 || !error.message.includes(blob), 'it is not quoted');
      assert.equal(pca.getTokenCache().serialize(), before);
      assert.equal((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    });
  }

  it('with a byte order mark, is read, and written without it', async () => {
    const pca = app();
    const { account } = await signIn(pca);
    const blob = pca.getTokenCache().serialize();
    const other = app();
    other.getTokenCache().deserialize(`\ufeff${blob}`);
    assert.equal((await other.getAllAccounts())[0].homeAccountId, account.homeAccountId);
    assert.deepEqual(other.getTokenCache().getCacheSnapshot(), pca.getTokenCache().getKVStore());
    assert.equal(other.getTokenCache().serialize(), blob);
  });

  const tomorrow = { Tomorrow: { text: 'é😀\u2028', more: [1, { of: 'it' }] } };
  const ways = {
    'as it was written': (cache) => JSON.stringify(cache),
    'indented': (cache) => JSON.stringify(cache, null, 2),
    'with other letters before': (cache) => JSON.stringify({ ...tomorrow, ...cache }),
    'with other letters behind': (cache) => JSON.stringify({ ...cache, ...tomorrow }),
    'with other letters and a byte order mark': (cache) => `\ufeff${JSON.stringify({ Tomorrow: 'é', ...cache })}`,
    'of a thousand people': (cache) => JSON.stringify({ ...cache, Account: { ...cache.Account, ...crowd() } }),
  };
  function crowd() {
    const one = (index) => ({ home_account_id: `p${index}.t`, environment: 'login.windows.net', realm: 't', local_account_id: `p${index}`, username: `p${index}`, authority_type: 'MSSTS' });
    return Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`p${index}.t-login.windows.net-t`, one(index)]));
  }
  for (const [way, written] of Object.entries(ways)) {
    it(`${way}, is written with what changed in its place, and nothing else is touched`, async () => {
      const first = app();
      const { account, accessToken } = await signIn(first);
      const blob = written(JSON.parse(first.getTokenCache().serialize()));
      const before = JSON.parse(blob.replace(/^\ufeff/, ''));
      const pca = app();
      pca.getTokenCache().deserialize(blob);
      const renewed = await pca.acquireTokenSilent({ scopes, account, forceRefresh: true });
      assert.notEqual(renewed.accessToken, accessToken);
      for (let times = 0; times < 2; times += 1) {
        const after = JSON.parse(pca.getTokenCache().serialize());
        const [token] = Object.values(after.AccessToken);
        assert.equal(token.secret, renewed.accessToken);
        for (const section of ['AccessToken', 'RefreshToken', 'IdToken']) {
          assert.deepEqual(Object.keys(after[section]), Object.keys(before[section]));
          delete after[section];
        }
        const { AccessToken, RefreshToken, IdToken, ...others } = before;
        assert.deepEqual(after, others);
      }
      await pca.signOut({ account });
      const left = JSON.parse(pca.getTokenCache().serialize());
      for (const key of Object.keys(before.Account)) if (key.startsWith(account.homeAccountId)) delete before.Account[key];
      assert.deepEqual(left, { ...before, AccessToken: {}, RefreshToken: {}, IdToken: {} });
    });
  }

  it('in parts, keeps what is good, and what is not as it was', async () => {
    const pca = app();
    const { account, accessToken } = await signIn(pca);
    const cache = JSON.parse(pca.getTokenCache().serialize());
    const odd = {
      null: null, list: [], text: 'x', number: 1, empty: {}, numbers: { home_account_id: 1, environment: 2 },
      profiles: { home_account_id: ADA, environment: 'login.windows.net', tenantProfiles: ['not JSON', 1, null] },
      half: { home_account_id: '\ud800', environment: 'x' },
    };
    for (const section of Object.keys(cache)) cache[section] = { ...odd, ...cache[section] };
    const head = JSON.stringify(cache).slice(0, -1);
    // Names that JavaScript's objects have anyway, and names that are there twice.
    const text = `${head},"__proto__":{"polluted":true},"constructor":{},"Unknown":1,"Unknown":2}`
      .replace('"Account":{', '"Account":{"__proto__":{"home_account_id":"p","environment":"e","realm":"r","__proto__":{"polluted":1}},');

    const other = app();
    other.getTokenCache().deserialize(text);
    assert.equal((await other.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    assert.ok(ids(await other.getAllAccounts()).some(([home]) => home === ADA));
    assert.equal({}.polluted, undefined);
    assert.ok(Object.hasOwn(other.getTokenCache().getKVStore(), '__proto__'));
    assert.equal(Object.getPrototypeOf(other.getTokenCache().getKVStore()), Object.prototype);
    assert.equal(other.getTokenCache().serialize(), text);

    await signInGrace(entra, other);
    const { polluted, ...after } = JSON.parse(other.getTokenCache().serialize());
    assert.equal(polluted, undefined);
    for (const section of Object.keys(cache)) {
      for (const [key, entity] of Object.entries(cache[section])) assert.deepEqual(after[section][key], entity, `${section} ${key}`);
    }
    assert.match(other.getTokenCache().serialize(), /"Unknown":1,"Unknown":2/);
  });

  it('with entries of one name, has the last, as for JSON.parse', async () => {
    const pca = app();
    const { account } = await signIn(pca);
    const cache = JSON.parse(pca.getTokenCache().serialize());
    const [[key, token]] = Object.entries(cache.AccessToken);
    const twice = [{ ...token, secret: 'AT-first' }, token].map((entity) => `${JSON.stringify(key)}:${JSON.stringify(entity)}`).join();
    const rest = JSON.stringify({ ...cache, AccessToken: undefined }).slice(1);
    const other = app();
    other.getTokenCache().deserialize(`{"AccessToken":{${twice}},${rest}`);
    assert.equal((await other.acquireTokenSilent({ scopes, account })).accessToken, token.secret);
  });

  it('of 50 MB, is read, or refused if it is damaged', async () => {
    const pca = app();
    const { account, accessToken } = await signIn(pca);
    const head = pca.getTokenCache().serialize().slice(0, -1);
    const unknown = Array.from({ length: 50 }, (_, index) => `"Unknown${index}":"${'x'.repeat(1 << 20)}"`).join();
    const other = app();
    assert.throws(() => other.getTokenCache().deserialize(`${head},${unknown}`), { errorCode: 'invalid_cache_record' });
    other.getTokenCache().deserialize(`${head},${unknown}}`);
    assert.equal((await other.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    await other.signOut({ account });
    const text = other.getTokenCache().serialize();
    assert.ok(text.length > 50 << 20 && text.includes(unknown) && !text.includes(accessToken));
  });
});
