// index.cjs, for `require` where an ES module cannot be required: reads the module from the file beside it. Bundlers take index.js.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { provide } from '../core.js';

provide(() => new WebAssembly.Module(readFileSync(join(__dirname, 'core.wasm'))));

export * from '../index.js';
