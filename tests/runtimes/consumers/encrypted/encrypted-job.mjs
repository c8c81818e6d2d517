// The encrypted cache in any runtime: the tests of plugins with each kind of key, texts of another library, texts for it, and refusals.

import { AuthError } from 'doorcode';
import { EncryptedCachePlugin } from 'doorcode/cache/encrypted';
import { cachePluginTests } from 'doorcode/testing';
import { memory } from './memory.mjs';

/** A new key is left in its keyring for less time here; everything else is real. */
const { setTimeout } = globalThis;
globalThis.setTimeout = (work, milliseconds, ...args) => setTimeout(work, milliseconds === 500 ? 0 : milliseconds, ...args);

const bytes = (value) => new Uint8Array(32).fill(value);

const open = async (text, options) => (await new EncryptedCachePlugin(memory(text).plugin, options).readCache()).cache;

/**
 * @param {{ text: string, value?: number, passphrase?: string }[]} given what another library has encrypted
 * @param {(key: CryptoKey) => Promise<CryptoKey>} [keep] keeps a key, and gives it back
 */
export async function job(given, keep = async (key) => key) {
  const optionsOf = ({ value, passphrase }) => (passphrase ? { passphrase, iterations: 1000 } : { key: bytes(value) });
  const cryptoKey = await keep(await crypto.subtle.importKey('raw', bytes(1), 'AES-GCM', false, ['encrypt', 'decrypt']));
  let password = null;
  const keyring = { getPassword: async () => password, setPassword: async (text) => void (password = text) };
  const kinds = [{ key: bytes(1) }, { key: cryptoKey }, { passphrase: 'correct horse', iterations: 1000 }, { keyring }];

  const results = { passed: 0, failed: [], opened: [], sealed: [], refused: [] };
  for (const options of kinds) {
    const create = () => {
      const { plugin } = memory();
      return { open: () => new EncryptedCachePlugin({ ...plugin }, options) };
    };
    for (const { name, run } of cachePluginTests(create, { accounts: 50 })) {
      await run().then(() => (results.passed += 1), (error) => results.failed.push(`${name}: ${error.stack ?? error}`));
    }
    const store = memory();
    await new EncryptedCachePlugin(store.plugin, options).writeCache('{"note":"Zoë"}', 'v0');
    results.sealed.push(store.text);
  }
  for (const item of given) {
    results.opened.push(await open(item.text, optionsOf(item)));
    const end = item.text.endsWith('A') ? 'Q' : 'A';
    for (const text of [item.text.slice(0, -1) + end, item.text.slice(0, -1), `${item.text}A`]) {
      const error = await open(text, optionsOf(item)).catch((error) => error);
      results.refused.push(error instanceof AuthError ? error.errorCode : `${error}`);
    }
  }
  return { ...results, password };
}
