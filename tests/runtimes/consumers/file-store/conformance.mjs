// The tests that any cache plugin can run, with the file store of this runtime: `conformance.mjs <folder>`.

import process from 'node:process';
import { FileCachePlugin } from 'doorcode/cache/file';
import { cachePluginTests } from 'doorcode/testing';

const [, , folder] = process.argv;
let stores = 0;
const create = () => {
  const path = `${folder}/${(stores += 1)}/token-cache.json`;
  return { open: () => new FileCachePlugin({ path }) };
};
const failed = [];
const tests = cachePluginTests(create);
for (const { name, run } of tests) await run().catch((error) => failed.push(`${name}: ${error.stack}`));
console.log(JSON.stringify({ tests: tests.length, failed }));
