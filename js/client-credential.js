// How a confidential client proves who it is: by a secret, by an assertion that the program brings, or by one that is signed here with the
// key of a certificate (RFC 7523; Entra's certificate credentials).

import { wrong } from './check.js';
import { base64, base64url, digest, fromBase64, utf8, webCrypto } from './crypto-provider.js';
import { ClientAuthError, ClientAuthErrorCodes, ClientConfigurationErrorCodes } from './errors.js';
import { failed } from './failed.js';

/**
 * @import { Input } from './check.js'
 * @import { Bytes } from './crypto-provider.js'
 */

/** Brings the assertion for one token request. @typedef {(tokenEndpoint?: string) => Promise<string>} Assertion */

/**
 * What a confidential client proves itself with: a secret or an assertion.
 * @typedef {object} Credential
 * @property {string} [secret]
 * @property {boolean} [sendsBasic] the secret goes by HTTP Basic, whatever the server says
 * @property {Assertion} [assertion]
 */

/** How a secret is sent (RFC 7591 section 2). */
const POST = 'client_secret_post';
const BASIC = 'client_secret_basic';

/** How long an assertion is good for, in seconds. */
const LIFETIME = 600;

/** RFC 7518 allows no smaller keys, for either algorithm. */
const FEWEST_BITS = 2048;

const ALGORITHMS = { PS256: { name: 'RSA-PSS', saltLength: 32 }, RS256: { name: 'RSASSA-PKCS1-v1_5' } };

/** Thumbprints of certificates, and MSAL's algorithm with each. If there are both the first counts. */
const THUMBPRINTS = /** @type {const} */ ([
  { field: 'thumbprintSha256', hash: 'SHA-256', digits: 64, header: 'x5t#S256', algorithm: 'PS256' },
  { field: 'thumbprint', hash: 'SHA-1', digits: 40, header: 'x5t', algorithm: 'RS256' },
]);

/**
 * @param {Input} auth
 * @param {string} clientId
 * @param {() => number} now milliseconds
 * @returns {Credential}
 */
export function clientCredential(auth, clientId, now) {
  const secret = auth.filledText('clientSecret');
  const assertion = clientAssertion(auth, clientId);
  const certificate = auth.part('clientCertificate');
  const given = { clientSecret: secret, clientAssertion: assertion, clientCertificate: Object.values(certificate.value).some(Boolean) };
  const found = Object.entries(given).flatMap(([field, value]) => (value ? [field] : []));
  if (found.length !== 1) {
    const fault = found.length ? `it has ${found.join(' and ')}, and may have one of them` : 'it has no credential';
    throw invalidCredential('auth', `${fault}; pass clientSecret, clientAssertion or clientCertificate`);
  }
  if (given.clientCertificate) return { assertion: byCertificate(certificate, clientId, now) };
  const method = auth.filledText('clientSecretMethod') ?? POST;
  if (![POST, BASIC].includes(method)) throw auth.wrong('clientSecretMethod', `it must be "${POST}" or "${BASIC}"`);
  return { secret, sendsBasic: method === BASIC, assertion };
}

/**
 * The `clientAssertion` of a configuration or a request. A function is called for each token request, for assertions expire.
 * @param {Input} input
 * @param {string} clientId
 * @returns {Assertion | undefined}
 */
export function clientAssertion(input, clientId) {
  const given = input.value.clientAssertion;
  if (!given) return undefined;
  if (typeof given === 'string') return async () => given;
  if (typeof given !== 'function') throw input.wrong('clientAssertion', 'it must be a string, or a function that returns one');
  const field = input.path ? `${input.path}.clientAssertion` : 'clientAssertion';
  return async (tokenEndpoint) => {
    const assertion = await given({ clientId, tokenEndpoint });
    if (assertion && typeof assertion === 'string') return assertion;
    throw credentialError(ClientAuthErrorCodes.invalidAssertion, field, 'it must return a string that is not empty, or a promise of one');
  };
}

/**
 * @param {Input} certificate
 * @param {string} clientId
 * @param {() => number} now
 */
function byCertificate(certificate, clientId, now) {
  const pkcs8 = privateKey(certificate);
  const chain = certificates(certificate);
  const thumbprints = THUMBPRINTS.flatMap((kind) => {
    const bytes = thumbprint(certificate, kind);
    return bytes ? [{ ...kind, bytes }] : [];
  });
  if (!thumbprints.length && !chain.length) {
    throw invalidCredential(`${certificate.path}.thumbprintSha256`, 'it is missing; pass it, or the certificate itself as x5c');
  }
  const alg = certificate.filledText('algorithm') ?? (thumbprints[0] ?? THUMBPRINTS[0]).algorithm;
  if (!Object.hasOwn(ALGORITHMS, alg)) throw certificate.wrong('algorithm', "it must be 'PS256' or 'RS256'");
  return signer(pkcs8, { alg: /** @type {keyof typeof ALGORITHMS} */ (alg), thumbprints, chain }, clientId, now);
}

/**
 * Apart from what reads the configuration, so that what it returns holds no text of a key.
 * @param {Bytes | undefined} pkcs8
 * @param {object} more
 * @param {keyof typeof ALGORITHMS} more.alg
 * @param {((typeof THUMBPRINTS)[number] & { bytes: Bytes })[]} more.thumbprints
 * @param {Bytes[]} more.chain
 * @param {string} clientId
 * @param {() => number} now
 * @returns {Assertion}
 */
function signer(pkcs8, { alg, thumbprints, chain }, clientId, now) {
  /** Not a promise: in workerd it would be of one request alone. @type {{ key: CryptoKey, header: string } | undefined} */
  let ready;

  /** @param {Bytes} bytes */
  async function prepare(bytes) {
    const key = await importKey(bytes, alg);
    for (const { field, hash, bytes } of chain.length ? thumbprints : []) {
      if (base64(await digest(hash, chain[0])) !== base64(bytes)) {
        throw wrongCertificate(field, 'it is not that of the first certificate in x5c, which must be the one of privateKey');
      }
    }
    const { header, bytes: named } = thumbprints[0] ?? { header: 'x5t#S256', bytes: await digest('SHA-256', chain[0]) };
    return { key, header: part({ alg, typ: 'JWT', [header]: base64url(named), ...(chain.length && { x5c: chain.map(base64) }) }) };
  }

  return async (tokenEndpoint) => {
    const { subtle } = webCrypto();
    ready ??= await prepare(/** @type {Bytes} */ (pkcs8));
    pkcs8 = undefined;
    const issued = Math.floor(now() / 1000);
    const times = { nbf: issued, iat: issued, exp: issued + LIFETIME };
    const text = `${ready.header}.${part({ aud: tokenEndpoint, iss: clientId, sub: clientId, jti: webCrypto().randomUUID(), ...times })}`;
    return `${text}.${base64url(new Uint8Array(await subtle.sign(ALGORITHMS[alg], ready.key, utf8(text))))}`;
  };
}

/** A part of a JWT. @param {object} json */
const part = (json) => base64url(utf8(JSON.stringify(json)));

/** @param {Bytes} pkcs8 @param {keyof typeof ALGORITHMS} alg */
async function importKey(pkcs8, alg) {
  const { subtle } = webCrypto();
  // The cause is left out: what a runtime says of a key's bytes is not for a log.
  const key = await subtle.importKey('pkcs8', pkcs8, { ...ALGORITHMS[alg], hash: 'SHA-256' }, false, ['sign']).catch(() => {
    throw wrongCertificate('privateKey', 'it cannot be read; it must be a whole RSA key, and not one of another kind, such as EC');
  });
  const { modulusLength } = /** @type {RsaKeyAlgorithm} */ (key.algorithm);
  if (modulusLength >= FEWEST_BITS) return key;
  throw wrongCertificate('privateKey', `it must have ${FEWEST_BITS} bits or more, not ${modulusLength}`);
}

/**
 * The blocks of PEM text, also where line breaks are spaces, or are written as `\n`, as in environment variables.
 * @param {string} text
 */
const pemBlocks = (text) =>
  [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^]+?)-----END \1-----/g)].map(([, label, body]) => ({ label, body: body.replace(/\\[rn]/g, '') }));

/** @param {Input} certificate @returns {Bytes} of PKCS #8 */
function privateKey(certificate) {
  const text = certificate.filledText('privateKey');
  if (!text) throw invalidCredential(`${certificate.path}.privateKey`, 'it is missing; pass the private key of the certificate as PEM text');
  const blocks = pemBlocks(text);
  const [key, ...more] = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const refused = (/** @type {string} */ fix) => certificate.wrong('privateKey', fix);
  if (!key) {
    const fault = blocks.length ? `it holds a ${blocks[0].label}, and no private key` : 'it holds no PEM text (that of the file, not its name)';
    throw refused(`${fault}; it must have a block from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----`);
  }
  if (more.length) throw refused(`it holds ${more.length + 1} private keys; leave the one of the certificate`);
  if (key.label === 'ENCRYPTED PRIVATE KEY' || key.body.includes('ENCRYPTED')) {
    const way = "createPrivateKey({ key, passphrase }).export({ type: 'pkcs8', format: 'pem' }) of node:crypto, or `openssl pkey`";
    throw refused(`it is encrypted; decrypt it first, with ${way}`);
  }
  const isPkcs1 = key.label === 'RSA PRIVATE KEY';
  if (!isPkcs1 && key.label !== 'PRIVATE KEY') throw refused(`it must be an RSA key (a PRIVATE KEY or RSA PRIVATE KEY), not an ${key.label}`);
  const bytes = fromBase64(key.body);
  if (!bytes) throw refused('its PEM text is damaged; it must be base64 between the first line and the last');
  return isPkcs1 ? pkcs8Of(bytes) : bytes;
}

/** INTEGER 0, and the algorithm: SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL }. */
const RSA = [0x02, 1, 0, 0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0];

/** Wraps PKCS #1 into PKCS #8 (RFC 5208). Lengths are of two bytes, as those of RSA keys are. @param {Bytes} pkcs1 */
function pkcs8Of(pkcs1) {
  const der = (/** @type {number} */ tag, /** @type {number[]} */ content) => [tag, 0x82, content.length >> 8, content.length & 255, ...content];
  return Uint8Array.from(der(0x30, [...RSA, ...der(0x04, [...pkcs1])]));
}

/** The certificates of `x5c`, the client's own first. @param {Input} certificate */
function certificates(certificate) {
  const text = certificate.filledText('x5c');
  if (!text) return [];
  const refused = () => certificate.wrong('x5c', 'it must be PEM text, with blocks from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----');
  const blocks = pemBlocks(text).filter(({ label }) => label === 'CERTIFICATE');
  if (!blocks.length) throw refused();
  return blocks.map(({ body }) => {
    const bytes = fromBase64(body);
    if (!bytes) throw refused();
    return bytes;
  });
}

/**
 * @param {Input} certificate
 * @param {(typeof THUMBPRINTS)[number]} kind
 */
function thumbprint(certificate, { field, hash, digits }) {
  const text = certificate.filledText(field);
  if (!text) return undefined;
  // Copied from Windows it begins with a mark of direction that nobody sees.
  const hex = text.replace(/[\s:\u200e]/g, '');
  if (hex.length === digits && /^[\da-f]+$/i.test(hex)) return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  throw certificate.wrong(field, `it must be the ${hash} thumbprint of the certificate, in ${digits} hex digits`);
}

/** @param {string} field @param {string} fix */
const wrongCertificate = (field, fix) => wrong(ClientConfigurationErrorCodes.invalidConfiguration, `auth.clientCertificate.${field}`, fix);

/** @param {string} field @param {string} fix */
const invalidCredential = (field, fix) => credentialError(ClientAuthErrorCodes.invalidClientCredential, field, fix);

/** An error that MSAL has a code for. @param {string} code @param {string} field @param {string} fix */
const credentialError = (code, field, fix) =>
  failed(ClientAuthError, code, `${field}: ${fix}`, { field, remedy: `Correct ${field}: ${fix}.` });
