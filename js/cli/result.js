// A token, in the form that the next program wants it.

import { isReplaced, writePrivate } from './files.js';
import { asJson, mark, print, say, shortPath } from './terminal.js';

/** @import { AuthenticationResult } from 'doorcode' */

/** @type {Record<(typeof import('./choices.js').OUTPUTS)[number], (result: AuthenticationResult) => string>} */
const FORMATS = {
  text: ({ accessToken }) => accessToken,
  json: (result) => asJson(described(result)),
  env: (result) => variables(result).map(([name, value]) => `${name}=${quoted(value)}`).join('\n'),
  header: ({ tokenType, accessToken }) => `Authorization: ${tokenType} ${accessToken}`,
};

/** @param {AuthenticationResult} result */
export function described({ accessToken, tokenType, expiresOn, scopes, account, tenantId, fromCache }) {
  const expires = expiresOn && Math.floor(expiresOn.getTime() / 1000);
  return {
    access_token: accessToken,
    token_type: tokenType,
    expires_at: expires && new Date(expires * 1000).toISOString(),
    expires_on: expires,
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
export function quoted(value) {
  // Shells make a home of "~" at the beginning, and behind ":" or "="; Zsh a path of "=".
  return /^[\w.~+/=:-]*$/.test(value) && !/^[~=]|:[~=]|=~/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/**
 * @param {AuthenticationResult} result
 * @param {{ output: keyof typeof FORMATS, outputFile?: string }} options
 */
export async function deliver(result, { output, outputFile }) {
  const text = `${FORMATS[output](result)}\n`;
  // Which cannot be opened by its name if it is a socket.
  if (outputFile === undefined || outputFile === '/dev/stdout') return print(text);
  await writePrivate(outputFile, text);
  if (await isReplaced(outputFile)) say(`${mark('done')} The token is in ${shortPath(outputFile)}`);
}
