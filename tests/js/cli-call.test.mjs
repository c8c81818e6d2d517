// `doorcode call`: at oidc-provider's own API, and at such as say no, say much, or mean harm.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { generate } from 'selfsigned';
import { approve } from '../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { doorcode, Home } from './support/command.mjs';
import { jwt } from './support/jwt.mjs';
import { startScripted } from './support/scripted.mjs';
import { typed } from './support/typed.mjs';

/** What could move the cursor, change colours, end a line, or turn the direction of reading. */
const UNSAFE = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
/** For a test of the time limit: a minute is a moment. */
const HURRIED = 'const { setTimeout: real } = globalThis; globalThis.setTimeout = (call, ms, ...args) => real(call, ms === 60000 ? 20 : ms, ...args);';
const HASTY = `--import=data:text/javascript,${encodeURIComponent(HURRIED)}`;

describe('doorcode call, at oidc-provider', () => {
  it('has somebody sign in, and prints what the API says', async () => {
    const server = await startAuthorizationServer({ interval: 1 });
    const home = new Home();
    let done;
    const url = `${server.issuer}/me`;
    const running = doorcode(['call', '--client-id', CLIENT_ID, '--authority', server.issuer, '--scope', 'openid profile', url], {
      home,
      onText(text) {
        const [, uri, userCode] = /open (\S+)\nand enter the code (\S+)\n/.exec(text) ?? [];
        if (userCode) done ??= approve(uri, userCode, 'ada');
      },
    });
    const { code, stdout, stderr } = await running.finally(() => done).finally(async () => {
      home.remove();
      await server.close();
    });
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { sub: 'ada', name: 'Ada Lovelace', preferred_username: 'ada@example.com' });
    assert.match(stderr, /ok: Signed in as ada@example\.com\.[^]*\nok: 200 OK\n$/);
  });
});

describe('doorcode call', () => {
  let home, server, answers, issued;

  beforeEach(async () => {
    home = new Home();
    issued = 0;
    answers = {
      '/token': () => {
        issued += 1;
        const claims = { iss: server.origin, aud: 'client', sub: 'ada', exp: Math.floor(Date.now() / 1000) + 3600, preferred_username: 'ada@example.com' };
        return { json: { access_token: `AT-${issued}+/=`, refresh_token: 'RT', token_type: 'bearer', expires_in: 3600, id_token: jwt(claims) } };
      },
    };
    server = await startScripted(answers);
  });
  afterEach(async () => {
    home.remove();
    await server.close();
  });

  const whom = () => ['--client-id', 'client', '--authority', server.origin];
  const call = (url, args = [], more = {}) => doorcode(['call', ...whom(), ...args, url.startsWith('/') ? server.origin + url : url], { home, ...more });
  const asked = (path) => server.seen.filter((request) => request.path === path);
  /** Asserts that there is one line of what happened and one of what to do, without the token. */
  function says({ code, stderr }, happened, remedy, expected = 1) {
    const lines = stderr.slice(stderr.indexOf('error: ')).trim().split('\n');
    assert.equal(lines.length, 2, stderr);
    assert.match(lines[0], happened);
    assert.match(lines[1], remedy);
    assert.equal(code, expected);
    assert.doesNotMatch(stderr, /AT-/);
    assert.doesNotMatch(stderr, UNSAFE);
  }

  it('sends the token to the address that was named, and prints the bytes that come back', async () => {
    const bytes = Buffer.from([0, 1, 0x1b, 0x5b, 0xff, 0xfe, 10]);
    answers['/api'] = () => ({ headers: { 'content-type': 'image/png' }, body: bytes.toString('latin1') });
    const { code, stdout } = await call('/api?q=1');
    assert.equal(code, 0);
    assert.equal(stdout, bytes.toString('latin1'));
    const [{ headers, url }] = asked('/api');
    assert.deepEqual([url, headers.authorization], ['/api?q=1', 'Bearer AT-1+/=']);
    await call('/api');
    assert.equal(issued, 1, 'the next time the token is in the cache');
  });

  it('prints status and headers before the body if it is told to', async () => {
    answers['/api'] = ({ headers }) => ({ headers: { 'x-echo': headers.authorization }, json: { a: 1 } });
    const { stdout, stderr } = await call('/api', ['-i']);
    assert.match(stdout, /^HTTP\/1\.1 200 OK\n(.+: .+\n)+\n\{"a":1\}$/);
    assert.match(stdout, /^x-echo: Bearer \(the token\)$/m);
    assert.doesNotMatch(stderr, /200 OK/);
  });

  it('sends no token where others could read it, and asks nobody for one', async () => {
    for (const [url, happened, remedy] of [
      ['http://api.example/', /over http:\/\//, /https:\/\//],
      ['http://127.0.0.1.api.example/', /over http:\/\//, /https:\/\//],
      ['file:///etc/passwd', /no address of an API/, /https:\/\//],
      ['https://ada:pw@api.example/', /a name or a password in the URL/, /Leave it out/],
      ['graph.microsoft.com/v1.0/me', /is no URL/, /https:\/\/graph\.microsoft\.com\/v1\.0\/me/],
      ['me\u001b[2J', /me is no URL/, /https:\/\//],
    ]) {
      says(await call(url), happened, remedy, 2);
    }
    assert.deepEqual(server.seen, []);
  });

  it('follows no redirect, and says where it leads', async () => {
    answers['/api'] = ({ headers: { authorization } }) => {
      const token = authorization.slice('Bearer '.length);
      return { status: 302, headers: { location: `/next?t=${encodeURIComponent(token)}&u=${token}` } };
    };
    says(await call('/api'), /^error: 302 Found: it leads to http:\/\/127\.0\.0\.1:\d+\/next\?t=\(the token\)&u=\(the token\)$/, /not sent there/);
    assert.deepEqual(asked('/next'), []);
  });

  it('says in one line why an API refuses, and what to do', async () => {
    const graph = { error: { code: 'Authorization_RequestDenied', message: 'Not\nallowed\u001b[2J, {token}', innerError: {} } };
    for (const [status, headers, json, happened, remedy] of [
      [401, { 'www-authenticate': 'Bearer realm="x", error="invalid_token", error_description="wrong \\"aud\\" in {token}"' }, {}, /^error: 401 Unauthorized: wrong "aud" in \(the token\)$/, /doorcode inspect.*--scope or --resource/],
      [401, { 'www-authenticate': 'Bearer' }, undefined, /^error: 401 Unauthorized$/, /doorcode inspect/],
      [403, {}, graph, /^error: 403 Forbidden: Authorization_RequestDenied: Not allowed, \(the token\)$/, /consent.*role/],
      [403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="mail.read files.read"' }, {}, /insufficient_scope/, /--scope 'mail\.read files\.read'/],
      [404, {}, { message: 'Not here' }, /^error: 404 Not Found: Not here$/, /Check the address/],
      [400, {}, { title: 'Bad', detail: 'Filter is wrong' }, /^error: 400 Bad Request: Filter is wrong$/, /what the API says/],
      [405, {}, { error: 'no_get', error_description: 'Post it' }, /Post it$/, /no GET/],
      [429, { 'retry-after': '17' }, {}, /^error: 429/, /Retry-After: 17/],
      [503, { 'content-type': 'text/html' }, '<h1>down</h1>', /^error: 503 Service Unavailable$/, /try again/],
      [500, {}, null, /^error: 500/, /try again/],
      [500, {}, { error: { message: `${'x'.repeat(496)}{token}${'x'.repeat(100_000)}` } }, /^error: 500 .{10,600}$/, /try again/],
      [400, {}, { error: { message: 'A\u001b[0mT-1+/= is odd' } }, /^error: 400 Bad Request: \(the token\) is odd$/, /./],
    ]) {
      const answer = JSON.stringify({ status, headers, ...(json !== undefined && { json }) });
      answers['/api'] = (request) => JSON.parse(answer.replaceAll('{token}', request.headers.authorization.slice(7)));
      const run = await call('/api', ['--verbose']);
      says(run, happened, remedy);
      const sent = json === undefined ? '' : JSON.stringify(json);
      assert.equal(run.stdout.replaceAll(/AT-1\+\/=/g, '{token}'), sent, 'the body is printed all the same');
    }
  });

  it('suggests no command that does more than it says', async () => {
    const scope = "$(echo ran)`echo ran`' mail.read";
    answers['/api'] = () => ({ status: 403, headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` }, json: {} });
    const { lines } = await call('/api');
    const [, flag] = /another scope: --scope (.+)$/.exec(lines.at(-1));
    assert.equal(execFileSync('sh', ['-c', `printf %s ${flag}`], { encoding: 'utf8' }), scope);
  });

  it('gets a new token once with the claims that an API asks for', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    const challenge = `Bearer authorization_uri="https://id.example/authorize", error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`;
    answers['/api'] = ({ headers }) => (headers.authorization.endsWith('AT-1+/=') ? { status: 401, headers: { 'www-authenticate': challenge } } : { json: 'done' });
    const { code, stdout } = await call('/api');
    assert.deepEqual([code, stdout], [0, '"done"']);
    assert.deepEqual(asked('/api').map(({ headers }) => headers.authorization), ['Bearer AT-1+/=', 'Bearer AT-2+/=']);
    assert.equal(new URLSearchParams(asked('/token').at(-1).body).get('claims'), claims);

    server.seen.length = 0;
    answers['/api'] = () => ({ status: 401, headers: { 'www-authenticate': challenge } });
    says(await call('/api'), /401 Unauthorized: insufficient_claims/, /doorcode inspect/);
    assert.equal(asked('/api').length, 2, 'once, and not for ever');
  });

  it('takes for claims only what is', async () => {
    for (const claims of ['%%%', Buffer.from('[1]').toString('base64'), Buffer.from('{').toString('base64'), '']) {
      answers['/api'] = () => ({ status: 401, headers: { 'www-authenticate': `Bearer claims="${claims}"` } });
      server.seen.length = 0;
      says(await call('/api'), /401/, /./);
      assert.equal(asked('/api').length, 1);
    }
  });

  it('asks nobody if it is not to', async () => {
    const { code, stdout } = await call('/api', ['--silent']);
    assert.deepEqual([code, stdout, server.seen.length], [3, '', 0]);
  });

  it('does not send a token that would end a header, and does not show it', async () => {
    answers['/token'] = () => ({ json: { access_token: 'AT-1\r\nx: y', token_type: 'Bearer', expires_in: 3600 } });
    const run = await call('/api');
    says(run, /access_token has characters that none may have/, /Check the authority/);
    answers['/token'] = () => ({ json: { access_token: 'AT-1', token_type: 'Bearer', expires_in: 3600, id_token: jwt({ iss: server.origin, aud: 'client', sub: 'ada', exp: 4e9 }) } });
    answers['/api'] = () => ({ json: {} });
    assert.equal((await call('/api')).code, 0);
    const cache = home.path('.local/state/doorcode/token-cache.json');
    writeFileSync(cache, readFileSync(cache, 'utf8').replace('AT-1', 'AT-\\r\\n1'));
    says(await call('/api', ['--verbose', '--silent']), /token in the cache cannot be sent/, /--force-refresh/);
    assert.equal(asked('/api').length, 1);
  });

  it('says why there was no answer', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
    const https = createServer({ key, cert }, (_, response) => response.end());
    await new Promise((resolve) => https.listen(0, '127.0.0.1', resolve));
    const gone = await startScripted();
    await gone.close();
    answers['/cut'] = (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('a part');
      setTimeout(() => response.destroy(), 20);
    };
    answers['/hang'] = () => undefined;
    try {
      says(await call(`https://127.0.0.1:${https.address().port}/`), /certificate of .* is not trusted.*SELF_SIGNED/, /NODE_EXTRA_CA_CERTS/);
      says(await call(gone.origin), /Nothing answers at .*ECONNREFUSED/, /that the server runs/);
      says(await call('https://nowhere.invalid/'), /nowhere\.invalid.*(ENOTFOUND|EAI_AGAIN)/, /Check the .*connection/);
      const cut = await call('/cut');
      says(cut, /broke the connection off/, /Try again/);
      assert.equal(cut.stdout, 'a part');
      says(await call('/hang', [], { env: { NODE_OPTIONS: HASTY } }), /did not answer within 60 seconds/, /Try again/);
    } finally {
      https.closeAllConnections();
      await new Promise((resolve) => https.close(resolve));
    }
  });

  it('goes when it is told to, before an answer and in the middle of one', async () => {
    let [child, isAsked] = [undefined, false];
    // Once: what is asked twice ends by the signal itself.
    const told = new Set();
    const tell = (running) => told.has(running) || (told.add(running), running.kill('SIGINT'));
    const stop = () => child && isAsked && tell(child);
    answers['/hang'] = () => void ((isAsked = true), stop());
    answers['/half'] = (_, response) => void response.writeHead(200).write('a half');
    const before = await call('/hang', [], { onText: (_, running) => ((child = running), stop()) });
    const amid = await call('/half', [], { onText: (text, running) => text.includes('a half') && tell(running) });
    for (const { code, stderr } of [before, amid]) {
      assert.equal(code, 130, stderr);
      assert.match(stderr, /cancelled/);
    }
  });

  it('ends when nobody reads any more', async () => {
    answers['/endless'] = (_, response) => {
      const write = () => {
        while (response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    };
    const { code, stderr } = await call('/endless', [], { onText: (text, child) => text.includes('xxx') && child.stdout.destroy() });
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /error/);
  });

  it('indents JSON at a terminal and loses nothing of it, and writes nothing to the terminal that acts there', async () => {
    answers['/json'] = () => ({ body: '{"id":12345678901234567890.10,"same":1,"same":2,"none":[ ],"list":[1,{"a\\"[":"\u202e\u009b31m\\u001b"}]}' });
    answers['/text'] = () => ({ headers: { 'content-type': 'text/plain' }, body: 'one\u001b[31m\ntw\u202eo' });
    answers['/lines'] = () => ({ headers: { 'content-type': 'application/json' }, body: '{"a":1}\n{"b":2}' });
    answers['/png'] = () => ({ headers: { 'content-type': 'image/png' }, body: '\u0000\u0001' });
    await call('/json');
    const seen = async (path) => (await typed(['call', ...whom(), server.origin + path], { home })).screen.replaceAll('\r\n', '\n').split('200 OK\n')[1];
    const lines = [
      '{', '  "id": 12345678901234567890.10,', '  "same": 1,', '  "same": 2,', '  "none": [],',
      '  "list": [', '    1,', '    {', '      "a\\"[": "\\u202e\\u009b31m\\u001b"', '    }', '  ]', '}', '',
    ];
    assert.equal(await seen('/json'), lines.join('\n'));
    assert.equal(await seen('/text'), 'one\ntw o\n');
    assert.equal(await seen('/lines'), '{"a":1}\n{"b":2}\n');
    assert.match(await seen('/png'), /^\(2 bytes of image\/png, .*\)\n$/);
  });
});
