// A file with versions, that processes may share: what is stored names its version.

import { createHash } from 'node:crypto';
import { readFile, rename, rmdir, mkdir, writeFile } from 'node:fs/promises';

export function fileStore(path) {
  const read = () => readFile(path, 'utf8').catch(({ code }) => (code === 'ENOENT' ? '' : Promise.reject(new Error(code))));
  const versionOf = (text) => createHash('sha256').update(text).digest('hex');
  return {
    async readCache(since) {
      const cache = await read();
      const version = versionOf(cache);
      return version === since ? null : { cache, version };
    },
    async writeCache(cache, expected) {
      const lock = `${path}.lock`;
      for (let tries = 0; !(await mkdir(lock).then(() => true, () => false)); tries += 1) {
        if (tries === 5000) throw new Error('the lock is never free');
        await new Promise(setImmediate);
      }
      try {
        if (versionOf(await read()) !== expected) return null;
        await writeFile(`${path}.next`, cache);
        await rename(`${path}.next`, path);
        return versionOf(cache);
      } finally {
        await rmdir(lock);
      }
    },
  };
}
