// The doctor, against real and scripted servers.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { ClientAuthError, diagnose } from 'doorcode';
import { CLIENT_ID, startAuthorizationServer } from '../../examples/authorization-server/server.mjs';
import { failure } from './support/app.mjs';
import { CLIENT, startEntra, TENANT } from './support/entra.mjs';
import { startScripted } from './support/scripted.mjs';

const severities = (findings) => Object.fromEntries(findings.map(({ check, severity }) => [check, severity]));
const allOk = (...checks) => Object.fromEntries(checks.map((check) => [check, 'ok']));

describe('diagnose, at Entra ID', () => {
  let entra;
  before(async () => (entra = await startEntra()));
  after(() => entra.close());
  const at = (tenant, clientId = CLIENT) => ({ auth: { clientId, authority: `https://login.microsoftonline.com/${tenant}` } });

  it('finds a configuration in order', async () => {
    const findings = await diagnose(at('contoso.example'));
    const checks = ['client_id', 'authority', 'clock', 'discovery', 'tenant', 'issuer', 'device_endpoint', 'public_client'];
    assert.deepEqual(severities(findings), allOk(...checks));
    assert.match(findings.find(({ check }) => check === 'tenant').message, new RegExp(TENANT));
    assert.deepEqual(entra.seen.map(({ url }) => url.pathname.replace('/contoso.example', '')), [
      '/v2.0/.well-known/openid-configuration', '/oauth2/v2.0/devicecode', '/oauth2/v2.0/token',
    ], 'it asks what a sign-in asks, once each');
    for (const secret of ['DC-', 'ABCD-EFGH']) assert.ok(!inspect(findings).includes(secret), 'no code leaves it');
  });

  it('finds a tenant that does not exist, and an app that the tenant does not know', async () => {
    const nowhere = (await diagnose(at('nowhere.example'))).at(-1);
    assert.deepEqual([nowhere.check, nowhere.severity], ['tenant', 'error']);
    assert.match(nowhere.message, /AADSTS90002/);
    assert.match(nowhere.remedy, /tenant's id or domain/);
    const unknown = (await diagnose(at(TENANT, '00000000-0000-4000-8000-000000000000'))).at(-1);
    assert.deepEqual([unknown.check, unknown.severity], ['client_id', 'error']);
    assert.equal(unknown.remedyUrl, `https://login.microsoftonline.com/${TENANT}/adminconsent?client_id=00000000-0000-4000-8000-000000000000`);
  });

  it('finds that public client flows are not allowed', async () => {
    const { onPoll } = entra.options;
    entra.options.onPoll = () => ({ status: 401, body: entra.refusal('invalid_client', 7000218, 'A secret is required.') });
    const finding = (await diagnose(at(TENANT))).at(-1);
    entra.options.onPoll = onPoll;
    assert.deepEqual([finding.check, finding.severity], ['public_client', 'error']);
    assert.match(finding.remedy, /Allow public client flows/);
    assert.match(finding.remedyUrl, new RegExp(`~/Authentication/appId/${CLIENT}$`));
  });
});

describe('diagnose, elsewhere', () => {
  it('finds oidc-provider in order, and a client that it does not know', async () => {
    const server = await startAuthorizationServer();
    const found = await diagnose({ auth: { clientId: CLIENT_ID, authority: server.issuer } });
    assert.deepEqual(severities(found), allOk('client_id', 'authority', 'clock', 'discovery', 'issuer', 'device_endpoint', 'public_client'));
    const unknown = await diagnose({ auth: { clientId: 'nobody', authority: server.issuer } });
    await server.close();
    assert.equal(severities(unknown).public_client, 'error');
  });

  it('finds a clock that is wrong, a server that is down, and one without device codes', async () => {
    const server = await startScripted();
    const auth = { clientId: 'client', authority: server.origin };
    const clock = { now: () => Date.now() - 3_600_000, sleep: async () => {} };
    const slow = (await diagnose({ auth, system: { clock } })).find(({ check }) => check === 'clock');
    assert.deepEqual([slow.severity, /behind/.test(slow.message)], ['warning', true]);
    await server.close();
    const down = (await diagnose({ auth })).at(-1);
    assert.deepEqual([down.check, down.severity], ['discovery', 'error']);
    const b2c = await diagnose({ auth: { clientId: CLIENT, authority: 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_a' } });
    assert.deepEqual(severities(b2c), { client_id: 'ok', authority: 'ok', device_endpoint: 'error' });
  });

  it('names the field of a configuration that is wrong', async () => {
    for (const [configuration, field] of [[{}, 'auth.clientId'], [{ auth: { clientId: 'c', authority: 'x' } }, 'authority'], [undefined, 'the argument']]) {
      const [finding] = await diagnose(configuration);
      assert.deepEqual([finding.check, finding.severity], [field, 'error']);
      assert.ok(finding.remedy);
    }
  });

  it('is refused options that are wrong', async () => {
    for (const [options, field] of [[{ signal: 7 }, 'signal'], [{ scopes: 'x' }, 'scopes'], [{ locale: 7 }, 'locale']]) {
      assert.equal((await failure(diagnose({ auth: { clientId: CLIENT } }, options))).field, field);
    }
  });

  it('gives up when it is told to', async () => {
    const reason = new Error('enough');
    const server = await startScripted({ '/device': () => undefined });
    const auth = { clientId: 'client', authority: server.origin };
    const giveUp = new AbortController();
    const diagnosing = diagnose({ auth }, { signal: giveUp.signal });
    giveUp.abort(reason);
    const error = await failure(diagnosing);
    await server.close();
    assert.ok(error instanceof ClientAuthError);
    assert.equal(error.cause, reason);
  });
});
