// index.cjs, for `require` where an ES module cannot be required: reads the module from the file beside it. Bundlers take index.js.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { provide } from '../core.js';
import * as names from '../index.js';

provide(() => new WebAssembly.Module(readFileSync(join(__dirname, 'core.wasm'))));

// This file is for few, so its names are shortened; those that people see, in what Node prints of an object, are put back.
for (const [name, value] of Object.entries(names)) {
  if (typeof value === 'function') Object.defineProperty(value, 'name', { value: name, configurable: true });
}

export * from '../index.js';
