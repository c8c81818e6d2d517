// node.js, for Node itself, which does not bundle: reading the module takes a third of the time that unpacking it does.

import { provide } from '../core.js';

provide(() => {
  const { readFileSync } = process.getBuiltinModule('node:fs'); // sooner than by `import`
  return new WebAssembly.Module(readFileSync(new URL('core.wasm', import.meta.url)));
});

export * from '../index.js';
