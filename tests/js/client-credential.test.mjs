// What a confidential client proves itself with: read from the configuration, and signed with a certificate's key. Whether what is signed
// is good is judged by jose, by node:crypto, by oidc-provider, and by what msal-node makes of the same certificate.

import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { ClientAssertion as Theirs, CryptoProvider } from '@azure/msal-node';
import { jwtVerify } from 'jose';
import { startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { Input } from '../../js/check.js';
import { clientAssertion, clientCredential } from '../../js/client-credential.js';
import { makeCertificate, plain } from './support/certificate.mjs';

const CLIENT = 'a-client';
const ENDPOINT = 'https://id.example/token';
const NOW = 1_700_000_000_999;
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let own;
let other;
before(async () => void ([own, other] = await Promise.all([makeCertificate(), makeCertificate({ name: 'another' })])));

const read = (auth, now = () => NOW) => clientCredential(Input.configuration({ auth }).part('auth'), CLIENT, now);
/** Makes the assertion for one token request. */
const sign = (clientCertificate, endpoint = ENDPOINT) => read({ clientCertificate }).assertion(endpoint);
const json = (part) => JSON.parse(Buffer.from(part, 'base64url'));
function decoded(jwt) {
  const [header, claims, signature] = jwt.split('.');
  return { header: json(header), claims: json(claims), text: `${header}.${claims}`, signature: Buffer.from(signature, 'base64url') };
}
const der = (pem) => Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64');
const failure = (act) => Promise.resolve().then(act).then(() => assert.fail('it was to be refused'), (error) => error);

/** That an error is of MSAL's class and code, names a field and a fix, and shows nothing of what was given. */
async function refused(act, { name = 'ClientConfigurationError', errorCode = 'invalid_configuration', field, fix, secrets = [] }) {
  const error = await failure(act);
  assert.deepEqual([error.name, error.errorCode, error.field], [name, errorCode, field], error.message);
  assert.match(error.message, fix);
  assert.match(error.remedy, fix);
  const shown = [error.message, error.stack, error.remedy, inspect(error, { depth: Infinity, showHidden: true }), JSON.stringify(error)].join('\n');
  for (const secret of secrets) assert.ok(!shown.includes(secret), `${secret.slice(0, 20)} is in ${shown}`);
  return error;
}

describe('a secret', () => {
  it('is what it is', () => {
    assert.deepEqual(read({ clientSecret: 'S3cret ~' }), { secret: 'S3cret ~', sendsBasic: false, assertion: undefined });
  });

  it('goes by HTTP Basic if that is wanted, and by nothing else', () => {
    assert.equal(read({ clientSecret: 'S3cret', clientSecretMethod: 'client_secret_basic' }).sendsBasic, true);
    assert.throws(() => read({ clientSecret: 'S3cret', clientSecretMethod: 'none' }), { field: 'auth.clientSecretMethod' });
  });

  it('may stand beside the empty fields of MSAL\'s defaults', () => {
    const clientCertificate = { thumbprint: '', thumbprintSha256: '', privateKey: '', x5c: '' };
    for (const rest of [{ clientAssertion: '', clientCertificate }, { clientAssertion: null, clientCertificate: null }, { clientCertificate: {} }]) {
      assert.equal(read({ clientSecret: 'S3cret', ...rest }).secret, 'S3cret');
    }
  });
});

describe('an assertion', () => {
  it('is given as it is, whatever endpoint asks', async () => {
    const { secret, assertion } = read({ clientAssertion: 'a.b.c' });
    assert.equal(secret, undefined);
    for (const endpoint of [ENDPOINT, 'https://elsewhere.example/token']) assert.equal(await assertion(endpoint), 'a.b.c');
  });

  it('is asked of the callback for each token request, with MSAL\'s argument', async () => {
    const asked = [];
    for (const give of [(text) => text, async (text) => text]) {
      const { assertion } = read({ clientAssertion: (config) => give(`a.b.${asked.push(config)}`) });
      const made = [await assertion(ENDPOINT), await assertion(`${ENDPOINT}/2`)];
      assert.equal(new Set(made).size, 2);
      assert.deepEqual(asked.slice(-2), [{ clientId: CLIENT, tokenEndpoint: ENDPOINT }, { clientId: CLIENT, tokenEndpoint: `${ENDPOINT}/2` }]);
    }
  });

  it('that a callback does not bring is that callback\'s error, as it was thrown', async () => {
    const thrown = { not: 'even an error' };
    for (const give of [() => { throw thrown; }, async () => { throw thrown; }]) {
      assert.equal(await failure(() => read({ clientAssertion: give }).assertion(ENDPOINT)), thrown);
    }
  });

  it('must be a string that is not empty, and the error says whose result it was', async () => {
    const what = { name: 'ClientAuthError', errorCode: 'invalid_assertion', fix: /must return a string/, secrets: ['T0ken'] };
    for (const result of [undefined, null, '', 42, Buffer.from('T0ken'), { clientAssertion: 'T0ken' }]) {
      await refused(() => read({ clientAssertion: async () => result }).assertion(ENDPOINT), { ...what, field: 'auth.clientAssertion' });
      const request = Input.request({ clientAssertion: () => result });
      await refused(() => clientAssertion(request, CLIENT)(ENDPOINT), { ...what, field: 'clientAssertion' });
    }
  });

  it('of a request is read in the same way, and none is none', async () => {
    assert.equal(await clientAssertion(Input.request({ clientAssertion: 'a.b.c' }), CLIENT)(ENDPOINT), 'a.b.c');
    assert.equal(await clientAssertion(Input.request({ clientAssertion: ({ clientId }) => clientId }), CLIENT)(ENDPOINT), CLIENT);
    for (const clientAssertionOf of [undefined, null, '']) {
      assert.equal(clientAssertion(Input.request({ clientAssertion: clientAssertionOf }), CLIENT), undefined);
    }
    for (const odd of [42, {}, [], true]) {
      const what = { errorCode: 'invalid_request_parameter', field: 'clientAssertion', fix: /a string, or a function/ };
      await refused(() => clientAssertion(Input.request({ clientAssertion: odd }), CLIENT), what);
      await refused(() => read({ clientAssertion: odd }), { field: 'auth.clientAssertion', fix: /a string, or a function/ });
    }
  });
});

describe('a configuration', () => {
  const what = { name: 'ClientAuthError', errorCode: 'invalid_client_credential', field: 'auth' };

  it('without a credential is refused, and told what there may be', async () => {
    for (const auth of [{}, { clientSecret: '', clientAssertion: '' }, { clientCertificate: { thumbprint: '', privateKey: '' } }]) {
      await refused(() => read(auth), { ...what, fix: /no credential; pass clientSecret, clientAssertion or clientCertificate/ });
    }
  });

  it('with more than one is refused, and told which they are', async () => {
    const all = { clientSecret: 'S3cret', clientAssertion: 'T0.k.en', clientCertificate: { thumbprintSha256: own.sha256, privateKey: own.pkcs8 } };
    const secrets = ['S3cret', 'T0.k.en', own.sha256, own.pkcs8.slice(40, 80)];
    const names = Object.keys(all);
    for (const left of [[0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
      const found = left.map((place) => names[place]);
      const auth = Object.fromEntries(found.map((name) => [name, all[name]]));
      await refused(() => read(auth), { ...what, fix: new RegExp(`it has ${found.join(' and ')}, and may`), secrets });
    }
  });

  it('with something else in these fields is refused', async () => {
    await refused(() => read({ clientSecret: 42 }), { field: 'auth.clientSecret', fix: /must be a string, not 42/ });
    await refused(() => read({ clientCertificate: own.pkcs8 }), { field: 'auth.clientCertificate', fix: /an object, not a string/ });
  });
});

describe('a certificate', () => {
  for (const [algorithm, keySize] of [['PS256', 2048], ['RS256', 2048], ['PS256', 4096], ['RS256', 4096]]) {
    it(`signs by ${algorithm} with ${keySize} bits, of PKCS #8 and PKCS #1, what jose and node:crypto find good`, async () => {
      const certificate = keySize === 2048 ? own : await makeCertificate({ keySize });
      for (const privateKey of [certificate.pkcs8, certificate.pkcs1]) {
        const jwt = await sign({ privateKey, thumbprintSha256: certificate.sha256, algorithm });
        const options = { algorithms: [algorithm], audience: ENDPOINT, issuer: CLIENT, subject: CLIENT, typ: 'JWT', currentDate: new Date(NOW) };
        await jwtVerify(jwt, certificate.publicKey, { ...options, maxTokenAge: 1 });
        const { text, signature } = decoded(jwt);
        const padding = algorithm === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
        assert.ok(verify('sha256', text, { key: certificate.publicKey, ...padding }, signature));
        await assert.rejects(jwtVerify(jwt, other.publicKey, options), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
      }
    });
  }

  it('makes header and claims as RFC 7523 and Entra have them', async () => {
    const { header, claims } = decoded(await sign({ privateKey: own.pkcs8, thumbprintSha256: own.sha256 }));
    assert.deepEqual(header, { alg: 'PS256', typ: 'JWT', 'x5t#S256': createHash('sha256').update(der(own.cert)).digest('base64url') });
    const { jti, ...rest } = claims;
    assert.match(jti, GUID);
    assert.deepEqual(rest, { aud: ENDPOINT, iss: CLIENT, sub: CLIENT, nbf: 1_700_000_000, iat: 1_700_000_000, exp: 1_700_000_600 });
  });

  it('makes each assertion anew: another id, the endpoint that asks, the time that it is', async () => {
    let now = NOW;
    const { assertion } = read({ clientCertificate: { privateKey: own.pkcs8, thumbprintSha256: own.sha256 } }, () => now);
    const first = decoded(await assertion(ENDPOINT)).claims;
    now += 5000;
    const second = decoded(await assertion(`${ENDPOINT}/2`)).claims;
    assert.notEqual(first.jti, second.jti);
    assert.deepEqual([first.aud, second.aud], [ENDPOINT, `${ENDPOINT}/2`]);
    assert.equal(second.iat, first.iat + 5);
  });

  it('serves requests that begin at once', async () => {
    const { assertion } = read({ clientCertificate: { privateKey: own.pkcs1, x5c: own.cert } });
    const made = await Promise.all(Array.from({ length: 5 }, () => assertion(ENDPOINT)));
    for (const jwt of [...made, await assertion(ENDPOINT)]) await jwtVerify(jwt, own.publicKey, { currentDate: new Date(NOW) });
    assert.equal(new Set(made.map((jwt) => decoded(jwt).claims.jti)).size, 5);
  });

  it('imports the key once, so that nobody can read it out', async () => {
    const { subtle } = crypto;
    const imported = [];
    const { importKey } = subtle;
    subtle.importKey = (...args) => (imported.push(args), importKey.apply(subtle, args));
    try {
      const { assertion } = read({ clientCertificate: { privateKey: own.pkcs8, thumbprintSha256: own.sha256 } });
      for (let count = 0; count < 3; count++) await assertion(ENDPOINT);
    } finally {
      delete subtle.importKey;
    }
    assert.deepEqual(imported.map(([format, , , extractable, usages]) => [format, extractable, usages]), [['pkcs8', false, ['sign']]]);
  });

  describe('chooses, as msal-node does,', () => {
    for (const [way, given, expected] of [
      ['PS256 and x5t#S256 with a SHA-256 thumbprint', ({ sha256 }) => ({ thumbprintSha256: sha256 }), ['PS256', 'x5t#S256']],
      ['RS256 and x5t with a SHA-1 thumbprint', ({ sha1 }) => ({ thumbprint: sha1 }), ['RS256', 'x5t']],
      ['the stronger of two thumbprints', ({ sha1, sha256 }) => ({ thumbprint: sha1, thumbprintSha256: sha256 }), ['PS256', 'x5t#S256']],
    ]) {
      it(way, async () => {
        for (const x5c of [undefined, own.cert, `${own.cert}${other.cert}`]) {
          const fields = Object.fromEntries(Object.entries(given(own)).map(([name, value]) => [name, plain(value)]));
          const mine = decoded(await sign({ privateKey: own.pkcs8, ...fields, x5c }));
          const from = fields.thumbprintSha256 ? Theirs.fromCertificateWithSha256Thumbprint : Theirs.fromCertificate;
          const signer = from.call(Theirs, fields.thumbprintSha256 ?? fields.thumbprint, own.pkcs8, x5c);
          const theirs = decoded(signer.getJwt(new CryptoProvider(), CLIENT, ENDPOINT));
          assert.deepEqual([mine.header.alg, ...Object.keys(mine.header).filter((name) => name.startsWith('x5t'))], expected);
          assert.deepEqual(mine.header, theirs.header);
          assert.deepEqual(Object.keys(mine.claims).sort(), Object.keys(theirs.claims).sort());
          const { aud, iss, sub } = theirs.claims;
          assert.deepEqual([mine.claims.aud, mine.claims.iss, mine.claims.sub], [aud, iss, sub]);
          // msal-node rounds some of the times, and cuts others.
          for (const { claims } of [mine, theirs]) assert.ok([600, 601].includes(claims.exp - claims.iat) && claims.nbf === claims.exp - 600);
          for (const { claims } of [mine, theirs]) assert.match(claims.jti, GUID);
        }
      });
    }
  });

  it('signs by the algorithm that the program names, and the thumbprint stays what it is', async () => {
    const given = [[{ thumbprintSha256: own.sha256 }, 'x5t#S256'], [{ thumbprint: own.sha1 }, 'x5t'], [{ x5c: own.cert }, 'x5t#S256']];
    for (const [fields, name] of given) {
      for (const algorithm of ['PS256', 'RS256']) {
        const { header } = decoded(await sign({ privateKey: own.pkcs8, ...fields, algorithm }));
        assert.equal(header.alg, algorithm);
        assert.ok(header[name], JSON.stringify(header));
      }
    }
    const fix = /'PS256' or 'RS256'/;
    for (const algorithm of ['ES256', 'none', 'toString']) {
      await refused(() => sign({ privateKey: own.pkcs8, thumbprint: own.sha1, algorithm }), { field: 'auth.clientCertificate.algorithm', fix });
    }
  });

  it('names itself by x5c where no thumbprint is given', async () => {
    const { header } = decoded(await sign({ privateKey: own.pkcs8, x5c: own.cert }));
    const named = { 'x5t#S256': Buffer.from(plain(own.sha256), 'hex').toString('base64url'), x5c: [der(own.cert).toString('base64')] };
    assert.deepEqual(header, { alg: 'PS256', typ: 'JWT', ...named });
  });

  it('takes thumbprints as openssl, Entra and Windows write them', async () => {
    const made = [];
    const lower = plain(own.sha256).toLowerCase();
    for (const thumbprintSha256 of [own.sha256, plain(own.sha256), lower, lower.match(/../g).join(' '), `\u200e${lower}\n`]) {
      made.push(decoded(await sign({ privateKey: own.pkcs8, thumbprintSha256 })).header['x5t#S256']);
    }
    assert.equal(new Set(made).size, 1);
  });

  it('refuses what is no thumbprint, or the wrong one', async () => {
    const wrong = (field, value, fix) =>
      refused(() => sign({ privateKey: own.pkcs8, [field]: value }), { field: `auth.clientCertificate.${field}`, fix, secrets: [value] });
    await wrong('thumbprintSha256', own.sha1, /SHA-256 thumbprint of the certificate, in 64 hex digits/);
    await wrong('thumbprint', own.sha256, /SHA-1 thumbprint of the certificate, in 40 hex digits/);
    await wrong('thumbprintSha256', Buffer.from(plain(own.sha256), 'hex').toString('base64'), /64 hex digits/);
    await wrong('thumbprintSha256', plain(own.sha256).replace(/.$/, 'g'), /64 hex digits/);
    await wrong('thumbprint', `${own.sha1}00`, /40 hex digits/);
  });

  it('refuses a thumbprint that is not of the certificate in x5c, and says which field it is', async () => {
    for (const [field, fields] of [
      ['thumbprintSha256', { thumbprintSha256: other.sha256 }],
      ['thumbprint', { thumbprint: other.sha1 }],
      ['thumbprint', { thumbprint: other.sha1, thumbprintSha256: own.sha256 }],
      ['thumbprintSha256', { thumbprintSha256: own.sha256, x5c: `${other.cert}${own.cert}` }],
    ]) {
      const what = { field: `auth.clientCertificate.${field}`, fix: /not that of the first certificate in x5c/ };
      await refused(() => sign({ privateKey: own.pkcs8, x5c: own.cert, ...fields }), what);
    }
  });

  it('refuses an x5c in which there is no certificate', async () => {
    for (const x5c of [own.pkcs8, plain(own.sha256), 'cert.pem', own.cert.replace('MII', 'M$I'), own.cert.slice(0, -40)]) {
      const what = { field: 'auth.clientCertificate.x5c', fix: /BEGIN CERTIFICATE/, secrets: [own.pkcs8.slice(40, 80)] };
      await refused(() => sign({ privateKey: own.pkcs8, x5c }), what);
    }
  });

  it('never sends a private key that stands beside the certificate in x5c', async () => {
    const jwt = await sign({ privateKey: own.pkcs8, x5c: `${own.pkcs8}${own.cert}` });
    assert.deepEqual(decoded(jwt).header.x5c, [der(own.cert).toString('base64')]);
  });

  it('without a key, or with nothing to name it by, is refused', async () => {
    const what = { name: 'ClientAuthError', errorCode: 'invalid_client_credential' };
    for (const privateKey of [undefined, '']) {
      const act = () => sign({ privateKey, thumbprintSha256: own.sha256 });
      await refused(act, { ...what, field: 'auth.clientCertificate.privateKey', fix: /it is missing/ });
    }
    const field = 'auth.clientCertificate.thumbprintSha256';
    await refused(() => sign({ privateKey: own.pkcs8 }), { ...what, field, fix: /it is missing; pass it, or .* x5c/ });
  });
});

describe('a private key', () => {
  const ways = {
    'with CRLF': (pem) => pem.replaceAll('\n', '\r\n'),
    'without a line break at the end': (pem) => pem.trimEnd(),
    'with text around it, as `openssl pkcs12` writes it': (pem) => `Bag Attributes\n    friendlyName: a-key\n${pem}\nmore text`,
    'with certificates beside it': (pem) => `${own.cert}${pem}${own.cert}`,
    'on one line, as environment variables have it': (pem) => pem.replaceAll('\n', '\\n'),
    'on one line, with spaces': (pem) => pem.replaceAll('\n', ' '),
    'as one long line of base64': (pem) => pem.replace(/(?<=[\w+/=])\n(?=[\w+/=])/g, ''),
  };
  for (const [way, write] of Object.entries(ways)) {
    it(`is read ${way}`, async () => {
      for (const pem of [own.pkcs8, own.pkcs1]) {
        const jwt = await sign({ privateKey: write(pem), thumbprintSha256: own.sha256 });
        await jwtVerify(jwt, own.publicKey, { currentDate: new Date(NOW) });
      }
    });
  }

  const pem = (key, type = 'pkcs8', more = {}) => key.export({ type, format: 'pem', ...more });
  const encrypted = (type, cipher) => pem(own.key, type, { cipher, passphrase: 'passphrase' });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cases = {
    'an encrypted one of PKCS #8': [() => encrypted('pkcs8', 'aes-256-cbc'), /it is encrypted; decrypt it first/],
    'an encrypted one of PKCS #1': [() => encrypted('pkcs1', 'aes-256-cbc'), /it is encrypted; decrypt it first/],
    'one for elliptic curves, as PKCS #8': [() => pem(ec.privateKey), /not one of another kind, such as EC/],
    'one for elliptic curves, as SEC 1': [() => pem(ec.privateKey, 'sec1'), /RSA key \(a PRIVATE KEY or RSA PRIVATE KEY\), not an EC PRIVATE KEY/],
    'one of Ed25519': [() => pem(generateKeyPairSync('ed25519').privateKey), /not one of another kind, such as EC/],
    'one for PSS alone': [() => pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey), /not one of another kind/],
    'one of OpenSSH': [() => own.pkcs8.replaceAll('PRIVATE', 'OPENSSH PRIVATE'), /not an OPENSSH PRIVATE KEY/],
    'a public key': [() => pem(own.publicKey, 'spki'), /it holds a PUBLIC KEY, and no private key/],
    'a certificate': [() => own.cert, /it holds a CERTIFICATE, and no private key/],
    'the name of a file': [() => './key.pem', /no PEM text \(that of the file, not its name\)/],
    'bare base64': [() => der(own.pkcs8).toString('base64'), /no PEM text/],
    'two keys': [() => own.pkcs8 + other.pkcs1, /it holds 2 private keys; leave the one of the certificate/],
    'one that was cut off': [() => own.pkcs8.slice(0, 900), /no PEM text/],
    'one that lost its middle': [() => own.pkcs8.replace(/(?<=\n)[\w+/]{64}\n/, ''), /it cannot be read; it must be a whole RSA key/],
    'one with a letter that is no base64': [() => own.pkcs8.replace('MII', 'M$I'), /its PEM text is damaged/],
    'a PKCS #8 that calls itself RSA': [() => own.pkcs8.replaceAll('PRIVATE', 'RSA PRIVATE'), /it cannot be read/],
    'an empty block': [() => '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----', /it cannot be read/],
    'one of 1024 bits': [() => pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /2048 bits or more, not 1024/],
  };
  for (const [name, [make, fix]] of Object.entries(cases)) {
    it(`that is ${name} is refused, and nothing of it shown`, async () => {
      const privateKey = make();
      const lines = privateKey.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
      const what = { field: 'auth.clientCertificate.privateKey', fix, secrets: lines };
      await refused(() => sign({ privateKey, thumbprintSha256: own.sha256 }), what);
    });
  }
});

describe('no WebCrypto', () => {
  it('is told where a certificate is to sign, and a secret needs none', async () => {
    const whole = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    Object.defineProperty(globalThis, 'crypto', { configurable: true, value: undefined });
    try {
      assert.equal(read({ clientSecret: 'S3cret' }).secret, 'S3cret');
      const error = await failure(() => sign({ privateKey: own.pkcs8, thumbprintSha256: own.sha256 }));
      assert.equal(error.errorCode, 'no_crypto_object');
    } finally {
      Object.defineProperty(globalThis, 'crypto', whole);
    }
  });
});

describe('oidc-provider', () => {
  let server;
  const ALGORITHMS = ['PS256', 'RS256'];
  before(async () => {
    const client = (alg) => ({
      client_id: `client-${alg}`,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: alg,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      jwks: { keys: [{ ...own.publicKey.export({ format: 'jwk' }), use: 'sig' }] },
    });
    const features = { clientCredentials: { enabled: true } };
    server = await startAuthorizationServer({ configuration: { clients: ALGORITHMS.map(client), features } });
  });
  after(() => server?.close());

  async function ask(clientId, clientCertificate, endpoint = `${server.issuer}/token`) {
    const { assertion } = clientCredential(Input.configuration({ auth: { clientCertificate } }).part('auth'), clientId, Date.now);
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(endpoint),
    });
    const response = await fetch(`${server.issuer}/token`, { method: 'POST', body });
    return { status: response.status, ...(await response.json()) };
  }

  for (const algorithm of ALGORITHMS) {
    it(`gives a token to who signs by ${algorithm}, and to nobody with another key, algorithm or endpoint`, async () => {
      const clientId = `client-${algorithm}`;
      const given = { privateKey: own.pkcs1, thumbprintSha256: own.sha256, x5c: own.cert, algorithm };
      const told = await ask(clientId, given);
      assert.deepEqual([told.status, told.token_type], [200, 'Bearer'], told.error_description);
      for (const [certificate, endpoint] of [
        [{ privateKey: other.pkcs8, thumbprintSha256: own.sha256, algorithm }],
        [{ ...given, algorithm: ALGORITHMS.find((name) => name !== algorithm) }],
        [given, 'https://id.example/token'],
      ]) {
        assert.equal((await ask(clientId, certificate, endpoint)).error, 'invalid_client');
      }
    });
  }
});
