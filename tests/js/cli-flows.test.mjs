// `doorcode get-token --flow`: in a browser, which here is a program that BROWSER names and that a test has written; and for services.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { generate } from 'selfsigned';
import { startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { doorcode, Home } from './support/command.mjs';
import { CLIENT, TENANT } from './support/entra.mjs';
import { startScripted } from './support/scripted.mjs';

const PERSON = new URL('../../examples/authorization-server/person.mjs', import.meta.url).href;
const SECRET = 'a secret of the service, of some length';
const CLIENTS = [
  {
    client_id: 'native', client_name: 'The command', application_type: 'native', redirect_uris: ['http://localhost'], token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
  },
  { client_id: 'service', client_secret: SECRET, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'email' },
];

let server;
let scripted;
let home;
before(async () => {
  server = await startAuthorizationServer({ configuration: { clients: CLIENTS, features: { clientCredentials: { enabled: true } } } });
});
after(() => server?.close());
beforeEach(() => (home = new Home()));
afterEach(async () => {
  home.remove();
  await scripted?.close();
  scripted = undefined;
});

const KEPT = '.local/state/doorcode/token-cache.json';
const addressIn = (text) => /^http\S+$/m.exec(text)?.[0];
/** The port that the answer is to come to. */
const portIn = (text) => new URL(new URL(addressIn(text)).searchParams.get('redirect_uri')).port;
const isOpen = (port) => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1', () => socket.end() && resolve(true));
  socket.on('error', () => resolve(false));
});

describe('get-token --flow interactive-browser', () => {
  const flags = () => ['--client-id', 'native', '--authority', server.issuer, '--scope', 'email', '--flow', 'interactive-browser'];

  /** A browser whose person signs in and does something. */
  function browser(decision) {
    const path = home.path('browser');
    const code = `const { signIn } = await import(${JSON.stringify(PERSON)}); await signIn(process.argv.at(-1), { decision: '${decision}' });`;
    writeFileSync(path, `#!/bin/sh\nenv > ${path}.env\nexec ${process.execPath} --input-type=module --eval "${code.replaceAll('"', '\\"')}" -- "$@"\n`, { mode: 0o755 });
    return { BROWSER: path };
  }

  it('opens the page, and prints the token when the person is back; the next time nobody is asked', async () => {
    const { code, stdout, stderr } = await doorcode(['get-token', ...flags()], { home, env: { ...browser('go'), DOORCODE_CLIENT_SECRET: SECRET } });
    assert.equal(code, 0, stderr);
    assert.ok(!readFileSync(home.path('browser.env'), 'utf8').includes(SECRET), 'the browser has no business with it');
    assert.match(stdout, /^[\w-]{43}\n$/);
    assert.equal(stderr, [
      'To sign in, use the browser that opens now. If none does, open this in a browser on this machine:', '', addressIn(stderr), '',
      'You have 300 seconds. Ctrl-C cancels.', 'ok: Signed in as ada@example.com.', `  The token is kept in ~/${KEPT}`, '',
    ].join('\n').replace('300 seconds', '5 minutes'));
    assert.equal(await isOpen(portIn(stderr)), false);
    assert.deepEqual(await doorcode(['get-token', ...flags(), '--silent'], { home }).then((again) => [again.code, again.stdout, again.stderr]), [0, stdout, '']);
  });

  it('ends with 4 when the person says no', async () => {
    const { code, stdout, stderr } = await doorcode(['get-token', ...flags()], { home, env: browser('cancel') });
    assert.deepEqual([code, stdout], [4, ''], stderr);
    assert.match(stderr, /\nerror: .*The person said no/);
  });

  it('says what to do where there is no browser, and ends with 5 when nobody signs in in time', async () => {
    const { code, stdout, lines } = await doorcode(['get-token', ...flags(), '--timeout', '1'], { home });
    assert.deepEqual([code, stdout], [5, '']);
    assert.deepEqual(lines.slice(-5), [
      'warning: There is no browser that could be opened here, and the sign-in has to come back to this machine.',
      '  To sign in on another device: --flow device-code', 'You have 1 second. Ctrl-C cancels.',
      'error: Nobody signed in within the time that --timeout gives.', '  Run the command again, with a longer --timeout or without one.',
    ]);
  });

  it('leaves nothing behind when it is cancelled', async () => {
    let isTold = false;
    const onText = (text, child) => {
      if (!isTold && text.includes('Ctrl-C cancels.\n')) isTold = child.kill('SIGINT');
    };
    const { code, stdout, stderr, lines } = await doorcode(['get-token', ...flags()], { home, onText });
    assert.deepEqual([code, stdout, lines.at(-1)], [130, '', 'Authentication cancelled by user']);
    assert.equal(await isOpen(portIn(stderr)), false);
  });

  it('is told to the server whom the profile names, and the profile says the flow', async () => {
    const [, ...create] = ['', 'config', 'create', 'here', ...flags(), '--account', 'ada@example.com'];
    assert.equal((await doorcode(create, { home })).code, 0);
    const { code, stderr } = await doorcode(['get-token'], { home, env: browser('go') });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^To sign in as ada@example\.com, use the browser/);
    assert.equal(new URL(addressIn(stderr)).searchParams.get('login_hint'), 'ada@example.com');
    const doctor = await doorcode(['doctor'], { home });
    assert.equal(doctor.code, 0, doctor.stdout);
    assert.match(doctor.stdout, /Tokens are had by interactive-browser, which is not tried here\./);
  });
});

describe('get-token --flow client-credentials', () => {
  const flags = (more = []) => ['--client-id', 'service', '--authority', server.issuer, '--scope', 'email', '--flow', 'client-credentials', ...more];
  const env = { DOORCODE_CLIENT_SECRET: SECRET };
  /** A server that takes any proof, and keeps it. */
  async function anyProof() {
    scripted = await startScripted({ '/token': ({ count }) => ({ json: { access_token: `AT-${count}`, token_type: 'Bearer', expires_in: 3600 } }) });
    return ['--client-id', 'service', '--authority', scripted.origin, '--scope', 'email', '--flow', 'client-credentials'];
  }
  const forms = () => scripted.seen.filter(({ path }) => path === '/token').map(({ body }) => Object.fromEntries(new URLSearchParams(body)));

  it('gets a token for a service that has a secret, keeps it, and asks nobody', async () => {
    const first = await doorcode(['get-token', ...flags()], { home, env });
    assert.deepEqual([first.code, first.stderr], [0, '']);
    assert.match(first.stdout, /^[\w-]{43}\n$/);
    const json = await doorcode(['get-token', ...flags(['--silent', '--output', 'json'])], { home, env });
    const { access_token, account, from_cache } = JSON.parse(json.stdout);
    assert.deepEqual([`${access_token}\n`, account, from_cache], [first.stdout, null, true]);
    const forced = await doorcode(['get-token', ...flags(['--force-refresh'])], { home, env });
    assert.notEqual(forced.stdout, first.stdout);
    const renewed = await doorcode(['refresh', ...flags()], { home, env });
    assert.match(renewed.stdout, /^The token: renewed, good until /);
    assert.ok(!readFileSync(home.path(KEPT), 'utf8').includes(SECRET));
  });

  it('does not tell the secret when the server refuses it', async () => {
    const secret = 'another secret, which is none';
    const { code, stdout, stderr } = await doorcode(['get-token', ...flags(['--verbose'])], { home, env: { DOORCODE_CLIENT_SECRET: secret } });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /error: invalid_client/);
    assert.ok(!stderr.includes(secret) && !stderr.includes(encodeURIComponent(secret)), stderr);
  });

  it('signs with a certificate, whose thumbprint it computes, and warns of a key that others may read', async () => {
    const { private: key, cert, fingerprint } = await generate([{ name: 'commonName', value: 'service' }], { keySize: 2048, algorithm: 'sha256' });
    const file = home.path('service.pem');
    writeFileSync(file, `${cert}\n${key}`, { mode: 0o600 });
    const at = [...(await anyProof()), '--client-certificate', 'service.pem'];
    const signed = await doorcode(['get-token', ...at], { home });
    assert.deepEqual([signed.code, signed.stdout, signed.stderr], [0, 'AT-1\n', '']);
    const [{ client_assertion: assertion }] = forms();
    const { alg, 'x5t#S256': thumbprint } = decodeProtectedHeader(assertion);
    assert.equal(alg, 'PS256');
    assert.equal(Buffer.from(thumbprint, 'base64url').length, 32, fingerprint);
    assert.deepEqual([decodeJwt(assertion).iss, decodeJwt(assertion).sub], ['service', 'service']);

    chmodSync(file, 0o640);
    const warned = await doorcode(['get-token', ...at, '--force-refresh'], { home });
    assert.deepEqual([warned.code, warned.lines], [0, ['warning: ~/service.pem has a private key, and others may read it.', `  chmod 600 ${file}`]]);

    writeFileSync(file, cert);
    const keyless = await doorcode(['get-token', ...at, '--force-refresh'], { home });
    assert.equal(keyless.code, 2);
    assert.match(keyless.lines.find((line) => line.startsWith('error:')), /^error: --client-certificate: it holds a CERTIFICATE, and no private key/);
  });

  it('reads the assertion of a platform anew for each token', async () => {
    const file = home.path('assertion');
    const at = [...(await anyProof()), '--client-assertion-file', file, '--force-refresh'];
    for (const assertion of ['one.two.three', 'four.five.six']) {
      writeFileSync(file, `${assertion}\n`);
      assert.equal((await doorcode(['get-token', ...at], { home })).code, 0);
      assert.equal(forms().at(-1).client_assertion, assertion);
    }
    writeFileSync(file, '\n');
    const empty = await doorcode(['get-token', ...at], { home });
    assert.deepEqual([empty.code, empty.lines], [1, ['error: ~/assertion is empty.', '  See what is to write it.']]);
  });

  it('keeps the paths of a profile whole, and no secret in it', async () => {
    const { code } = await doorcode(['config', 'create', 'orders', ...flags(['--client-certificate', 'orders.pem'])], { home });
    assert.equal(code, 0);
    const shown = JSON.parse((await doorcode(['config', 'show', 'orders', '--json'], { home })).stdout);
    assert.deepEqual([shown.flow, shown.clientCertificate], ['client-credentials', home.path('orders.pem')]);
    const missing = await doorcode(['get-token'], { home });
    assert.deepEqual([missing.code, missing.lines[0]], [1, 'error: ~/orders.pem cannot be read: there is no such file.']);
    const secret = await doorcode(['config', 'import', '--name', 'x'], { home, input: JSON.stringify({ clientId: 'x', clientSecret: SECRET }) });
    assert.equal(secret.code, 2);
    assert.match(secret.stderr, /A profile holds no secrets.*DOORCODE_CLIENT_SECRET/);
  });

  it('calls an API', async () => {
    const { code, stderr } = await doorcode(['call', `${server.issuer}/me`, ...flags()], { home, env });
    // Which is for people; the token reached it.
    assert.equal(code, 1);
    assert.match(stderr, /^error: 40[01]/);
  });

  it('says what is missing, and what makes no sense', async () => {
    const entra = ['--client-id', CLIENT, '--tenant', TENANT, '--flow', 'client-credentials'];
    for (const [args, more, first] of [
      [flags(), {}, 'error: It is not said by what the service proves itself.'],
      [flags(['--client-certificate', 'x.pem']), env, 'error: A service proves itself in one way, and here are 2: DOORCODE_CLIENT_SECRET, --client-certificate.'],
      [entra, env, 'error: It is not said which API the token is for.'],
      [['--client-id', CLIENT, '--flow', 'client-credentials', '--scope', 'a/.default'], env, /^error: .*tenant/],
      [flags(['--account', 'ada']), env, 'error: With --flow client-credentials nobody signs in, and --account names somebody.'],
      ...['--open', '--no-qr', '--renew', '--timeout=3'].map((flag) => [flags([flag]), env, `error: ${flag.split('=')[0]} makes no sense with --flow client-credentials: nobody signs in.`]),
      [[...flags().slice(0, -2), '--client-certificate', 'x'], {}, 'error: --client-certificate makes no sense with --flow device-code: it is for client-credentials.'],
      [[...flags().slice(0, -1), 'interactive-browser', '--renew'], {}, 'error: --renew makes no sense with --flow interactive-browser: there is no code that could expire.'],
      [[...flags().slice(0, -1), 'magic'], {}, /^error: option '--flow <flow>' argument 'magic' is invalid/],
    ]) {
      const { code, stdout, lines } = await doorcode(['get-token', ...args], { home, env: more });
      assert.deepEqual([code, stdout], [2, ''], lines.join('\n'));
      if (first instanceof RegExp) assert.match(lines[0], first);
      else assert.equal(lines[0], first);
      assert.ok(lines.length > 1, 'and what to do');
    }
  });
});
