// Tokens without the person, end to end: when the server is asked, what serves meanwhile, and what is told when nothing does.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { InteractionRequiredAuthError } from 'doorcode';
import { app, BEHAVIOUR, failure, gate, scopes, signIn, sisterOf, textStore, until } from './support/app.mjs';
import { fastClock } from './support/clock.mjs';
import { CLIENT, homeAccountId, OTHER_PERSON, OTHER_TENANT, PERSON, startEntra, TENANT } from './support/entra.mjs';

const MINUTE = 60_000;
const GUEST_AUTHORITY = `https://login.microsoftonline.com/${OTHER_TENANT}`;
const DOWN = { status: 503, body: {} };

let entra;
before(async () => {
  entra = await startEntra(BEHAVIOUR);
});
after(() => entra.close());
beforeEach(() => {
  entra.seen.length = 0;
  Object.assign(entra.options, BEHAVIOUR);
});

/** What the refreshes so far were made with. */
const refreshes = () => entra.seen.filter(({ form }) => form.get('grant_type') === 'refresh_token');
const spent = () => refreshes().map(({ form }) => form.get('refresh_token'));

/** Somebody who is signed in: in memory, and through a cache plugin. */
async function signedIn({ clock = fastClock(), ...more } = {}) {
  const pca = app({ clock, ...more });
  const { account, accessToken } = await signIn(pca);
  entra.seen.length = 0;
  return { pca, clock, account, accessToken, silent: (request) => pca.acquireTokenSilent({ scopes, account, ...request }) };
}
const ways = [['in memory', () => ({})], ['with a cache plugin', () => ({ cachePlugin: textStore().plugin })]];

for (const [way, cache] of ways) {
  const start = (more) => signedIn({ ...cache(), ...more });

  describe(`a silent token, ${way}`, () => {
    it('comes from the cache, and nobody is asked', async () => {
      const { silent, account, accessToken } = await start();
      for (let round = 0; round < 3; round++) {
        const result = await silent();
        assert.deepEqual([result.accessToken, result.fromCache], [accessToken, true]);
        assert.equal(result.account.homeAccountId, account.homeAccountId);
        assert.equal(result.idTokenClaims.oid, PERSON.oid);
        assert.equal(result.uniqueId, PERSON.oid);
        assert.equal(result.tenantId, TENANT);
        assert.ok(result.expiresOn instanceof Date && result.extExpiresOn instanceof Date);
      }
      assert.equal(entra.seen.length, 0);
    });

    it('is renewed five minutes before it expires, with the refresh token, which is replaced', async () => {
      const { clock, silent, accessToken } = await start();
      await clock.sleep(4000_000 - 5 * MINUTE - 10_000);
      assert.equal((await silent()).accessToken, accessToken);
      await clock.sleep(10_000);
      const second = await silent();
      assert.deepEqual([second.fromCache, spent()], [false, [sisterOf(accessToken)]]);
      assert.notEqual(second.accessToken, accessToken);
      const third = await silent();
      assert.deepEqual([third.fromCache, third.accessToken], [true, second.accessToken]);
      await silent({ forceRefresh: true });
      assert.deepEqual(spent(), [accessToken, second.accessToken].map(sisterOf));
    });

    it('is asked for with what Entra wants', async () => {
      const { silent } = await start();
      const correlationId = 'c0c0c0c0-0000-4000-8000-000000000000';
      const result = await silent({ forceRefresh: true, correlationId, extraQueryParameters: { dc: 'x' } });
      assert.equal(result.correlationId, correlationId);
      const [{ url, form, headers }] = refreshes();
      assert.equal(url.pathname, `/${TENANT}/oauth2/v2.0/token`);
      assert.deepEqual(Object.fromEntries(url.searchParams), { dc: 'x', 'client-request-id': correlationId });
      assert.equal(form.get('client_id'), CLIENT);
      assert.deepEqual(form.get('scope').split(' ').sort(), ['User.Read', 'offline_access', 'openid', 'profile']);
      assert.equal(headers['x-anchormailbox'], `Oid:${PERSON.oid}@${TENANT}`);
    });

    it('is renewed in any case with forceRefresh, or with claims', async () => {
      for (const request of [{ forceRefresh: true }, { claims: '{"access_token":{"nbf":{"essential":true}}}' }]) {
        const { silent, accessToken } = await start();
        await silent();
        const result = await silent(request);
        assert.deepEqual([result.fromCache, result.accessToken === accessToken, refreshes().length], [false, false, 1]);
        if (request.claims) assert.equal(JSON.parse(refreshes()[0].form.get('claims')).access_token.nbf.essential, true);
        assert.equal((await silent()).accessToken, result.accessToken);
        entra.seen.length = 0;
      }
    });

    it('for other scopes is another token', async () => {
      const { silent, accessToken } = await start();
      await silent();
      const other = await silent({ scopes: ['api://other/Read'] });
      assert.notEqual(other.accessToken, accessToken);
      assert.deepEqual(other.scopes, ['api://other/Read']);
      assert.equal((await silent()).accessToken, accessToken);
      assert.equal((await silent({ scopes: ['api://OTHER/read'] })).accessToken, other.accessToken);
      assert.equal((await silent({ scopes: ['openid', 'user.read'] })).accessToken, accessToken);
      assert.equal(refreshes().length, 1);
      const more = await silent({ scopes: [...scopes, 'Mail.Read'] });
      assert.deepEqual([more.fromCache, more.scopes.includes('Mail.Read')], [false, true]);
      assert.equal((await silent()).accessToken, more.accessToken, 'which has all that the first one has');
      entra.seen.length = 0;
    });

    it('for another resource is another token', async () => {
      const { silent, accessToken } = await start();
      await silent();
      const resource = 'https://api.example';
      const bound = await silent({ resource });
      assert.equal(refreshes().at(-1).form.get('resource'), resource);
      assert.equal((await silent({ resource })).accessToken, bound.accessToken);
      assert.equal((await silent()).accessToken, accessToken);
      await silent({ resource: 'https://other.example' });
      assert.equal(refreshes().length, 2);
    });

    it('is the tenant\'s that the authority names, by its id or its domain', async () => {
      const { silent, account, accessToken } = await start();
      const guest = await silent({ authority: GUEST_AUTHORITY });
      assert.notEqual(guest.accessToken, accessToken);
      assert.equal(refreshes()[0].url.pathname, `/${OTHER_TENANT}/oauth2/v2.0/token`);
      assert.equal(guest.authority, `${GUEST_AUTHORITY}/`);
      assert.deepEqual([guest.tenantId, guest.account.tenantId], [OTHER_TENANT, OTHER_TENANT]);
      assert.equal(guest.account.homeAccountId, account.homeAccountId);
      assert.deepEqual([...guest.account.tenantProfiles.keys()].sort(), [TENANT, OTHER_TENANT].sort());

      const again = await silent({ authority: GUEST_AUTHORITY });
      assert.deepEqual([again.accessToken, again.fromCache, again.account.tenantId], [guest.accessToken, true, OTHER_TENANT]);
      assert.equal((await silent()).accessToken, accessToken);
      for (const person of [account, guest.account]) {
        const home = await silent({ account: person, authority: 'https://login.microsoftonline.com/Contoso.example' });
        assert.deepEqual([home.accessToken, home.tenantId], [accessToken, TENANT]);
      }
      assert.equal(refreshes().length, 1);
    });

    it('is the guest\'s for the guest\'s account, where the application is for everybody', async () => {
      const { pca, account } = await start({ auth: { authority: 'https://login.microsoftonline.com/organizations' } });
      await pca.acquireTokenSilent({ scopes, account, authority: GUEST_AUTHORITY });
      const guest = (await pca.getAllAccounts()).find(({ tenantId }) => tenantId === OTHER_TENANT);
      entra.seen.length = 0;
      const { accessToken, tenantId } = await pca.acquireTokenSilent({ scopes, account: guest });
      assert.equal(tenantId, OTHER_TENANT);
      await pca.acquireTokenSilent({ scopes, account: guest, forceRefresh: true });
      assert.equal(refreshes()[0].url.pathname, `/${OTHER_TENANT}/oauth2/v2.0/token`);
      for (let round = 0; round < 2; round++) {
        for (const whose of [account, guest]) {
          assert.equal((await pca.acquireTokenSilent({ scopes, account: whose })).tenantId, whose.tenantId);
        }
      }
      assert.notEqual((await pca.acquireTokenSilent({ scopes, account })).accessToken, accessToken);
    });

    it('is a copy: what is done to it changes nothing', async () => {
      const { silent } = await start();
      const request = Object.freeze({ correlationId: 'c-1' });
      let before;
      for (let round = 0; round < 3; round++) {
        const result = await silent(request);
        before ??= structuredClone(result);
        assert.deepEqual(result, before);
        assert.notEqual(result.account.idTokenClaims, result.idTokenClaims);
        result.accessToken = 'mine';
        result.scopes.push('mine');
        result.account.username = 'mine';
        result.account.idTokenClaims.oid = 'mine';
        for (const profile of result.account.tenantProfiles.values()) profile.username = 'mine';
        result.account.tenantProfiles.clear();
        result.idTokenClaims.oid = 'mine';
        result.expiresOn.setTime(0);
        result.extExpiresOn.setTime(0);
      }
    });

    it('has a correlation id of its own, or the caller\'s', async () => {
      const { silent } = await start();
      assert.equal((await silent({ correlationId: 'mine' })).correlationId, 'mine');
      assert.equal((await silent({ correlationId: 'mine, too' })).correlationId, 'mine, too');
      const ids = [];
      for (const request of [{}, {}, { correlationId: '' }, { forceRefresh: true }]) ids.push((await silent(request)).correlationId);
      assert.equal(new Set(ids).size, ids.length);
      for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    });

    it('is not believed when the clock was set back before it came', async () => {
      const clock = fastClock();
      let behind = 0;
      const { silent, accessToken } = await start({ clock: { ...clock, now: () => clock.now() - behind } });
      behind = 4 * MINUTE;
      assert.equal((await silent()).accessToken, accessToken, 'two machines are never quite agreed');
      behind = 60 * MINUTE;
      assert.notEqual((await silent()).accessToken, accessToken);
    });
  });

  describe(`renewing in the background, ${way}`, () => {
    it('lets the caller have the token at hand at once, and the next one the new token', async () => {
      entra.options.refreshIn = 1000;
      const { clock, silent, accessToken } = await start();
      await clock.sleep(999_000);
      await silent();
      await clock.sleep(10_000);
      const answer = gate();
      const asked = gate();
      entra.options.onRefresh = async () => void (asked.open(), await answer.opened);
      const hit = await silent();
      assert.deepEqual([hit.accessToken, hit.fromCache], [accessToken, true]);
      await asked.opened;
      assert.equal((await silent()).accessToken, accessToken, 'and those who come meanwhile');
      answer.open();
      await until(async () => (await silent()).accessToken !== accessToken);
      assert.deepEqual(spent(), [sisterOf(accessToken)], 'the server is asked once');
    });

    it('is tried again a minute later, if it fails, and troubles nobody', async () => {
      entra.options.refreshIn = 1000;
      const { clock, silent, accessToken } = await start();
      await clock.sleep(1001_000);
      const ofOthers = (form) => form.get('scope').includes('api://');
      entra.options.onRefresh = (form) => (ofOthers(form) ? undefined : DOWN);
      for (const resting of [false, true]) {
        for (let round = 0; round < 3; round++) assert.equal((await silent()).accessToken, accessToken);
        // One account has one renewal at a time: when this one is done, so is whatever began before.
        await silent({ scopes: ['api://x/y'], forceRefresh: true });
        const asked = refreshes().filter(({ form }) => !ofOthers(form)).length;
        assert.equal(asked, 2, `once, and once more after a pause; resting: ${resting}`);
      }
      entra.options.onRefresh = () => undefined;
      await clock.sleep(61_000);
      await silent();
      await until(async () => (await silent()).accessToken !== accessToken);
    });
  });

  describe(`a server that is down, ${way}`, () => {
    it('is asked once more, after a pause', async () => {
      const answers = [DOWN, { status: 500, body: 'oops' }, { status: 502, body: '<html>' }, { ...DOWN, headers: { 'retry-after': '3' } }];
      for (const answer of answers) {
        const { clock, silent, accessToken } = await start();
        let asked = 0;
        entra.options.onRefresh = () => (++asked === 1 ? answer : undefined);
        assert.notEqual((await silent({ forceRefresh: true })).accessToken, accessToken);
        assert.equal(asked, 2);
        assert.equal(clock.slept.at(-1), answer.headers ? 3000 : 1000);
      }
    });

    it('is given up then, and told of', async () => {
      const { silent } = await start();
      entra.options.onRefresh = () => DOWN;
      const error = await failure(silent({ forceRefresh: true }));
      assert.deepEqual([error.name, error.errorCode, error.status, refreshes().length], ['ServerError', 'post_request_failed', 503, 2]);
    });

    it('leaves the token that is still good, or good enough for an outage', async () => {
      entra.options.extExpiresIn = 8000;
      const { clock, silent, accessToken } = await start();
      entra.options.onRefresh = () => DOWN;
      await clock.sleep(4000_000 - 4 * MINUTE);
      const still = await silent();
      assert.deepEqual([still.accessToken, still.fromCache], [accessToken, true]);
      assert.ok(refreshes().length > 0, 'it was asked for a new one');
      await clock.sleep(10 * MINUTE);
      const extended = await silent();
      assert.equal(extended.accessToken, accessToken);
      assert.ok(extended.expiresOn < clock.now() && extended.extExpiresOn > clock.now());
      await assert.rejects(silent({ forceRefresh: true }), { errorCode: 'post_request_failed' });
      await clock.sleep(4000_000);
      await assert.rejects(silent(), { errorCode: 'post_request_failed' });
      entra.options.onRefresh = () => undefined;
      assert.notEqual((await silent()).accessToken, accessToken);
    });

    it('that refuses is no outage: the token at hand does not hide it', async () => {
      entra.options.extExpiresIn = 8000;
      const { clock, silent } = await start();
      entra.options.onRefresh = () => ({ body: entra.refusal('invalid_grant', 50173, 'The password was changed.') });
      await clock.sleep(4000_000 - 4 * MINUTE);
      await assert.rejects(silent(), { errorCode: 'invalid_grant' });
    });

    it('and says when to come back, is left alone until then', async () => {
      for (const [answer, rest] of [
        [{ status: 429, body: {}, headers: { 'retry-after': '120' } }, 120_000],
        [{ status: 429, body: {} }, 60_000],
        [{ status: 503, body: {}, headers: { 'retry-after': '30' } }, 30_000],
      ]) {
        const { clock, silent } = await start();
        entra.options.onRefresh = () => answer;
        await assert.rejects(silent({ forceRefresh: true }), { status: answer.status });
        assert.equal(refreshes().length, 1);
        await clock.sleep(rest - 1000);
        await assert.rejects(silent({ forceRefresh: true }), { status: answer.status });
        assert.equal(refreshes().length, 1, 'it was not asked');
        await clock.sleep(2000);
        entra.options.onRefresh = () => undefined;
        assert.equal((await silent({ forceRefresh: true })).fromCache, false);
        entra.seen.length = 0;
      }
    });
  });

  describe(`many at once, ${way}`, () => {
    it('have one renewal, and each its own result', async () => {
      const { clock, silent, accessToken } = await start();
      await clock.sleep(4000_000);
      const ids = Array.from({ length: 20 }, (_, index) => `c-${index}`);
      const results = await Promise.all(ids.map((correlationId) => silent({ correlationId })));
      assert.deepEqual(spent(), [sisterOf(accessToken)]);
      assert.deepEqual([...new Set(results.map((result) => result.accessToken))].length, 1);
      assert.deepEqual(results.map(({ correlationId }) => correlationId), ids);
      assert.ok(results.every(({ fromCache }) => fromCache === false));
      assert.equal(new Set(results.map(({ account }) => account)).size, results.length);
      const later = await silent();
      assert.deepEqual([later.fromCache, later.accessToken], [true, results[0].accessToken]);
    });

    it('for different scopes succeed all, though refresh tokens work once', async () => {
      const { clock, silent } = await start();
      await clock.sleep(4000_000);
      const asked = ['a', 'b', 'c', 'd', 'e'].flatMap((name) => [[`api://${name}/x`], [`api://${name}/x`]]);
      const results = await Promise.all(asked.map((scopes) => silent({ scopes })));
      assert.deepEqual(results.map((result) => result.scopes), asked);
      assert.equal(refreshes().length, 5);
      assert.equal(new Set(spent()).size, 5, 'none is used twice');
    });

    it('do not take a token for an answer to a claims challenge that it was not asked for with', async () => {
      const { silent } = await start();
      const challenge = (value) => JSON.stringify({ access_token: { acrs: { essential: true, value } } });
      const claims = [undefined, challenge('c1'), challenge('c2'), challenge('c1')];
      const results = await Promise.all(claims.map((claims) => silent({ claims, forceRefresh: true })));
      const sent = refreshes().map(({ form }) => JSON.parse(form.get('claims') ?? '{}').access_token?.acrs?.value);
      assert.deepEqual(new Set(sent), new Set([undefined, 'c1', 'c2']));
      const tokens = results.map(({ accessToken }) => accessToken);
      assert.equal(new Set(tokens.slice(0, 3)).size, 3);
      assert.ok(results.every(({ fromCache }) => !fromCache));
    });

    it('share one refusal', async () => {
      const { silent } = await start();
      entra.options.onRefresh = () => ({ body: entra.refusal('invalid_grant', 700082, 'Expired.') });
      const errors = await Promise.all(Array.from({ length: 10 }, () => failure(silent({ scopes: ['api://a/x'] }))));
      assert.equal(refreshes().length, 1);
      for (const error of errors) assert.ok(error instanceof InteractionRequiredAuthError);
    });

    it('of two people do not wait for each other', async () => {
      const { pca, silent } = await start();
      entra.options.person = OTHER_PERSON;
      const grace = await signIn(pca);
      const answer = gate();
      entra.options.onRefresh = async (form) => void (form.get('refresh_token') !== sisterOf(grace.accessToken) && (await answer.opened));
      const adas = silent({ forceRefresh: true });
      const { account } = await pca.acquireTokenSilent({ scopes, account: grace.account, forceRefresh: true });
      assert.equal(account.homeAccountId, homeAccountId(OTHER_PERSON));
      answer.open();
      await adas;
    });
  });

  describe(`what is told when the person is needed, ${way}`, () => {
    const refusals = [[700082], [50173], [70000, 'token_expired'], [50076, 'basic_action'], [530032, 'device_authentication_failed']];
    for (const [number, suberror] of refusals) {
      it(`invalid_grant with AADSTS${number} and suberror ${suberror} is InteractionRequiredAuthError`, async () => {
        const { silent } = await start();
        const claims = '{"access_token":{"x":null}}';
        entra.options.onRefresh = () => ({ body: entra.refusal('invalid_grant', number, 'No.', { suberror, claims }) });
        const error = await failure(silent({ forceRefresh: true }));
        assert.ok(error instanceof InteractionRequiredAuthError, inspect(error));
        const { errorCode, errorNo, subError, status } = error;
        assert.deepEqual([errorCode, errorNo, subError, status], ['invalid_grant', String(number), suberror ?? '', 400]);
        assert.equal(error.claims, claims);
        assert.match(error.message, new RegExp(`AADSTS${number}`));
        assert.ok(error.traceId && error.timestamp && error.correlationId);
      });
    }

    it('is not told when signing in would not help', async () => {
      const { silent } = await start();
      for (const [word, number] of [['invalid_client', 7000218], ['unauthorized_client', 700016]]) {
        const body = entra.refusal(word, number, 'No.');
        entra.options.onRefresh = () => ({ body });
        const error = await failure(silent({ forceRefresh: true }));
        assert.deepEqual([error.name, error.errorCode], ['ServerError', body.error]);
        assert.ok(error.remedy);
      }
    });

    it('is no_tokens_found, for somebody who never signed in', async () => {
      const { pca, account } = await start();
      const nobody = { ...account, homeAccountId: homeAccountId(OTHER_PERSON) };
      const error = await failure(pca.acquireTokenSilent({ scopes, account: nobody, correlationId: 'c-1' }));
      assert.ok(error instanceof InteractionRequiredAuthError);
      assert.deepEqual([error.errorCode, error.correlationId], ['no_tokens_found', 'c-1']);
      assert.equal(entra.seen.length, 0);
    });

    it('comes before anything is sent, where the server told when the refresh token expires', async () => {
      const { pca, account } = await start();
      const cache = JSON.parse(pca.getTokenCache().serialize());
      const expiresOn = String(Math.floor(Date.now() / 1000) + 3600);
      for (const token of Object.values(cache.RefreshToken)) token.expires_on = expiresOn;
      const other = app();
      other.getTokenCache().deserialize(JSON.stringify(cache));
      const request = { scopes, account, forceRefresh: true };
      const within = (seconds) => other.acquireTokenSilent({ ...request, refreshTokenExpirationOffsetSeconds: seconds });
      await assert.rejects(within(4000), { name: 'InteractionRequiredAuthError', errorCode: 'refresh_token_expired' });
      assert.equal(entra.seen.length, 0);
      assert.equal((await within(3000)).fromCache, false);
    });

    it('is not asked for with claims that are cut short', async () => {
      const { silent } = await start();
      await assert.rejects(silent({ claims: '{"access_token":' }), { errorCode: 'invalid_claims', field: 'claims' });
      assert.equal(entra.seen.length, 0);
    });
  });

  describe(`giving up, ${way}`, () => {
    it('ends the waiting at once; a renewal that the server was asked for is kept, for the refresh token is spent', async () => {
      const { silent, accessToken } = await start();
      const asked = gate();
      const answer = gate();
      entra.options.onRefresh = async () => void (asked.open(), await answer.opened);
      const controller = new AbortController();
      const mine = failure(silent({ forceRefresh: true, signal: controller.signal }));
      await asked.opened;
      const theirs = silent({ forceRefresh: true });
      controller.abort(new Error('enough'));
      assert.equal((await mine).cause.message, 'enough');
      answer.open();
      const renewed = await theirs;
      assert.notEqual(renewed.accessToken, accessToken);
      assert.deepEqual(spent(), [sisterOf(accessToken)]);
      assert.equal((await silent()).accessToken, renewed.accessToken);
      await silent({ forceRefresh: true });
      assert.deepEqual(spent(), [accessToken, renewed.accessToken].map(sisterOf));
    });

    it('before it began, asks nobody', async () => {
      const { silent } = await start();
      await failure(silent({ forceRefresh: true, signal: AbortSignal.abort() }));
      assert.equal(entra.seen.length, 0);
    });
  });
}
