// The face of the package: MSAL's names, its error classes and tables, its logger, and what bad input is told.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as msal from '@azure/msal-node';
import * as doorcode from 'doorcode';

const { ClientConfigurationError, DeviceCodeFlow, Logger, LogLevel, PublicClientApplication } = doorcode;
const auth = { clientId: 'client', authority: 'https://id.example' };

/** A network that must not be used. */
const networkClient = {
  sendGetRequestAsync: () => assert.fail('something was sent'),
  sendPostRequestAsync: () => assert.fail('something was sent'),
};

describe('names', () => {
  it('code tables have every code of msal-node, under the same key', () => {
    for (const table of ['AuthErrorCodes', 'ClientAuthErrorCodes', 'ClientConfigurationErrorCodes', 'InteractionRequiredAuthErrorCodes']) {
      for (const [key, code] of Object.entries(msal[table])) assert.equal(doorcode[table][key], code, `${table}.${key}`);
    }
    for (const table of ['LogLevel', 'AzureCloudInstance', 'ProtocolMode']) {
      assert.deepEqual({ ...doorcode[table] }, { ...msal[table] }, table);
    }
    assert.equal(doorcode.ClientAuthErrorCodes.deviceCodeExpired, 'device_code_expired');
  });

  it('error classes are built and related as msal-node\'s are', () => {
    for (const name of ['AuthError', 'ClientAuthError', 'ClientConfigurationError', 'ServerError', 'InteractionRequiredAuthError']) {
      const args = ['code', 'correlation', 'words', 'sub', 'fifth', 'sixth', 'seventh', 'eighth'];
      const [ours, theirs] = [new doorcode[name](...args), new msal[name](...args)];
      assert.ok(ours instanceof doorcode.AuthError && ours instanceof Error);
      for (const field of ['name', 'errorCode', 'correlationId', 'errorNo', 'status', 'timestamp', 'traceId', 'claims']) {
        if (theirs[field] !== undefined) assert.equal(ours[field], theirs[field], `${name}.${field}`);
      }
      // MSAL: its ClientConfigurationError takes no text of its own, and its ClientAuthError no suberror.
      if (name === 'AuthError' || name === 'ServerError') {
        assert.equal(ours.message, theirs.message);
        assert.equal(ours.subError, theirs.subError);
      }
      assert.match(inspect(ours), new RegExp(`^${name}: code: words\n`));
    }
  });

  it('the version is the package\'s', async () => {
    const { default: manifest } = await import('../../pkg/package.json', { with: { type: 'json' } });
    assert.equal(doorcode.version, manifest.version);
  });
});

describe('configuration', () => {
  const cases = [
    [undefined, 'the argument'],
    [null, 'the argument'],
    [{}, 'auth.clientId'],
    [{ auth: 'x' }, 'auth'],
    [{ auth: {} }, 'auth.clientId'],
    [{ auth: { clientId: '' } }, 'auth.clientId'],
    [{ auth: { clientId: 42 } }, 'auth.clientId'],
    [{ auth: { ...auth, authority: 7 } }, 'auth.authority'],
    [{ auth: { ...auth, authority: '' } }, 'authority', 'empty_url_error'],
    [{ auth: { ...auth, authority: 'id.example' } }, 'authority', 'url_parse_error'],
    [{ auth: { ...auth, authority: 'http://id.example' } }, 'authority', 'authority_uri_insecure'],
    [{ auth: { ...auth, authority: 'https://login.microsoftonline.com' } }, 'authority', 'url_parse_error'],
    [{ auth: { ...auth, azureCloudOptions: { azureCloudInstance: 'x' } } }, 'auth.azureCloudOptions.azureCloudInstance'],
    [{ auth: { ...auth, clientCapabilities: 'cp1' } }, 'auth.clientCapabilities'],
    [{ auth: { ...auth, clientCapabilities: [1] } }, 'auth.clientCapabilities[0]'],
    [{ auth: { ...auth, knownAuthorities: 'x' } }, 'auth.knownAuthorities'],
    [{ auth: { ...auth, authorityMetadata: '{}' } }, 'auth.authorityMetadata', 'invalid_authority_metadata'],
    [{ auth: { ...auth, authorityMetadata: 7 } }, 'auth.authorityMetadata'],
    [{ auth: { ...auth, cloudDiscoveryMetadata: '[' } }, 'auth.cloudDiscoveryMetadata', 'invalid_cloud_discovery_metadata'],
    [{ auth: { ...auth, knownAuthorities: ['a b'] } }, 'auth.knownAuthorities'],
    [{ auth, cache: 'x' }, 'cache'],
    [{ auth, cache: { cachePlugin: 'x' } }, 'cache.cachePlugin'],
    [{ auth, cache: { cachePlugin: {} } }, 'cache.cachePlugin.beforeCacheAccess'],
    [{ auth, cache: { cachePlugin: { beforeCacheAccess() {} } } }, 'cache.cachePlugin.afterCacheAccess'],
    [{ auth, cache: { cachePlugin: { beforeCacheAccess() {}, afterCacheAccess: 1 } } }, 'cache.cachePlugin.afterCacheAccess'],
    [{ auth, cache: { cachePlugin: { readCache() {} } } }, 'cache.cachePlugin.beforeCacheAccess'],
    [{ auth, cache: { cachePlugin: { readCache() {}, writeCache: 1 } } }, 'cache.cachePlugin.writeCache'],
    [{ auth: { ...auth, isMcp: 1 } }, 'auth.isMcp'],
    [{ auth, telemetry: { disabled: 'yes' } }, 'telemetry.disabled'],
    [{ auth, system: { protocolMode: 'x' } }, 'system.protocolMode'],
    [{ auth, system: { protocolMode: 'toString' } }, 'system.protocolMode'],
    [{ auth, system: { requestTimeout: -1 } }, 'system.requestTimeout'],
    [{ auth, system: { networkClient: {} } }, 'system.networkClient.sendGetRequestAsync'],
    [{ auth, system: { clock: { now: 1 } } }, 'system.clock.now'],
    [{ auth, system: { loggerOptions: { logLevel: 'Info' } } }, 'system.loggerOptions.logLevel'],
    [{ auth, system: { loggerOptions: { loggerCallback: 'x' } } }, 'system.loggerOptions.loggerCallback'],
  ];
  for (const [configuration, field, code = 'invalid_configuration'] of cases) {
    it(`${inspect(configuration, { depth: 9, breakLength: Infinity })} is told: ${field}`, () => {
      assert.throws(
        () => new PublicClientApplication(configuration),
        (error) => {
          assert.ok(error instanceof ClientConfigurationError, inspect(error));
          assert.deepEqual([error.errorCode, error.field], [code, field]);
          assert.ok(error.message.startsWith(`${code}: ${field}: `), error.message);
          return true;
        },
      );
    });
  }

  it('a host in another script is read as a browser would', async () => {
    const asked = [];
    const sendGetRequestAsync = async (url) => {
      asked.push(url);
      return { status: 404, headers: {}, body: '' };
    };
    const system = { protocolMode: 'OIDC', networkClient: { ...networkClient, sendGetRequestAsync } };
    const pca = new PublicClientApplication({ auth: { ...auth, authority: 'https://bücher.example/Pfad' }, system });
    await assert.rejects(pca.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback() {} }), { errorCode: 'endpoints_resolution_error' });
    assert.deepEqual(asked, ['https://xn--bcher-kva.example/Pfad/.well-known/openid-configuration']);
  });
});

describe('requests', () => {
  const pca = new PublicClientApplication({ auth, system: { networkClient } });
  const account = { homeAccountId: 'uid.utid', environment: 'id.example', tenantId: '', username: '', localAccountId: '' };
  const good = { scopes: [], deviceCodeCallback() {} };
  const base = [
    [undefined, 'the argument'],
    [null, 'the argument'],
    [{ scopes: undefined }, 'scopes'],
    [{ scopes: 'User.Read' }, 'scopes'],
    [{ scopes: ['a', 1] }, 'scopes[1]'],
    [{ scopes: ['a"b'] }, 'scopes'],
    [{ signal: {} }, 'signal'],
    [{ authority: 7 }, 'authority'],
    [{ authority: 'http://id.example' }, 'authority', 'authority_uri_insecure'],
    [{ correlationId: {} }, 'correlationId'],
    [{ claims: {} }, 'claims'],
    [{ claims: '{' }, 'claims', 'invalid_claims'],
    [{ claims: '[]' }, 'claims', 'invalid_claims'],
    [{ claims: '{"access_token":' }, 'claims', 'invalid_claims'],
    [{ resource: 7 }, 'resource'],
    [{ extraQueryParameters: 'a=b' }, 'extraQueryParameters'],
    [{ extraQueryParameters: { a: 1 } }, 'extraQueryParameters.a'],
    [{ extraParameters: { client_id: 'x' } }, 'extraParameters'],
  ];
  const noCallback = [[{ deviceCodeCallback: undefined }, 'deviceCodeCallback']];
  const deviceCode = [
    [{ deviceCodeCallback: 'print' }, 'deviceCodeCallback'],
    [{ progressCallback: 1 }, 'progressCallback'],
    [{ timeout: '60' }, 'timeout'],
    [{ timeout: NaN }, 'timeout'],
    [{ timeout: -1 }, 'timeout'],
  ];
  const oneAccount = [
    [{ account: 'ada' }, 'account'],
    [{ account: { ...account, homeAccountId: 7 } }, 'account.homeAccountId'],
    [{ account: { ...account, environment: 7 } }, 'account.environment'],
  ];
  const silent = [
    ...oneAccount,
    [{ account: { ...account, tenantId: 7 } }, 'account.tenantId'],
    [{ forceRefresh: 'yes' }, 'forceRefresh'],
    [{ refreshTokenExpirationOffsetSeconds: '60' }, 'refreshTokenExpirationOffsetSeconds'],
  ];
  const noAccount = [[{ account: {} }, 'account.homeAccountId']];
  const refreshToken = [
    [{ refreshToken: undefined }, 'refreshToken'],
    [{ refreshToken: '' }, 'refreshToken'],
    [{ refreshToken: 7 }, 'refreshToken'],
    [{ forceCache: 1 }, 'forceCache'],
  ];
  const signOut = [[undefined, 'the argument'], [{ account: undefined }, 'account.homeAccountId'], [{ correlationId: 7 }, 'correlationId']];
  const methods = {
    acquireTokenByDeviceCode: [good, [...base, ...noCallback, ...deviceCode]],
    acquireTokenSilent: [{ scopes: [], account }, [...base, ...silent, ...noAccount]],
    acquireToken: [{ ...good, account }, [...base, ...deviceCode, ...silent]],
    acquireTokenByRefreshToken: [{ scopes: [], refreshToken: 'RT' }, [...base, ...refreshToken]],
    signOut: [{ account }, [...signOut, ...oneAccount, ...noAccount]],
  };

  async function assertTold(promise, field, code = 'invalid_request_parameter') {
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof ClientConfigurationError, inspect(error));
      assert.deepEqual([error.errorCode, error.field], [code, field]);
      assert.ok(error.message.startsWith(`${code}: ${field}: `), error.message);
      return true;
    });
  }

  for (const [method, [request, cases]] of Object.entries(methods)) {
    for (const [bad, field, code] of cases) {
      it(`${method}: ${inspect(bad, { breakLength: Infinity })} is told: ${field}`, () =>
        assertTold(pca[method](bad && { ...request, ...bad }), field, code));
    }
  }

  const calls = {
    'removeAccount()': [(cache) => cache.removeAccount(), 'account.homeAccountId'],
    'removeAccount("ada")': [(cache) => cache.removeAccount('ada'), 'account'],
    'removeAccount({})': [(cache) => cache.removeAccount({}), 'account.homeAccountId'],
    'removeAccount(account, 7)': [(cache) => cache.removeAccount(account, 7), 'correlationId'],
    'removeAccount(account, {})': [(cache) => cache.removeAccount(account, {}), 'correlationId'],
    'getAccountByHomeId(7)': [(cache) => cache.getAccountByHomeId(7), 'homeAccountId'],
    'getAccountByHomeId({})': [(cache) => cache.getAccountByHomeId({}), 'homeAccountId'],
    'getAccountByLocalId(7)': [(cache) => cache.getAccountByLocalId(7), 'localAccountId'],
    'deserialize(7)': [async (cache) => cache.deserialize(7), 'cache'],
    'deserialize(a Buffer)': [async (cache) => cache.deserialize(Buffer.from('{}')), 'cache'],
    'deserialize({})': [async (cache) => cache.deserialize({}), 'cache'],
  };
  for (const [name, [call, field]] of Object.entries(calls)) {
    it(`the cache's ${name} is told: ${field}`, () => assertTold(call(pca.getTokenCache()), field));
  }

  it('a silent request without an account has MSAL\'s own error', async () => {
    for (const none of [undefined, null]) {
      const error = { name: 'ClientAuthError', errorCode: 'no_account_in_silent_request', correlationId: 'c-1' };
      await assert.rejects(pca.acquireTokenSilent({ scopes: [], account: none, correlationId: 'c-1' }), error);
    }
  });

  it('a flow checks its request at once', () => {
    assert.throws(() => new DeviceCodeFlow(pca, {}), { field: 'scopes' });
    assert.throws(() => new DeviceCodeFlow({}, { scopes: [] }), { field: 'pca' });
    const cca = new doorcode.ConfidentialClientApplication({ auth: { clientId: 'client', clientSecret: 'secret' } });
    assert.throws(() => new DeviceCodeFlow(cca, { scopes: [] }), { field: 'pca' }, 'it would be sent no secret');
    assert.throws(() => DeviceCodeFlow.resume(cca, '{}'), { field: 'pca' });
  });

  it('a method taken off its object says so', async () => {
    const { acquireTokenByDeviceCode } = pca;
    await assert.rejects(acquireTokenByDeviceCode(good), { name: 'ClientConfigurationError', field: 'pca' });
  });
});

describe('Logger', () => {
  it('writes MSAL\'s line, at its levels', () => {
    const lines = [];
    const options = { logLevel: LogLevel.Warning, loggerCallback: (level, line, containsPii) => void lines.push([level, line, containsPii]) };
    const logger = new Logger(options, 'tool', '9');
    logger.error('e', 'c-1');
    logger.warning('w');
    logger.info('i');
    logger.errorPii('who');
    assert.deepEqual(lines.map(([level, line, pii]) => [level, line.replace(/^\[[^\]]+ GMT\] /, ''), pii]), [
      [0, ': [c-1] : tool@9 : Error - e', false],
      [1, ': [] : tool@9 : Warning - w', false],
    ]);
    const open = new Logger({ ...options, piiLoggingEnabled: true });
    open.errorPii('who');
    assert.deepEqual([lines.length, lines[2][2], open.isPiiLoggingEnabled()], [3, true, true]);
    logger.clone('other', '1').error('x');
    assert.match(lines[3][1], /other@1/);
  });

  it('is the application\'s, can be replaced, and cannot end a sign-in', async () => {
    const failing = { sendPostRequestAsync: async () => Promise.reject(new Error('down')), sendGetRequestAsync: async () => Promise.reject(new Error('down')) };
    const pca = new PublicClientApplication({ auth, system: { networkClient: failing } });
    assert.ok(pca.getLogger() instanceof Logger);
    const lines = [];
    pca.setLogger(new Logger({ logLevel: LogLevel.Verbose, loggerCallback: (_, line) => void lines.push(line) }));
    const request = { scopes: [], deviceCodeCallback() {}, correlationId: 'c-9' };
    await assert.rejects(pca.acquireTokenByDeviceCode(request), { errorCode: 'endpoints_resolution_error', correlationId: 'c-9' });
    assert.ok(lines.length && lines.every((line) => line.includes('[c-9]')), lines.join('\n'));
    pca.setLogger(new Logger({ logLevel: LogLevel.Verbose, loggerCallback: async () => { throw new Error('disk full'); } }));
    await assert.rejects(pca.acquireTokenByDeviceCode(request), { errorCode: 'endpoints_resolution_error' });
    pca.setLogger(new msal.Logger({ logLevel: 4, loggerCallback: () => { throw new Error('disk full'); } }));
    await assert.rejects(pca.acquireTokenByDeviceCode(request), { errorCode: 'endpoints_resolution_error' });
  });
});

describe('an application that nobody uses any more', () => {
  it('is collected, and what it remembered with it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const made = Array.from({ length: 20 }, () => {
      const pca = new PublicClientApplication({ auth, system: { networkClient }, cache: { cachePlugin: { async beforeCacheAccess() {}, async afterCacheAccess() {} } } });
      return { pca: new WeakRef(pca), used: pca.getAllAccounts() };
    });
    await Promise.all(made.map(({ used }) => used));
    let left = made.length;
    for (let tries = 0; left > 0 && tries < 50; tries += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      left = made.filter(({ pca }) => pca.deref()).length;
    }
    assert.equal(left, 0);
  });

  it('is not collected while something is under way', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const stored = [];
    let opened = () => {};
    const isOpen = new Promise((resolve) => (opened = resolve));
    let goOn = () => {};
    const wait = new Promise((resolve) => (goOn = resolve));
    const cachePlugin = {
      beforeCacheAccess: async () => (opened(), wait),
      afterCacheAccess: async ({ cacheHasChanged }) => void stored.push(cacheHasChanged),
    };
    const listed = new PublicClientApplication({ auth, cache: { cachePlugin } }).getAllAccounts();
    await isOpen;
    for (let times = 0; times < 5; times += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    goOn();
    assert.deepEqual(await listed, []);
    assert.deepEqual(stored, [false]);
  });
});
