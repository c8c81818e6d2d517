// Errors: what Entra's documented answers become, that nothing the server said is lost, that every error has a cause and a remedy,
// and that none holds a secret.

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import * as msal from '@azure/msal-node';
import * as doorcode from 'doorcode';
import { EncryptedCachePlugin } from 'doorcode/cache/encrypted';
import { FileCachePlugin } from 'doorcode/cache/file';
import { RedisCachePlugin } from 'doorcode/cache/redis';
import { app, BEHAVIOUR, failure, scopes, signIn, textStore, versionedStore } from './support/app.mjs';
import { fastClock } from './support/clock.mjs';
import { CLIENT, homeAccountId, startEntra, TENANT } from './support/entra.mjs';
import { jwt } from './support/jwt.mjs';
import { CODES } from './support/scripted.mjs';

const { AuthError, DeviceCodeFlow, DistributedCachePlugin, PublicClientApplication } = doorcode;
const CLAIMS = '{"access_token":{"capolids":{"essential":true,"values":["0c2f\\/~","é \\"x\\""]}}}';

/** No number of Entra's. */
const UNKNOWN = 4294967295;
const lookup = (number) => `https://login.microsoftonline.com/error?code=${number}`;

let entra;
before(async () => {
  entra = await startEntra(BEHAVIOUR);
});
after(() => entra.close());
/** The server knows nothing of what a test told it to do. */
function startAnew() {
  entra.seen.length = 0;
  Object.assign(entra.options, { onDeviceCode: () => undefined, ...BEHAVIOUR });
}
beforeEach(startAnew);

const asked = (path) => entra.seen.filter(({ url }) => url.pathname.endsWith(path));
const refreshTokens = (pca) => Object.values(JSON.parse(pca.getTokenCache().serialize()).RefreshToken ?? {});

/** Somebody who is signed in, and how to have the token renewed. */
async function signedIn(more) {
  const pca = app(more);
  const { account } = await signIn(pca);
  entra.seen.length = 0;
  const force = { scopes, account, forceRefresh: true };
  return { pca, account, renew: (request) => pca.acquireTokenSilent({ ...force, ...request }), force };
}

/** Where a server may refuse: asked for codes, asked whether the person is done, or asked to renew. What the program is told. */
const refusedAt = {
  async code(answer, request) {
    startAnew();
    entra.options.onDeviceCode = () => ({ status: 200, ...answer });
    return failure(signIn(app(), request));
  },
  async poll(answer, request) {
    startAnew();
    entra.options.onPoll = (poll) => (poll === 1 ? undefined : answer);
    return failure(signIn(app(), request));
  },
  async refresh(answer, request) {
    startAnew();
    entra.options.onRefresh = () => answer;
    return failure((await signedIn()).renew(request));
  },
};

describe('what Entra answers', () => {
  // By what is done about it: the remedy's words, the page to open where it is not Microsoft's on the number, and the AADSTS numbers
  // by where they are said and in which words: `error`, and `suberror` where there is one.
  const portal = (blade) => `https://entra.microsoft.com/#view/${blade}`;
  const registration = (page) => portal(`Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/${page}/appId/${CLIENT}`);
  const learn = (page) => `https://learn.microsoft.com/entra/${page}`;
  const CONSENT = `https://login.microsoftonline.com/${TENANT}/adminconsent?client_id=${CLIENT}`;
  const ENTERPRISE_APPS = portal('Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview');
  const ANSWERS = [
    [/Nothing is wrong/, undefined, { 'code authorization_pending': [70016] }],
    [/Enter the code again/, undefined, { 'poll bad_verification_code': [70018] }],
    [/new code/, undefined, { 'poll expired_token': [70019], 'poll invalid_request': [90119, 90120, 90121] }],
    [/this device's clock/, undefined, { 'poll expired_token': [70020] }],
    [/from the region/, undefined, { 'poll invalid_request': [50134] }],
    [/too often/, undefined, { 'refresh invalid_grant': [50196] }],
    [/Name a tenant/, learn('fundamentals/how-to-find-tenant'), { 'code invalid_request': [50059, 50128, 90019] }],
    [/Use \/organizations/, registration('Authentication'), {
      'code invalid_request': [90133, 9001023, 90130, 90124, 9002332],
      'code unauthorized_client': [50194],
    }],
    [/the right cloud/, learn('fundamentals/how-to-find-tenant'), { 'code invalid_request': [90002] }],
    [/cloud's host/, learn('identity-platform/authentication-national-cloud'), { 'code invalid_request': [90038, 90051] }],
    [/invited as a guest/, learn('external-id/b2b-quickstart-add-guest-users-portal'), {
      'refresh invalid_grant': [50020, 50014, 50034, 51004, 90072],
      'refresh interaction_required': [16000],
    }],
    [/ciamlogin\.com/, undefined, { 'poll invalid_request': [500208] }],
    [/administrator of either tenant/, learn('external-id/cross-tenant-access-overview'), {
      'poll access_denied': [500212, 500213, 500021, 500022],
      'refresh invalid_grant': [50002],
    }],
    [/Allow public client flows/, registration('Authentication'), { 'poll invalid_client': [7000218], 'refresh invalid_client': [7000218] }],
    [/remove the client secret/, registration('Authentication'), { 'poll invalid_client': [700025] }],
    [/new client secret/, registration('Credentials'), { 'poll invalid_client': [70002, 7000215, 7000222] }],
    [/does not know this app/, CONSENT, { 'code unauthorized_client': [700016, 70001, 700011] }],
    [/app is disabled/, ENTERPRISE_APPS, { 'code unauthorized_client': [7000112] }],
    [/assign the account/, ENTERPRISE_APPS, { 'refresh invalid_grant': [50105] }],
    [/not consented to/, CONSENT, { 'refresh invalid_grant consent_required': [65001], 'poll consent_required': [65001] }],
    [/accept when asked/, undefined, { 'poll access_denied': [65004], 'poll authorization_declined': [65004] }],
    [/API permissions/, registration('CallAnAPI'), {
      'refresh invalid_resource': [65005, 650057],
      'refresh invalid_client': [650052],
      'poll invalid_request': [650054, 650056],
    }],
    [/administrator of the tenant consent/, CONSENT, {
      'refresh invalid_grant consent_required': [90094, 90095],
      'refresh invalid_request': [90008],
    }],
    [/does not know that API/, registration('CallAnAPI'), { 'refresh invalid_resource': [500011, 50001] }],
    [/scopes of one API/, registration('CallAnAPI'), {
      'code invalid_scope': [70011, 28002, 28003, 700022, 700023],
      'code invalid_request': [901002],
    }],
    [/redirect URI/, registration('Authentication'), { 'code invalid_request': [500113] }],
    [/second step/, 'https://mysignins.microsoft.com/security-info', { 'refresh invalid_grant basic_action': [50072, 50079] }],
    [/extra step/, undefined, {
      'refresh invalid_grant basic_action': [50074, 50076, 50078],
      'poll interaction_required': [50076],
      'refresh interaction_required additional_action': [50158],
    }],
    [/managed device/, undefined, {
      'refresh invalid_grant device_authentication_failed': [50155, 50187],
      'refresh interaction_required': [50097, 50129],
    }],
    [/sign-in logs/, portal('Microsoft_AAD_IAM/SignInEventsV3Blade'), {
      'refresh invalid_grant': [50005, 53010],
      'refresh invalid_grant additional_action': [53000, 53001, 53002],
      'poll invalid_grant message_only': [53003, 530032, 530035],
      'refresh invalid_grant basic_action': [50131, 53004],
      'refresh interaction_required message_only': [53011],
    }],
    [/enable the device/, portal('Microsoft_AAD_Devices/DevicesMenuBlade/~/Devices'), { 'refresh invalid_grant': [135011] }],
    [/reset the password/, 'https://passwordreset.microsoftonline.com', {
      'refresh invalid_grant user_password_expired': [50055, 50144],
      'refresh invalid_grant': [50053, 50056, 50057, 50064, 50126],
    }],
    [/no longer valid/, undefined, {
      'refresh invalid_grant bad_token': [70000],
      'refresh invalid_grant token_expired': [70043],
      'refresh invalid_grant': [70008, 700082, 50089, 50132, 50133, 50173, 50085],
      'poll invalid_grant': [54005],
    }],
    [/Mobile and desktop/, registration('Authentication'), { 'refresh invalid_grant': [700084] }],
    [/Origin header/, undefined, { 'poll invalid_request': [9002326] }],
    [/Origin header/, registration('Authentication'), { 'refresh invalid_request': [9002327] }],
    [/arrived incomplete/, undefined, {
      'code invalid_request': [90014, 900144, 90023, 90100],
      'refresh invalid_request': [9002313, 90004],
    }],
    [/Try again in a while/, 'https://status.azure.com', {
      'refresh temporarily_unavailable': [90033, 90012, 90024, 90055, 50166, 50087, 50088],
      'refresh server_error': [90006, 90090, 50033, 70012],
    }],
    [/Ask an administrator/, ENTERPRISE_APPS, { 'refresh unauthorized_client': [1000031] }],
  ];

  // Class, needsInteraction, retryable: all that a program goes by, and all that goes by the words alone.
  const PERSON = ['InteractionRequiredAuthError', true, false];
  const MESSAGE = ['InteractionRequiredAuthError', false, false];
  const REFUSAL = ['ServerError', false, false];
  const OUTAGE = ['ServerError', false, true];
  const OUTCOMES = {
    authorization_pending: REFUSAL, bad_verification_code: REFUSAL, invalid_request: REFUSAL, invalid_client: REFUSAL,
    unauthorized_client: REFUSAL, invalid_scope: REFUSAL, invalid_resource: REFUSAL, access_denied: REFUSAL,
    authorization_declined: REFUSAL, temporarily_unavailable: OUTAGE, server_error: OUTAGE,
    expired_token: ['ClientAuthError', true, false],
    consent_required: PERSON, interaction_required: PERSON, 'interaction_required additional_action': PERSON,
    'interaction_required message_only': MESSAGE, 'invalid_grant message_only': MESSAGE,
    invalid_grant: PERSON, 'invalid_grant basic_action': PERSON, 'invalid_grant additional_action': PERSON,
    'invalid_grant consent_required': PERSON, 'invalid_grant user_password_expired': PERSON, 'invalid_grant bad_token': PERSON,
    'invalid_grant token_expired': PERSON, 'invalid_grant device_authentication_failed': PERSON,
  };
  const STATUS = { invalid_client: 401, temporarily_unavailable: 503, server_error: 500 };
  const NUMBERS = new Set(ANSWERS.flatMap(([, , said]) => Object.values(said).flat()));

  const outcome = ({ name, needsInteraction, retryable, errorCode, subError }) => [name, needsInteraction, retryable, errorCode, subError];

  for (const [remedy, page, said] of ANSWERS) {
    const numbers = [...new Set(Object.values(said).flat())];
    it(`${numbers.map((number) => `AADSTS${number}`).join(', ')}: ${String(remedy).slice(1, -1)}`, async () => {
      for (const [words, numbers] of Object.entries(said)) {
        const [where, error, suberror = ''] = words.split(' ');
        const status = STATUS[error] ?? (where === 'code' ? 200 : 400);
        const ask = (number) => refusedAt[where]({ status, body: entra.refusal(error, number, 'No.', suberror && { suberror }) });
        const wanted = OUTCOMES[`${error} ${suberror}`.trim()];
        const errorCode = error === 'expired_token' ? 'device_code_expired' : error;
        for (const number of numbers) {
          const told = await ask(number);
          assert.deepEqual(outcome(told), [...wanted, errorCode, suberror], inspect(told));
          assert.ok(told instanceof doorcode[told.name] && told instanceof AuthError);
          assert.deepEqual([told.errorNo, told.errorCodes, told.status], [String(number), [number], status]);
          assert.match(told.message, new RegExp(`^${errorCode}: .*AADSTS${number}: No\\.`));
          assert.match(told.remedy, remedy);
          assert.equal(told.remedyUrl, page ?? lookup(number));
        }
        const unknown = await ask(UNKNOWN);
        assert.deepEqual(outcome(unknown), [...wanted, errorCode, suberror], 'the number changed the outcome');
      }
    });
  }

  it('is a list of 122 numbers, none of which changes what becomes of an answer', async () => {
    assert.equal(NUMBERS.size, 122);
    const { renew } = await signedIn();
    for (const words of ['invalid_request', 'invalid_grant', 'invalid_grant message_only']) {
      const [error, suberror = ''] = words.split(' ');
      for (const number of [...NUMBERS, UNKNOWN]) {
        entra.options.onRefresh = () => ({ body: entra.refusal(error, number, 'No.', { suberror }) });
        assert.deepEqual(outcome(await failure(renew())), [...OUTCOMES[words], error, suberror], String(number));
      }
    }
  });

  it('in words that are not known is a refusal, and keeps them', async () => {
    const told = await refusedAt.refresh({ body: entra.refusal('invalid_moon', 50076, 'Eclipse.', { suberror: 'lunar' }) });
    assert.deepEqual(outcome(told), [...REFUSAL, 'invalid_moon', 'lunar']);
    assert.match(told.remedy, /extra step/, 'and the number is still a hint');
  });

  it('for the time being is waited for while polling', async () => {
    const words = {
      authorization_pending: [70016], slow_down: [50196], temporarily_unavailable: [90033, 90012, 90024], server_error: [90006, 90090, 50033],
    };
    const answers = Object.entries(words).flatMap(([error, numbers]) =>
      numbers.map((number) => ({ status: 400, body: entra.refusal(error, number, 'Not now.') })),
    );
    entra.options.onPoll = (poll) => answers[poll - 1] ?? { done: true };
    const states = [];
    assert.ok((await signIn(app(), { progressCallback: ({ status }) => void states.push(status) })).accessToken);
    assert.deepEqual(states, ['pending', 'slow_down', ...Array(6).fill('retrying')]);
  });

  it('about the person\'s own tenant, cloud and client fills the pages in', async () => {
    const page = async (number, auth) => {
      entra.options.onDeviceCode = () => ({ body: entra.refusal('unauthorized_client', number, 'No.') });
      return (await failure(signIn(app({ auth })))).remedyUrl;
    };
    for (const authority of ['common', 'organizations', 'consumers']) {
      assert.equal(
        await page(700016, { authority: `https://login.microsoftonline.com/${authority}` }),
        `https://login.microsoftonline.com/organizations/adminconsent?client_id=${CLIENT}`,
      );
    }
    assert.match(await page(700016, { authority: 'https://login.microsoftonline.com/contoso.example' }), /\/contoso\.example\/adminconsent/);
    assert.match(await page(7000112, { clientId: 'another' }), /^https:\/\/entra\.microsoft\.com\//);
    assert.match(await page(7000218, { clientId: 'another' }), /\/appId\/another$/);
  });
});

describe('a refusal', () => {
  for (const [where, status] of Object.entries({ code: 200, poll: 403, refresh: 401 })) {
    it(`keeps every field that the server sent: asked for a ${where}`, async () => {
      const more = { error_codes: [50076, 7000218], suberror: 'basic_action', claims: CLAIMS };
      const body = entra.refusal('interaction_required', 50076, 'More proof is asked for: "MFA".', more);
      const error = await refusedAt[where]({ status, body });
      const told = {
        errorCode: body.error, errorMessage: body.error_description, errorDescription: body.error_description, errorNo: '50076',
        errorCodes: body.error_codes, subError: body.suberror, claims: body.claims, traceId: body.trace_id,
        correlationId: body.correlation_id, timestamp: body.timestamp, status, errorUri: body.error_uri,
        message: `${body.error}: ${body.error_description}`,
      };
      for (const [field, value] of Object.entries(told)) assert.deepEqual(error[field], value, field);
      assert.deepEqual(error.cause, { ...body, status });
    });

    it(`that says nothing but its word has nothing made up: asked for a ${where}`, async () => {
      const correlationId = 'c0c0c0c0-0000-4000-8000-000000000000';
      const error = await refusedAt[where]({ status, body: { error: 'consent_required' } }, { correlationId });
      const { errorMessage, errorDescription, errorCodes, subError, claims, traceId, timestamp } = error;
      assert.deepEqual([errorDescription, subError, claims, traceId, timestamp, errorCodes], ['', '', '', '', '', []]);
      assert.equal(errorMessage, 'The server gave no reason.');
      for (const field of ['errorNo', 'errorUri', 'remedyUrl']) assert.equal(error[field], undefined, field);
      assert.deepEqual([error.correlationId, error.status, error.remedy.length > 0], [correlationId, status, true]);
      const { status: answered, error: word, error_codes: codes, ...texts } = error.cause;
      assert.deepEqual([answered, word, codes], [status, 'consent_required', []]);
      for (const [name, text] of Object.entries(texts)) assert.equal(text, '', name);
    });
  }

  it('whose numbers are text, or only in its description, has its remedy all the same', async () => {
    const body = entra.refusal('invalid_client', 7000218, 'A secret is required.');
    const text = await refusedAt.poll({ status: 401, body: { ...body, error_codes: ['7000218', 'x', -1, 1e99] } });
    assert.deepEqual([text.errorNo, text.errorCodes], ['7000218', [7000218]]);
    const { error_codes: _, ...without } = body;
    const described = await refusedAt.poll({ status: 401, body: without });
    assert.deepEqual([described.errorNo, described.errorCodes], [undefined, []]);
    for (const error of [text, described]) assert.match(error.remedy, /Allow public client flows/);
  });

  it('without a number has its remedy by its word, and no page', async () => {
    const remedies = {
      access_denied: /accept when asked/, authorization_declined: /accept when asked/, expired_token: /new code/,
      bad_verification_code: /new code/, invalid_client: /client id/, unauthorized_client: /client id/, invalid_scope: /scopes/,
      invalid_target: /resource/, invalid_resource: /resource/, unsupported_grant_type: /does not offer/, invalid_request: /description/,
      interaction_required: /claims along/, consent_required: /claims along/, login_required: /claims along/, invalid_grant: /claims along/,
      bad_token: /claims along/, ui_not_allowed: /claims along/, interrupted_user: /claims along/,
      temporarily_unavailable: /in a while/, server_error: /in a while/,
    };
    for (const [word, remedy] of Object.entries(remedies)) {
      const error = await refusedAt.code({ body: { error: word } });
      assert.match(error.remedy, remedy, word);
      assert.equal(error.remedyUrl, undefined, word);
    }
  });

  it('that became an error of our own keeps the server\'s words in it', async () => {
    for (const [word, errorCode] of [['authorization_declined', 'authorization_declined'], ['expired_token', 'device_code_expired']]) {
      const body = entra.refusal(word, 70019, 'It is over.');
      const error = await refusedAt.poll({ status: 400, body });
      assert.equal(error.errorCode, errorCode);
      assert.ok(error.errorMessage.includes(body.error_description) && error.errorMessage !== body.error_description);
      assert.equal(error.errorDescription, body.error_description);
      assert.deepEqual(error.cause, { ...body, status: 400, suberror: '', claims: '' });
    }
  });
});

describe('a refusal to renew, by its suberror', () => {
  // The suberrors of Entra's, and the errors that stand for themselves: whether the person is asked to sign in, and whether the refresh
  // token is of use no more.
  const PERSON = 'InteractionRequiredAuthError';
  const ROWS = [
    ['invalid_grant', 'basic_action', PERSON, true],
    ['invalid_grant', 'additional_action', PERSON, true],
    ['invalid_grant', 'message_only', PERSON, false],
    ['invalid_grant', 'consent_required', PERSON, true],
    ['invalid_grant', 'user_password_expired', PERSON, true],
    ['invalid_grant', 'bad_token', PERSON, true, 'forgotten'],
    ['invalid_grant', 'token_expired', PERSON, true, 'forgotten'],
    ['invalid_grant', 'device_authentication_failed', PERSON, true],
    ['invalid_grant', 'protection_policy_required', 'ServerError', false],
    ['invalid_grant', 'client_mismatch', 'ServerError', false],
    ['invalid_grant', 'ui_not_allowed', PERSON, true],
    ['invalid_grant', 'interrupted_user', PERSON, true],
    ['invalid_grant', 'something_new', PERSON, true],
    ['unauthorized_client', 'protection_policy_required', 'ServerError', false],
    ['unauthorized_client', 'basic_action', PERSON, true],
    ['interaction_required', 'message_only', PERSON, false],
    ['interaction_required', '', PERSON, true],
    ['consent_required', '', PERSON, true],
    ['login_required', '', PERSON, true],
    ['ui_not_allowed', '', PERSON, true],
    ['interrupted_user', '', PERSON, true],
    ['bad_token', '', PERSON, true, 'forgotten'],
  ];
  // What is said to do about it, where no number tells more.
  const REMEDIES = {
    basic_action: /passing the error's claims along/, additional_action: /what the page says/, message_only: /would not help/,
    consent_required: /accept/, user_password_expired: /Change the password/, bad_token: /Sign in again/, token_expired: /Sign in again/,
    device_authentication_failed: /registered again/, protection_policy_required: /Intune/, client_mismatch: /with this client/,
  };
  for (const [word, suberror, name, needsInteraction, isForgotten] of ROWS) {
    const title = [word, suberror].filter(Boolean).join(' ');
    const refuse = () => ({ body: entra.refusal(word, UNKNOWN, 'No.', { suberror }) });
    it(`${title}: ${name}, ${needsInteraction ? 'and signing in helps' : 'but signing in does not help'}`, async () => {
      const { pca, renew } = await signedIn();
      entra.options.onRefresh = refuse;
      const error = await failure(renew());
      assert.ok(error instanceof doorcode[name]);
      assert.match(error.remedy, REMEDIES[suberror] ?? /Sign in again|Check the client id/);
      assert.equal(error.remedyUrl, suberror === 'user_password_expired' ? 'https://passwordreset.microsoftonline.com' : lookup(UNKNOWN));
      assert.deepEqual([error.name, error.errorCode, error.subError, error.needsInteraction], [name, word, suberror, needsInteraction]);
      assert.deepEqual([refreshTokens(pca).length, asked('/token').length], [isForgotten ? 0 : 1, 1]);
      if (isForgotten) {
        await assert.rejects(renew(), { name: PERSON, errorCode: 'no_tokens_found', needsInteraction: true });
        assert.equal(asked('/token').length, 1, 'it was not sent again');
      }
    });

    it(`${title}: acquireToken ${needsInteraction ? 'starts' : 'does not start'} a device flow`, async () => {
      const { pca, force } = await signedIn();
      entra.options.onRefresh = refuse;
      let shown = 0;
      const token = pca.acquireToken({ ...force, deviceCodeCallback: () => void shown++ });
      if (needsInteraction) assert.ok((await token).accessToken);
      else assert.equal((await failure(token)).subError, suberror);
      assert.deepEqual([shown, asked('/devicecode').length], needsInteraction ? [1, 1] : [0, 0]);
    });
  }
});

describe('a claims challenge', () => {
  const challenge = () => ({ body: entra.refusal('interaction_required', 50076, 'MFA.', { suberror: 'basic_action', claims: CLAIMS }) });

  it('reaches the server to the letter, passed back as it is', async () => {
    const { pca, renew } = await signedIn();
    entra.options.onRefresh = challenge;
    const { claims } = await failure(renew());
    assert.equal(claims, CLAIMS);
    await signIn(pca, { claims });
    assert.deepEqual(entra.seen.slice(1).map(({ form }) => form.get('claims')), [CLAIMS, CLAIMS], 'with the request for codes, and with the poll');
    entra.options.onRefresh = () => undefined;
    await renew({ claims });
    const sent = entra.seen.at(-1).form.get('claims');
    assert.ok(sent.startsWith(`${CLAIMS.slice(0, -1)},"id_token":{`), sent);
  });

  it('is answered by acquireToken by itself', async () => {
    const { pca, force } = await signedIn();
    entra.options.onRefresh = challenge;
    assert.ok((await pca.acquireToken({ ...force, deviceCodeCallback() {} })).accessToken);
    assert.deepEqual(asked('/devicecode').map(({ form }) => form.get('claims')), [CLAIMS]);
  });

  it('of a device flow is answered by the next', async () => {
    const { claims, needsInteraction } = await refusedAt.poll(challenge());
    assert.deepEqual([claims, needsInteraction], [CLAIMS, true]);
    startAnew();
    await signIn(app(), { claims });
    assert.equal(asked('/devicecode')[0].form.get('claims'), CLAIMS);
  });
});

// ── Every error ───────────────────────────────────────────────────────────────────────────────────────────────────────

const ISSUER = 'https://id.example';
const reply = (body, status = 200, headers = {}) => ({ status, headers, body });
const CONFIGURATION = { issuer: ISSUER, device_authorization_endpoint: `${ISSUER}/device`, token_endpoint: `${ISSUER}/token` };

/** An OpenID provider that answers what it is told to: an object, or what a function returns or throws. */
function provider({ configuration, device, token } = {}, { auth, system, ...more } = {}) {
  const say = async (answer, ...args) => (typeof answer === 'function' ? answer(...args) : answer);
  const networkClient = {
    sendGetRequestAsync: (url) => say(configuration ?? reply(CONFIGURATION), url),
    sendPostRequestAsync: (url, { body }) =>
      url.endsWith('/device') ? say(device ?? reply(CODES), body) : say(token ?? reply({ error: 'authorization_pending' }, 400), body),
  };
  return new PublicClientApplication({
    auth: { clientId: 'client', authority: ISSUER, ...auth },
    system: { clock: fastClock(), protocolMode: 'OIDC', networkClient, ...system },
    ...more,
  });
}

const throws = (error) => () => {
  throw error;
};
const idToken = (claims) => jwt({ iss: ISSUER, aud: 'client', exp: Math.floor(Date.now() / 1000) + 60, ...claims });
const flow = (pca) => new DeviceCodeFlow(pca, { scopes });
const renewing = (pca, request) => pca.acquireTokenByRefreshToken({ scopes, refreshToken: 'RT-secret', ...request });
const account = { homeAccountId: homeAccountId(), environment: 'login.windows.net', tenantId: TENANT, username: '', localAccountId: '' };

describe('every error', () => {
  /** What every error has. */
  function inspected(error, errorCode, name) {
    const shown = inspect(error);
    assert.ok(error instanceof AuthError && error instanceof doorcode[name], shown);
    assert.deepEqual([error.errorCode, error.name, error.constructor.name], [errorCode, name, name], shown);
    assert.ok(error.errorMessage, shown);
    assert.equal(error.message, `${errorCode}: ${error.errorMessage}`);
    assert.ok(error.cause !== undefined && error.cause !== null && error.cause !== error, shown);
    assert.equal(Object.getOwnPropertyDescriptor(error, 'cause').enumerable, false, 'as JavaScript\'s own');
    assert.ok(typeof error.remedy === 'string' && error.remedy.trim(), shown);
    for (const field of ['needsInteraction', 'retryable']) assert.equal(typeof error[field], 'boolean', field);
    for (const field of ['subError', 'correlationId', 'traceId', 'timestamp', 'claims']) assert.equal(typeof error[field], 'string', field);
    assert.ok(KNOWN.has(errorCode), `${errorCode} is not exported`);
    assert.ok(error.stack.includes(error.message), shown);
  }

  const TABLES = ['AuthErrorCodes', 'ClientAuthErrorCodes', 'ClientConfigurationErrorCodes', 'InteractionRequiredAuthErrorCodes', 'ServerErrorCodes'];
  const KNOWN = new Set(TABLES.flatMap((table) => Object.values(doorcode[table])));
  const CONFIG = 'ClientConfigurationError';
  const CLIENT_AUTH = 'ClientAuthError';
  const NEEDS_PERSON = ['device_code_expired', 'no_tokens_found', 'refresh_token_expired', 'invalid_grant'];
  const PASSING = ['network_error', 'cache_conflict', 'a store that is down', 'no connection', 'a gateway in trouble'];
  const noPlugin = { beforeCacheAccess() {} };
  const mine = new Error('mine');
  const confidential = (auth) => new doorcode.ConfidentialClientApplication({ auth: { clientId: CLIENT, clientSecret: 'a secret', ...auth } });
  const byCode = (answer) => app().acquireTokenByCode({ scopes, redirectUri: 'https://app.example/', code: 'C', state: 'mine' }, answer);
  /** By code and class; each way to it, and what its cause is or has where that is more than a description. */
  const WAYS = [
    ['invalid_configuration', CONFIG, {
      'no configuration': () => new PublicClientApplication(),
      'no client id': () => app({ auth: { clientId: '' } }),
      'a field of another type': () => app({ auth: { clientId: 42 } }),
      'a host that is none': () => app({ auth: { knownAuthorities: ['a b'] } }),
      'a network client without methods': () => app({ system: { networkClient: {} } }),
      'half a cache plugin': () => app({ cachePlugin: noPlugin }),
      'half a store': () => new DistributedCachePlugin({ get() {} }, {}),
    }],
    ['invalid_request_parameter', CONFIG, {
      'no request': () => app().acquireTokenByDeviceCode(),
      'no callback': () => app().acquireTokenByDeviceCode({ scopes }),
      'no scopes': () => app().acquireTokenSilent({ account }),
      'half a character': () => signIn(app(), { scopes: ['\ud800'] }),
      'an extra parameter that is the flow\'s own': () => signIn(app(), { extraParameters: { device_code: 'x' } }),
      'an account that is none': () => app().acquireTokenSilent({ scopes, account: {} }),
      'no refresh token': () => app().acquireTokenByRefreshToken({ scopes }),
      'nobody to sign out': () => app().signOut({}),
      'an application of somebody else\'s': () => flow({}),
      'a saved flow that is none': () => DeviceCodeFlow.resume(app(), 'x'),
      'a cache that is no text': () => app().getTokenCache().deserialize(42),
    }],
    ['empty_url_error', CONFIG, { 'an empty authority': () => app({ auth: { authority: '' } }) }],
    ['url_parse_error', CONFIG, { 'an authority that is no URL': () => signIn(app(), { authority: 'nonsense' }) }],
    ['authority_uri_insecure', CONFIG, { 'an authority over http': () => app({ auth: { authority: 'http://id.example' } }) }],
    ['device_code_not_offered', CONFIG, {
      'Azure AD B2C': () => signIn(app({ auth: { authority: 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_x' } })),
    }],
    ['untrusted_authority', CONFIG, {
      'a host that Microsoft does not know': [
        () => signIn(provider({ configuration: reply({ error: 'invalid_instance' }, 400) }, { system: { protocolMode: 'AAD' } })),
        (cause) => cause.error === 'invalid_instance',
      ],
    }],
    ['invalid_authority_metadata', CONFIG, { 'a document that is none': () => app({ auth: { authorityMetadata: '{}' } }) }],
    ['invalid_cloud_discovery_metadata', CONFIG, { 'a list that is none': () => app({ auth: { cloudDiscoveryMetadata: '[' } }) }],
    ['invalid_claims', CONFIG, { 'claims cut short': () => signIn(app(), { claims: '{"access_token":' }) }],
    ['issuer_validation_failed', CONFIG, {
      'somebody else\'s document': () => signIn(provider({ configuration: reply({ ...CONFIGURATION, issuer: 'https://evil.example' }) })),
    }],
    ['resource_parameter_required', CLIENT_AUTH, { 'no resource': () => signIn(app({ auth: { isMcp: true } })) }],
    ['misplaced_resource_parameter', CLIENT_AUTH, {
      'a resource twice': () =>
        signIn(app({ auth: { isMcp: true } }), { resource: 'https://api.example', extraParameters: { resource: 'https://api.example' } }),
    }],
    ['no_account_in_silent_request', CLIENT_AUTH, { 'no account': () => app().acquireTokenSilent({ scopes }) }],
    ['request_cannot_be_made', CLIENT_AUTH, {
      'a poll before there is a code': () => flow(app()).poll(),
      'saving before there is a code': () => flow(app()).toJSON(),
      'a code twice': async () => {
        const started = flow(app());
        await started.initiateDeviceCodeFlow();
        return started.initiateDeviceCodeFlow();
      },
      'a poll during another': async () => {
        const started = flow(app());
        await started.initiateDeviceCodeFlow();
        return Promise.all([started.poll(), started.poll()]);
      },
      'a poll after the end': async () => {
        const started = flow(app());
        await started.initiateDeviceCodeFlow();
        await started.poll();
        return started.poll();
      },
    }],
    ['state_mismatch', CLIENT_AUTH, { 'an answer to something else': () => byCode({ state: 'another' }) }],
    ['issuer_mismatch', CLIENT_AUTH, { 'an answer of another server\'s': () => byCode({ state: 'mine', iss: 'https://evil.example' }) }],
    ['redirect_uri_not_supported', CONFIG, {
      'an address that is not of this machine': () => app().acquireTokenInteractive({ openBrowser() {}, redirectUri: 'https://app.example/' }),
    }],
    ['no_loopback_server_exists', CLIENT_AUTH, {
      'no port to be had': [
        async () => {
          const { getBuiltinModule } = process;
          const server = { on: (_, refuse) => ({ listen: () => refuse(mine) }) };
          process.getBuiltinModule = (name) => (name === 'node:http' ? { createServer: () => server } : getBuiltinModule(name));
          try {
            return await app().acquireTokenInteractive({ openBrowser() {} });
          } finally {
            process.getBuiltinModule = getBuiltinModule;
          }
        },
        (cause) => cause === mine,
      ],
    }],
    ['missing_tenant_id_error', CLIENT_AUTH, { 'a token of its own in no tenant': () => confidential().acquireTokenByClientCredential({ scopes }) }],
    ['invalid_client_credential', CLIENT_AUTH, { 'no credential': () => confidential({ clientSecret: undefined }) }],
    ['invalid_assertion', CLIENT_AUTH, {
      'an assertion that is none': () =>
        confidential({ clientSecret: undefined, clientAssertion: () => '', authority: `https://login.microsoftonline.com/${TENANT}` })
          .acquireTokenByClientCredential({ scopes }),
    }],
    ['device_code_expired', CLIENT_AUTH, { 'nobody came': () => signIn(provider({ device: reply({ ...CODES, expires_in: 30 }) })) }],
    ['user_timeout_reached', CLIENT_AUTH, { 'nobody came in time': () => signIn(provider(), { timeout: 12 }) }],
    ['device_code_polling_cancelled', CLIENT_AUTH, {
      'a signal with a reason': [() => signIn(app(), { signal: AbortSignal.abort(mine) }), (cause) => cause === mine],
      'a signal without': [() => signIn(app(), { signal: AbortSignal.abort() }), (cause) => cause.name === 'AbortError'],
      'a signal with a reason that is nothing': () => signIn(app(), { signal: AbortSignal.abort(null) }),
      'a signal, silently': [
        () => app().acquireTokenSilent({ scopes, account, signal: AbortSignal.abort(mine) }),
        (cause) => cause === mine,
      ],
      'a signal in the middle': [
        () => {
          const controller = new AbortController();
          return signIn(provider(), { signal: controller.signal, progressCallback: () => controller.abort(mine) });
        },
        (cause) => cause === mine,
      ],
      'cancel': [() => signIn(app(), { cancel: true }), (cause) => /cancel/.test(cause.message)],
    }],
    ['network_error', CLIENT_AUTH, {
      'no connection, for codes': [() => signIn(provider({ device: throws(mine) })), (cause) => cause === mine],
      'no connection, to renew': [() => renewing(provider({ token: throws(mine) })), (cause) => cause === mine],
      'something thrown that is no error': () => signIn(provider({ device: throws(undefined) })),
      'nonsense': () => signIn(provider({ device: 42 })),
      'no answer in time': () => signIn(provider({ device: () => new Promise(() => {}) }, { system: { requestTimeout: 1 } })),
    }],
    ['endpoints_resolution_error', CLIENT_AUTH, {
      'no connection': [() => signIn(provider({ configuration: throws(mine) })), (cause) => cause === mine],
      'nothing there': [() => signIn(provider({ configuration: reply('', 404) })), (cause) => cause.status === 404],
      'no document': () => signIn(provider({ configuration: reply('<html>') })),
      'a refusal': [
        () => signIn(provider({ configuration: reply({ error: 'invalid_request', error_description: 'Ha.' }, 400) })),
        ({ error, error_description: text, status }) => error === 'invalid_request' && text === 'Ha.' && status === 400,
      ],
      'no device codes': () => signIn(provider({ configuration: reply({ ...CONFIGURATION, device_authorization_endpoint: undefined }) })),
    }],
    ['post_request_failed', 'ServerError', {
      'a status and no word': [() => signIn(provider({ device: reply('', 404) })), (cause) => cause.status === 404],
      'a redirect': [
        () => signIn(provider({ device: reply('', 302, { location: 'https://evil.example/?x' }) })),
        (cause) => cause.status === 302,
      ],
      'a gateway in trouble': [() => signIn(provider({ device: reply('<html>', 503) })), (cause) => cause.status === 503],
      'an error that cannot be shown': () => signIn(provider({ device: reply({ error: '\u0000' }, 400) })),
    }],
    ['token_parsing_error', 'AuthError', {
      'codes that are none': () => signIn(provider({ device: reply('<html>') })),
      'tokens that are none': [() => signIn(provider({ token: reply('{}') })), (cause) => cause.status === 200],
      'an ID token that is none': () => signIn(provider({ token: reply({ access_token: 'AT', id_token: 'x' }) })),
    }],
    ['unsafe_verification_uri', 'AuthError', {
      'a page over http': () => signIn(provider({ device: reply({ ...CODES, verification_uri: 'http://id.example' }) })),
    }],
    ['invalid_id_token', CLIENT_AUTH, {
      'another client\'s': () => signIn(provider({ token: reply({ access_token: 'AT', id_token: idToken({ aud: 'other' }) }) })),
      'another server\'s': () => signIn(provider({ token: reply({ access_token: 'AT', id_token: idToken({ iss: 'https://x.example' }) }) })),
      'an old one': () => signIn(provider({ token: reply({ access_token: 'AT', id_token: idToken({ exp: 1 }) }) })),
    }],
    ['nonce_mismatch', CLIENT_AUTH, {
      'another request\'s': () => signIn(provider({ token: reply({ access_token: 'AT', id_token: idToken({ nonce: 'n' }) }) })),
    }],
    ['no_tokens_found', 'InteractionRequiredAuthError', { 'a stranger': () => app().acquireTokenSilent({ scopes, account }) }],
    ['refresh_token_expired', 'InteractionRequiredAuthError', {
      'long ago': async () => {
        const { pca, renew } = await signedIn();
        const cache = JSON.parse(pca.getTokenCache().serialize());
        for (const token of Object.values(cache.RefreshToken)) token.expires_on = '1';
        pca.getTokenCache().deserialize(JSON.stringify(cache));
        return renew();
      },
    }],
    ['invalid_cache_record', CLIENT_AUTH, {
      'a text that is no cache': () => app().getTokenCache().deserialize('{"Account":'),
      'a store that holds no cache': () => signIn(app({ cachePlugin: textStore('damaged').plugin })),
      'writing over it': [
        async () => {
          let thrown;
          const store = textStore('damaged');
          store.onAfter = async ({ tokenCache }) => {
            thrown = await failure((async () => tokenCache.serialize())());
          };
          await failure(signIn(app({ cachePlugin: store.plugin })));
          throw thrown;
        },
        (cause) => cause instanceof AuthError && cause.errorCode === 'invalid_cache_record' && cause.cause !== undefined,
      ],
    }],
    ['cache_conflict', 'AuthError', {
      'others who write all the time': () => {
        const store = versionedStore();
        store.onWrite = async () => store.put('');
        return signIn(app({ cachePlugin: store.plugin }));
      },
    }],
    ['cache_store_failed', 'AuthError', {
      'a file that is a folder': () => signIn(app({ cachePlugin: new FileCachePlugin({ path: tmpdir() }) })),
      'a store that is down': [
        () => {
          const down = Object.assign(new Error('Socket timeout'), { command: { name: 'eval', args: ['a-secret'] } });
          const client = { eval: async () => Promise.reject(down), sendCommand() {} };
          return signIn(app({ cachePlugin: new RedisCachePlugin(client) }));
        },
        (cause) => cause.message === 'Socket timeout' && !inspect(cause).includes('a-secret'),
      ],
    }],
    ['cache_decryption_failed', 'AuthError', {
      'another key': async () => {
        const store = versionedStore();
        const encrypted = (fill) => app({ cachePlugin: new EncryptedCachePlugin({ ...store.plugin }, { key: new Uint8Array(32).fill(fill) }) });
        await signIn(encrypted(1));
        return encrypted(2).getAllAccounts();
      },
    }],
    ['access_denied', 'ServerError', {
      'a person who declines': [() => signIn(provider({ token: reply({ error: 'access_denied' }, 400) })), ({ error }) => error === 'access_denied'],
    }],
    ['invalid_grant', 'InteractionRequiredAuthError', {
      'a refresh token that was revoked': () => renewing(provider({ token: reply({ error: 'invalid_grant' }, 400) })),
    }],
  ];

  for (const [errorCode, name, ways] of WAYS) {
    for (const [way, given] of Object.entries(ways)) {
      const [provoke, isCause] = [given].flat();
      it(`${errorCode}, for ${way}, has a class, a cause and a remedy`, async () => {
        const error = await failure((async () => provoke())());
        inspected(error, errorCode, name);
        assert.equal(error.needsInteraction, NEEDS_PERSON.includes(errorCode));
        assert.equal(error.retryable, PASSING.includes(errorCode) || PASSING.includes(way));
        if (name === CONFIG) assert.ok(error.field, inspect(error));
        if (isCause) assert.ok(isCause(error.cause), inspect(error.cause));
      });
    }
  }

  it('of the device flow\'s and doorcode\'s own is among them', () => {
    const provoked = new Set(WAYS.map(([errorCode]) => errorCode));
    const ours = TABLES.slice(0, 4).flatMap((table) => {
      const theirs = Object.values(msal[table]);
      return Object.values(doorcode[table]).filter((code) => !theirs.includes(code));
    });
    // MSAL's name of an outcome that does not exist here.
    assert.deepEqual(ours.filter((code) => !provoked.has(code)), ['device_code_unknown_error']);
  });
});

describe('what a callback or a plugin throws', () => {
  it('comes as it is', async () => {
    const mine = new Error('mine');
    const store = textStore();
    store.onBefore = throws(mine);
    for (const operation of [
      () => signIn(app(), { deviceCodeCallback: throws(mine) }),
      () => signIn(provider(), { progressCallback: throws(mine) }),
      () => signIn(app({ cachePlugin: store.plugin })),
    ]) {
      assert.equal(await failure(operation()), mine);
    }
    assert.equal(mine.cause, undefined);
  });
});

describe('the tables of codes', () => {
  it('have every code of msal-node\'s four, under its name and in its table', () => {
    for (const table of ['AuthErrorCodes', 'ClientAuthErrorCodes', 'ClientConfigurationErrorCodes', 'InteractionRequiredAuthErrorCodes']) {
      assert.ok(Object.keys(msal[table]).length > 1, `${table} of msal-node is not what it was`);
      const { ...ours } = doorcode[table];
      assert.deepEqual({ ...ours, ...msal[table] }, ours, table);
      assert.ok(Object.isFrozen(doorcode[table]));
    }
  });

  it('have the device flow\'s, which msal-node throws and does not export, and the servers\'', () => {
    const device = {
      deviceCodePollingCancelled: 'device_code_polling_cancelled', deviceCodeExpired: 'device_code_expired',
      deviceCodeUnknownError: 'device_code_unknown_error', userTimeoutReached: 'user_timeout_reached',
    };
    const { ...client } = doorcode.ClientAuthErrorCodes;
    assert.deepEqual({ ...client, ...device }, client);
    const said = ['authorization_pending', 'slow_down', 'access_denied', 'expired_token', 'authorization_declined', 'bad_verification_code',
      'invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope', 'invalid_target',
      'invalid_resource', 'server_error', 'temporarily_unavailable'];
    assert.deepEqual(Object.values(doorcode.ServerErrorCodes).sort(), said.sort());
  });

  it('name each code once', () => {
    for (const [name, table] of Object.entries(doorcode)) {
      if (!name.endsWith('ErrorCodes')) continue;
      assert.equal(new Set(Object.values(table)).size, Object.keys(table).length, name);
    }
  });
});

// ── Secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('secrets', () => {
  // With characters that encoders disagree about. The verifier of a flow with PKCE is known once it was sent.
  const SECRETS = { device: "DC-se'cret!*()/+=", refresh: "RT-se'cret!*()/+=", access: 'AT-secret', client: 'CS-secret' };

  /** The ways in which a text is written elsewhere. */
  function forms(secret) {
    const encoded = encodeURIComponent(secret);
    const strict = encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
    const json = JSON.stringify(secret).slice(1, -1);
    return [secret, encoded, strict, strict.replace(/%../g, (code) => code.toLowerCase()), json, inspect(secret).slice(1, -1),
      new URLSearchParams({ '': secret }).toString().slice(1), json.replaceAll('/', '\\/'), btoa(secret)];
  }
  /** The ways in which an honest encoder writes it, and a server may echo it. */
  const echo = (secret) => forms(secret).slice(0, 4).join(' ');

  /** Everything that an error shows, with what caused it and what was logged. */
  function shown(error, lines) {
    const texts = [lines.join('\n')];
    for (let at = error; at !== undefined && at !== null; at = at.cause) {
      texts.push(inspect(at, { depth: Infinity, showHidden: true, getters: true }), JSON.stringify(at), String(at), String(at.stack), String(at.message));
    }
    return texts;
  }

  function assertClean(error, lines) {
    assert.ok(error instanceof AuthError, inspect(error));
    for (const text of shown(error, lines)) {
      for (const form of Object.values(SECRETS).flatMap(forms)) assert.ok(!text.includes(form), `${form} is in ${text}`);
    }
  }

  function listening() {
    const lines = [];
    return { lines, loggerOptions: { logLevel: 4, piiLoggingEnabled: true, loggerCallback: (_, line) => void lines.push(line) } };
  }

  const device = reply({ ...CODES, device_code: SECRETS.device, expires_in: 60 });
  const PKCE = {
    configuration: reply({ ...CONFIGURATION, code_challenge_methods_supported: ['S256'] }),
    device: (body) => (body.includes('code_challenge=') ? device : reply({ error: 'invalid_request' }, 400)),
  };
  const flows = {
    'polling': (answers, system) => signIn(provider({ device, ...answers }, { system })),
    'polling with PKCE': (answers, system) => signIn(provider({ ...PKCE, ...answers }, { system })),
    'renewing': (answers, system) => renewing(provider(answers, { system }), { refreshToken: SECRETS.refresh }),
    'going on with a saved flow': async (answers, system) => {
      const saved = flow(provider({ device }));
      await saved.initiateDeviceCodeFlow();
      return DeviceCodeFlow.resume(provider(answers, { system }), JSON.stringify(saved)).acquireTokenByDeviceCode();
    },
  };

  /** What the server was sent in secret, in each way of writing it. */
  const sent = (body) => {
    const form = new URLSearchParams(body);
    const verifier = form.get('code_verifier');
    if (verifier) SECRETS.verifier = verifier;
    return [form.get('device_code') ?? form.get('refresh_token'), verifier].filter(Boolean).map(echo).join(' ');
  };
  const FIELDS = ['error', 'error_description', 'suberror', 'claims', 'correlation_id', 'trace_id', 'timestamp', 'error_uri', 'error_codes'];
  const TOKENS = { access_token: SECRETS.access, refresh_token: SECRETS.refresh };
  const HOSTILE = {
    ...Object.fromEntries(FIELDS.map((field) => [`in ${field}`, (body) => reply({ error: 'invalid_grant', [field]: sent(body) }, 400)])),
    'in all fields, the form along': (body) =>
      reply(Object.fromEntries(FIELDS.map((field) => [field, `${sent(body)} ${body}`])), 401),
    'in claims, as JSON': (body) => reply({ error: 'interaction_required', claims: JSON.stringify({ access_token: { x: sent(body) } }) }, 400),
    'in the address of a page': (body) =>
      reply({ error: 'access_denied', error_uri: `https://id.example/${encodeURIComponent(sent(body))}` }, 400),
    'in a refusal that breaks the text with invisible characters': (body) =>
      reply({ error: 'invalid_grant', error_description: [...sent(body)].join('\u200b') }, 400),
    'in an outage': (body) => reply({ error: 'server_error', error_description: sent(body) }, 503),
    'in plain text': (body) => reply(body, 400, { 'content-type': 'text/plain' }),
    'in plain text, as a success': (body) => reply(body, 200, { 'content-type': 'text/plain' }),
    'in a gateway\'s page': (body) => reply(`<html>${sent(body)}</html>`, 502, { 'content-type': 'text/html' }),
    'in what a redirect leads to': (body) =>
      reply('', 302, { location: `https://evil.example/${sent(body).replaceAll(' ', '/')}?${body}#${body}` }),
    'in headers': (body) => reply('', 400, { 'x-ms-request-id': sent(body), 'retry-after': sent(body), date: sent(body) }),
    'in a success without tokens': (body) => reply({ echo: sent(body), token_type: sent(body), scope: sent(body) }),
    'beside tokens in a refusal': () => reply({ error: 'invalid_grant', ...TOKENS, id_token: SECRETS.access }, 400),
    'beside an ID token that is none': () => reply({ ...TOKENS, id_token: `${SECRETS.access}.x.y` }),
    'beside an ID token for another client': () => reply({ ...TOKENS, id_token: idToken({ aud: SECRETS.access }) }),
    'in tokens that are cut off': () => reply(JSON.stringify(TOKENS).slice(0, -3)),
  };
  const NETWORKS = {
    'thrown in words': (body) => new Error(`could not send ${body} ${sent(body)}`),
    'thrown as a text': (body) => body,
    'thrown as an object': (body) => ({ message: body, request: { body } }),
    'thrown in words alone': (body) => Object.assign(new Error(body), { stack: 'Error' }),
    'thrown in a stack alone': (body) => Object.assign(new Error('failed'), { stack: `Error: ${body}` }),
    'thrown in a name alone': (body) => Object.assign(new Error('failed'), { name: sent(body) }),
    'thrown in a code alone': (body) => Object.assign(new Error('failed'), { code: sent(body) }),
    'thrown with the request': (body) => Object.assign(new Error('failed'), { request: body }),
    'thrown with the request, deep': (body) => Object.assign(new Error('failed'), { config: { data: [{ body }] } }),
    'thrown in a cause': (body) => new TypeError('failed', { cause: new Error(`inner ${sent(body)}`) }),
    'thrown in a cause of a cause': (body) => new TypeError('failed', { cause: new Error('inner', { cause: Object.assign(new Error('x'), { body }) }) }),
    'thrown by a parser': () => {
      try {
        return JSON.parse(`${SECRETS.access} ${SECRETS.refresh}`);
      } catch (error) {
        return new Error('no JSON', { cause: error });
      }
    },
  };

  for (const [way, run] of Object.entries(flows)) {
    for (const [where, answer] of Object.entries(HOSTILE)) {
      it(`are in no error and no line of the log: ${way}, ${where}`, async () => {
        const { lines, loggerOptions } = listening();
        assertClean(await failure(run({ token: answer }, { loggerOptions })), lines);
      });
    }
    for (const [where, thrown] of Object.entries(NETWORKS)) {
      it(`are in no error and no line of the log: ${way}, ${where}`, async () => {
        // Without a status a poll is made again, which is logged; with one of success it is not, and what was thrown is the cause.
        for (const status of [undefined, 200]) {
          const { lines, loggerOptions } = listening();
          const token = (body) => {
            const error = thrown(body);
            throw status && typeof error === 'object' ? Object.assign(error, { status }) : error;
          };
          const error = await failure(run({ token }, { loggerOptions }));
          assertClean(error, lines);
          assert.ok(lines.length > 0);
        }
      });
    }
  }

  it('are found, where they are: the search is not blind', () => {
    const { device } = SECRETS;
    const leaks = [
      new AuthError('x', '', `said ${device}`),
      Object.defineProperty(new AuthError('x'), 'cause', { value: { deep: [[[{ device }]]] } }),
      Object.defineProperty(new AuthError('x'), 'cause', { value: new Error('y', { cause: new Error(device) }) }),
      Object.defineProperty(new AuthError('x'), 'hidden', { value: device }),
      Object.assign(new AuthError('x'), { toJSON: () => device }),
    ];
    for (const form of forms(device)) leaks.push(new AuthError('x', '', form));
    for (const leak of leaks) assert.throws(() => assertClean(leak, []), assert.AssertionError);
    assert.throws(() => assertClean(new AuthError('x'), ['fine', device]), assert.AssertionError);
    assertClean(new AuthError('x', '', 'nothing'), ['nothing']);
  });

  it('in Entra\'s refusals are taken out, and the rest of the words is kept', async () => {
    const words = (form) => `The token ${form.get('refresh_token')} was revoked.`;
    const { pca, renew } = await signedIn();
    const [{ secret }] = refreshTokens(pca);
    entra.options.onRefresh = (form) => ({ body: entra.refusal('invalid_grant', 50173, words(form), { suberror: 'bad_token' }) });
    const error = await failure(renew());
    assert.match(error.errorMessage, /AADSTS50173: The token \[removed\] was revoked\. Trace ID: /);
    for (const text of shown(error, [])) assert.ok(!text.includes(secret));
  });

  it('handed in the wrong way are not repeated', async () => {
    const { device, refresh } = SECRETS;
    const ways = [
      () => new PublicClientApplication(device),
      () => app({ auth: { clientId: [device] } }),
      () => app().acquireTokenByRefreshToken(refresh),
      () => app().acquireTokenByRefreshToken({ scopes, refreshToken: [refresh] }),
      () => app().acquireTokenByRefreshToken({ scopes: refresh, refreshToken: refresh }),
      () => renewing(app(), { claims: refresh }),
      () => app().getTokenCache().deserialize(`{"RefreshToken":{"k":{"secret":"${refresh}"`),
      () => app().getTokenCache().deserialize(`{"RefreshToken":"${refresh}"}`),
      () => DeviceCodeFlow.resume(app(), device),
      () => DeviceCodeFlow.resume(app(), { deviceCode: device }),
      () => signIn(app(), { extraParameters: { client_secret: SECRETS.client } }),
      () => signIn(app({ cachePlugin: textStore(`{"RefreshToken":{"k":{"secret":"${refresh}"`).plugin })),
    ];
    for (const way of ways) assertClean(await failure((async () => way())()), []);
  });
});
