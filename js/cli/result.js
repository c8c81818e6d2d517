// A token, in the form that the next program wants it.

import { realpath, stat, writeFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { print, say, shortPath } from './terminal.js';

/** @import { AuthenticationResult } from 'doorcode' */

/** @type {Record<(typeof import('./choices.js').OUTPUTS)[number], (result: AuthenticationResult) => string>} */
const FORMATS = {
  text: ({ accessToken }) => accessToken,
  json: (result) => JSON.stringify(described(result), null, 2),
  env: (result) => variables(result).map(([name, value]) => `${name}=${quoted(value)}`).join('\n'),
  header: ({ tokenType, accessToken }) => `Authorization: ${tokenType} ${accessToken}`,
};

/** @param {AuthenticationResult} result */
export function described({ accessToken, tokenType, expiresOn, scopes, account, tenantId, fromCache }) {
  return {
    access_token: accessToken,
    token_type: tokenType,
    expires_at: expiresOn?.toISOString() ?? null,
    expires_on: expiresOn ? Math.floor(expiresOn.getTime() / 1000) : null,
    scopes,
    account: account?.username || account?.homeAccountId || null,
    tenant_id: tenantId || null,
    from_cache: fromCache,
  };
}

/** @param {AuthenticationResult} result @returns {[string, string][]} */
function variables(result) {
  const { access_token, token_type, expires_on } = described(result);
  return [['ACCESS_TOKEN', access_token], ['TOKEN_TYPE', token_type], ...(expires_on === null ? [] : [/** @type {[string, string]} */ (['EXPIRES_ON', String(expires_on)])])];
}

/** As a shell takes it, and where nothing has to be quoted, as Docker and systemd do. @param {string} value */
function quoted(value) {
  return /^[\w.~+/=:-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/**
 * @param {AuthenticationResult} result
 * @param {{ output: keyof typeof FORMATS, outputFile?: string }} options
 */
export async function deliver(result, { output, outputFile }) {
  const text = `${FORMATS[output](result)}\n`;
  if (outputFile === undefined) return print(text);
  await writePrivate(outputFile, text);
  say(`  Written to ${shortPath(outputFile)}`);
}

/** A file that its owner alone may read, whole or not at all. @param {string} path @param {string} text */
export async function writePrivate(path, text) {
  const found = await stat(path).catch(() => undefined);
  // A pipe or a device is written to; a file in its place would be something else.
  if (found && !found.isFile()) return writeFile(path, text);
  await writeFileAtomic(found ? await realpath(path) : path, text, { mode: 0o600 });
}
