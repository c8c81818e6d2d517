// Authorities of every kind: which addresses are asked, beside what msal-node asks; whose word is taken; what is sent to whom.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PublicClientApplication as MsalClient } from '@azure/msal-node';
import {
  AuthError, AzureCloudInstance, ClientAuthError, ClientConfigurationError, DeviceCodeFlow, PublicClientApplication, version,
} from 'doorcode';
import { failure, gate, until } from './support/app.mjs';
import {
  CLIENT, clouds, CODES, document, entra, entraDocument, HOME_ACCOUNT, INSTANCES, openidDocument, OTHER_TENANT, PERSON, STRANGER, TENANT,
  vouching, world,
} from './support/asked.mjs';
import { fastClock } from './support/clock.mjs';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** An application in a world of its own. */
function app({ networkClient }, { auth, system, ...more } = {}, Client = PublicClientApplication) {
  return new Client({ auth: { clientId: CLIENT, ...auth }, system: { clock: fastClock(), networkClient, ...system }, ...more });
}
const signIn = (pca, request) => pca.acquireTokenByDeviceCode({ scopes: ['api'], deviceCodeCallback() {}, ...request });

/** Where a document is, for the pages of a world. */
const at = (base) => document(base).slice('GET '.length);

// ── Which addresses are asked ────────────────────────────────────────────────────────────────────────────────────────

const PUBLIC = 'https://login.microsoftonline.com';
const US = 'https://login.microsoftonline.us';
const CHINA = 'https://login.partner.microsoftonline.cn';
const GERMANY = 'https://login.microsoftonline.de';
const CONTOSO = 'https://contoso.ciamlogin.com';
const CONTOSO_DOMAIN = `${CONTOSO}/contoso.onmicrosoft.com`;
const CUSTOM = 'https://login.contoso.example';
const KNOWN = { knownAuthorities: ['login.contoso.example'] };
const NEW = 'https://login.new.example';
const GUID_HOST = `https://${TENANT}.ciamlogin.com/${TENANT}/v2.0`;
const PROXY = 'https://proxy.example';
const HOME = { homeAccountId: HOME_ACCOUNT, authorityType: 'MSSTS' };
const SUBJECT = { homeAccountId: 'Subject', authorityType: 'Generic' };

/** A tenant in a cloud of Entra's: nothing is discovered. */
const inCloud = (name, auth, host, tenant, more = {}) => ({
  name,
  auth,
  answers: { iss: `${host}/${TENANT}/v2.0`, claims: { tid: TENANT } },
  asks: entra(`${host}/${tenant}`),
  authority: `${host}/${tenant}/`,
  environment: host === PUBLIC ? 'login.windows.net' : new URL(host).host,
  account: HOME,
  ...more,
});
const byCloud = (name, azureCloudInstance, tenant, ...rest) =>
  inCloud(`azureCloudOptions: ${name}`, { authority: `${PUBLIC}/${TENANT}`, azureCloudOptions: { azureCloudInstance, tenant } }, ...rest);
const byUrl = (authority, ...rest) => inCloud(authority, { authority }, ...rest);

/** An External ID tenant: its document is asked for. */
const external = (name, auth, base, { iss, asks = [], pages, msal } = {}) => ({
  name,
  auth,
  pages: { [at(`${base}/v2.0`)]: entraDocument(`${new URL(base).origin}/${TENANT}`, iss), ...pages },
  answers: { iss, claims: { tid: TENANT } },
  asks: [...asks, document(`${base}/v2.0`), ...entra(`${new URL(base).origin}/${TENANT}`)],
  authority: `${base}/`,
  environment: new URL(base).host,
  account: HOME,
  msal,
});

const openid = (name, authority, { system, auth, pages = {}, asks, environment = new URL(authority).host, ...more } = {}) => ({
  name,
  auth: { authority, ...auth },
  system,
  pages: { [at(authority)]: openidDocument(authority), ...pages },
  answers: { iss: authority, tellsHome: false },
  asks: asks ?? [document(authority), `POST ${authority}/auth/device`, `POST ${authority}/token`],
  authority: `${authority}/`,
  environment,
  account: SUBJECT,
  ...more,
});

const REALM = 'https://id.example/Realms/MyRealm';
const LOWER = 'https://id.example/realms/myrealm';
const OIDC = { protocolMode: 'OIDC' };
const ADFS = 'https://fs.contoso.example/adfs';
const ADFS_DOCUMENT = {
  issuer: ADFS,
  authorization_endpoint: `${ADFS}/oauth2/authorize/`,
  token_endpoint: `${ADFS}/oauth2/token/`,
  device_authorization_endpoint: `${ADFS}/oauth2/devicecode`,
  jwks_uri: `${ADFS}/discovery/keys`,
};
const adfs = (name, auth, more = {}) => ({
  name,
  auth: { authority: ADFS, ...auth },
  pages: { [at(ADFS)]: ADFS_DOCUMENT },
  answers: { iss: ADFS, tellsHome: false },
  asks: [document(ADFS), `POST ${ADFS}/oauth2/devicecode`, `POST ${ADFS}/oauth2/token/`],
  authority: `${ADFS}/`,
  environment: 'fs.contoso.example',
  account: { homeAccountId: 'Subject', authorityType: 'ADFS' },
  ...more,
});

const NEW_CLOUD = {
  preferred_network: 'login.new.example',
  preferred_cache: 'cache.new.example',
  aliases: ['login.new.example', 'cache.new.example', 'old.new.example'],
};
const CLOUD = JSON.stringify(clouds(NEW_CLOUD));
const OPEN = JSON.stringify(entraDocument(`${NEW}/{tenantid}`, `${NEW}/{tenantid}/v2.0`));
const IN_NEW_CLOUD = [document(`${NEW}/${TENANT}/v2.0`), ...entra(`${NEW}/${TENANT}`)];
const newCloud = (name, auth, { asks = IN_NEW_CLOUD, pages, ...more } = {}) => ({
  name,
  auth,
  pages: { [at(`${NEW}/${TENANT}/v2.0`)]: entraDocument(`${NEW}/${TENANT}`, `${NEW}/${TENANT}/v2.0`), ...pages },
  answers: { iss: `${NEW}/${TENANT}/v2.0`, claims: { tid: TENANT } },
  authority: `${NEW}/${TENANT}/`,
  asks,
  environment: 'cache.new.example',
  account: HOME,
  ...more,
});

/** A tenant of Entra's that is reached through a proxy. */
const PROXIED = {
  authority: `${PUBLIC}/${TENANT}`,
  authorityMetadata: JSON.stringify(entraDocument(`${PROXY}/${TENANT}`, `${PUBLIC}/${TENANT}/v2.0`)),
};

const GITHUB = {
  token_endpoint: 'https://github.example/login/oauth/access_token',
  device_authorization_endpoint: 'https://github.example/login/device/code',
};
const oauth = (name, auth, msal) => ({
  name,
  auth: { authority: 'https://github.example', authorityMetadata: JSON.stringify(GITHUB), ...auth },
  pages: { [INSTANCES]: STRANGER },
  answers: { tellsHome: false },
  asks: [`POST ${GITHUB.device_authorization_endpoint}`, `POST ${GITHUB.token_endpoint}`],
  authority: 'https://github.example/',
  environment: 'github.example',
  account: { authorityType: 'Generic' },
  msal,
});
const { AzurePublic, AzureChina, AzureGermany, AzureUsGovernment, None } = AzureCloudInstance;
const discovers = (base) => ({
  because: 'it has no endpoints of a host that it lists among the clouds',
  pages: { [at(`${base}/v2.0`)]: entraDocument(base, `${new URL(base).origin}/${TENANT}/v2.0`) },
  asks: [document(`${base}/v2.0`), ...entra(base)],
});
const refuses = (because, asks, code = 'endpoints_resolution_error') => ({ because, asks, code });
const asksMicrosoft = (authority) => refuses('it asks Microsoft about a server that Microsoft cannot know', [vouching(authority)]);
const guesses = (base) => ({
  because: 'it guesses the device endpoint',
  asks: [document(base), `POST ${base}/devicecode`, `POST ${base}/token`],
});

/**
 * Configuration, what is asked, and what comes of it. `msal` is there where msal-node differs on purpose: why, and what it asks or how
 * it fails; everywhere else it must do the same.
 */
const TABLE = [
  inCloud('no authority at all', {}, PUBLIC, 'common'),
  byUrl(`${PUBLIC}/${TENANT}`, PUBLIC, TENANT),
  byUrl(`${PUBLIC}/${TENANT}/`, PUBLIC, TENANT),
  byUrl(`${PUBLIC}/Contoso.onmicrosoft.com`, PUBLIC, 'contoso.onmicrosoft.com'),
  byUrl(`${PUBLIC}/contoso.example`, PUBLIC, 'contoso.example'),
  byUrl(`${PUBLIC}/organizations`, PUBLIC, 'organizations'),
  byUrl(`${PUBLIC}/common`, PUBLIC, 'common'),
  byUrl(`${PUBLIC}/consumers`, PUBLIC, 'consumers', {
    answers: { iss: `${PUBLIC}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`, claims: { tid: '9188040d-6c67-4c5b-b112-36a304b66dad' } },
  }),
  byUrl(`https://login.windows.net/${TENANT}`, PUBLIC, TENANT),
  byUrl(`https://login.microsoft.com/${TENANT}`, PUBLIC, TENANT),
  byUrl(`https://sts.windows.net/${TENANT}`, PUBLIC, TENANT),
  byUrl(`https://LOGIN.MicrosoftOnline.com/${TENANT.toUpperCase()}`, PUBLIC, TENANT),
  byUrl(`${US}/${TENANT}`, US, TENANT),
  byUrl(`https://login.usgovcloudapi.net/${TENANT}`, US, TENANT),
  byUrl(`${CHINA}/${TENANT}`, CHINA, TENANT),
  byUrl(`https://login.chinacloudapi.cn/${TENANT}`, CHINA, TENANT),
  byUrl(`https://login.sovcloud-identity.fr/${TENANT}`, 'https://login.sovcloud-identity.fr', TENANT),
  byUrl(`https://login.sovcloud-identity.de/${TENANT}`, 'https://login.sovcloud-identity.de', TENANT),
  byUrl(`https://login.sovcloud-identity.sg/${TENANT}`, 'https://login.sovcloud-identity.sg', TENANT),
  byUrl(`${GERMANY}/${TENANT}`, GERMANY, TENANT, { msal: discovers(`${GERMANY}/${TENANT}`) }),
  byUrl(`https://login-us.microsoftonline.com/${TENANT}`, 'https://login-us.microsoftonline.com', TENANT, {
    msal: discovers(`https://login-us.microsoftonline.com/${TENANT}`),
  }),
  inCloud('a request of its own authority', {}, PUBLIC, TENANT, { request: { authority: `${PUBLIC}/${TENANT}` } }),

  byCloud('public', AzurePublic, 'contoso.example', PUBLIC, 'contoso.example'),
  byCloud('US Government, no tenant', AzureUsGovernment, undefined, US, 'common'),
  byCloud('China', AzureChina, 'contoso.example', CHINA, 'contoso.example'),
  byCloud('Germany', AzureGermany, TENANT, GERMANY, TENANT, { msal: discovers(`${GERMANY}/${TENANT}`) }),
  byCloud('none', None, 'x', PUBLIC, TENANT),
  inCloud('azureCloudOptions of a request', { authority: `${PUBLIC}/${TENANT}` }, US, TENANT, {
    request: { azureCloudOptions: { azureCloudInstance: AzureUsGovernment, tenant: TENANT } },
  }),

  external('External ID', { authority: `${CONTOSO}/` }, CONTOSO_DOMAIN, { iss: `${CONTOSO}/${TENANT}/v2.0` }),
  external('External ID, with a domain', { authority: CONTOSO_DOMAIN }, CONTOSO_DOMAIN, { iss: `${CONTOSO}/${TENANT}/v2.0` }),
  external('External ID, with a GUID', { authority: `${CONTOSO}/${TENANT}` }, `${CONTOSO}/${TENANT}`, { iss: GUID_HOST }),
  external('External ID, whose issuer has the GUID as host', { authority: CONTOSO }, CONTOSO_DOMAIN, {
    iss: GUID_HOST,
    msal: refuses('it does not know the GUID that belongs to the name', [document(`${CONTOSO_DOMAIN}/v2.0`)]),
  }),
  external('External ID, at a domain of its own', { authority: `${CUSTOM}/${TENANT}`, ...KNOWN }, `${CUSTOM}/${TENANT}`, { iss: GUID_HOST }),
  {
    ...external('External ID, at a domain of its own, with the version', { authority: `${CUSTOM}/${TENANT}/v2.0`, ...KNOWN }, `${CUSTOM}/${TENANT}`, {
      iss: GUID_HOST,
    }),
    authority: `${CUSTOM}/${TENANT}/v2.0/`,
  },
  external('External ID, at a domain of its own, vouched for by URL', { authority: `${CUSTOM}/${TENANT}/`, knownAuthorities: [`${CUSTOM}/`] },
    `${CUSTOM}/${TENANT}`, { iss: GUID_HOST }),
  external('External ID, at a domain that Microsoft vouches for', { authority: `${CUSTOM}/${TENANT}` }, `${CUSTOM}/${TENANT}`, {
    iss: GUID_HOST,
    asks: [vouching(`${CUSTOM}/${TENANT}`)],
    pages: { [INSTANCES]: clouds() },
  }),

  adfs('AD FS', {}, {
    pages: { [at(ADFS)]: ADFS_DOCUMENT, [INSTANCES]: STRANGER },
    msal: asksMicrosoft(ADFS),
  }),
  adfs('AD FS, vouched for', { knownAuthorities: ['fs.contoso.example'] }, {
    msal: {
      because: 'it guesses the device endpoint, and keeps the slash of the other',
      asks: [document(ADFS), `POST ${ADFS}/oauth2/devicecode/`, `POST ${ADFS}/oauth2/token/`],
    },
  }),

  newCloud('a cloud that the program describes', { authority: `https://old.new.example/${TENANT}`, cloudDiscoveryMetadata: CLOUD }),
  newCloud('a cloud that Microsoft tells of', { authority: `https://old.new.example/${TENANT}` }, {
    pages: { [INSTANCES]: clouds(NEW_CLOUD) },
    asks: [vouching(`https://old.new.example/${TENANT}`), ...IN_NEW_CLOUD],
  }),
  newCloud('a cloud whose document the program has',
    { authority: `${NEW}/${TENANT}`, cloudDiscoveryMetadata: CLOUD, authorityMetadata: OPEN }, { asks: entra(`${NEW}/${TENANT}`) }),
  newCloud('another tenant of a cloud whose document leaves the tenant open',
    { authority: `${NEW}/${TENANT}`, cloudDiscoveryMetadata: CLOUD, authorityMetadata: OPEN }, {
      request: { authority: `${NEW}/${OTHER_TENANT}` },
      answers: { iss: `${NEW}/${OTHER_TENANT}/v2.0`, claims: { tid: OTHER_TENANT } },
      asks: entra(`${NEW}/${OTHER_TENANT}`),
      authority: `${NEW}/${OTHER_TENANT}/`,
    }),
  inCloud('a tenant whose document the program has', PROXIED, PUBLIC, TENANT, { asks: entra(`${PROXY}/${TENANT}`) }),
  inCloud('a tenant, where the program has the document of another', PROXIED, PUBLIC, OTHER_TENANT, {
    request: { authority: `${PUBLIC}/${OTHER_TENANT}` },
    answers: { iss: `${PUBLIC}/${OTHER_TENANT}/v2.0`, claims: { tid: OTHER_TENANT } },
    msal: { because: 'it rewrites the endpoints of the other', asks: entra(`${PROXY}/${OTHER_TENANT}`) },
  }),

  openid('an OpenID provider, vouched for', 'https://id.example/realms/r', {
    system: OIDC,
    auth: { knownAuthorities: ['id.example'] },
    msal: guesses('https://id.example/realms/r'),
  }),
  openid('an OpenID provider', 'https://id.example', {
    system: OIDC,
    pages: { [INSTANCES]: STRANGER },
    msal: asksMicrosoft('https://id.example'),
  }),
  openid('an OpenID provider whose path has capitals', REALM, {
    system: OIDC,
    auth: { knownAuthorities: ['id.example'] },
    msal: refuses('it writes the path in small letters, where nothing is', [document(LOWER)]),
  }),
  openid('an OpenID provider, by its document', 'https://id.example/t', {
    auth: { authority: at('https://id.example/t'), knownAuthorities: ['id.example'] },
    system: OIDC,
    msal: refuses('it takes the document for an authority that has one', [document(at('https://id.example/t'))]),
  }),
  openid('an OpenID provider at a port', 'https://id.example:8443', {
    system: OIDC,
    auth: { knownAuthorities: ['id.example:8443'] },
    msal: guesses('https://id.example:8443'),
  }),
  openid('an OpenID provider in another script', 'https://xn--bcher-kva.example/r', {
    system: OIDC,
    auth: { authority: 'https://bücher.example/r' },
    pages: { [INSTANCES]: STRANGER },
    msal: asksMicrosoft('https://bücher.example/r'),
  }),
  inCloud('Entra, for who speaks OpenID', { authority: `${PUBLIC}/${TENANT}` }, PUBLIC, TENANT, {
    system: OIDC,
    msal: {
      because: 'it does not call the account one of Entra',
      asks: entra(`${PUBLIC}/${TENANT}`),
      account: { ...HOME, authorityType: 'Generic' },
    },
  }),
  ...['http://localhost:8080/Realms/R', 'http://127.0.0.1:8080', 'http://[::1]:8080/r'].map((authority) =>
    openid(`a server on this machine, ${authority}`, authority, { msal: refuses('it refuses http everywhere', [], 'authority_uri_insecure') })),

  oauth('plain OAuth, by its endpoints', {}, asksMicrosoft('https://github.example')),
  oauth('plain OAuth, by its endpoints, vouched for', { knownAuthorities: ['github.example'] }, {
    because: 'it asks the token endpoint for codes',
    asks: [`POST ${GITHUB.token_endpoint}`, `POST ${GITHUB.token_endpoint}`],
  }),
];

describe('an authority, and what is asked', () => {
  for (const { name, auth, system, request, pages, answers, asks, authority, environment, account, msal } of TABLE) {
    it(name, async () => {
      const ours = world(pages, answers);
      const result = await signIn(app(ours, { auth, system }), request);
      assert.deepEqual(ours.asked(), asks);
      assert.deepEqual([result.authority, result.account.environment], [authority, environment]);
      assert.equal(result.account.authorityType, account.authorityType);
      if (account.homeAccountId) assert.equal(result.account.homeAccountId, account.homeAccountId);
      else assert.match(result.account.homeAccountId, GUID, 'a server without ID tokens does not say who signed in');
    });

    it(`${name}: msal-node ${msal ? `differs, for ${msal.because}` : 'does the same'}`, async () => {
      const theirs = world({ ...pages, ...msal?.pages }, answers);
      const result = await signIn(app(theirs, { auth, system }, MsalClient), request).catch((error) => error);
      assert.deepEqual(theirs.asked(), msal?.asks ?? asks);
      assert.equal(result.errorCode, msal?.code, result.stack);
      if (!msal) assert.deepEqual([result.authority, result.account.environment], [authority, environment]);
      const { authorityType, homeAccountId } = result.account ?? {};
      if (!msal || msal.account) assert.deepEqual({ authorityType, homeAccountId }, msal?.account ?? account);
    });
  }

  it('a document, and Microsoft\'s word, may be given as objects', async () => {
    const { auth, asks } = TABLE.find(({ name }) => name === 'a cloud whose document the program has');
    const objects = { authorityMetadata: JSON.parse(OPEN), cloudDiscoveryMetadata: JSON.parse(CLOUD) };
    const ours = world({}, { iss: `${NEW}/${TENANT}/v2.0`, claims: { tid: TENANT } });
    await signIn(app(ours, { auth: { ...auth, ...objects } }));
    assert.deepEqual(ours.asked(), asks);
  });

  it('nothing is asked twice', async () => {
    for (const { name, auth, system, request, pages, answers, asks } of TABLE) {
      const ours = world(pages, answers);
      const pca = app(ours, { auth, system });
      await signIn(pca, request);
      await signIn(pca, request);
      assert.deepEqual(ours.asked(), [...asks, ...asks.filter((line) => line.startsWith('POST'))], name);
    }
  });
});

// ── Whose word is taken ──────────────────────────────────────────────────────────────────────────────────────────────

const OTHER_HOST = `https://${OTHER_TENANT}.ciamlogin.com`;
const MICROSOFT = `${PUBLIC}/${TENANT}/v2.0`;
const also = (host) => ({ knownAuthorities: ['login.contoso.example', host] });

/**
 * Authority, issuer of its document, whether it is taken, whether msal-node takes it where that is not the same, and configuration.
 * Where msal-node takes less, it knows too few; where it takes more, it believes anybody.
 */
const ISSUERS = [
  ['External ID', [
    [CONTOSO, `${CONTOSO}/${TENANT}/v2.0`, true],
    [CONTOSO, `${CONTOSO}/contoso.onmicrosoft.com/v2.0`, true],
    [CONTOSO, GUID_HOST, true, false],
    [CONTOSO, `${GUID_HOST}/`, true, false],
    [CONTOSO, `https://${TENANT}.ciamlogin.com`, true, false],
    [CONTOSO, `${OTHER_HOST}/${TENANT}/v2.0`, false],
    [CONTOSO, 'https://fabrikam.ciamlogin.com/fabrikam.onmicrosoft.com/v2.0', false],
    [CONTOSO, `https://fabrikam.ciamlogin.com/${TENANT}/v2.0`, false],
    [CONTOSO, `https://fabrikam.ciamlogin.com/${TENANT}/v2.0`, true, true, { knownAuthorities: ['fabrikam.ciamlogin.com'] }],
    [CONTOSO, `http://contoso.ciamlogin.com/${TENANT}/v2.0`, false],
    [CONTOSO, `${CONTOSO}:8443/${TENANT}/v2.0`, false],
    [CONTOSO, `${CONTOSO}.evil.example/${TENANT}/v2.0`, false],
    [CONTOSO, `https://evilciamlogin.com/${TENANT}/v2.0`, false],
    [CONTOSO, MICROSOFT, false, true],
    [`${CONTOSO}/${TENANT}`, GUID_HOST, true],
    [`${CONTOSO}/${TENANT}`, `${OTHER_HOST}/${OTHER_TENANT}/v2.0`, false],
    [`${CONTOSO}/contoso.onmicrosoft.com`, GUID_HOST, true, false],
    [`${CONTOSO}/${TENANT}`, `https://{tenantid}.ciamlogin.com/{tenantid}/v2.0`, false],
  ]],
  ['External ID at a domain of its own', [
    [`${CUSTOM}/${TENANT}`, GUID_HOST, true, true, KNOWN],
    [`${CUSTOM}/${TENANT}`, GUID_HOST, true],
    [`${CUSTOM}/${TENANT}`, `${CUSTOM}/${TENANT}/v2.0`, true, true, KNOWN],
    [`${CUSTOM}/${TENANT}`, `${OTHER_HOST}/${OTHER_TENANT}/v2.0`, false, false, KNOWN],
    [`${CUSTOM}/${TENANT}`, `${OTHER_HOST}/${OTHER_TENANT}/v2.0`, false],
    [`${CUSTOM}/${TENANT}`, `${OTHER_HOST}/${OTHER_TENANT}/v2.0`, true, true, also(`${OTHER_TENANT}.ciamlogin.com`)],
    [`${CUSTOM}/contoso.onmicrosoft.com`, `${CONTOSO}/contoso.onmicrosoft.com/v2.0`, true, true, KNOWN],
    [`${CUSTOM}/contoso.onmicrosoft.com`, GUID_HOST, false, false, KNOWN],
    [`${CUSTOM}/contoso.onmicrosoft.com`, GUID_HOST, true, true, also(`${TENANT}.ciamlogin.com`)],
    [`${CUSTOM}/${TENANT}`, MICROSOFT, false, true, KNOWN],
    [`${CUSTOM}/${TENANT}`, MICROSOFT, false, true],
    [`${CUSTOM}/${TENANT}`, `http://localhost/${TENANT}/v2.0`, false, false, also('localhost')],
    [`${CUSTOM}/${TENANT}`, `https://westus.login.microsoftonline.com/${TENANT}/v2.0`, false, true, KNOWN],
  ]],
  ['an OpenID provider', [
    [REALM, REALM, true],
    [REALM, `${REALM}/`, true],
    [REALM, REALM.replace('id.example', 'ID.example'), true],
    [REALM, LOWER, false, true],
    [REALM, 'https://id.example', false, true],
    [REALM, `${REALM}/more`, false, true],
    [REALM, `${REALM}?x=y`, false, true],
    [REALM, `${REALM}#x`, false, true],
    [REALM, 'http://id.example/Realms/MyRealm', false],
    [REALM, 'https://user@id.example/Realms/MyRealm', false, true],
    [REALM, 'https://other.example/Realms/MyRealm', false],
    [REALM, MICROSOFT, false, true],
    [REALM, GUID_HOST, false],
    ['https://id.example/realms/r', 'https://other.example/realms/r', true, true, { knownAuthorities: ['id.example', 'other.example'] }],
    ['https://id.example/realms/r', 'https://other.example/realms/r', false, false, { knownAuthorities: ['id.example'] }],
    ['https://id.example/realms/r', 'https://id.example/realms/another', false, true, { knownAuthorities: ['id.example'] }],
    ['https://id.example/realms/r', MICROSOFT, false, true, { knownAuthorities: ['id.example'] }],
    [`${CUSTOM}/${TENANT}`, GUID_HOST, true, true, KNOWN],
    [`${CUSTOM}/${TENANT}`, `${OTHER_HOST}/${OTHER_TENANT}/v2.0`, false, false, KNOWN],
  ]],
  ['AD FS', [
    [ADFS, ADFS, true, true, { knownAuthorities: ['fs.contoso.example'] }],
    [ADFS, 'https://fs.contoso.example/other', false, true, { knownAuthorities: ['fs.contoso.example'] }],
    [ADFS, MICROSOFT, false, true, { knownAuthorities: ['fs.contoso.example'] }],
  ]],
  ['a cloud that Microsoft tells of', [
    [`${NEW}/${TENANT}`, `${NEW}/${TENANT}/v2.0`, true],
    [`${NEW}/${TENANT}`, `https://old.new.example/${TENANT}/v2.0`, true, false],
    [`${NEW}/${TENANT}`, `https://other.example/${TENANT}/v2.0`, false],
    [`${NEW}/${TENANT}`, MICROSOFT, false, true],
    [`${NEW}/common`, `${NEW}/{tenantid}/v2.0`, true],
    [`${NEW}/common`, 'https://{tenantid}.evil.example/{tenantid}/v2.0', false],
  ]],
];

describe('what a program says of authorities', () => {
  it('counts for each of a host\'s names, in a flow that is saved and in a renewal', async () => {
    const auth = { authority: `https://login.windows.net/${TENANT}`, authorityMetadata: entraDocument(`${PROXY}/${TENANT}`, `${PUBLIC}/${TENANT}/v2.0`) };
    const ours = world({}, { iss: `${PUBLIC}/${TENANT}/v2.0`, claims: { tid: TENANT } });
    const pca = app(ours, { auth });
    const flow = new DeviceCodeFlow(pca, { scopes: ['api'] });
    await flow.initiateDeviceCodeFlow();
    const { account, authority } = await DeviceCodeFlow.resume(app(ours, { auth }), flow.toJSON()).acquireTokenByDeviceCode();
    await signIn(pca);
    await pca.acquireTokenSilent({ scopes: ['api'], account, forceRefresh: true, authority });
    assert.ok(ours.asked().every((request) => request.startsWith(`POST ${PROXY}/${TENANT}/`)), ours.asked());
  });

  it('may name hosts in another script', async () => {
    const ours = world({ [at('https://xn--bcher-kva.example/t/v2.0')]: entraDocument('https://xn--bcher-kva.example/t', 'https://xn--bcher-kva.example/t/v2.0') });
    const pca = app(ours, { auth: { authority: 'https://bücher.example/t', knownAuthorities: ['bücher.example'] } });
    await signIn(pca);
    assert.equal(ours.asked()[0], document('https://xn--bcher-kva.example/t/v2.0'));
  });
});

describe('an issuer', () => {
  const outcomes = { true: 'is taken', false: 'is refused' };
  for (const [kind, rows] of ISSUERS) {
    const system = kind === 'an OpenID provider' ? OIDC : {};
    for (const [authority, issuer, isTaken, isTheirs = isTaken, auth = {}] of rows) {
      const base = authority === CONTOSO ? CONTOSO_DOMAIN : authority;
      const place = system === OIDC || authority === ADFS ? base : `${base}/v2.0`;
      const described = openidDocument(issuer, base);
      const pages = {
        [INSTANCES]: kind === 'a cloud that Microsoft tells of' ? clouds(NEW_CLOUD) : clouds(),
        [at(place)]: described,
        [at(place.toLowerCase())]: described,
      };
      const answers = { iss: issuer.replaceAll('{tenantid}', TENANT), claims: { tid: TENANT } };
      const vouched = auth.knownAuthorities ? `, vouched for: ${auth.knownAuthorities}` : '';

      it(`of ${kind} ${outcomes[isTaken]}: ${issuer} of ${authority}${vouched}`, async () => {
        const ours = world(pages, answers);
        const signedIn = signIn(app(ours, { auth: { authority, ...auth }, system }));
        if (isTaken) return assert.equal((await signedIn).accessToken, 'AT');
        const error = await failure(signedIn);
        assert.ok(error instanceof ClientConfigurationError, error.stack);
        assert.equal(error.errorCode, 'issuer_validation_failed');
        assert.equal(error.field, 'authority');
        assert.ok(error.message.includes(issuer) && error.message.includes(base), error.message);
        assert.ok(!ours.asked().some((line) => line.startsWith('POST')), 'nothing is sent to where that document points');
      });

      it(`of ${kind} ${outcomes[isTheirs]} by msal-node: ${issuer} of ${authority}${vouched}`, async () => {
        const msal = app(world(pages, answers), { auth: { authority, ...auth }, system }, MsalClient);
        const result = await signIn(msal).catch((error) => error);
        assert.equal(result.errorCode, isTheirs ? undefined : 'endpoints_resolution_error', result.stack);
      });
    }
  }

  it('that leaves the tenant open is that of the token\'s own tenant', async () => {
    const authority = `${NEW}/common`;
    const described = entraDocument(authority, `${NEW}/{tenantid}/v2.0`);
    const pages = { [INSTANCES]: clouds(NEW_CLOUD), [at(`${authority}/v2.0`)]: described };
    const by = (iss, tid) => signIn(app(world(pages, { iss, claims: { tid } }), { auth: { authority } }));
    assert.equal((await by(`${NEW}/${OTHER_TENANT}/v2.0`, OTHER_TENANT)).tenantId, OTHER_TENANT);
    for (const [iss, tid] of [
      [`${NEW}/${OTHER_TENANT}/v2.0`, TENANT],
      [`${NEW}/${TENANT}/v2.0`, undefined],
      [`${NEW}/x/v2.0`, 'x'],
      [`${NEW}/{tenantid}/v2.0`, TENANT],
      [`https://old.new.example/${TENANT}/v2.0`, TENANT],
    ]) {
      assert.equal((await failure(by(iss, tid))).errorCode, 'invalid_id_token', iss);
    }
  });

  it('of a document that names none is refused', async () => {
    const authority = 'https://id.example';
    const { issuer, ...described } = openidDocument(authority);
    const error = await failure(signIn(app(world({ [at(authority)]: described }), { auth: { authority }, system: OIDC })));
    assert.equal(error.errorCode, 'endpoints_resolution_error');
    assert.match(error.message, /names no issuer/);
  });
});

// ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

describe('an authority is refused', () => {
  const ID = 'https://id.example';
  /** Tries to sign in, and returns the error and what was asked. */
  async function refused(configuration, pages, request) {
    const ours = world(pages, {});
    const error = await failure(signIn(app(ours, configuration), request));
    assert.ok(error instanceof AuthError, error.stack);
    return { error, asked: ours.asked() };
  }

  it('that Microsoft does not know', async () => {
    const { error, asked } = await refused({ auth: { authority: `${ID}/Tenant` } }, { [INSTANCES]: STRANGER });
    assert.ok(error instanceof ClientConfigurationError);
    assert.equal(error.errorCode, 'untrusted_authority');
    assert.equal(error.field, 'authority');
    assert.match(error.message, /id\.example.*protocolMode.*knownAuthorities/);
    assert.match(error.remedy, /protocolMode.*knownAuthorities/);
    assert.deepEqual(asked, [vouching(`${ID}/Tenant`)]);
  });

  const B2C = [
    'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_SignIn',
    'https://CONTOSO.b2clogin.com/x',
    `${PUBLIC}/tfp/contoso.onmicrosoft.com/B2C_1_SignIn`,
  ];
  for (const authority of B2C) {
    it(`that is of B2C, which has no device codes, with nothing asked: ${authority}`, async () => {
      const pca = app(world(), { auth: { authority } });
      for (const [auth, request] of [[{ authority }], [{ authority, ...KNOWN }], [{}, { authority }]]) {
        const { error, asked } = await refused({ auth }, {}, request);
        assert.ok(error instanceof ClientConfigurationError);
        assert.equal(error.errorCode, 'device_code_not_offered');
        assert.equal(error.field, 'authority');
        assert.match(error.message, /B2C does not offer sign-in with a device code/);
        assert.ok(error.remedy);
        assert.deepEqual(asked, []);
      }
      assert.equal((await failure(new DeviceCodeFlow(pca, { scopes: [] }).initiateDeviceCodeFlow())).errorCode, 'device_code_not_offered');
      assert.equal((await failure(pca.acquireToken({ scopes: [], deviceCodeCallback() {} }))).errorCode, 'device_code_not_offered');
    });
  }

  it('that is of B2C by its path, where somebody vouches for the host; or it is nobody\'s', async () => {
    const auth = { authority: `${CUSTOM}/TFP/x/y`, ...KNOWN };
    assert.equal((await failure(signIn(app(world(), { auth })))).errorCode, 'device_code_not_offered');
    const stranger = world({ [INSTANCES]: STRANGER });
    assert.equal((await failure(signIn(app(stranger, { auth: { authority: `${CUSTOM}/TFP/x/y` } })))).errorCode, 'untrusted_authority');
  });

  it('that is of B2C, which msal-node asks for codes', async () => {
    const authority = 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_signin';
    const theirs = world({ [at(`${authority}/v2.0`)]: entraDocument(authority, `https://contoso.b2clogin.com/${TENANT}/v2.0/`) });
    await signIn(app(theirs, { auth: { authority, knownAuthorities: ['contoso.b2clogin.com'] } }, MsalClient)).catch(() => {});
    assert.deepEqual(theirs.asked().slice(0, 2), [document(`${authority}/v2.0`), entra(authority)[0]]);
  });

  const WRONG = {
    'http://id.example': 'authority_uri_insecure',
    'http://localhost.evil.example': 'authority_uri_insecure',
    'http://127.0.0.1.evil.example/': 'authority_uri_insecure',
    'http://login.microsoftonline.com/common': 'authority_uri_insecure',
    [PUBLIC]: 'url_parse_error',
    'https://user:password@id.example': 'url_parse_error',
    'https://id.example/a b': 'url_parse_error',
    'ftp://id.example': 'url_parse_error',
    'login.microsoftonline.com/common': 'url_parse_error',
    'https://': 'url_parse_error',
    ' ': 'empty_url_error',
    '': 'empty_url_error',
  };
  for (const [authority, code] of Object.entries(WRONG)) {
    it(`that is ${code}, in the constructor and in a request: ${JSON.stringify(authority)}`, async () => {
      const wrong = (error) => error instanceof ClientConfigurationError && error.errorCode === code && error.field === 'authority';
      assert.throws(() => app(world(), { auth: { authority } }), wrong);
      const { error, asked } = await refused({}, {}, { authority });
      assert.ok(wrong(error), error.stack);
      assert.deepEqual(asked, []);
    });
  }

  const GOOD = openidDocument(ID);
  const DOCUMENTS = {
    'with a token endpoint in the clear': [{ ...GOOD, token_endpoint: 'http://id.example/token' }, /its token_endpoint .* is not https/],
    'with a device endpoint in the clear': [{ ...GOOD, device_authorization_endpoint: 'http://id.example/d' }, /its device_.* is not https/],
    'with an endpoint on this machine': [{ ...GOOD, token_endpoint: 'http://127.0.0.1/token' }, /its token_endpoint .* is not https/],
    'with an endpoint that has user information': [{ ...GOOD, token_endpoint: 'https://u@id.example/t' }, /token_endpoint .*user information/],
    'without a device endpoint': [{ ...GOOD, device_authorization_endpoint: undefined }, /no device_authorization_endpoint/],
    'without a token endpoint': [{ ...GOOD, token_endpoint: undefined }, /no token_endpoint/],
    'that is not there': [{ status: 404, body: 'Not found' }, /status 404/, 404],
    'that is a redirect': [{ status: 302, headers: { location: 'https://evil.example' }, body: '' }, /redirects to "https:\/\/evil\.example"/, 302],
    'that is out of order': [{ status: 503, body: '<html>' }, /status 503/, 503],
    'that is a page': [{ status: 200, body: '<html>' }, /not JSON/],
    'that is a list': [{ status: 200, body: [] }, /./],
    'that is empty': [{ status: 200, body: '' }, /./],
  };
  for (const [name, [page, message, status = 200]] of Object.entries(DOCUMENTS)) {
    it(`for a document ${name}`, async () => {
      const { error, asked } = await refused({ auth: { authority: ID }, system: OIDC }, { [at(ID)]: page });
      assert.ok(error instanceof ClientAuthError, error.stack);
      assert.equal(error.errorCode, 'endpoints_resolution_error');
      assert.equal(error.url, at(ID));
      assert.equal(error.status, status);
      assert.equal(error.retryable, status === 503);
      assert.match(error.message, message);
      assert.ok(error.message.includes(at(ID)), error.message);
      assert.ok(error.cause && error.remedy);
      assert.deepEqual(asked, [document(ID)]);
    });
  }

  it('for a network that fails: the error itself is the cause, of a document and of Microsoft\'s word', async () => {
    const thrown = Object.assign(new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') }), { code: 'ENOTFOUND' });
    const asked = `${INSTANCES}?api-version=1.1&authorization_endpoint=${encodeURIComponent(`${ID}/oauth2/v2.0/authorize`)}`;
    for (const [system, page, url] of [[OIDC, at(ID), at(ID)], [{}, INSTANCES, asked]]) {
      const { error } = await refused({ auth: { authority: ID }, system }, { [page]: thrown });
      assert.equal(error.errorCode, 'endpoints_resolution_error');
      assert.equal(error.cause, thrown);
      assert.equal(error.url, url);
      assert.equal(error.status, undefined);
      assert.equal(error.retryable, true);
      assert.match(error.message, /fetch failed \(getaddrinfo ENOTFOUND\)/);
    }
  });

  it('for a tenant that there is not, in Entra\'s own words', async () => {
    const body = {
      error: 'invalid_tenant',
      error_description: "AADSTS90002: Tenant 'nowhere.onmicrosoft.com' not found.",
      error_codes: [90002],
      timestamp: '2026-01-01 00:00:00Z',
      trace_id: 't',
      correlation_id: 'c',
      error_uri: `${PUBLIC}/error?code=90002`,
    };
    const base = 'https://nowhere.ciamlogin.com/nowhere.onmicrosoft.com';
    const configuration = { auth: { authority: 'https://nowhere.ciamlogin.com' } };
    const { error, asked } = await refused(configuration, { [at(`${base}/v2.0`)]: { status: 400, body } });
    assert.ok(error instanceof ClientAuthError);
    assert.equal(error.errorCode, 'endpoints_resolution_error');
    assert.deepEqual([error.errorNo, error.errorCodes, error.status], ['90002', [90002], 400]);
    assert.deepEqual([error.traceId, error.correlationId, error.timestamp, error.errorUri], ['t', 'c', body.timestamp, body.error_uri]);
    assert.match(error.message, /invalid_tenant: AADSTS90002: Tenant 'nowhere\.onmicrosoft\.com' not found/);
    assert.match(error.remedy, /tenant's id or domain/);
    assert.equal(error.cause.error, 'invalid_tenant');
    assert.equal(error.cause.error_description, error.errorDescription);
    assert.equal(error.url, at(`${base}/v2.0`));
    assert.deepEqual(asked, [document(`${base}/v2.0`)]);
  });

  it('when Microsoft answers nonsense of it', async () => {
    for (const page of [{}, { metadata: 'x' }, [], 'x', { status: 500, body: '' }]) {
      const { error, asked } = await refused({ auth: { authority: ID } }, { [INSTANCES]: page });
      assert.equal(error.errorCode, 'endpoints_resolution_error');
      assert.ok(error.url.startsWith(INSTANCES));
      assert.equal(asked.length, 1);
    }
  });

  const METADATA = ['{', '[]', '"x"', '{}', {}, '{"token_endpoint":"http://id.example/t"}', '{"token_endpoint":7}',
    JSON.stringify({ ...GOOD, device_authorization_endpoint: 'http://id.example/d' })];
  const CLOUDS = ['{', '[]', '{}', {}, '{"metadata":{}}', CLOUD.slice(0, -1)];
  const HOSTS = [['https://'], ['a b'], ['user@id.example'], ['id.example:x'], 'id.example', {}];
  const BAD = [
    ['authorityMetadata', 'auth.authorityMetadata', 'invalid_authority_metadata', METADATA],
    ['authorityMetadata', 'auth.authorityMetadata', 'invalid_configuration', [7, true]],
    ['cloudDiscoveryMetadata', 'auth.cloudDiscoveryMetadata', 'invalid_cloud_discovery_metadata', CLOUDS],
    ['knownAuthorities', 'auth.knownAuthorities', 'invalid_configuration', HOSTS],
    ['knownAuthorities', 'auth.knownAuthorities[1]', 'invalid_configuration', [['id.example', 7]]],
    ['isMcp', 'auth.isMcp', 'invalid_configuration', ['true']],
  ];
  for (const [field, path, code, values] of BAD) {
    it(`whose ${field} is wrong, by the constructor (${code}, ${path})`, () => {
      for (const value of values) {
        const ours = world();
        assert.throws(() => app(ours, { auth: { authority: ID, [field]: value }, system: OIDC }), (error) => {
          assert.ok(error instanceof ClientConfigurationError, error.stack);
          assert.deepEqual([error.errorCode, error.field], [code, path], JSON.stringify(value));
          assert.ok(error.message.includes(path) && error.remedy, error.message);
          return true;
        });
        assert.deepEqual(ours.asked(), []);
      }
    });
  }

  it('whose document, as the program has it, has no device endpoint', async () => {
    const { error, asked } = await refused({ auth: { authority: ID, authorityMetadata: { token_endpoint: `${ID}/token` } } });
    assert.deepEqual([error.errorCode, error.field], ['invalid_authority_metadata', 'auth.authorityMetadata']);
    assert.deepEqual(asked, []);
  });
});

// ── One discovery for all ────────────────────────────────────────────────────────────────────────────────────────────

describe('flows that want the same document', () => {
  const ID = 'https://id.example';
  const FIVE = [0, 1, 2, 3, 4];
  const gets = (ours) => ours.asked().filter((line) => line.startsWith('GET'));

  /** Five flows that start at once; what `page` answers with waits for the gate. */
  function five(system, page, { requests = [], discovered = openidDocument(ID), answers = { iss: ID } } = {}) {
    const held = gate();
    const said = [];
    const slow = async () => {
      await held.opened;
      return said.shift() ?? (page === INSTANCES ? clouds() : discovered);
    };
    const ours = world({ [INSTANCES]: clouds(), [at(ID)]: discovered, [at(`${ID}/v2.0`)]: discovered, [page]: slow }, answers);
    const pca = app(ours, { auth: { authority: ID }, system });
    return { ours, pca, held, said, flows: FIVE.map((flow) => signIn(pca, requests[flow])) };
  }

  for (const [what, system, page, expected] of [
    ['an OpenID provider\'s', OIDC, at(ID), [document(ID)]],
    ['Microsoft\'s word on a host', {}, INSTANCES, [vouching(ID), document(`${ID}/v2.0`)]],
    ['the document of a host that Microsoft vouched for', {}, at(`${ID}/v2.0`), [vouching(ID), document(`${ID}/v2.0`)]],
  ]) {
    it(`share one request: ${what}`, async () => {
      const { ours, flows, held, pca } = five(system, page);
      await until(() => gets(ours).length > 0);
      held.open();
      const results = await Promise.all([...flows, signIn(pca)]);
      assert.deepEqual(results.map(({ accessToken }) => accessToken), Array(6).fill('AT'));
      assert.deepEqual(gets(ours), expected);
      await signIn(pca);
      assert.deepEqual(gets(ours), expected, 'a later flow knows');
    });
  }

  for (const [what, system, page, failed] of [
    ['a network that fails', OIDC, at(ID), new TypeError('fetch failed')],
    ['a document that is refused', OIDC, at(ID), { ...openidDocument(ID), issuer: 'https://other.example' }],
    ['a host that Microsoft does not know', {}, INSTANCES, STRANGER],
    ['a network that fails on the way to Microsoft', {}, INSTANCES, new TypeError('fetch failed')],
  ]) {
    it(`share one failure, each with its own correlation id; a later flow asks again: ${what}`, async () => {
      const ids = FIVE.map((flow) => `c0c0c0c0-0000-4000-8000-00000000000${flow}`);
      const { ours, flows, held, said, pca } = five(system, page, { requests: ids.map((correlationId) => ({ correlationId })) });
      said.push(failed);
      held.open();
      const errors = await Promise.all(flows.map(failure));
      assert.equal(gets(ours).length, 1);
      assert.deepEqual(errors.map(({ correlationId }) => correlationId), ids);
      assert.equal(new Set(errors).size, 5, 'each has an error of its own');
      for (const error of errors) {
        assert.equal(error.message, errors[0].message);
        if (failed instanceof Error) assert.equal(error.cause, failed);
      }
      assert.equal((await signIn(pca)).accessToken, 'AT');
      assert.equal(gets(ours).length, system === OIDC ? 2 : 3);
    });
  }

  it('are not taken along by the one that asks and is given up: the next asks', async () => {
    for (const [system, page] of [[OIDC, at(ID)], [{}, INSTANCES]]) {
      const stop = new AbortController();
      const { ours, flows, held } = five(system, page, { requests: [{ signal: stop.signal }] });
      await until(() => gets(ours).length === 1);
      stop.abort();
      assert.equal((await failure(flows[0])).errorCode, 'device_code_polling_cancelled');
      await until(() => gets(ours).length === 2);
      held.open();
      const results = await Promise.all(flows.slice(1));
      assert.deepEqual(results.map(({ accessToken }) => accessToken), Array(4).fill('AT'));
      assert.equal(gets(ours).filter((line) => line === gets(ours)[0]).length, 2);
    }
  });

  it('do not mind one that waits and is given up', async () => {
    const stop = new AbortController();
    const { ours, flows, held } = five(OIDC, at(ID), { requests: [{}, { signal: stop.signal }, { signal: stop.signal }] });
    await until(() => gets(ours).length === 1);
    stop.abort();
    const given = await Promise.all([failure(flows[1]), failure(flows[2])]);
    assert.deepEqual(given.map(({ errorCode }) => errorCode), Array(2).fill('device_code_polling_cancelled'));
    held.open();
    for (const flow of [0, 3, 4]) assert.equal((await flows[flow]).accessToken, 'AT');
    assert.equal(gets(ours).length, 1);
  });

  it('ask for one each where the authorities are not the same', async () => {
    const held = gate();
    const paths = ['a', 'A', 'b'];
    const slow = (base) => async () => {
      await held.opened;
      return openidDocument(base);
    };
    const pages = Object.fromEntries(paths.map((path) => [at(`${ID}/${path}`), slow(`${ID}/${path}`)]));
    const ours = world(pages);
    const pca = app(ours, { system: OIDC });
    const flows = [...paths, ...paths].map((path) => signIn(pca, { authority: `${ID}/${path}` }));
    await until(() => gets(ours).length === 3);
    held.open();
    assert.deepEqual((await Promise.all(flows)).map(({ authority }) => authority), [...paths, ...paths].map((path) => `${ID}/${path}/`));
    assert.deepEqual(gets(ours), paths.map((path) => document(`${ID}/${path}`)));
  });
});

// ── What is sent to whom ─────────────────────────────────────────────────────────────────────────────────────────────

const IDS = ['client-request-id', 'client_info', 'x-ms-lib-capability'];
const TELEMETRY = ['x-app-name', 'x-app-ver', 'x-client-CPU', 'x-client-OS', 'x-client-SKU', 'x-client-VER', 'x-client-current-telemetry',
  'x-client-last-telemetry'];
const TOOL = { application: { appName: 'tool', appVersion: '1.2' } };
const CORRELATION = 'c0c0c0c0-0000-4000-8000-000000000000';
const row = (wanted) => TABLE.find(({ name }) => name === wanted) ?? assert.fail(wanted);

/** One of each kind, and whether it is Microsoft's. */
const KINDS = [
  ['Entra', row(`${PUBLIC}/${TENANT}`), true],
  ['External ID', row('External ID'), true],
  ['External ID at a domain of its own', row('External ID, at a domain of its own'), true],
  ['External ID at a domain that Microsoft vouches for', row('External ID, at a domain that Microsoft vouches for'), true],
  ['External ID at a domain of its own, spoken to as OpenID', {
    auth: { authority: `${CUSTOM}/${TENANT}`, knownAuthorities: ['login.contoso.example'] },
    system: OIDC,
    pages: { [at(`${CUSTOM}/${TENANT}`)]: openidDocument(GUID_HOST, `${CUSTOM}/${TENANT}`) },
    answers: { iss: GUID_HOST, claims: { tid: TENANT } },
  }, true],
  ['a cloud that Microsoft tells of', row('a cloud that Microsoft tells of'), true],
  ['AD FS', row('AD FS'), false],
  ['AD FS, vouched for', row('AD FS, vouched for'), false],
  ['an OpenID provider', row('an OpenID provider'), false],
  ['an OpenID provider, vouched for', row('an OpenID provider, vouched for'), false],
  ['a server on this machine', row('a server on this machine, http://127.0.0.1:8080'), false],
  ['plain OAuth', row('plain OAuth, by its endpoints'), false],
  ['plain OAuth, vouched for', row('plain OAuth, by its endpoints, vouched for'), false],
];

const keys = (object) => Object.keys(object).sort();
const posts = (ours) => ours.sent.filter(({ method }) => method === 'POST');

describe('what is sent', () => {
  /** Signs in and returns the two POSTs. */
  async function posted({ auth, system, pages, answers }, request, more = {}) {
    const ours = world(pages, answers);
    const pca = app(ours, { auth: { ...auth, ...more.auth }, system: { ...system, ...more.system }, telemetry: more.telemetry });
    const result = await signIn(pca, request);
    const [device, token] = posts(ours);
    return { device, token, pca, ours, result };
  }

  for (const [kind, given, isMicrosoft] of KINDS) {
    const [query, told] = isMicrosoft ? [['client-request-id'], [...IDS, ...TELEMETRY]] : [[], []];

    it(`to ${kind} is ${isMicrosoft ? 'what only Microsoft is told' : 'nothing that only Microsoft understands'}`, async () => {
      const { device, token, pca, ours } = await posted(given, {}, { telemetry: TOOL });
      assert.deepEqual([keys(device.query), keys(token.query)], [[], query], 'the first request has none of it, as with msal-node');
      assert.deepEqual(keys(device.form), ['client_id', 'scope']);
      assert.deepEqual(keys(token.form), ['client_id', 'device_code', 'grant_type', 'scope', ...told].sort());
      assert.equal(token.form.grant_type, 'urn:ietf:params:oauth:grant-type:device_code');
      for (const { headers } of [device, token]) {
        assert.deepEqual(keys(headers).map((name) => name.toLowerCase()).filter((name) => !['accept', 'content-type'].includes(name)), []);
      }
      for (const { method, headers, body, url } of ours.sent.filter((request) => request.method === 'GET')) {
        assert.equal(body, '', `${method} ${url}`);
        assert.ok(!/client|mkt|x-/.test(`${url.search} ${keys(headers)}`), `${url} ${keys(headers)}`);
      }

      await pca.acquireTokenByRefreshToken({ scopes: ['api'], refreshToken: 'RT' });
      const refresh = posts(ours)[2];
      assert.deepEqual(keys(refresh.query), query);
      const asked = isMicrosoft ? ['claims'] : []; // of the ID token, as msal-node
      assert.deepEqual(keys(refresh.form), [...asked, 'client_id', 'grant_type', 'refresh_token', 'scope', ...told].sort());
    });

    it(`to ${kind}: the language of what people read`, async () => {
      const { device, token, ours } = await posted(given, { locale: 'pt-BR' });
      assert.equal(device.query.mkt, isMicrosoft ? 'pt-BR' : undefined);
      assert.equal(device.headers['Accept-Language'], 'pt-BR');
      assert.equal(token.query.mkt, undefined);
      for (const { headers } of ours.sent.filter((request) => request !== device)) assert.equal(headers['Accept-Language'], undefined);
    });

    it(`to ${kind}: what the program adds`, async () => {
      const { device, token } = await posted(given, {
        resource: 'https://api.example',
        claims: '{"id_token":{"acr":null}}',
        extraQueryParameters: { dc: 'x y&z', a: 'b' },
        extraParameters: { audience: 'ä=1' },
      });
      for (const { url, query, form } of [device, token]) {
        assert.deepEqual([query.dc, query.a, form.dc], ['x y&z', 'b', undefined]);
        assert.match(url.search, /dc=x%20y%26z/);
        assert.deepEqual([form.audience, query.audience], ['ä=1', undefined]);
        assert.deepEqual([form.resource, form.claims], ['https://api.example', '{"id_token":{"acr":null}}']);
      }
    });

    it(`to ${kind}: no OpenID scopes where there is no OpenID`, async () => {
      const { device, token } = await posted(given, { scopes: ['api', 'more'] });
      const scope = kind.startsWith('plain OAuth') ? 'api more' : 'api more openid profile offline_access';
      assert.deepEqual([device.form.scope, token.form.scope], [scope, scope]);
    });
  }

  it('of the account\'s home goes to Microsoft\'s gateways alone', async () => {
    for (const [kind, given, isMicrosoft] of KINDS.filter(([kind]) => !kind.startsWith('plain OAuth'))) {
      const { pca, ours, result } = await posted({ ...given, answers: { ...given.answers, tellsHome: 'unasked' } }, {});
      assert.equal(result.account.homeAccountId, isMicrosoft ? HOME_ACCOUNT : 'Subject', `${kind}: others may mean something else by it`);
      await pca.acquireTokenSilent({ scopes: ['api'], account: result.account, forceRefresh: true });
      const { headers } = posts(ours).at(-1);
      assert.equal(headers['X-AnchorMailbox'], isMicrosoft ? `Oid:${PERSON}@${TENANT}` : undefined, kind);
    }
  });

  it('is sent once, if the program sends it as well', async () => {
    const { token } = await posted(row(`${PUBLIC}/${TENANT}`), { extraParameters: { 'x-client-SKU': 'mine', client_info: '2' } });
    assert.deepEqual([...new URLSearchParams(token.body)].filter(([name]) => /^(x-client-SKU|client_info)$/.test(name)), [
      ['x-client-SKU', 'mine'], ['client_info', '2'],
    ]);
  });

  it('with telemetry switched off says nothing of library, program and machine', async () => {
    for (const [kind, given, isMicrosoft] of KINDS) {
      const { device, token, ours } = await posted(given, {}, { telemetry: { disabled: true, ...TOOL } });
      assert.deepEqual(keys(token.form), ['client_id', 'device_code', 'grant_type', 'scope', ...(isMicrosoft ? IDS : [])].sort(), kind);
      assert.deepEqual(keys(device.form), ['client_id', 'scope'], kind);
      const all = ours.sent.map(({ url, body, headers }) => `${url} ${body} ${JSON.stringify(headers)}`);
      assert.doesNotMatch(all.join('\n'), /doorcode|tool|x-client|x-app/i, kind);
    }
  });

  it('of library, program and machine is true', async () => {
    const { form } = (await posted(row(`${PUBLIC}/${TENANT}`), {}, { telemetry: TOOL })).token;
    assert.deepEqual([form['x-app-name'], form['x-app-ver']], ['tool', '1.2']);
    assert.deepEqual([form['x-client-SKU'], form['x-client-VER']], ['doorcode', version]);
    assert.deepEqual([form['x-client-OS'], form['x-client-CPU']], [process.platform, process.arch]);
    assert.deepEqual([form.client_info, form['x-ms-lib-capability']], ['1', 'retry-after, h429']);
    const nameless = await posted(row(`${PUBLIC}/${TENANT}`), {});
    assert.equal(nameless.token.form['x-app-name'], undefined);
  });

  it('and told of bears the correlation id of the request, or a new one', async () => {
    const lines = [];
    const loggerOptions = { logLevel: 4, loggerCallback: (_, line) => void lines.push(line) };
    const { device, token, result } = await posted(row('External ID'), { correlationId: CORRELATION }, { system: { loggerOptions } });
    assert.equal(device.query['client-request-id'], undefined, 'as with msal-node');
    assert.deepEqual([token.query['client-request-id'], token.form['client-request-id']], [CORRELATION, CORRELATION]);
    assert.equal(result.correlationId, CORRELATION);
    assert.ok(lines.length > 0 && lines.every((line) => line.includes(`[${CORRELATION}]`)), lines.join('\n'));
    const one = await posted(row('External ID'), {});
    const other = await posted(row('External ID'), {});
    assert.match(one.result.correlationId, GUID);
    assert.equal(one.token.query['client-request-id'], one.result.correlationId);
    assert.notEqual(one.result.correlationId, other.result.correlationId);
    const ours = world({}, {});
    const error = await failure(signIn(app(ours, { auth: { authority: 'https://x.ciamlogin.com' } }), { correlationId: CORRELATION }));
    assert.equal(error.correlationId, CORRELATION);
  });

  it('of claims has the client\'s capabilities in them', async () => {
    const sent = async (claims, clientCapabilities) => {
      const { device, token } = await posted(row(`${PUBLIC}/${TENANT}`), { claims }, { auth: { clientCapabilities } });
      assert.equal(device.form.claims, token.form.claims);
      return token.form.claims && JSON.parse(token.form.claims);
    };
    const xms_cc = { values: ['cp1', 'x'] };
    assert.equal(await sent(undefined, undefined), undefined);
    assert.equal(await sent(undefined, []), undefined);
    assert.deepEqual(await sent(undefined, ['cp1', 'x']), { access_token: { xms_cc } });
    assert.deepEqual(await sent('{"access_token":{"nbf":{"essential":true}},"id_token":{"a":1}}', ['cp1', 'x']), {
      access_token: { nbf: { essential: true }, xms_cc }, id_token: { a: 1 },
    });
    assert.deepEqual(await sent('{"access_token":null}', ['cp1', 'x']), { access_token: { xms_cc } });
  });

  const RESERVED = ['client_id', 'client_secret', 'code_challenge', 'code_verifier', 'device_code', 'grant_type', 'refresh_token', 'scope',
    'claims'];
  const LOCALES = ['de_DE', 'de-', '-', 'x'.repeat(9), 'de DE', 'de\r\nX: y', '*', 'de;q=1', 'ä'];
  const REFUSED = [
    ...RESERVED.map((name) => [{ extraParameters: { [name]: 'x' } }, 'extraParameters', 'invalid_request_parameter']),
    ...['{', '[]', '"x"', 'null', '7'].map((claims) => [{ claims }, 'claims', 'invalid_claims']),
    ...LOCALES.map((locale) => [{ locale }, 'locale', 'invalid_request_parameter']),
    [{ locale: 7 }, 'locale', 'invalid_request_parameter'],
    [{ extraQueryParameters: { a: 7 } }, 'extraQueryParameters.a', 'invalid_request_parameter'],
    [{ resource: {} }, 'resource', 'invalid_request_parameter'],
    [{ azureCloudOptions: { azureCloudInstance: 'x' } }, 'azureCloudOptions.azureCloudInstance', 'invalid_request_parameter'],
  ];
  it('is nothing, where the request is wrong', async () => {
    for (const [request, field, code] of REFUSED) {
      const ours = world();
      const pca = app(ours);
      const started = async () => new DeviceCodeFlow(pca, { scopes: [], ...request }).initiateDeviceCodeFlow();
      for (const error of [await failure(signIn(pca, request)), await failure(started())]) {
        assert.ok(error instanceof ClientConfigurationError, `${JSON.stringify(request)} ${error.stack}`);
        assert.deepEqual([error.errorCode, error.field], [code, field], JSON.stringify(request));
      }
      assert.deepEqual(ours.asked(), []);
    }
  });
});

describe('an application of the Model Context Protocol', () => {
  const resource = 'https://mcp.example';
  const given = row(`${PUBLIC}/${TENANT}`);
  const mcp = (ours) => app(ours, { auth: { ...given.auth, isMcp: true } });
  const account = { homeAccountId: HOME_ACCOUNT, environment: 'login.windows.net', tenantId: TENANT };
  const CALLS = {
    acquireTokenByDeviceCode: (pca, request) => signIn(pca, request),
    acquireTokenSilent: (pca, request) => pca.acquireTokenSilent({ scopes: ['api'], account, ...request }),
    acquireTokenByRefreshToken: (pca, request) => pca.acquireTokenByRefreshToken({ scopes: ['api'], refreshToken: 'RT', ...request }),
    acquireToken: (pca, request) => pca.acquireToken({ scopes: ['api'], deviceCodeCallback() {}, ...request }),
    initiateDeviceCodeFlow: async (pca, request) => new DeviceCodeFlow(pca, { scopes: ['api'], ...request }).initiateDeviceCodeFlow(),
  };
  for (const [name, call] of Object.entries(CALLS)) {
    it(`names its API, once, before anything is asked: ${name}`, async () => {
      const ours = world({}, given.answers);
      const pca = mcp(ours);
      for (const [request, code] of [
        [{}, 'resource_parameter_required'],
        [{ resource: '' }, 'resource_parameter_required'],
        [{ extraParameters: { resource } }, 'resource_parameter_required'],
        [{ resource, extraParameters: { resource } }, 'misplaced_resource_parameter'],
        [{ resource, extraQueryParameters: { resource } }, 'misplaced_resource_parameter'],
      ]) {
        const error = await failure(call(pca, request));
        assert.ok(error instanceof ClientAuthError, error.stack);
        assert.deepEqual([error.errorCode, error.field], [code, 'resource']);
        assert.ok(error.remedy && /resource/.test(error.message));
      }
      assert.deepEqual(ours.asked(), []);
    });
  }

  it('has it sent with each request, and a token for one API is not one for another', async () => {
    const ours = world({}, given.answers);
    const pca = mcp(ours);
    const { account } = await signIn(pca, { resource });
    assert.deepEqual(posts(ours).map(({ form }) => form.resource), [resource, resource]);
    assert.equal((await pca.acquireTokenSilent({ scopes: ['api'], account, resource })).fromCache, true);
    assert.equal((await failure(pca.acquireTokenSilent({ scopes: ['api'], account }))).errorCode, 'resource_parameter_required');
    assert.equal((await pca.acquireTokenSilent({ scopes: ['api'], account, resource: 'https://other.example' })).fromCache, false);
    assert.equal(posts(ours)[2].form.resource, 'https://other.example');
  });
});

// ── External ID's page ───────────────────────────────────────────────────────────────────────────────────────────────

describe('the page for the code of External ID', () => {
  const NAMED = 'https://microsoft.com/devicelogin';
  const naming = (page, message) => ({ ...CODES, verification_uri: page, verification_uri_complete: `${page}?c=X`, message });
  const codes = naming(NAMED, `Open ${NAMED} and enter ABCD-EFGH.`);

  /** Starts a flow, and returns its codes and the warnings. */
  async function started({ auth, system, pages, answers }, codes) {
    const warnings = [];
    const loggerOptions = { logLevel: 1, loggerCallback: (level, line) => void (level === 1 && warnings.push(line)) };
    const ours = world(pages, { ...answers, codes });
    const pca = app(ours, { auth, system: { ...system, loggerOptions } });
    const flow = new DeviceCodeFlow(pca, { scopes: ['api'] });
    return { shown: await flow.initiateDeviceCodeFlow(), warnings, flow, pca, ours };
  }

  const PAGES = [
    ['External ID', `${CONTOSO}/common/oauth2/deviceauth`],
    ['External ID, with a GUID', `${CONTOSO}/common/oauth2/deviceauth`],
    ['External ID, at a domain of its own', `${CUSTOM}/common/oauth2/deviceauth`],
    ['External ID, at a domain that Microsoft vouches for', `${CUSTOM}/common/oauth2/deviceauth`],
  ];
  for (const [name, page] of PAGES) {
    it(`is the tenant's own where the server names Microsoft's: ${name}`, async () => {
      const { shown, warnings } = await started(row(name), codes);
      assert.equal(shown.verificationUri, page);
      assert.equal(shown.refusedUri, NAMED);
      assert.equal(shown.verificationUriComplete, undefined, 'it would lead to the wrong page');
      assert.ok(shown.message.startsWith(`To sign in, open ${page} in a browser and enter the code ABCD-EFGH.`), shown.message);
      assert.match(shown.message, /Not https:\/\/microsoft\.com\/devicelogin, which does not take accounts of External ID/);
      assert.equal(warnings.length, 1, warnings.join('\n'));
      assert.ok(warnings[0].includes(NAMED) && warnings[0].includes(page) && warnings[0].includes('AADSTS500208'), warnings[0]);
    });
  }

  it('is the server\'s where it names its own, and so are the words', async () => {
    for (const own of [`${CONTOSO}/common/oauth2/deviceauth`, `${CONTOSO}/${TENANT}/oauth2/deviceauth`, 'https://CONTOSO.ciamlogin.com/x']) {
      const { shown, warnings } = await started(row('External ID'), naming(own, 'Mine.'));
      assert.deepEqual([shown.verificationUri, shown.verificationUriComplete], [own, `${own}?c=X`]);
      assert.deepEqual([shown.refusedUri, shown.message], [undefined, 'Mine.']);
      assert.deepEqual(warnings, []);
    }
  });

  it('is nobody else\'s business', async () => {
    for (const name of [`${PUBLIC}/organizations`, 'AD FS', 'an OpenID provider', 'plain OAuth, by its endpoints', 'a cloud that Microsoft tells of']) {
      const { shown, warnings } = await started(row(name), codes);
      assert.deepEqual([shown.verificationUri, shown.refusedUri, shown.message], [NAMED, undefined, codes.message], name);
      assert.deepEqual(warnings, []);
    }
  });

  it('an unsafe one is refused all the same', async () => {
    for (const uri of ['http://microsoft.com/devicelogin', 'javascript:alert(1)', 'https://user@microsoft.com/x']) {
      assert.equal((await failure(started(row('External ID'), { ...codes, verification_uri: uri }))).errorCode, 'unsafe_verification_uri');
    }
  });

  it('is kept by a flow that is saved, and goes on elsewhere', async () => {
    const given = row('External ID, at a domain of its own');
    const { shown, flow, ours } = await started(given, codes);
    const elsewhere = world(given.pages, given.answers);
    const resumed = DeviceCodeFlow.resume(app(elsewhere, given), JSON.parse(JSON.stringify(flow)));
    assert.deepEqual({ ...resumed.deviceCodeResponse }, { ...shown });
    const { account } = await resumed.acquireTokenByDeviceCode();
    assert.equal(account.homeAccountId, HOME_ACCOUNT, 'it is still known to be Microsoft\'s');
    assert.deepEqual(elsewhere.asked(), [given.asks[0], given.asks.at(-1)], 'the authority is asked where the tokens are');
    assert.equal(ours.asked().length, 2);
    const vouched = row('External ID, at a domain that Microsoft vouches for');
    const another = world(vouched.pages, vouched.answers);
    const kept = (await started(vouched, codes)).flow.toJSON();
    assert.ok((await DeviceCodeFlow.resume(app(another, vouched), kept).acquireTokenByDeviceCode()).account);
    assert.deepEqual(another.asked(), [vouched.asks[0], vouched.asks[1], vouched.asks.at(-1)], 'and Microsoft, where nobody vouches for it');
    const forged = { ...flow.toJSON(), refusedUri: 'javascript:alert(1)' };
    assert.throws(() => DeviceCodeFlow.resume(app(world(), given), forged), { errorCode: 'unsafe_verification_uri' });
  });
});
