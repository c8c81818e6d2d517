// A certificate as somebody has it who registers an app with one: in files of every kind that openssl and portals make.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

/** @param {{ name?: string, keySize?: number }} [options] */
export async function makeCertificate({ name = 'a client', keySize = 2048 } = {}) {
  const { private: privateKey, cert } = await generate([{ name: 'commonName', value: name }], { keySize });
  const key = createPrivateKey(privateKey);
  const { fingerprint, fingerprint256, publicKey } = new X509Certificate(cert);
  return {
    cert,
    publicKey,
    key,
    pkcs8: privateKey,
    pkcs1: key.export({ type: 'pkcs1', format: 'pem' }),
    /** As openssl prints them: in capitals, with colons. */
    sha1: fingerprint,
    sha256: fingerprint256,
  };
}

/** A thumbprint as Entra's pages show it. */
export const plain = (thumbprint) => thumbprint.replaceAll(':', '');
