// What only Entra says: its endpoints, its parameters, its errors. Against a server of its shape, over TLS.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PublicClientApplication as MsalClient } from '@azure/msal-node';
import { AzureCloudInstance, InteractionRequiredAuthError, PublicClientApplication, ServerError } from 'doorcode';
import { fastClock } from './support/clock.mjs';
import { CLIENT, PERSON, startEntra, TENANT } from './support/entra.mjs';

let entra;
let answers = [];
before(async () => {
  entra = await startEntra({ onPoll: (poll) => answers[poll - 1] ?? (poll > answers.length + 1 ? { done: true } : undefined) });
});
after(() => entra.close());

const app = (auth = {}, more = {}) =>
  new PublicClientApplication({
    auth: { clientId: CLIENT, authority: `https://login.microsoftonline.com/${TENANT}`, ...auth },
    system: { clock: fastClock() },
    ...more,
  });

async function signIn(pca, request = {}) {
  entra.seen.length = 0;
  let codes;
  const result = await pca.acquireTokenByDeviceCode({ scopes: ['User.Read'], deviceCodeCallback: (got) => void (codes = got), ...request });
  return { result, codes };
}

async function refused(polls, request) {
  answers = polls;
  try {
    return await signIn(app(), request).then(
      () => assert.fail('it was to be refused'),
      (error) => error,
    );
  } finally {
    answers = [];
  }
}

describe('Entra ID', () => {
  it('is asked without discovery, as the RFC says, and told what only Microsoft is told', async () => {
    await signIn(app({}, { telemetry: { application: { appName: 'tool', appVersion: '1.2' } } }), {
      correlationId: 'c0c0c0c0-0000-4000-8000-000000000000',
      extraQueryParameters: { dc: 'x y' },
    });
    const [first, poll] = entra.seen;
    assert.equal(first.url.href, `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/devicecode?dc=x%20y`);
    assert.deepEqual(Object.fromEntries(first.form), { client_id: CLIENT, scope: 'User.Read openid profile offline_access' });
    assert.equal(poll.url.pathname, `/${TENANT}/oauth2/v2.0/token`);
    assert.equal(poll.url.searchParams.get('client-request-id'), 'c0c0c0c0-0000-4000-8000-000000000000');
    assert.equal(poll.form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:device_code');
    assert.equal(poll.form.get('x-client-OS'), process.platform);
    assert.equal(poll.form.get('x-app-name'), 'tool');
  });

  it('gives the result that msal-node gives', async () => {
    const { result } = await signIn(app());
    const msal = new MsalClient({ auth: { clientId: CLIENT, authority: `https://login.microsoftonline.com/${TENANT}` } });
    // msal-node asks at once, and waits for real between polls: the first answer has the tokens.
    answers = [{ done: true }];
    const theirs = await msal.acquireTokenByDeviceCode({ scopes: ['User.Read'], deviceCodeCallback() {} });
    answers = [];

    const comparable = ({ correlationId, requestId, expiresOn, extExpiresOn, idToken, idTokenClaims, account, ...rest }) => ({
      ...rest,
      account: { ...account, idToken: '', idTokenClaims: {} },
    });
    const ours = comparable(result);
    for (const [name, value] of Object.entries(comparable(theirs))) {
      if (value === undefined) continue;
      assert.deepEqual(clean(ours[name]), clean(value), name);
    }
    assert.equal(result.account.homeAccountId, `${PERSON.oid}.${TENANT}`);
    assert.equal(result.account.environment, 'login.windows.net');
    assert.ok(result.expiresOn instanceof Date && theirs.expiresOn instanceof Date);
    assert.deepEqual(Object.keys(result.idTokenClaims).sort(), Object.keys(theirs.idTokenClaims).sort());
  });

  it('is reached through azureCloudOptions, and by a request of another authority', async () => {
    const byCloud = app({ authority: undefined, azureCloudOptions: { azureCloudInstance: AzureCloudInstance.AzurePublic, tenant: TENANT } });
    assert.equal((await signIn(byCloud)).result.authority, `https://login.microsoftonline.com/${TENANT}/`);
    assert.equal((await signIn(app({ authority: undefined }))).result.authority, 'https://login.microsoftonline.com/common/');
    const { result } = await signIn(app(), { authority: 'https://login.microsoftonline.com/Contoso.example/' });
    assert.equal(result.authority, 'https://login.microsoftonline.com/contoso.example/');
  });

  it('tells which app is unknown, before the person is bothered', async () => {
    let shown = 0;
    const error = await signIn(app({ clientId: 'unknown' }), { deviceCodeCallback: () => void shown++ }).catch((error) => error);
    assert.ok(error instanceof ServerError);
    assert.equal(error.errorCode, 'unauthorized_client');
    assert.equal(error.errorNo, '700016');
    assert.equal(error.status, 200);
    assert.match(error.message, /^unauthorized_client: AADSTS700016: Application was not found/);
    assert.match(error.remedy, /client id/);
    assert.match(error.traceId, /^[0-9a-f-]{36}$/);
    assert.equal(error.timestamp, '2026-01-01 00:00:00Z');
    assert.equal(shown, 0);
    const elsewhere = await signIn(app({ authority: 'https://login.microsoftonline.com/nowhere.example' })).catch((error) => error);
    assert.match(elsewhere.remedy, /tenant's id or domain/);
  });

  it('keeps every field of a refusal while polling', async () => {
    const declined = await refused([undefined, { body: entra.refusal('authorization_declined', 70000, 'Declined.') }]);
    assert.equal(declined.errorCode, 'authorization_declined');
    assert.match(declined.message, /AADSTS70000: Declined/);

    const secret = await refused([{ status: 401, body: entra.refusal('invalid_client', 7000218, 'A secret is required.') }]);
    assert.equal(secret.status, 401);
    assert.match(secret.remedy, /Allow public client flows/);

    const expired = await refused([{ body: entra.refusal('expired_token', 70020, 'Expired.') }]);
    assert.equal(expired.errorCode, 'device_code_expired');
    assert.match(expired.message, /expired_token: AADSTS70020/);
  });

  it('has its claims challenge passed back in the next request', async () => {
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["x"]}}}';
    const body = entra.refusal('interaction_required', 50076, 'MFA.', { suberror: 'basic_action', claims });
    const error = await refused([{ body }]);
    assert.ok(error instanceof InteractionRequiredAuthError);
    assert.equal(error.subError, 'basic_action');
    assert.equal(error.claims, claims);
    await signIn(app({ clientCapabilities: ['cp1'] }), { claims: error.claims });
    const sent = JSON.parse(entra.seen[0].form.get('claims'));
    assert.deepEqual(sent.access_token.capolids, { essential: true, values: ['x'] });
    assert.deepEqual(sent.access_token.xms_cc, { values: ['cp1'] });
  });

  it('may be slow, down and back while the person signs in', async () => {
    answers = [{ status: 503, body: {} }, { status: 429, body: {} }, { body: entra.refusal('slow_down', 50196, 'Slower.') }];
    const states = [];
    await signIn(app(), { progressCallback: ({ status, nextPollIn }) => void states.push([status, nextPollIn]) });
    answers = [];
    // A back-off loses up to a half, at random; what the server answers is heeded to the letter.
    const [[, first], [, second]] = states;
    assert.ok(first >= 5 && first <= 10 && second >= 10 && second <= 20, `${first}, ${second}`);
    assert.deepEqual(states, [['retrying', first], ['retrying', second], ['slow_down', 10], ['pending', 10]]);
  });
});

/** Without fields that are undefined, which is how "not there" is written in both. */
function clean(value) {
  if (value instanceof Map) return clean(Object.fromEntries(value));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => [key, clean(item)]));
}
