// `doorcode inspect`: honest tokens, and such as want to do harm.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { doorcode, Home } from './support/command.mjs';
import { jwt } from './support/jwt.mjs';
import { KEYS, typed } from './support/typed.mjs';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const now = () => Math.floor(Date.now() / 1000);
const encoded = (value) => Buffer.from(value).toString('base64url');
const signature = encoded('signature');
/** A token of parts that need not be JSON. */
const token = (header, claims) => `${encoded(header)}.${encoded(claims)}.${signature}`;
const CLAIMS = { aud: 'https://api.example', iss: 'https://id.example', scp: 'User.Read', preferred_username: 'ada@contoso.example' };
/** What could move the cursor, change colours, end a line, or turn the direction of reading. */
const UNSAFE = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

describe('doorcode inspect', () => {
  let home;
  before(() => (home = new Home()));
  after(() => home.remove());
  const inspect = (input, ...args) => doorcode(['inspect', ...args], { home, input });

  it('shows header and claims, and says that nothing was verified', async () => {
    const text = jwt({ ...CLAIMS, exp: now() + 42 * MINUTE + 30 });
    const { code, stdout, stderr } = await inspect(text);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^warning: The signature was not verified/);
    assert.match(stdout, /Good for another 4[23] minutes \(until \d{4}-\d\d-\d\dT[\d:]+Z\)/);
    assert.match(stdout, /^ {2}alg +RS256$/m);
    assert.match(stdout, /^ {2}aud +https:\/\/api\.example {2}\(whom it is for\)$/m);
    assert.match(stdout, /^ {2}preferred_username +ada@contoso\.example/m);
    for (const part of text.split('.')) assert.ok(!stdout.includes(part), 'no part of the token is printed');
  });

  it('says in words when a token expired, begins and was issued', async () => {
    const { stdout } = await inspect(jwt({ exp: now() - 3 * HOUR, nbf: now() + HOUR, iat: now() - 2 * 24 * HOUR, auth_time: now() - 5 * MINUTE }));
    for (const words of [/Expired 3 hours ago \(\d{4}-/, /exp .*expired 3 hours ago, \d{4}-/, /nbf .*not good yet: in 60 minutes/, /iat .*issued 2 days ago/, /auth_time .*signed in 5 minutes ago/]) {
      assert.match(stdout, words);
    }
    assert.match((await inspect(jwt({}))).stdout, /It does not say when it expires/);
  });

  it('says of an unsigned token that it is one', async () => {
    assert.match((await inspect(`${encoded('{"alg":"none"}')}.${encoded('{}')}.`)).stdout, /It has none \(alg is none\)/);
  });

  it('says as JSON what it says to people', async () => {
    const claims = { ...CLAIMS, exp: now() - HOUR, iat: now() - 2 * HOUR };
    const { code, stdout } = await inspect(jwt(claims), '--json');
    assert.equal(code, 0);
    const at = (seconds) => new Date(seconds * 1000).toISOString();
    assert.deepEqual(JSON.parse(stdout), {
      header: { alg: 'RS256', typ: 'JWT' },
      claims,
      verified: false,
      issued_at: at(claims.iat),
      not_before: null,
      expires_at: at(claims.exp),
      expired: true,
    });
  });

  it('takes a token from a flag, from a file, and in every form that get-token prints', async () => {
    const text = jwt(CLAIMS);
    const file = home.path('token.txt');
    writeFileSync(file, `\ufeff${text}\r\n`);
    const folded = text.replace(/.{20}/g, '$&\n');
    const forms = [
      `Authorization: Bearer ${text}`, `bearer ${text}`, `ACCESS_TOKEN=${text}\nTOKEN_TYPE=Bearer\nEXPIRES_ON=1`, `export ACCESS_TOKEN='${text}'`,
      JSON.stringify({ access_token: text, token_type: 'Bearer' }, null, 2), JSON.stringify({ accessToken: text }), JSON.stringify(text), folded,
    ];
    const runs = [inspect('', '-t', text), inspect('', '-f', file), inspect(text, '-f', '-'), inspect(Buffer.from(`\ufeff${text}`, 'utf16le')), ...forms.map((form) => inspect(form))];
    for (const { code, stdout, stderr } of await Promise.all(runs)) {
      assert.match(stdout, /ada@contoso\.example/, stderr);
      assert.equal(code, 0);
    }
  });

  it('says of what is no JWT what it is, and what to do', async () => {
    const secret = 'gho_16C7e42F292c6912E7710c838347Ae178B4a';
    for (const [input, happened, remedy] of [
      [secret, /opaque token/, /server that issued/],
      [`${encoded('{"alg":"dir","enc":"A256GCM"}')}..iv.content.tag`, /encrypted \(JWE\)/, /API that it is for/],
      ['', /nothing came in/, /doorcode get-token \| doorcode inspect/],
      [JSON.stringify({ error: 'x', secret }), /no access_token/, /get-token -o json/],
      [Buffer.from([0, 255, 254, 1, 2, 0x1b, 0x5b, 0x33]), /not a JWT/, /./],
      [`${encoded('{"alg":')}.${encoded('{}')}.${signature}`, /its header cannot be read/, /copy it again/],
      [token('[]', '{}'), /its header cannot be read/, /./],
      [token('null', '{}'), /its header cannot be read/, /./],
      [token('{}', '"text"'), /its claims cannot be read/, /./],
      [token('{}', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), /its claims cannot be read/, /./],
      [token('{}', '{"exp":NaN}'), /its claims cannot be read/, /./],
    ]) {
      const { code, stdout, lines } = await inspect(input);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.equal(lines.length, 2, 'a line of what happened, and a line of what to do');
      assert.match(lines[0], happened);
      assert.match(lines[1], remedy);
      assert.ok(!lines.join().includes(secret));
      assert.doesNotMatch(lines.join('\n'), UNSAFE);
    }
  });

  it('says of a file that cannot be read which it is, and why', async () => {
    for (const [path, why] of [['gone', 'there is no such file'], ['.', 'it is a folder']]) {
      const { code, lines } = await doorcode(['inspect', '--file', path], { home });
      assert.deepEqual([code, ...lines], [1, `error: ${path} cannot be read: ${why}.`, '  Check the path, and who may read there.']);
    }
  });

  it('reads no more than a token can be', async () => {
    const large = await inspect(`${'a'.repeat(1_100_000)}.b.c`);
    assert.deepEqual([large.code, large.stdout], [1, '']);
    assert.match(large.lines[0], /more than 1 MiB/);
    const endless = await inspect('', '-f', '/dev/zero');
    assert.match(endless.lines[0], /more than 1 MiB/);
    const missing = await inspect('', '-f', 'missing');
    assert.deepEqual([missing.code, missing.lines.length], [1, 2]);
  });

  it('does not show a token or a password in a claim', async () => {
    const inner = jwt({ sub: 'inner' });
    const claims = { act: { token: 'opaque-one' }, list: [inner, `see ${inner} there`], refresh_token: 'opaque-two', [inner]: 1, client_secret: 'opaque-three', url: 'https://www.api.example/a.b.c' };
    for (const args of [[], ['--json']]) {
      const { stdout } = await inspect(jwt(claims), ...args);
      for (const secret of [...inner.split('.'), 'opaque-']) assert.ok(!stdout.includes(secret), secret);
      assert.match(stdout, /a token, not shown/);
      assert.match(stdout, /https:\/\/www\.api\.example\/a\.b\.c/, 'what is no token is shown');
    }
  });

  it('lets no claim write to the terminal', async () => {
    const evil = 'a\u001b[2Jb\u001b]0;title\u0007c\rd\u009b31me\u202ef\u2066g\u061ch\ni';
    const { stdout } = await inspect(jwt({ [evil]: evil, list: [evil], deep: { [evil]: evil } }));
    assert.doesNotMatch(stdout, UNSAFE);
    const json = await inspect(jwt({ name: evil }), '--json');
    assert.doesNotMatch(json.stdout, UNSAFE);
    assert.equal(JSON.parse(json.stdout).claims.name, evil, 'in JSON nothing is lost');
  });

  it('gets over claims that are deep, many, odd or slow to look at', async () => {
    const deep = `{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    assert.match((await inspect(token('{}', deep))).stdout, /too deep to show/);
    const slow = JSON.stringify({ a: 'eyJ-'.repeat(50_000), b: 'eyJ.'.repeat(50_000), c: 'a.'.repeat(50_000) });
    assert.equal((await inspect(token('{}', slow))).code, 0);
    const twice = JSON.parse((await inspect(token('{}', '{"exp":1,"exp":2,"__proto__":{"x":1}}'), '--json')).stdout);
    assert.equal(twice.expires_at, '1970-01-01T00:00:02.000Z', 'the last of two counts, as RFC 7519 has it');
    assert.ok(Object.hasOwn(twice.claims, '__proto__'));
  });

  it('takes a time for one only if it is', async () => {
    for (const exp of ['"1790000000"', '1e999', '-1e999', '1e300', 'null', 'true', '{}', '[1]']) {
      const { code, stdout } = await inspect(token('{}', `{"exp":${exp}}`));
      assert.equal(code, 0);
      assert.match(stdout, /It does not say when it expires[^]*not a time/, exp);
      assert.deepEqual(JSON.parse((await inspect(token('{}', `{"exp":${exp}}`), '--json')).stdout).expired, null);
    }
    assert.match((await inspect(token('{}', '{"exp":-1}'))).stdout, /Expired \d+ years ago \(1969-12-31T23:59:59Z\)/);
    assert.match((await inspect(token('{}', '{"exp":1e12}'))).stdout, /Good for another [\d,]+ years/);
  });

  it('says at a terminal what it waits for, and goes when it is told to', async () => {
    const cancelled = await typed(['inspect'], { home, keys: [[/Paste a token.*Ctrl-C cancels/, KEYS.ctrlC]] });
    assert.equal(cancelled.code, 130);
    const pasted = await typed(['inspect'], { home, keys: [[/Paste a token/, `${jwt(CLAIMS)}${KEYS.enter}${KEYS.ctrlD}`]] });
    assert.equal(pasted.code, 0);
    assert.match(pasted.screen, /ada@contoso\.example/);
  });

  it('is not called with two tokens', async () => {
    assert.equal((await inspect('', '-t', 'a', '-f', 'b')).code, 2);
  });
});
