// What a confidential client is tried with in every runtime: tokens by each way of signing, keys that are refused, and CryptoProvider.

import { ConfidentialClientApplication, CryptoProvider } from 'doorcode';

/** @param {{ authority: string, clients: { auth: object }[], refused: { auth: object }[] }} given */
export async function job({ authority, clients, refused }) {
  const ask = (auth) => new ConfidentialClientApplication({ auth: { authority, ...auth } }).acquireTokenByClientCredential({ scopes: [] });
  const tokens = [];
  for (const auth of clients) tokens.push((await ask(auth)).tokenType);
  const errors = [];
  for (const auth of refused) errors.push(await ask(auth).then(() => 'taken', ({ field, errorCode }) => `${errorCode} ${field}`));
  const crypto = new CryptoProvider();
  const { verifier, challenge } = await crypto.generatePkceCodes();
  return {
    tokens,
    errors,
    pkce: [verifier, challenge],
    guid: crypto.createNewGuid(),
    text: crypto.base64Decode(crypto.base64Encode('Zoë’s 🚪')),
  };
}
