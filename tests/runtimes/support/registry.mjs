// A registry of npm's with one package in it, so that a runtime which fetches packages by itself gets the packed tarball.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { ROOT } from './runtimes.mjs';

/**
 * Serves a tarball of pkg/ on a free port of 127.0.0.1.
 * @param {string} tarball its path
 * @returns {Promise<{ url: string, version: string, asked: string[], close: () => Promise<void> }>} `asked` are the paths so far
 */
export async function registry(tarball) {
  const bytes = readFileSync(tarball);
  const manifest = JSON.parse(readFileSync(join(ROOT, 'pkg/package.json'), 'utf8'));
  const { name, version } = manifest;
  const asked = [];
  const http = createServer(({ url }, response) => {
    asked.push(url);
    if (url === `/-/${basename(tarball)}`) return response.end(bytes);
    response.statusCode = url === `/${name}` ? 200 : 404;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(url === `/${name}` ? about : { error: 'not found' }));
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${http.address().port}/`;
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const about = {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist: { tarball: `${url}-/${basename(tarball)}`, integrity } } },
  };
  return {
    url,
    version,
    asked,
    close: () =>
      new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      }),
  };
}
