import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FileCachePlugin } from 'doorcode/cache/file';
import { cachePluginTests } from 'doorcode/testing';
describe('FileCachePlugin', () => {
  const create = () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorcode-file-'));
    return { open: () => new FileCachePlugin({ path: join(folder, 'a', 'cache.json') }), close: () => rmSync(folder, { recursive: true }) };
  };
  for (const { name, run } of cachePluginTests(create)) it(name, run);
});
