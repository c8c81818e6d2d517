// `doorcode accounts`, `sign-out` and `refresh`, at the real authorization server and as Entra files accounts.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { approve } from '../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { doorcode, Home } from './support/command.mjs';
import { KEYS, typed } from './support/typed.mjs';

const STORE = ['.local', 'state', 'doorcode', 'token-cache.json'];
const SCOPES = ['--scope', 'openid profile email offline_access'];

/** Somebody in a store as MSAL keeps it, with a token of each sort in two tenants. */
function cacheOf(...names) {
  const [cache, environment, client] = [{ Account: {}, IdToken: {}, AccessToken: {}, RefreshToken: {}, AppMetadata: {} }, 'login.windows.net', 'an-app'];
  for (const name of names) {
    const home = `${name}-oid.home-tenant`;
    for (const realm of ['home-tenant', 'guest-tenant']) {
      const account = { home_account_id: home, environment, realm, local_account_id: `${name}-in-${realm}`, username: `${name}@contoso.example`, authority_type: 'MSSTS', name };
      cache.Account[`${home}-${environment}-${realm}`] = account;
      const target = 'User.Read';
      const times = { cached_at: '1', expires_on: '9999999999', extended_expires_on: '9999999999' };
      const whose = { home_account_id: home, environment, client_id: client, realm, target, ...times };
      const token = { ...whose, credential_type: 'AccessToken', secret: `AT-of-${name}`, token_type: 'Bearer' };
      cache.AccessToken[`${home}-${environment}-accesstoken-${client}-${realm}-user.read--`] = token;
    }
    const whose = { home_account_id: home, environment, client_id: client };
    cache.RefreshToken[`${home}-${environment}-refreshtoken-${client}----`] = { ...whose, credential_type: 'RefreshToken', secret: `RT-of-${name}` };
  }
  return JSON.stringify(cache);
}

describe('doorcode, with people signed in', () => {
  let server, home, stored;
  const whom = (at = server) => ['--client-id', CLIENT_ID, '--authority', at.issuer];
  const put = (text) => {
    mkdirSync(home.path(...STORE.slice(0, -1)), { recursive: true });
    writeFileSync(home.path(...STORE), text, { mode: 0o600 });
  };
  const kept = () => readFileSync(home.path(...STORE), 'utf8');
  const run = (...args) => doorcode(args, { home });

  /** @param {string} login @param {{ issuer: string }} [at] */
  async function signIn(login, at = server) {
    let done;
    const { code, stderr } = await doorcode(['get-token', ...whom(at), ...SCOPES, '--account', `${login}@example.com`], {
      home,
      onText(text) {
        const [, uri, userCode] = /open (\S+)\nand enter the code (\S+)\n/.exec(text) ?? [];
        if (userCode) done ??= approve(uri, userCode, login);
      },
    });
    await done;
    assert.equal(code, 0, stderr);
  }

  before(async () => {
    server = await startAuthorizationServer({ interval: 1 });
    home = new Home();
    for (const login of ['ada', 'grace']) await signIn(login);
    stored = kept();
    home.remove();
  });
  after(() => server.close());
  beforeEach(() => (home = new Home()));
  afterEach(() => home.remove());

  it('lists who is signed in, a line each, without being told of an app', async () => {
    put(stored);
    const { code, stdout, stderr } = await run('accounts');
    const host = new URL(server.issuer).host;
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, `ada@example.com    Ada Lovelace  -  ${host}\ngrace@example.com  Grace Hopper  -  ${host}\n`);
    const [ada] = JSON.parse((await run('accounts', '--json')).stdout);
    assert.deepEqual(ada, { username: 'ada@example.com', name: 'Ada Lovelace', tenant_id: null, environment: host, home_account_id: 'ada', local_account_id: 'ada' });
  });

  it('puts names over the columns for people', async () => {
    put(stored);
    const { screen } = await typed(['accounts'], { home });
    assert.match(screen, /^USER +NAME +TENANT +SERVER\r\nada@example\.com +Ada Lovelace +- +127/);
  });

  it('lists an account of each tenant, with its ids', async () => {
    put(cacheOf('ada'));
    const listed = JSON.parse((await run('accounts', '--json')).stdout);
    assert.deepEqual(listed.map(({ tenant_id, local_account_id }) => [tenant_id, local_account_id]), [['home-tenant', 'ada-in-home-tenant'], ['guest-tenant', 'ada-in-guest-tenant']]);
    assert.ok(listed.every(({ home_account_id }) => home_account_id === 'ada-oid.home-tenant'));
  });

  it('lets no name write to the terminal', async () => {
    const evil = JSON.stringify('\u001b[2Jada\r\u202e').slice(1, -1);
    put(cacheOf('ada').replaceAll('"ada@contoso.example"', `"${evil}"`));
    for (const args of [['accounts'], ['accounts', '--json'], ['sign-out']]) {
      const { stdout, stderr } = await run(...args);
      assert.doesNotMatch(stdout + stderr, /[^\P{Cc}\n]|\u202e/u);
      assert.match(stdout + stderr, /ada/);
    }
  });

  it('says that nobody is signed in, and how to', async () => {
    for (const [args, expected] of [[['accounts'], ''], [['accounts', '--json'], '[]\n'], [['sign-out'], ''], [['sign-out', '--all'], ''], [['sign-out', '--account', 'ada'], '']]) {
      const { code, stdout, lines } = await run(...args);
      assert.deepEqual([code, stdout], [0, expected]);
      assert.match(lines.join('\n'), /Nobody is signed in\.\n {2}Sign in with: doorcode get-token$/);
    }
    assert.ok(!existsSync(home.path('.local')), 'looking leaves nothing behind');
  });

  it('looks into the store of the profile', async () => {
    mkdirSync(home.path('.config', 'doorcode', 'profiles'), { recursive: true });
    writeFileSync(home.path('.config', 'doorcode', 'profiles', 'work.json'), '{}');
    put(stored);
    const { stdout, stderr } = await run('accounts', '--profile', 'work');
    assert.equal(stdout, '');
    assert.match(stderr, /with the profile work\.\n.*get-token --profile work/);
  });

  it('signs out the only one, of all tenants, and leaves nothing of them', async () => {
    put(cacheOf('ada'));
    const { code, stdout, stderr } = await run('sign-out');
    assert.deepEqual([code, stdout, stderr], [0, '', 'ok: Signed out ada@contoso.example.\n']);
    assert.doesNotMatch(kept(), /\bada\b/);
  });

  it('signs out whom it is told, and keeps the others', async () => {
    put(cacheOf('ada', 'grace'));
    const { code, lines } = await run('sign-out', '--account', 'ADA@contoso.example');
    assert.deepEqual([code, lines], [0, ['ok: Signed out ada@contoso.example.']]);
    assert.doesNotMatch(kept(), /\bada\b/);
    assert.match(kept(), /RT-of-grace/);
    put(cacheOf('ada', 'grace'));
    assert.equal((await run('sign-out', '--account', 'grace-in-guest-tenant')).code, 0);
    assert.doesNotMatch(kept(), /grace/);
  });

  it('signs everybody out', async () => {
    put(cacheOf('ada', 'grace'));
    const { code, lines } = await run('sign-out', '--all');
    assert.deepEqual([code, lines], [0, ['ok: Signed out ada@contoso.example.', 'ok: Signed out grace@contoso.example.']]);
    assert.doesNotMatch(kept(), /\b(ada|grace)\b/);
  });

  it('signs nobody out whom it is not told', async () => {
    put(cacheOf('ada', 'grace'));
    const several = await run('sign-out');
    assert.equal(several.code, 2);
    assert.match(several.stderr, /ada@contoso\.example, grace@contoso\.example.*\n.*--account.*--all/);
    const unknown = await run('sign-out', '--account', 'eve');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /eve is not signed in\.\n.*doorcode accounts/);
    assert.equal((await run('sign-out', '--account', 'ada', '--all')).code, 2);
    assert.equal(kept(), cacheOf('ada', 'grace'));
  });

  it('asks at a terminal who is to be signed out', async () => {
    put(cacheOf('ada', 'grace'));
    const cancelled = await typed(['sign-out'], { home, keys: [[/Who is to be signed out/, KEYS.ctrlC]] });
    assert.equal(cancelled.code, 130);
    assert.match(cancelled.screen, /Nobody was signed out/);
    assert.equal(kept(), cacheOf('ada', 'grace'));
    const chosen = await typed(['sign-out'], { home, keys: [[/Who is to be signed out[^]*grace[^]*Everybody/, KEYS.down + KEYS.enter]] });
    assert.equal(chosen.code, 0);
    assert.match(chosen.screen, /Signed out .*grace/);
    assert.doesNotMatch(kept(), /grace/);
    assert.match(kept(), /RT-of-ada/);
    put(cacheOf('ada', 'grace'));
    await typed(['sign-out'], { home, columns: 40, keys: [[/Who is to be signed out/, KEYS.down + KEYS.down + KEYS.enter]] });
    assert.doesNotMatch(kept(), /\b(ada|grace)\b/);
  });

  it('says that it cannot sign out or renew where nothing can be written', async () => {
    put(stored);
    const folder = home.path(...STORE.slice(0, -1));
    chmodSync(folder, 0o500);
    const runs = await Promise.all([run('sign-out', '--all'), run('refresh', ...whom())]).finally(() => chmodSync(folder, 0o700));
    for (const { code, lines } of runs) {
      assert.equal(code, 1);
      assert.match(lines.join('\n'), /permission denied.*\n.*DOORCODE_CONFIG_DIR/);
    }
    assert.equal(kept(), stored);
  });

  it('renews a token for whoever is named, and shows nothing of it', async () => {
    put(stored);
    const { code, stdout, stderr } = await run('refresh', ...whom(), '--account', 'ada@example.com');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^ada@example\.com: renewed, good until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(in 60 minutes\)\n$/);
    const secrets = (text) => [...text.matchAll(/"secret":\s*"([^"]+)"/g)].map(([, secret]) => secret);
    assert.notDeepEqual(secrets(kept()), secrets(stored));
    for (const secret of [...secrets(kept()), ...secrets(stored)]) assert.ok(!stdout.includes(secret));
  });

  it('asks nobody to renew a token', async () => {
    const nobody = await run('refresh', ...whom());
    assert.equal(nobody.code, 3);
    assert.match(nobody.stderr, /^error: Somebody has to sign in, and refresh asks nobody\.\n {2}Sign in first: doorcode get-token --client-id doorcode-demo --authority \S+\n$/);
    put(stored);
    const revoked = stored.replaceAll(/("secret":\s*")[^"]+/g, '$1gone');
    put(revoked);
    const refused = await run('refresh', ...whom(), '--account', 'ada@example.com');
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /and refresh asks nobody\. invalid_grant/);
    assert.equal((await run('refresh', ...whom(), '--account', 'eve')).code, 3);
  });

  it('says why a token could not be renewed if nobody can help that by signing in', async () => {
    const gone = await startAuthorizationServer({ interval: 1 });
    await signIn('ada', gone).finally(gone.close);
    const { code, stdout, lines } = await run('refresh', ...whom(gone));
    assert.deepEqual([code, stdout, lines.length], [1, '', 2]);
    assert.match(lines[0], /ECONNREFUSED/);
  });
});
