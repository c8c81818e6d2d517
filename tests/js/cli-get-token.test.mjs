// `doorcode get-token` without a terminal, as scripts run it: each outcome with its exit code and its lines, what is printed, and what is kept.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { approve, decline } from '../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { doorcode, Home } from './support/command.mjs';
import { CLIENT, startEntra, TENANT } from './support/entra.mjs';
import { CODES, startScripted } from './support/scripted.mjs';

let server;
let entra;
/** What a person does at the page, and as whom. */
let person;
let login;
before(async () => {
  server = await startAuthorizationServer({
    interval: 1,
    onPoll: async ({ count, userCode }) => {
      if (count === 2) await person(`${server.issuer}/device`, userCode, login);
    },
  });
  entra = await startEntra({ interval: 1 });
});
after(async () => {
  await server?.close();
  await entra?.close();
});

let home;
let scripted;
beforeEach(() => {
  home = new Home();
  [person, login] = [approve, 'ada'];
});
afterEach(async () => {
  home.remove();
  await scripted?.close();
  scripted = undefined;
});

/** The flags that name the real server, or another. */
const at = (authority = server.issuer) => ['--client-id', CLIENT_ID, '--authority', authority, '--scope', 'email'];
const getToken = (args = [], options = {}) => doorcode(['get-token', ...at(), ...args], { home, ...options });
/** A server that says what a test wants, and the flags for it. */
async function script(answers) {
  scripted = await startScripted(answers);
  return ['get-token', ...at(scripted.origin)];
}
/** The same of a plain OAuth server, whose sign-ins are kept though it does not say who it was. */
async function plain(answers) {
  scripted = await startScripted(answers);
  return ['get-token', '--client-id', CLIENT_ID, '--device-endpoint', `${scripted.origin}/device`, '--token-endpoint', `${scripted.origin}/token`, '--scope', 'email'];
}
const TOKENS = { access_token: 'AT-secret', refresh_token: 'RT-secret', token_type: 'Bearer', expires_in: 3600 };
const refused = (error, status = 400) => () => ({ status, json: { error } });

/** Code that is run before the command, as its environment. */
const first = (code) => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` });
/** Where it ends the command to ask a server. */
const WITHOUT_SERVERS = first('globalThis.fetch = () => process.exit(99);');

const KEPT = '.local/state/doorcode/token-cache.json';
const kept = () => JSON.parse(readFileSync(home.path(KEPT), 'utf8'));
/** All files of the home, and what is left over. */
const files = () => readdirSync(home.folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).map(({ name }) => name).sort();
const folders = () => readdirSync(home.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
const modeOf = (path) => (statSync(path).mode & 0o777).toString(8);
/** What is said before the first code. */
const asked = (app, authority) => [`For app ${app} at ${new URL(authority).host}.`, 'The code is yours alone: give it to nobody.'];
const codeIn = (text) => /enter the code (\S+)/.exec(text)?.[1];

describe('get-token signs a person in', () => {
  it('says where and with what code, who it was, and where the token is kept; stdout has the token alone', async () => {
    const { code, stdout, stderr } = await getToken();
    const userCode = codeIn(stderr);
    assert.equal(stderr, [
      ...asked(CLIENT_ID, server.issuer), `To sign in, open ${server.issuer}/device`, `and enter the code ${userCode}`, `or open ${server.issuer}/device?user_code=${userCode}`,
      'You have 10 minutes. Ctrl-C cancels.', 'ok: Signed in as ada@example.com.', `  The token is kept in ~/${KEPT}`, '',
    ].join('\n'));
    const [{ secret }] = Object.values(kept().AccessToken);
    assert.equal(stdout, `${secret}\n`);
    assert.equal(code, 0);
    assert.equal(modeOf(home.path(KEPT)), '600');
    assert.equal(modeOf(dirname(home.path(KEPT))), '700');
  });

  it('is silent from then on, asks no server, and says nothing but the token', async () => {
    const first = await getToken();
    for (const args of [[], ['--silent']]) {
      assert.deepEqual(await getToken(args, { env: WITHOUT_SERVERS }), { code: 0, stdout: first.stdout, stderr: '', lines: [''] });
    }
    assert.equal((await getToken(['--force-refresh'], { env: WITHOUT_SERVERS })).code, 99, 'this would be seen');
  });

  it('signs in at a server of Entra\'s shape, which has no page with the code in it', async () => {
    const { code, stdout, stderr } = await doorcode(['get-token', '--client-id', CLIENT, '--tenant', TENANT, '--scope', 'User.Read'], { home, env: entra.env });
    assert.equal(stderr, [
      ...asked(CLIENT, 'https://login.microsoftonline.com'), 'To sign in, open https://microsoft.com/devicelogin', 'and enter the code ABCD-EFGH', 'You have 15 minutes. Ctrl-C cancels.',
      'ok: Signed in as ada@contoso.example.', `  The token is kept in ~/${KEPT}`, '',
    ].join('\n'));
    assert.deepEqual([code, stdout], [0, 'AT-secret\n']);
  });

  it('prints no token of another tenant than the one that is named by its domain', async () => {
    const run = (args, env = entra.env) => doorcode(['get-token', '--client-id', CLIENT, '--scope', 'User.Read', ...args], { home, env });
    const silent = (...args) => run([...args, '--silent']);
    assert.equal((await run(['--tenant', TENANT])).code, 0);
    for (const named of [['--tenant', 'fabrikam.com'], ['--authority', 'https://login.microsoftonline.com/fabrikam.com']]) {
      const other = await silent(...named);
      assert.deepEqual([other.code, other.stdout], [1, ''], `${named}`);
      assert.match(other.stderr, /Tenant 'fabrikam\.com' not found/);
    }
    assert.equal((await silent('--tenant', 'contoso.com')).stdout, 'AT-secret\n');
    // The tokens of a profile are of its tenant: no server has to be asked whose they are.
    const config = await doorcode(['config', 'create', 'work', '--client-id', CLIENT, '--scope', 'User.Read', '--tenant', 'contoso.com'], { home });
    assert.equal(config.code, 0, config.stderr);
    const ofProfile = (args, env = entra.env) => doorcode(['get-token', '--profile', 'work', ...args], { home, env });
    assert.equal((await ofProfile([])).code, 0);
    assert.equal((await ofProfile([], WITHOUT_SERVERS)).stdout, 'AT-secret\n');
    assert.deepEqual([(await ofProfile(['--silent', '--tenant', 'fabrikam.com'])).stdout], ['']);
  });

  it('calls nobody by the number that whoever has no name is kept under', async () => {
    const { code, stderr } = await doorcode(await plain({ '/token': () => ({ json: TOKENS }) }), { home });
    assert.deepEqual([code, stderr.split('\n').slice(-3)], [0, ['ok: Signed in.', `  The token is kept in ~/${KEPT}`, '']]);
  });

  it('renews the token with --force-refresh, though the one at hand is good', async () => {
    const first = await getToken();
    const second = await getToken(['--force-refresh']);
    assert.deepEqual([second.code, second.stderr], [0, '']);
    assert.notEqual(second.stdout, first.stdout);
    assert.equal((await getToken()).stdout, second.stdout);
  });

  it('gets another code with --renew for each that expires, shows each, and then the token', async () => {
    const args = await script({
      '/device': ({ count }) => ({ json: { ...CODES, user_code: `CODE-${count}`, device_code: `DC-${count}`, expires_in: 300, interval: 1 } }),
      '/token': ({ body }) => (body.includes('DC-3') ? { json: TOKENS } : { status: 400, json: { error: 'expired_token' } }),
    });
    const { code, stdout, stderr } = await doorcode([...args, '--renew'], { home });
    const shown = (number) => `To sign in, open https://id.example/device\nand enter the code CODE-${number}\nYou have 5 minutes. Ctrl-C cancels.\n`;
    const again = 'warning: Device code expired. Here is a new one.\n';
    const [app, alone] = asked(CLIENT_ID, scripted.origin);
    assert.equal(stderr, `${app}\n${alone}\n${shown(1)}${again}${shown(2)}${again}${shown(3)}ok: Signed in.\n  The token is not kept, for the server does not say whose it is.\n`);
    assert.deepEqual([code, stdout], [0, 'AT-secret\n']);
  });

  it('gives up after --timeout also with --renew, however many codes expired', async () => {
    const args = await script({
      '/device': () => ({ json: { ...CODES, expires_in: 300, interval: 1 } }),
      '/token': ({ count }) => (count < 5 ? { status: 400, json: { error: 'expired_token' } } : { json: TOKENS }),
    });
    // The time that each code has is over at once.
    const late = first('const { fetch } = globalThis, { now } = Date; let ahead = 0; Date.now = () => now() + ahead; '
      + 'globalThis.fetch = (url, ...more) => ((ahead += String(url).endsWith("/token") ? 300_000 : 0), fetch(url, ...more));');
    const { code, stderr, lines } = await doorcode([...args, '--renew', '--timeout', '800'], { home, env: late });
    assert.deepEqual([code, lines.at(-2)], [5, 'error: Nobody signed in within the time that --timeout gives.']);
    assert.deepEqual(stderr.match(/You have [^.]+/g), ['You have 5 minutes', 'You have 5 minutes', 'You have 3 minutes']);
  });

  it('goes on after slow_down, an outage and a server that fails', async () => {
    const troubles = [refused('slow_down'), undefined, () => ({ status: 503, body: 'down' }), refused('authorization_pending')];
    const args = await script({
      '/device': () => ({ json: { ...CODES, expires_in: 300, interval: 1 } }),
      '/token': ({ count }, response) => {
        if (count > troubles.length) return { json: TOKENS };
        return troubles[count - 1] ? troubles[count - 1]() : void response.destroy();
      },
    });
    const { code, stdout } = await doorcode(args, { home });
    assert.deepEqual([code, stdout], [0, 'AT-secret\n']);
    assert.equal(scripted.seen.filter(({ path }) => path === '/token').length, 5);
  });
});

describe('get-token fails in one line, says in another what to do, and ends with a code of its own:', () => {
  const outcome = ({ code, stdout, lines }, isAsked = false) => {
    assert.equal(stdout, '', 'stdout has the result and nothing else');
    return [code, ...(isAsked ? lines.slice(-2) : lines)];
  };

  it('2, if the command line is wrong', async () => {
    const see = '  See how it is used: doorcode get-token --help';
    assert.deepEqual(outcome(await getToken(['--timeout', 'soon'])), [2, "error: option '--timeout <seconds>' argument 'soon' is invalid. It must be a whole number of seconds, such as 300.", see]);
    assert.deepEqual(outcome(await getToken(['--output', 'xml'])), [2, "error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are text, json, env, header.", see]);
    // As a variable that is not set leaves it: nobody signs in for a file that has no name.
    assert.deepEqual(outcome(await getToken(['--output-file', ''])), [2, "error: option '--output-file <file>' argument '' is invalid. It must be the name of a file.", see]);
    const config = await doorcode(['config', 'show', '--nope'], { home });
    assert.deepEqual(outcome(config).at(-1), '  See how it is used: doorcode config show --help');
    for (const [args, name] of [[['nope'], 'doorcode'], [['config', 'nope'], 'doorcode config']]) {
      assert.deepEqual(outcome(await doorcode(args, { home })).at(-1), `  See how it is used: ${name} --help`);
    }
    assert.deepEqual(outcome(await doorcode(['get-token'], { home })), [
      2, 'error: It is not said which app people are to sign in to.', '  Give --client-id, or make a profile: doorcode config create',
    ]);
    assert.deepEqual(outcome(await doorcode(['get-token', ...at('http://id.example')], { home })), [
      2, 'error: --authority: it must be a URL that begins with https:// (http:// is for this machine alone).', '  Correct what is behind --authority.',
    ]);
  });

  it('2, and shows what is wrong without what would act upon a terminal', async () => {
    for (const args of [['get-token', '--output', '\u001b]52;c;AAAA\u0007\u202exml'], ['\u001b[31mget'], ['get-token', '--\u001b[31mred'], ['get-token', 'x\u009b2J']]) {
      const { code, stdout, stderr } = await doorcode(args, { home });
      assert.deepEqual([code, stdout], [2, '']);
      assert.doesNotMatch(stderr, /[^\P{Cc}\n]|\u202e/u);
    }
    const named = await getToken(['--output-file', 'no\u001b[31m\nfolder/token']);
    assert.deepEqual(named.lines.length, 2);
  });

  it('1, if Node is older than what it needs', async () => {
    const old = first("import { syncBuiltinESMExports } from 'node:module'; import util from 'node:util'; delete util.styleText; syncBuiltinESMExports();");
    assert.deepEqual(outcome(await getToken([], { env: old })), [
      1, `error: The command doorcode needs Node 20.12 or later; this is ${process.version}.`, '  Take a later one.',
    ]);
  });

  it('3, if somebody has to sign in and --silent says to ask nobody, with a command that does', async () => {
    const { code, stdout, lines } = await getToken(['--silent', '--account', "ada's own"]);
    assert.deepEqual([code, stdout], [3, '']);
    assert.equal(lines[0], 'error: Somebody has to sign in, and --silent says to ask nobody.');
    assert.equal(lines[1], `  Sign in first: doorcode get-token --client-id ${CLIENT_ID} --authority ${server.issuer} --scope email --account 'ada'\\''s own'`);
    // As somebody types it who has copied it.
    const copied = execFileSync('sh', ['-c', `printf '%s\\n' ${lines[1].slice('  Sign in first: doorcode '.length)}`], { encoding: 'utf8' });
    assert.deepEqual(copied.trim().split('\n'), ['get-token', ...at(), '--account', "ada's own"]);
  });

  it('3, if the server wants the person again, and says so', async () => {
    const args = await plain({ '/token': ({ body }) => (body.includes('device_code') ? { json: { ...TOKENS, expires_in: 1 } } : refused('invalid_grant')()) });
    assert.equal((await doorcode(args, { home })).code, 0);
    const said = await doorcode([...args, '--silent'], { home });
    assert.equal(said.code, 3);
    assert.match(said.stderr, /^error: Somebody has to sign in, and --silent says to ask nobody\. invalid_grant: .+\n {2}Sign in first: doorcode get-token .+\n$/);
  });

  it('4, if the person declines', async () => {
    person = decline;
    assert.deepEqual(outcome(await getToken(), true), [
      4, 'error: access_denied: The sign-in was declined. The person said no', '  Start again, and accept when asked.',
    ]);
  });

  it('5, if the code expires', async () => {
    const args = await script({ '/token': refused('expired_token') });
    assert.deepEqual(outcome(await doorcode(args, { home }), true), [
      5, 'error: Device code expired. Please try again.', '  Run the command again; with --renew it gets a new code by itself.',
    ]);
  });

  it('5, if nobody signs in within --timeout', async () => {
    person = () => {};
    assert.deepEqual(outcome(await getToken(['--timeout', '1']), true), [
      5, 'error: Nobody signed in within the time that --timeout gives.', '  Run the command again, with a longer --timeout or without one.',
    ]);
  });

  it('1, if the server cannot be reached', async () => {
    const args = await script({});
    await scripted.close();
    const { origin } = scripted;
    scripted = undefined;
    assert.deepEqual(outcome(await doorcode(args, { home })), [
      1,
      `error: The authority's endpoints could not be found at ${origin}/.well-known/openid-configuration: fetch failed (connect ECONNREFUSED ${new URL(origin).host}).`,
      '  Open the address in the error to see what is there; check the authority and the connection, and for an OpenID provider that --oidc is given.',
    ]);
  });

  it('1, if the server is busy, and says so', async () => {
    for (const status of [429, 503]) {
      const args = await script({ '/device': () => ({ status, body: 'busy' }) });
      assert.deepEqual(outcome(await doorcode(args, { home })), [
        1, `error: post_request_failed: The server answered the request for a device authorization reply with status ${status} and no OAuth error.`,
        '  Try again in a while.',
      ]);
      await scripted.close();
    }
  });

  it('1, if the server\'s certificate is not trusted, with what Node wants then', async () => {
    const { NODE_OPTIONS, HOSTS } = entra.env;
    const args = ['get-token', '--client-id', CLIENT, '--tenant', TENANT];
    const [code, happened, remedy] = outcome(await doorcode(args, { home, env: { NODE_OPTIONS, HOSTS } }));
    assert.equal(code, 1);
    assert.match(happened, /certificate/);
    assert.match(remedy, /^ {2}Check the connection, [^(]* NODE_EXTRA_CA_CERTS\.$/, 'and nothing that is for pages and extensions');
  });

  it('1, if the server refuses the client', async () => {
    assert.deepEqual(outcome(await doorcode(['get-token', '--client-id', 'nobody', '--authority', server.issuer], { home })), [
      1, 'error: invalid_client: client authentication failed',
      '  Check the client id, and its secret or certificate; without one, this server must take it as a public client.',
    ]);
  });

  it('1, if another person signs in than --account names; the token of the one is kept and not printed', async () => {
    login = 'grace';
    assert.deepEqual(outcome(await getToken(['--account', 'ada@example.com']), true), [
      1, 'error: It was grace@example.com who signed in, not ada@example.com.', '  Run the command again and sign in as ada@example.com; or leave out --account.',
    ]);
    assert.equal((await getToken(['--silent', '--account', 'grace@example.com'])).code, 0);
  });

  for (const [signal, code, line] of [
    ['SIGINT', 130, 'Authentication cancelled by user'], ['SIGTERM', 143, 'Authentication ended by SIGTERM'], ['SIGHUP', 129, 'Authentication ended by SIGHUP'],
  ]) {
    it(`${code}, at ${signal}, with nothing left behind`, async () => {
      person = () => {};
      const ended = await getToken([], { onText: (text, child) => /Ctrl-C cancels\.\n$/.test(text) && child.kill(signal) });
      assert.deepEqual([ended.code, ended.stdout, ended.lines.at(-1)], [code, '', line]);
      assert.deepEqual(files(), []);
    });
  }

  it('says more with --verbose, and no secrets', async () => {
    const args = await plain({
      '/device': () => ({ json: { ...CODES, interval: 1 } }),
      '/token': ({ count, body }) => (count === 1 ? refused('authorization_pending')() : body.includes('refresh_token') ? refused('invalid_grant')() : { json: TOKENS }),
    });
    const signedIn = await doorcode([...args, '--verbose'], { home });
    assert.match(signedIn.stderr, /device code: asking http/);
    assert.equal(signedIn.stdout, 'AT-secret\n');
    const failed = await doorcode([...args, '--verbose', '--force-refresh', '--silent'], { home });
    assert.deepEqual([failed.code, failed.stdout], [3, '']);
    assert.match(failed.stderr, /\n {2}cause: /);
    for (const secret of ['DC-secret', 'AT-secret', 'RT-secret']) {
      assert.ok(!signedIn.stderr.includes(secret) && !failed.stderr.includes(secret), secret);
    }
    assert.doesNotMatch(failed.stderr, /^\s+at /m, 'no stack');
  });
});

describe('get-token prints the token', () => {
  let json;
  const print = async (output) => (await getToken(['--output', output])).stdout;
  beforeEach(async () => {
    const { stdout } = await getToken(['--output', 'json']);
    json = JSON.parse(stdout);
    assert.equal(stdout, `${JSON.stringify(json, null, 2)}\n`);
  });

  it('as JSON', async () => {
    const { access_token, expires_on } = json;
    const [stored] = Object.values(kept().AccessToken);
    assert.deepEqual(json, {
      access_token: stored.secret, token_type: 'Bearer', expires_at: new Date(expires_on * 1000).toISOString(), expires_on: Number(stored.expires_on),
      scopes: ['email', 'openid', 'profile', 'offline_access'], account: 'ada@example.com', tenant_id: null, from_cache: false,
    });
    assert.deepEqual(JSON.parse(await print('json')), { ...json, from_cache: true });
    assert.ok(access_token);
  });

  it('as text', async () => {
    assert.equal(await print('text'), `${json.access_token}\n`);
  });

  it('as variables, for a shell and for Docker\'s --env-file', async () => {
    const text = await print('env');
    assert.equal(text, `ACCESS_TOKEN=${json.access_token}\nTOKEN_TYPE=Bearer\nEXPIRES_ON=${json.expires_on}\n`);
    const seen = execFileSync('sh', ['-c', `eval "$0"; printf '%s %s %s' "$ACCESS_TOKEN" "$TOKEN_TYPE" "$EXPIRES_ON"`, text], { encoding: 'utf8' });
    assert.equal(seen, `${json.access_token} Bearer ${json.expires_on}`);
    for (const line of text.trim().split('\n')) assert.match(line, /^[A-Z_]+=[^'"\s]+$/, 'Docker takes quotation marks for a part of the value');
  });

  it('as a header, for curl -H', async () => {
    assert.equal(await print('header'), `Authorization: Bearer ${json.access_token}\n`);
  });

  it('quoted for a shell, where it is of odd characters', async () => {
    for (const odd of ["it's $HOME; `id` \\ *", '~root/AT', 'AT:~/1']) {
      const args = await script({ '/token': () => ({ json: { ...TOKENS, access_token: odd } }) });
      const { stdout } = await doorcode([...args, '-o', 'env'], { home }).finally(scripted.close);
      assert.equal(execFileSync('sh', ['-c', `eval "$0"; printf %s "$ACCESS_TOKEN"`, stdout], { encoding: 'utf8' }), odd);
    }
  });
});

describe('get-token --output-file', () => {
  let token;
  beforeEach(async () => (token = (await getToken()).stdout));
  const into = (path, options) => getToken(['--output-file', path], options);

  it('makes a file that its owner alone may read, and says where', async () => {
    assert.deepEqual(await into(home.path('token')), { code: 0, stdout: '', stderr: 'ok: The token is in ~/token\n', lines: ['ok: The token is in ~/token'] });
    assert.deepEqual([readFileSync(home.path('token'), 'utf8'), modeOf(home.path('token'))], [token, '600']);
    assert.deepEqual(files(), ['token', 'token-cache.json']);
  });

  it('replaces a file as a whole, and makes it narrower', async () => {
    writeFileSync(home.path('token'), 'something longer than what comes in its place'.repeat(9), { mode: 0o666 });
    chmodSync(home.path('token'), 0o666);
    const { ino } = statSync(home.path('token'));
    assert.equal((await into('token')).code, 0);
    assert.deepEqual([readFileSync(home.path('token'), 'utf8'), modeOf(home.path('token'))], [token, '600']);
    assert.notEqual(statSync(home.path('token')).ino, ino, 'who reads sees the old file or the new one');
  });

  it('writes what a symbolic link leads to', async () => {
    writeFileSync(home.path('target'), 'old');
    symlinkSync('target', home.path('link'));
    await into('link');
    assert.equal(readlinkSync(home.path('link')), 'target');
    assert.deepEqual([readFileSync(home.path('target'), 'utf8'), modeOf(home.path('target'))], [token, '600']);
  });

  it('says where in words that do not act upon a terminal', async () => {
    const { stderr } = await into('a\u001b[31m\nb');
    assert.equal(stderr, 'ok: The token is in a b\n');
  });

  it('makes a private file also where devices are, as in /dev/shm', async () => {
    const path = `/dev/..${home.path('token')}`;
    writeFileSync(path, 'old');
    assert.equal((await into(path)).stderr, `ok: The token is in ${path}\n`);
    assert.deepEqual([readFileSync(path, 'utf8'), modeOf(path)], [token, '600']);
  });

  it('shows nobody a token who has put a file in its way', async () => {
    const theirs = home.path('theirs');
    writeFileSync(theirs, '');
    // What write-file-atomic would have called its temporary file, which anybody can work out who knows the process.
    const planted = first(`
      import { createHash } from 'node:crypto';
      import { linkSync } from 'node:fs';
      const digest = createHash('sha1').update('doorcode').update(String(process.pid)).update('0').update('1').digest();
      linkSync('${theirs}', '${home.path('token')}.' + digest.readUInt32BE(0));`);
    assert.equal((await into('token', { env: planted })).code, 0);
    assert.equal(readFileSync(theirs, 'utf8'), '');
    assert.equal(readFileSync(home.path('token'), 'utf8'), token);
  });

  it('is one\'s own file, whoever had it before', { skip: process.getuid?.() !== 0 && 'only root may give files away' }, async () => {
    writeFileSync(home.path('token'), '');
    chownSync(home.path('token'), 65_534, 65_534);
    assert.equal((await into('token')).code, 0);
    assert.deepEqual([statSync(home.path('token')).uid, modeOf(home.path('token'))], [0, '600']);
  });

  it('goes by no link that the system does not follow, as those of others in /tmp', async () => {
    writeFileSync(home.path('target'), 'old');
    symlinkSync('target', home.path('link'));
    const protectedLinks = first(`
      import { syncBuiltinESMExports } from 'node:module';
      import fs from 'node:fs/promises';
      const { stat } = fs;
      fs.stat = (path, ...more) => (path === 'link' ? Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' })) : stat(path, ...more));
      syncBuiltinESMExports();`);
    const { code, stderr } = await into('link', { env: protectedLinks });
    assert.deepEqual([code, stderr.split('\n')[0]], [1, 'error: link cannot be written: permission denied.']);
    assert.equal(readFileSync(home.path('target'), 'utf8'), 'old');
  });

  it('writes to devices and pipes as they are', async () => {
    const { code, stdout, stderr } = await into('/dev/stdout');
    assert.deepEqual([code, stdout, stderr], [0, token, '']);
    // Of this machine's devices none but stdout: a command that is broken would have root put a file in its place.
    const log = await shell('echo before >log; doorcode "$@" --output-file /dev/stdout >>log; cat log');
    assert.equal(log.stdout, `before\n${token}`, 'what was in there stays');
    execFileSync('mkfifo', [home.path('pipe')]);
    const [read] = await Promise.all([shell('cat pipe'), into('pipe')]);
    assert.equal(read.stdout, token);
    assert.ok(statSync(home.path('pipe')).isFIFO());
  });

  it('can be cancelled while nobody reads from a pipe', async () => {
    execFileSync('mkfifo', [home.path('pipe')]);
    const { code, lines } = await getToken(['--output-file', 'pipe', '--store', 'memory'], { onText: (text, child) => /not kept\.\n$/.test(text) && child.kill('SIGINT') });
    assert.deepEqual([code, lines.at(-1)], ['SIGINT', 'Authentication cancelled by user']);
  });

  it('says before anybody signs in that a file cannot be written', async () => {
    writeFileSync(home.path('file'), '');
    mkdirSync(home.path('folder'));
    for (const [path, why] of [['no/token', 'there is no such folder'], ['folder', 'it is a folder'], ['file/token', 'a file is in the place of a folder']]) {
      assert.deepEqual(await getToken(['--output-file', path, '--account', 'somebody new']), {
        code: 1, stdout: '', stderr: `error: ${path} cannot be written: ${why}.\n  Name another file, in a folder that you may write to.\n`,
        lines: [`error: ${path} cannot be written: ${why}.`, '  Name another file, in a folder that you may write to.'],
      });
    }
  });
});

describe('get-token --account', () => {
  it('gives the token of the one who is named, however it is typed, and of who came last if nobody is', async () => {
    const ada = await getToken();
    login = 'grace';
    const grace = await getToken(['--account', 'grace@example.com']);
    assert.match(grace.stderr, /\nand sign in as grace@example\.com\n/);
    const silent = async (...args) => (await getToken(['--silent', ...args])).stdout;
    assert.equal(await silent('--account', 'ADA@example.com'), ada.stdout);
    assert.equal(await silent('--account', 'grace@example.com'), grace.stdout);
    assert.equal(await silent(), grace.stdout);
    assert.equal((await getToken(['--silent', '--account', 'eve@example.com'])).code, 3);
  });
});

describe('where get-token keeps tokens', () => {
  it('sets a damaged file aside, says so, and starts anew', async () => {
    mkdirSync(dirname(home.path(KEPT)), { recursive: true });
    writeFileSync(home.path(KEPT), '{"Account": {"cut');
    const { code, lines } = await getToken();
    assert.equal(code, 0);
    assert.equal(lines[0], `warning: ~/${KEPT} was damaged; everybody who was signed in has to sign in again.`);
    const name = /^ {2}It is kept as ~\/\.local\/state\/doorcode\/(token-cache\.json\.unreadable-\S+)$/.exec(lines[1])[1];
    assert.deepEqual(files(), ['token-cache.json', name]);
    assert.equal(readFileSync(home.path('.local/state/doorcode', name), 'utf8'), '{"Account": {"cut');
  });

  for (const [what, place, why] of [
    ['a file is in the place of its folder', '.local/state/doorcode', '~/.local/state/doorcode is a file, and it has to be a folder'],
    ['a file is in the place of a folder above', '.local', '~/.local is a file, and it has to be a folder'],
  ]) {
    it(`does without if ${what}, and says so before anybody signs in`, async () => {
      mkdirSync(dirname(home.path(place)), { recursive: true });
      writeFileSync(home.path(place), 'a file');
      const { code, stdout, lines } = await getToken();
      assert.deepEqual(lines.slice(0, 2), [
        `warning: Tokens cannot be kept (${why}): this sign-in will not be remembered.`, '  Name a folder that can be written to: DOORCODE_CONFIG_DIR',
      ]);
      assert.deepEqual(lines.slice(-2), ['ok: Signed in as ada@example.com.', '  The token is not kept.']);
      assert.deepEqual([code, readFileSync(home.path(place), 'utf8')], [0, 'a file']);
      assert.match(stdout, /^\S+\n$/);
    });
  }

  it('does without in a home that is read-only, says so before anybody signs in, and finds what was kept there before', async () => {
    const seal = (mode) => chmodSync(home.folder, mode);
    seal(0o500);
    const first = await getToken().finally(() => seal(0o700));
    assert.equal(first.lines[0], `warning: Tokens cannot be kept (${home.folder}: permission denied): this sign-in will not be remembered.`);
    assert.deepEqual([first.code, first.lines.slice(-2)], [0, ['ok: Signed in as ada@example.com.', '  The token is not kept.']]);
    assert.match(first.stdout, /^\S+\n$/);
    await getToken();
    const folder = dirname(home.path(KEPT));
    chmodSync(folder, 0o500);
    const again = await getToken().finally(() => chmodSync(folder, 0o700));
    assert.deepEqual([again.code, again.stderr], [0, '']);
  });

  it('gives the token if only the writing shows that it cannot be kept', async () => {
    // Where the folder of the lock is to be.
    mkdirSync(dirname(home.path(KEPT)), { recursive: true });
    writeFileSync(home.path(`${KEPT}.lock`), '');
    const { code, stdout, lines } = await getToken();
    assert.deepEqual(lines.slice(-3), [
      'ok: Signed in as ada@example.com.', '  The token is not kept.',
      `warning: ${home.path(KEPT)}.lock is in the way: it is not a folder of this user's.`,
    ]);
    assert.equal(code, 0);
    assert.match(stdout, /^\S+\n$/);
  });

  it('keeps nothing with --store memory, and does not warn of it', async () => {
    const { code, stderr } = await getToken(['--store', 'memory']);
    assert.match(stderr, /Ctrl-C cancels\.\nok: Signed in as ada@example\.com\.\n {2}The token is not kept\.\n$/);
    assert.deepEqual([code, files()], [0, []]);
  });

  const KEY = Buffer.alloc(32, 1).toString('base64');
  for (const [name, right, wrong] of [['DOORCODE_CACHE_KEY', KEY, Buffer.alloc(32, 2).toString('base64')], ['DOORCODE_CACHE_PASSPHRASE', 'correct horse', 'battery staple']]) {
    it(`encrypts with ${name}, and says if it is another`, async () => {
      const signedIn = await getToken([], { env: { [name]: right } });
      assert.equal(signedIn.lines.at(-1), '  The token is kept in ~/.local/state/doorcode/token-cache.jwe');
      assert.ok(!readFileSync(home.path('.local/state/doorcode/token-cache.jwe'), 'utf8').includes(signedIn.stdout.trim()));
      assert.equal((await getToken(['--silent'], { env: { [name]: right } })).stdout, signedIn.stdout);
      const { code, stdout, lines } = await getToken([], { env: { [name]: wrong } });
      assert.deepEqual([code, stdout, ...lines], [
        1, '', 'error: The token cache was encrypted with another key, or changed since; it was left as it is.',
        '  Set the DOORCODE_CACHE_KEY or DOORCODE_CACHE_PASSPHRASE that it was encrypted with. If that is lost, delete the file, and everybody signs in again.',
      ]);
    });
  }

  it('says which key is missing or cannot be one', async () => {
    const none = await getToken(['--store', 'encrypted']);
    assert.deepEqual([none.code, ...none.lines], [
      2, 'error: There is no key to encrypt the tokens with.',
      '  Set DOORCODE_CACHE_KEY (openssl rand -base64 32) or DOORCODE_CACHE_PASSPHRASE, or install @napi-rs/keyring beside doorcode.',
    ]);
    const short = await getToken([], { env: { DOORCODE_CACHE_KEY: 'c2hvcnQ=' } });
    assert.deepEqual([short.code, ...short.lines], [
      2, 'error: DOORCODE_CACHE_KEY must be 32 bytes in base64; it is 5.', '  Make one with: openssl rand -base64 32',
    ]);
  });
});

describe('two commands at once', () => {
  it('both sign somebody in, and both are kept', async () => {
    const people = ['ada', 'grace'];
    person = (page, userCode) => approve(page, userCode, people.pop());
    const tokens = await Promise.all([getToken(), getToken()]);
    assert.deepEqual(tokens.map(({ code }) => code), [0, 0]);
    assert.deepEqual(Object.values(kept().AccessToken).map(({ secret }) => `${secret}\n`).sort(), tokens.map(({ stdout }) => stdout).sort());
    assert.deepEqual(Object.values(kept().Account).map(({ username }) => username).sort(), ['ada@example.com', 'grace@example.com']);
    assert.deepEqual(files(), ['token-cache.json']);
  });

  it('both renew a token with a refresh token that works once, and the file has the new one', async () => {
    const args = ['get-token', '--client-id', CLIENT, '--tenant', TENANT, '--scope', 'User.Read'];
    const refresh = () => doorcode([...args, '--silent', '--force-refresh'], { home, env: entra.env });
    const before = { ...entra.options };
    // Whoever comes second hears of it when the first has stored what it got, as is likely in a second.
    let first;
    Object.assign(entra.options, { unique: true, rotate: true, async onRefresh(form, count) {
      first ??= { token: form.get('refresh_token'), count };
      if (form.get('refresh_token') === first.token && count !== first.count) await Promise.race(commands);
    } });
    let commands;
    try {
      await doorcode(args, { home, env: entra.env });
      commands = [refresh(), refresh()];
      const renewed = await Promise.all(commands);
      assert.deepEqual(renewed.map(({ code, stderr }) => [code, stderr]), [[0, ''], [0, '']]);
      assert.equal(new Set(renewed.map(({ stdout }) => stdout)).size, 2);
      first = undefined;
      assert.equal((await refresh()).code, 0, 'the refresh token that is kept is good');
    } finally {
      Object.assign(entra.options, { onRefresh: () => undefined, unique: undefined, rotate: undefined }, before);
    }
  });
});

/** Runs a script in which `doorcode` is the command, and "$@" is get-token with the real server. @returns {Promise<{ code: number, stdout: string, stderr: string }>} */
async function shell(script, env) {
  const command = [process.execPath, '--import', new URL('support/hurry.mjs', import.meta.url).href, new URL('../../pkg/cli/doorcode.js', import.meta.url).pathname];
  const wrapped = `doorcode() { ${command.map((part) => `'${part}'`).join(' ')} "$@"; }\n${script}`;
  const child = spawn('sh', ['-c', wrapped, 'sh', 'get-token', ...at()], { cwd: home.folder, env: { ...home.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (said[name] += text));
  const [code] = await once(child, 'close');
  return { code, ...said };
}

describe('get-token with its streams closed', () => {
  for (const [what, script] of [
    ['stdout, read by nobody', '{ doorcode "$@"; echo $? >code; } | true; cat code'],
    ['stdout, read in part', '{ doorcode "$@" -o json; echo $? >code; } | head -c 3 >/dev/null; cat code'],
    ['stdout, closed', 'doorcode "$@" >&-; echo $?'],
    ['stderr, closed', 'doorcode "$@" 2>&- >/dev/null; echo $?'],
    ['stderr, read by nobody', '{ doorcode "$@" 2>&1 >/dev/null; echo $? >code; } | true; cat code'],
    ['stdin, closed', 'doorcode "$@" <&- >/dev/null; echo $?'],
    ['all, closed', 'doorcode "$@" <&- >&- 2>&-; echo $?'],
  ]) {
    it(`does its work: ${what}`, async () => {
      const { stdout, stderr } = await shell(script);
      assert.equal(stdout, '0\n');
      assert.doesNotMatch(stderr, /^\s+at |EPIPE/m);
      assert.equal((await getToken(['--silent'])).code, 0, 'the sign-in is kept');
    });
  }

  it('says that stdout cannot be written to', async () => {
    await getToken();
    const { stdout, stderr } = await shell('doorcode "$@" >/dev/full; echo $?');
    assert.equal(stdout, '1\n');
    assert.match(stderr, /^error: .*ENOSPC.*\n {2}\S.*\n$/);
  });
});

describe('get-token that is cancelled', () => {
  /** Raises a signal when the file system is asked for the nth time. */
  const interruptedAt = (count) => first(`
    import { syncBuiltinESMExports } from 'node:module';
    import fs from 'node:fs/promises';
    let left = ${count};
    for (const name of ['open', 'mkdir', 'rename', 'unlink', 'rmdir', 'rm', 'link', 'readdir', 'stat', 'lstat', 'writeFile']) {
      const real = fs[name];
      fs[name] = (...args) => {
        if (--left === 0) process.kill(process.pid, 'SIGINT');
        return real(...args);
      };
    }
    syncBuiltinESMExports();
    process.on('exit', () => left > 0 && process.stderr.write('never interrupted'));`);

  it('leaves no lock and no temporary file, whenever that is, and a cache that is whole', async () => {
    const args = await plain({ '/token': ({ count }) => ({ json: { ...TOKENS, access_token: `AT-${count}`, refresh_token: `RT-${count}` } }) });
    assert.equal((await doorcode(args, { home })).code, 0);
    const codes = [];
    for (let count = 1; count < 200; count++) {
      const { code, stdout, stderr } = await doorcode([...args, '--force-refresh'], { home, env: interruptedAt(count) });
      if (stderr.includes('never interrupted')) break;
      codes.push(code);
      assert.equal(stdout === '', code !== 0, `at ${count}: ${code} ${stdout}`);
      assert.deepEqual(files(), ['token-cache.json'], `at ${count}`);
      assert.deepEqual(folders(), ['.local', 'doorcode', 'state'], `at ${count}`);
      assert.equal(Object.keys(kept().AccessToken).length, 1, `at ${count}`);
    }
    assert.ok(codes.length > 5 && codes.length < 199, `${codes}`);
    assert.ok(codes.includes(130));
    assert.deepEqual([...new Set(codes)].filter((code) => ![0, 130].includes(code)), []);
  });
});
