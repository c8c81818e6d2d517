// A token for a service: nobody signs in, it proves itself by a secret, by a certificate, or by what its platform vouches for it.

import { readFile, stat } from 'node:fs/promises';
import { clientSecret } from './application.js';
import { Failure, UsageError } from './failure.js';
import { reasonOf } from './files.js';
import { quoted } from './result.js';
import { mark, say, shortPath } from './terminal.js';

/**
 * @import { Application } from './application.js'
 * @import { Settings } from './profiles.js'
 */

/**
 * @param {Application} application
 * @param {import('doorcode').ClientCredentialRequest} request
 */
export async function tokenForService({ configuration, settings, store }, request) {
  const credential = await credentialOf(settings);
  const { oidc, resource, scopes = [] } = settings;
  if (scopes.length === 0 && !oidc && !resource) {
    throw new UsageError('It is not said which API the token is for.', 'Give its .default scope, which stands for all that was granted to the service: --scope api://<api>/.default');
  }
  const { ConfidentialClientApplication } = await import('doorcode');
  const auth = { ...configuration.auth, ...credential };
  const application = new ConfidentialClientApplication({ ...configuration, auth, cache: { cachePlugin: store.plugin } });
  return application.acquireTokenByClientCredential(request);
}

/** @param {Settings} settings @returns {Promise<Partial<import('doorcode').NodeAuthOptions>>} */
async function credentialOf({ clientCertificate, clientAssertionFile }) {
  const given = [clientSecret && 'DOORCODE_CLIENT_SECRET', clientCertificate && '--client-certificate', clientAssertionFile && '--client-assertion-file'].filter(Boolean);
  if (given.length > 1) throw new UsageError(`A service proves itself in one way, and here are ${given.length}: ${given.join(', ')}.`, 'Leave one of them.');
  if (clientSecret) return { clientSecret };
  if (clientCertificate) return { clientCertificate: await certificateIn(clientCertificate) };
  // Platforms write the file anew before what is in it expires.
  if (clientAssertionFile) return { clientAssertion: () => textOf(clientAssertionFile) };
  throw new UsageError('It is not said by what the service proves itself.', 'Set DOORCODE_CLIENT_SECRET, or give --client-certificate or --client-assertion-file.');
}

/** @param {string} path of a file with the certificate and its key */
async function certificateIn(path) {
  const pem = await textOf(path);
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && mode & 0o077) {
    say(`${mark('warning')} ${shortPath(path)} has a private key, and others may read it.`);
    say(`  chmod 600 ${quoted(path)}`);
  }
  return { privateKey: pem, x5c: pem };
}

/** @param {string} path @returns {Promise<string>} */
async function textOf(path) {
  const text = await readFile(path, 'utf8').catch((cause) => {
    const why = reasonOf(cause, { ENOENT: 'there is no such file' });
    throw new Failure(`${shortPath(path)} cannot be read: ${why}.`, 'Check the path, and who may read there.', { cause });
  });
  if (!text.trim()) throw new Failure(`${shortPath(path)} is empty.`, 'See what is to write it.');
  return text.trim();
}
