// Serves a folder to a browser, on this machine.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript' };

/**
 * @param {string} folder
 * @param {Record<string, string>} [headers] sent with each file
 * @returns {Promise<{ origin: string, close: () => Promise<void> }>}
 */
export async function serveFolder(folder, headers) {
  const http = createServer(async (request, response) => {
    // `URL` leaves no ".." in the path.
    const { pathname } = new URL(request.url, 'http://127.0.0.1');
    const file = await readFile(join(folder, decodeURIComponent(pathname))).catch(() => undefined);
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? 'application/octet-stream', ...headers }).end(file);
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${http.address().port}`,
    close: () =>
      new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      }),
  };
}
