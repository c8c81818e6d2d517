// Keeps the token cache in a file, as most programs with MSAL Node do.

import { readFile, writeFile } from 'node:fs/promises';

export function fileCache(path) {
  return {
    async beforeCacheAccess({ tokenCache }) {
      const text = await readFile(path, 'utf8').catch((error) => {
        if (error.code !== 'ENOENT') throw error;
        return '';
      });
      if (text) tokenCache.deserialize(text);
    },
    async afterCacheAccess({ tokenCache, cacheHasChanged }) {
      if (cacheHasChanged) await writeFile(path, tokenCache.serialize(), { mode: 0o600 });
    },
  };
}
