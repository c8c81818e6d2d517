// Runs a bundle as a page's script would run, in a realm that has what pages have and nothing of Node's, and prints what came of it and
// how the core was unpacked: `node page.mjs <bundle> <auth>`. With a third argument it hands in Node's `process` and `Buffer` as well,
// to show that the difference is seen.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createContext, Script } from 'node:vm';
import zlib from 'node:zlib';

const [, , bundle, auth, withNode] = process.argv;
const unpacked = { atob: 0, zlib: 0, module: '' };

const { inflateRawSync } = zlib;
zlib.inflateRawSync = (...args) => {
  unpacked.zlib += 1;
  return inflateRawSync(...args);
};

const {
  AbortController, AbortSignal, Headers, Request, Response, TextDecoder, TextEncoder, URL, URLSearchParams,
  clearInterval, clearTimeout, console, crypto, fetch, performance, queueMicrotask, setInterval, setTimeout, structuredClone,
} = globalThis;
const page = createContext({
  AbortController, AbortSignal, Headers, Request, Response, TextDecoder, TextEncoder, URL, URLSearchParams,
  clearInterval, clearTimeout, console, crypto, fetch, performance, queueMicrotask, setInterval, setTimeout, structuredClone,
  AUTH: JSON.parse(auth),
  atob: (text) => {
    unpacked.atob += 1;
    return atob(text);
  },
  ...(withNode && { process, Buffer }),
});
page.self = page;
page.WebAssembly = new Script('WebAssembly').runInContext(page);
page.WebAssembly.Module = new Proxy(page.WebAssembly.Module, {
  construct(Module, [bytes]) {
    unpacked.module = createHash('sha256').update(bytes).digest('hex');
    return new Module(bytes);
  },
});

const found = new Script('[typeof process, typeof Buffer, typeof require].join()').runInContext(page);
const report = await new Promise((resolve, reject) => {
  page.done = resolve;
  try {
    // A script: what is left of an `import` would be a syntax error.
    new Script(readFileSync(bundle, 'utf8'), { filename: bundle }).runInContext(page);
  } catch (error) {
    reject(error);
  }
});
console.log(JSON.stringify({ report, found, unpacked }));
