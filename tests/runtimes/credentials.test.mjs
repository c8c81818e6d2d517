// A confidential client in each runtime: what WebCrypto signs there, oidc-provider verifies here.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { makeCertificate } from '../js/support/certificate.mjs';
import { consumer } from './support/consumer.mjs';
import { bun, deno, node, versionOf } from './support/runtimes.mjs';
import { bundledByWrangler, VERSION, workerd } from './support/workerd.mjs';

const ALGORITHMS = ['PS256', 'RS256'];

describe('a confidential client', async () => {
  let project;
  let server;
  let given;
  before(async () => {
    const certificate = await makeCertificate();
    const client = (alg) => ({
      client_id: alg,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: alg,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      jwks: { keys: [{ ...certificate.publicKey.export({ format: 'jwk' }), use: 'sig' }] },
    });
    project = await consumer('credentials');
    server = await startAuthorizationServer({ configuration: { clients: ALGORITHMS.map(client), features: { clientCredentials: { enabled: true } } } });
    const pem = (type, options) => generateKeyPairSync(type, options).privateKey.export({ type: 'pkcs8', format: 'pem' });
    const auth = (clientId, privateKey) => ({ clientId, clientCertificate: { privateKey, x5c: certificate.cert, algorithm: clientId } });
    given = {
      authority: server.issuer,
      clients: ALGORITHMS.flatMap((algorithm) => [certificate.pkcs8, certificate.pkcs1].map((key) => auth(algorithm, key))),
      refused: [
        pem('ec', { namedCurve: 'P-256' }), pem('ed25519'), pem('rsa-pss', { modulusLength: 2048 }), pem('rsa', { modulusLength: 1024 }),
        certificate.pkcs8.replace(/(?<=\n)[\w+/]{64}\n/, ''),
      ].map((key) => auth('PS256', key)),
    };
  });
  after(async () => {
    await server?.close();
    project?.remove();
  });

  function check({ tokens, errors, pkce: [verifier, challenge], guid, text }) {
    assert.deepEqual(tokens, given.clients.map(() => 'Bearer'));
    assert.deepEqual(errors, given.refused.map(() => 'invalid_configuration auth.clientCertificate.privateKey'));
    assert.match(verifier, /^[\w-]{43}$/);
    assert.equal(challenge, createHash('sha256').update(verifier).digest('base64url'));
    assert.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(text, 'Zoë’s 🚪');
  }

  for (const [name, program, args] of [
    ...await Promise.all([20, 22, 24, 26].map(async (major) => [`Node ${await versionOf(node(major))}`, node(major), []])),
    [`Deno ${await versionOf(deno())}`, deno(), ['run', '--no-prompt', '--quiet', '--allow-net=127.0.0.1']],
    [`Bun ${await versionOf(bun())}`, bun(), []],
  ]) {
    it(`proves who it is by a certificate in ${name}`, async () => {
      const child = spawn(program, [...args, 'main.mjs'], { cwd: project.folder, env: { PATH: process.env.PATH, NO_COLOR: '1' } });
      child.stdin.end(JSON.stringify(given));
      const [printed, said] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')]);
      assert.equal(said, '', 'no warning');
      check(JSON.parse(printed));
    });
  }

  for (const compatibilityDate of ['2024-09-23', '2026-11-17']) {
    it(`proves who it is by a certificate in workerd ${VERSION}, ${compatibilityDate}`, async () => {
      const modules = await bundledByWrangler(project.folder, ['worker.mjs', '--name', 'consumer', '--compatibility-date', compatibilityDate]);
      const host = workerd();
      try {
        const worker = await host.start({ compatibilityDate, modules });
        const response = await fetch(worker.origin, { method: 'POST', body: JSON.stringify(given) });
        const text = await response.text();
        assert.equal(response.status, 200, text);
        check(JSON.parse(text));
        assert.equal(worker.output(), '', 'no warning');
      } finally {
        await host.close();
      }
    });
  }
});
