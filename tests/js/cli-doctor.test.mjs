// `doorcode doctor`, at the real authorization server and at such as have faults.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { doorcode, Home } from './support/command.mjs';
import { CODES, startScripted } from './support/scripted.mjs';
import { typed } from './support/typed.mjs';

const STORE = ['.local', 'state', 'doorcode'];

describe('doorcode doctor', () => {
  let server, home;
  before(async () => (server = await startAuthorizationServer()));
  after(() => server.close());
  beforeEach(() => (home = new Home()));
  afterEach(() => home.remove());

  const whom = (authority = server.issuer) => ['--client-id', CLIENT_ID, '--authority', authority];
  const examine = (args = whom(), env = {}) => doorcode(['doctor', ...args], { home, env });
  /** What it finds, by check. */
  async function findings(args, env) {
    const { code, stdout } = await examine([...(args ?? whom()), '--json'], env);
    return { code, found: Object.fromEntries(JSON.parse(stdout).map((finding) => [finding.check, finding])) };
  }
  const put = (text) => {
    mkdirSync(home.path(...STORE), { recursive: true });
    writeFileSync(home.path(...STORE, 'token-cache.json'), text, { mode: 0o600 });
  };

  it('finds nothing in the way', async () => {
    const { code, stdout, stderr } = await examine();
    assert.deepEqual([code, stderr], [0, '']);
    for (const line of [/^ok: Node \d/, /^note: No profile is used/m, /^ok: Tokens will be kept in ~\/\.local\/state\/doorcode\/token-cache\.json/m, /^note: Nobody is signed in/m, /^ok: It issues codes/m]) {
      assert.match(stdout, line);
    }
    assert.match(stdout, /\nNothing stands in the way of signing in\.\n$/);
    assert.ok(!existsSync(home.path('.local')), 'looking leaves nothing behind');
  });

  it('tells the same as JSON', async () => {
    const { code, found } = await findings();
    assert.equal(code, 0);
    assert.deepEqual(found.profile, { check: 'profile', severity: 'info', message: 'No profile is used: the flags alone count.', remedy: '' });
    assert.deepEqual(Object.keys(found), ['node', 'profile', 'store', 'accounts', 'client_id', 'authority', 'clock', 'discovery', 'issuer', 'device_endpoint', 'public_client']);
  });

  it('marks what it finds at a terminal, and shows that it is at work', async () => {
    const { code, screen } = await typed(['doctor', ...whom()], { home, env: { HTTPS_PROXY: 'http://proxy.example' } });
    assert.equal(code, 0);
    for (const sign of ['✓', 'ℹ', '⚠']) assert.ok(screen.includes(sign), sign);
    assert.match(screen, /Asking the server…/);
  });

  it('ends with 1 if nobody can sign in, and says what to do', async () => {
    const { code, stdout } = await examine(['--client-id', 'nobody', '--authority', server.issuer]);
    assert.equal(code, 1);
    assert.match(stdout, /^error: .*\n {2}\S.*$/m);
    assert.match(stdout, /Nobody can sign in like this\.\n$/);
  });

  it('speaks of flags, not of options of the library', async () => {
    const down = await startScripted();
    await down.close();
    const discovery = await examine(whom(down.origin));
    assert.match(discovery.stdout, /that --oidc is given/);
    const odd = await examine(['--client-id', 'c', '--device-endpoint', `${server.issuer}/device/auth`, '--token-endpoint', `${server.issuer}/token`]);
    assert.match(odd.stdout, /The endpoints are those of --device-endpoint and --token-endpoint/);
    for (const { stdout } of [discovery, odd]) assert.doesNotMatch(stdout, /auth\.|system\.|protocolMode/);
  });

  it('shows nobody a code', async () => {
    const scripted = await startScripted();
    const runs = [await examine([...whom(scripted.origin), '--verbose']), await examine([...whom(scripted.origin), '--json'])];
    await scripted.close();
    assert.ok(scripted.seen.some(({ path }) => path === '/device'), 'it had one');
    for (const { stdout, stderr } of runs) {
      for (const code of [CODES.device_code, CODES.user_code]) assert.ok(!(stdout + stderr).includes(code));
    }
  });

  it('lets no server write to the terminal', async () => {
    const evil = await startScripted({ '/device': () => ({ status: 400, json: { error: 'invalid_scope', error_description: '\u001b[2Jno\r\u202e' } }) });
    const runs = [await examine(whom(evil.origin)), await examine([...whom(evil.origin), '--json'])];
    await evil.close();
    for (const { code, stdout } of runs) {
      assert.equal(code, 1);
      assert.doesNotMatch(stdout, /[^\P{Cc}\n]|\u202e/u);
    }
  });

  it('goes on without the app or the profile as far as it can', async () => {
    const nothing = await findings([]);
    assert.deepEqual([nothing.code, nothing.found.configuration.severity, nothing.found.store.severity], [1, 'error', 'ok']);
    assert.match(nothing.found.configuration.remedy, /--client-id/);
    const unknown = await findings(['--profile', 'nope']);
    assert.deepEqual([unknown.code, unknown.found.profile.severity], [1, 'error']);
    assert.match(unknown.found.profile.message, /no profile nope/);
    assert.equal((await examine(['--client-id', 'c', '--tenant', 'a b'])).code, 2, 'a flag that is wrong is a fault of the call');
  });

  it('looks at what the profile says', async () => {
    mkdirSync(home.path('.config', 'doorcode', 'profiles'), { recursive: true });
    writeFileSync(home.path('.config', 'doorcode', 'profiles', 'work.json'), JSON.stringify({ clientId: CLIENT_ID, authority: server.issuer }));
    const { code, found } = await findings(['--profile', 'work']);
    assert.equal(code, 0);
    assert.match(found.profile.message, /The profile work is used \(~\/\.config\/doorcode\/profiles\/work\.json\)/);
    assert.match(found.store.message, /profiles\/work\/token-cache\.json/);
  });

  it('tells of tokens that others may read, and who has them', async () => {
    put(JSON.stringify({ Account: { 'a-e-': { home_account_id: 'a', environment: 'e', realm: '', local_account_id: 'a', username: 'ada', authority_type: 'Generic' } } }));
    chmodSync(home.path(...STORE, 'token-cache.json'), 0o644);
    const { code, found } = await findings();
    assert.deepEqual([code, found.store.severity], [0, 'warning']);
    assert.match(found.store.message, /mode 0644/);
    assert.equal(found.store.remedy, `chmod 600 ${home.path(...STORE, 'token-cache.json')}`);
    assert.equal(found.accounts.message, '1 account is signed in.');
  });

  it('tells of a store that is damaged, and leaves it', async () => {
    for (const damaged of ['{"Account": {', Buffer.from([0xff, 0xfe, 0])]) {
      put(damaged);
      const { code, found } = await findings();
      assert.deepEqual([code, found.accounts.severity], [0, 'warning']);
      assert.match(found.accounts.remedy, /left as it is/);
      assert.deepEqual(readFileSync(home.path(...STORE, 'token-cache.json')), Buffer.from(damaged));
      assert.deepEqual(readdirSync(home.path(...STORE)), ['token-cache.json']);
    }
  });

  it('tells of an encrypted store without a key, or with another', async () => {
    const none = await findings([...whom(), '--store', 'encrypted']);
    assert.deepEqual([none.code, none.found.store.severity], [1, 'error']);
    assert.match(none.found.store.remedy, /DOORCODE_CACHE_KEY/);
    const short = await findings(whom(), { DOORCODE_CACHE_KEY: 'c2hvcnQ=' });
    assert.match(short.found.store.message, /must be 32 bytes/);
    mkdirSync(home.path(...STORE), { recursive: true });
    writeFileSync(home.path(...STORE, 'token-cache.jwe'), 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA', { mode: 0o600 });
    const wrong = await findings(whom(), { DOORCODE_CACHE_KEY: Buffer.alloc(32).toString('base64') });
    assert.deepEqual([wrong.code, wrong.found.store.severity], [1, 'error']);
  });

  it('tells of tokens that were kept in plain text before they were to be encrypted', async () => {
    put('{}');
    const { code, stdout } = await examine(whom(), { DOORCODE_CACHE_KEY: Buffer.alloc(32).toString('base64') });
    assert.equal(code, 0);
    assert.match(stdout, /^warning: \S+token-cache\.json is from before.*not encrypted\.\n {2}.*doorcode sign-out --all --store file\. Then delete it\.$/m);
    assert.doesNotMatch((await examine(whom())).stdout, /from before/);
  });

  it('tells of tokens that are kept nowhere', async () => {
    assert.equal((await findings([...whom(), '--store', 'memory'])).found.store.severity, 'info');
    writeFileSync(home.path('file'), '');
    const blocked = await findings(whom(), { DOORCODE_CONFIG_DIR: home.path('file') });
    assert.deepEqual([blocked.code, blocked.found.store.severity], [0, 'warning'], 'a token can be had, and is forgotten');
  });

  it('tells of a folder that cannot be written to', async () => {
    mkdirSync(home.path('sealed'));
    chmodSync(home.path('sealed'), 0o500);
    const { code, found } = await findings(whom(), { DOORCODE_CONFIG_DIR: home.path('sealed') }).finally(() => chmodSync(home.path('sealed'), 0o700));
    assert.deepEqual([code, found.store.severity], [0, 'warning']);
    assert.match(found.store.message, /cannot be kept.*permission denied/);
    assert.match(found.store.remedy, /DOORCODE_CONFIG_DIR/);
  });

  it('tells of a proxy that Node does not use, and never its address', async () => {
    const ignored = await examine(whom(), { https_proxy: 'http://ada:hunter2@proxy.example:3128' });
    assert.match(ignored.stdout, /warning: https_proxy names a proxy, and this Node does not use it\.\n {2}.*NODE_USE_ENV_PROXY=1/);
    assert.doesNotMatch(ignored.stdout, /hunter2|proxy\.example/);
    assert.match(ignored.stdout, /People can sign in; see the warnings/);
    assert.equal((await findings()).found.proxy, undefined);
    const unsafe = await findings(whom(), { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    assert.equal(unsafe.found.tls.severity, 'warning');
  });

  it('goes when it is told to', async () => {
    let [child, isAsked, isTold] = [undefined, false, false];
    // Once: what is asked twice ends by the signal itself.
    const stop = () => child && isAsked && !isTold && (isTold = child.kill('SIGINT'));
    const silent = await startScripted({ '/device': () => void ((isAsked = true), stop()) });
    const running = doorcode(['doctor', ...whom(silent.origin)], { home, onText: (_, process) => ((child = process), stop()) });
    const { code, stderr } = await running.finally(silent.close);
    assert.equal(code, 130);
    assert.equal(stderr, 'Cancelled. Nothing was changed.\n');
  });
});
