// The linear memory of the package's module, which it keeps to itself. Modules that are instantiated after this one was imported are
// seen; the package makes its own with the first application.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** @type {WebAssembly.Memory[]} */
const memories = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  /** @param {WebAssembly.Module} module @param {WebAssembly.Imports} [imports] */
  constructor(module, imports) {
    super(module, imports);
    const { memory } = this.exports;
    if (memory instanceof WebAssembly.Memory) memories.push(memory);
  }
};

/** All of it, as it is now. */
export function linearMemory() {
  if (memories.length !== 1) throw new Error(`there are ${memories.length} instances`);
  return Buffer.from(memories[0].buffer);
}

/** How often a text is in it, as UTF-8. @param {string} text */
export function timesInMemory(text) {
  const memory = linearMemory();
  let times = 0;
  for (let at = memory.indexOf(text); at >= 0; at = memory.indexOf(text, at + 1)) times += 1;
  return times;
}

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/** Collects what nobody holds, and lets finalizers run, by which WebAssembly hears of it. */
export async function collect() {
  for (let times = 0; times < 5; times += 1) {
    await new Promise(setImmediate);
    gc();
  }
  await new Promise(setImmediate);
}
