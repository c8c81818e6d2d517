// docs/migration.md, followed: its steps lead from the program in examples/migration/before to the one in after/, each works with the cache that
// the other wrote, and its tables say what the two libraries really throw.

import './support/hurry.mjs';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as msal from '@azure/msal-node';
import * as msal2 from 'msal-node-2';
import * as doorcode from 'doorcode';
import { consumer } from '../runtimes/support/consumer.mjs';
import { ALIASES, CLIENT, PERSON, REDIRECT_URI, startEntra, TENANT, WEB_APP, WEB_SECRET } from './support/entra.mjs';
import { GRAPH, GRAPH_TOKEN, startGraph } from './support/graph.mjs';
import { environmentHere } from './support/hosts.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(join(root, 'docs/migration.md'), 'utf8');
const AUTHORITY = `https://login.microsoftonline.com/${TENANT}`;
const refusal = (error, number, more) => ({ status: 400, body: { error, error_description: `AADSTS${number}: No.`, error_codes: [number], ...more } });
/** Ends what should have ended by itself. Nothing else waits for it. */
const PATIENCE = 60_000;

let entra;
let graph;
let project;
let environment;
before(async () => {
  project = await consumer('node');
  mkdirSync(join(project.folder, 'node_modules/@azure'));
  symlinkSync(join(root, 'node_modules/@azure/msal-node'), join(project.folder, 'node_modules/@azure/msal-node'));
  entra = await startEntra({ interval: 1 });
  graph = await startGraph();
  const ports = Object.fromEntries(ALIASES.map((name) => [name, entra.port]));
  const { NODE_OPTIONS, ...here } = environmentHere({ ...ports, [GRAPH]: graph.port }, `${entra.cert}\n${graph.cert}`);
  environment = { ...here, CLIENT_ID: CLIENT, AUTHORITY, NODE_OPTIONS: `${NODE_OPTIONS} --import=${new URL('support/hurry.mjs', import.meta.url)}` };
});
after(async () => {
  await graph?.close();
  await entra?.close();
  project?.remove();
});
const usual = { onPoll: () => ({ done: true }), onRefresh: () => undefined, onToken: () => undefined, accessToken: undefined };
afterEach(() => Object.assign(entra.options, usual));

/** What a module of the project's prints, or a program of its folder. */
function run(args, { env, onText = () => {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: project.folder, env: { ...process.env, ...environment, ...env }, timeout: PATIENCE, killSignal: 'SIGKILL' });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        said[stream] += text;
        onText(said.stderr, child);
      });
    }
    child.on('close', (code, signal) => resolve({ code: code ?? signal, ...said }));
  });
}

describe('the guide, followed', () => {
  const steps = [...guide.matchAll(/^```diff\n([^]*?)^```/gm)].map(([, diff]) => diff);
  const [old, ...stages] = ['before', ...steps.map((_, number) => `step-${number + 1}`)];
  const WHO = { code: 0, stdout: `${PERSON.name} (${PERSON.preferred_username})\n`, stderr: '' };
  const ACCOUNTS = { code: 0, stdout: `${PERSON.preferred_username} in ${TENANT}\n`, stderr: '' };
  let folder;
  before(() => {
    folder = join(project.folder, 'migration');
    cpSync(join(root, 'examples/migration/before'), join(folder, old), { recursive: true });
    for (const [number, stage] of stages.entries()) {
      cpSync(join(folder, [old, ...stages][number]), join(folder, stage), { recursive: true });
      // Outside of a repository: inside of one, git would leave out what is not of it.
      const env = { ...process.env, GIT_CEILING_DIRECTORIES: folder };
      execFileSync('git', ['apply', '--unidiff-zero'], { cwd: join(folder, stage), input: steps[number], env });
    }
  });
  beforeEach(() => Object.assign(entra.options, { accessToken: GRAPH_TOKEN }));

  /** Runs a stage's program over a cache. */
  const app = (stage, cache, args = [], options) => run([join(folder, stage, 'app.mjs'), ...args], { env: { CACHE_FILE: join(folder, cache) }, ...options });

  it('has four steps, which lead from the program before to the one after', () => {
    assert.equal(steps.length, 4);
    const last = readFileSync(join(folder, stages.at(-1), 'app.mjs'), 'utf8');
    assert.equal(last, readFileSync(join(root, 'examples/migration/after/app.mjs'), 'utf8'));
    assert.deepEqual(readdirSync(join(root, 'examples/migration/after')), ['app.mjs']);
    assert.doesNotMatch(last, /msal|cache-plugin/);
  });

  for (const stage of stages) {
    it(`has ${stage} know who has signed in before, and the other way round`, async () => {
      const [theirs, ours] = [`of-${old}-${stage}.json`, `of-${stage}.json`];
      const first = await app(old, theirs);
      assert.deepEqual({ ...first, stderr: '' }, WHO, first.stderr);
      assert.match(first.stderr, /enter the code ABCD-EFGH/);
      assert.deepEqual(await app(stage, theirs), WHO);
      assert.deepEqual(await app(stage, theirs, ['accounts']), ACCOUNTS);

      const second = await app(stage, ours);
      assert.deepEqual({ ...second, stderr: '' }, WHO, second.stderr);
      assert.match(second.stderr, /enter the code ABCD-EFGH/);
      assert.deepEqual(await app(old, ours), WHO);
      assert.deepEqual(await app(old, ours, ['accounts']), ACCOUNTS);
    });
  }

  it('has the last one sign out who has signed in before', async () => {
    const [last, cache] = [stages.at(-1), 'signed-out.json'];
    await app(old, cache);
    assert.deepEqual(await app(last, cache, ['sign-out']), { code: 0, stdout: '', stderr: '' });
    assert.deepEqual(await app(old, cache, ['accounts']), { code: 0, stdout: '', stderr: '' });
  });

  it('has the program end when it is told to', async () => {
    Object.assign(entra.options, { onPoll: () => undefined });
    for (const stage of [old, ...stages]) {
      let isSent = false;
      const onText = (text, child) => {
        if (!isSent && text.includes('enter the code')) isSent = child.kill('SIGINT');
      };
      const { code, stdout, stderr } = await app(stage, 'nobody.json', [], { onText });
      assert.deepEqual([code, stdout], [1, ''], stage);
      assert.match(stderr, [old, stages[0]].includes(stage) ? /\nNobody was signed in\.\n/ : /\ndevice_code_polling_cancelled: .+\nStart again to sign in\.\n/);
    }
  });

  it('has the program say why somebody was refused', async () => {
    Object.assign(entra.options, { onPoll: () => refusal('authorization_declined', 65004) });
    const [before_, after_] = [await app(old, 'nobody.json'), await app(stages.at(-1), 'nobody.json')];
    assert.match(before_.stderr, /The server refused: authorization_declined\n/);
    assert.match(after_.stderr, /authorization_declined: The sign-in was declined\. AADSTS65004: No\.\nStart again, and accept when asked\.\n/);
  });

  it('takes tokens out of a store that only MSAL\'s extensions read', async () => {
    await app(old, 'extensions.json');
    const [, code] = /^```ts\n([^]*?persistence\.load[^]*?)^```/m.exec(guide);
    const around = `
      import { readFileSync } from 'node:fs';
      import { PublicClientApplication } from 'doorcode';
      let password = null;
      const keyring = { getPassword: () => password, setPassword: (text) => { password = text; } };
      const persistence = { load: async () => readFileSync(${JSON.stringify(join(folder, 'extensions.json'))}, 'utf8') };`;
    const then = `
      const pca = new PublicClientApplication({ auth: { clientId: process.env.CLIENT_ID }, cache: { cachePlugin: store } });
      const [account] = await pca.getAllAccounts();
      console.log(account.username, (await pca.acquireTokenSilent({ scopes: ['User.Read'], account })).fromCache);`;
    writeFileSync(join(project.folder, 'extensions.mjs'), [around, code, then].join('\n'));
    const { stdout, stderr } = await run(['extensions.mjs'], { env: { HOME: folder, XDG_STATE_HOME: join(folder, 'state') } });
    assert.equal(stdout, `${PERSON.preferred_username} true\n`, stderr);
  });
});

describe('the tables of errors', () => {
  const scopes = ['User.Read'];
  const api = { scopes: ['api/.default'] };
  const client = (library, auth, more) => new library.PublicClientApplication({ auth: { clientId: CLIENT, authority: AUTHORITY, ...auth }, ...more });
  const web = (library, auth) =>
    new library.ConfidentialClientApplication({ auth: { clientId: WEB_APP, authority: AUTHORITY, clientSecret: WEB_SECRET, ...auth } });
  const signIn = (library, request, auth) => client(library, auth).acquireTokenByDeviceCode({ scopes, deviceCodeCallback() {}, ...request });
  const signInAs = (auth) => (library) => signIn(library, {}, auth);
  /** Signs in, and asks for a new token. */
  async function renew(library) {
    const pca = client(library);
    const { account } = await pca.acquireTokenByDeviceCode({ scopes, deviceCodeCallback() {} });
    return pca.acquireTokenSilent({ scopes, account, forceRefresh: true });
  }
  const once = (answer) => ({ onPoll: (poll) => (poll > 1 ? { done: true } : answer) });
  const mfa = () => refusal('interaction_required', 50076, { suberror: 'basic_action', claims: '{"access_token":{}}' });
  const unreadable = { beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize('no'), afterCacheAccess: async () => {} };
  const stranger = { homeAccountId: 'a.b', environment: 'login.windows.net', tenantId: TENANT, username: '', localAccountId: 'a' };

  /** By what the guide calls it: what the server says, and what the program does. */
  const DEVICE = {
    'the server says `slow_down`': [once({ status: 400, body: { error: 'slow_down' } }), signIn],
    'a poll is answered by 503 and a page': [once({ status: 503, body: '<html>' }), signIn],
    'a poll is answered by 429': [once({ status: 429, body: {}, headers: { 'retry-after': '1' } }), signIn],
    'a poll is answered by 500 and `{}`': [once({ status: 500, body: {} }), signIn],
    'the person says no': [{ onPoll: () => refusal('authorization_declined', 65004) }, signIn],
    'the server says `expired_token`': [{ onPoll: () => refusal('expired_token', 70019) }, signIn],
    'a policy wants more of the person (AADSTS50076)': [{ onPoll: mfa }, signIn],
    'the client id is not known (AADSTS700016)': [{}, signInAs({ clientId: '00000000-ffff-4bbb-8ccc-dddddddddddd' })],
    'the tenant is not known (AADSTS90002)': [{}, signInAs({ authority: 'https://login.microsoftonline.com/nobody.example' })],
    'there is no client id': [{}, signInAs({ clientId: '' })],
    'there is no `deviceCodeCallback`': [{}, (library) => signIn(library, { deviceCodeCallback: undefined })],
    '`deviceCodeCallback` throws a `RangeError`': [{}, (library) => signIn(library, { deviceCodeCallback() { throw new RangeError(); } })],
    '`timeout` has passed': [{ onPoll: () => undefined }, (library) => signIn(library, { timeout: 0.001 })],
    '`cancel` is set': [{ onPoll: () => undefined }, (library) => {
      const request = { deviceCodeCallback: () => void (request.cancel = true) };
      return client(library).acquireTokenByDeviceCode(Object.assign(request, { scopes }));
    }],
    'the network is down': [{ isDown: true }, signIn],
  };
  const OTHER = {
    'the refresh token was revoked (AADSTS50173)': [{ onRefresh: () => refusal('invalid_grant', 50173) }, renew],
    'a policy wants more of the person': [{ onRefresh: mfa }, renew],
    'the server is in trouble (AADSTS90033)': [{ onRefresh: () => ({ ...refusal('temporarily_unavailable', 90033), status: 503 }) }, renew],
    'the server answers by 503 and a page': [{ onRefresh: () => ({ status: 503, body: '<html>' }) }, renew],
    'nothing is known of the account': [{}, (library) => client(library).acquireTokenSilent({ scopes, account: stranger })],
    'no account is named': [{}, (library) => client(library).acquireTokenSilent({ scopes })],
    'the stored cache is no JSON': [{}, (library) => client(library, {}, { cache: { cachePlugin: unreadable } }).getAllAccounts()],
    '`claims` are no JSON': [{}, (library) => signIn(library, { claims: 'no' })],
    'the authority begins with `http:`': [{}, signInAs({ authority: AUTHORITY.replace('https', 'http') })],
    'the authorization code was spent': [{}, (library) => web(library).acquireTokenByCode({ scopes, redirectUri: REDIRECT_URI, code: 'spent-code' })],
    '`state` is another': [{}, (library) =>
      web(library).acquireTokenByCode({ scopes, redirectUri: REDIRECT_URI, code: 'some-code', state: 'mine' }, { code: 'some-code', state: 'other' })],
    'the client secret is wrong': [{}, (library) => web(library, { clientSecret: 'another' }).acquireTokenByClientCredential(api)],
    'there is no credential': [{}, (library) => web(library, { clientSecret: '' }).acquireTokenByClientCredential(api)],
    'a service asks `common`': [{}, (library) => web(library, { authority: 'https://login.microsoftonline.com/common' }).acquireTokenByClientCredential(api)],
    'the token that an API was called with is refused': [{}, (library) => web(library).acquireTokenOnBehalfOf({ scopes, oboAssertion: 'another-token' })],
  };

  /** What the guide says of it. */
  function told({ status, value, reason }) {
    if (status === 'fulfilled') return value.accessToken ? '—' : 'a result without a token';
    return reason.errorCode ? `\`${reason.name}\` \`${reason.errorCode}\`` : `\`${reason.name}\``;
  }

  async function row(name, [{ isDown, ...server }, act]) {
    Object.assign(entra.options, usual, server);
    const { fetch } = globalThis;
    if (isDown) globalThis.fetch = async () => Promise.reject(new TypeError('fetch failed'));
    try {
      const outcomes = [];
      for (const library of [msal, doorcode]) outcomes.push(told((await Promise.allSettled([Promise.resolve(library).then(act)]))[0]));
      return `| ${[name, ...outcomes].join(' | ')} |\n`;
    } finally {
      globalThis.fetch = fetch;
    }
  }

  for (const [title, happens] of Object.entries({ 'a device code flow': DEVICE, 'other operations': OTHER })) {
    it(`say of ${title} what both libraries throw`, async () => {
      let rows = '';
      for (const [name, how] of Object.entries(happens)) rows += await row(name, how);
      assert.ok(guide.includes(`|---|---|---|\n${rows}\n`), `docs/migration.md should say:\n${rows}`);
    });
  }

  it('name nothing as missing that is there', () => {
    const [, missing] = /\n## What is not there\n([^]*?)\n## /.exec(guide);
    const names = Object.keys(msal).filter((name) => !(name in doorcode));
    assert.deepEqual(names.sort(), ['ClientAssertion', 'ManagedIdentityApplication', 'ManagedIdentitySourceNames', 'internals'].sort());
    for (const name of ['ManagedIdentityApplication', 'acquireTokenByUsernamePassword', 'SetAppTokenProvider', 'azureRegion']) assert.ok(missing.includes(`\`${name}`), name);
    for (const [, name] of missing.matchAll(/^\| `(\w+)`/gm)) assert.ok(!(name in doorcode) && !(name in doorcode.ConfidentialClientApplication.prototype), name);
  });
});

describe('a cache of MSAL Node 2', () => {
  it('is read by doorcode, and again by MSAL Node 2', async () => {
    // It has a network of its own, which leads to no other machine's servers.
    const send = async (url, init) => {
      const response = await fetch(url, init);
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.json() };
    };
    const networkClient = { sendGetRequestAsync: send, sendPostRequestAsync: (url, options) => send(url, { method: 'POST', ...options }) };
    const file = { text: '' };
    const cachePlugin = {
      beforeCacheAccess: async ({ tokenCache }) => void (file.text && tokenCache.deserialize(file.text)),
      afterCacheAccess: async ({ tokenCache, cacheHasChanged }) => void (cacheHasChanged && (file.text = tokenCache.serialize())),
    };
    const application = (library) =>
      new library.PublicClientApplication({ auth: { clientId: CLIENT, authority: AUTHORITY }, cache: { cachePlugin }, system: { networkClient } });
    await application(msal2).acquireTokenByDeviceCode({ scopes: ['User.Read'], deviceCodeCallback() {} });
    for (const library of [doorcode, msal2]) {
      const pca = application(library);
      const [account, ...others] = await pca.getAllAccounts();
      assert.deepEqual([account.username, others], [PERSON.preferred_username, []]);
      const { fromCache } = await pca.acquireTokenSilent({ scopes: ['User.Read'], account });
      const renewed = await pca.acquireTokenSilent({ scopes: ['User.Read'], account, forceRefresh: true });
      assert.deepEqual([fromCache, renewed.fromCache], [true, false]);
    }
  });
});
