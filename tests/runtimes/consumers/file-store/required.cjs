// The same, of the package as it is required: `required.cjs <folder>`.

const { FileCachePlugin } = require('doorcode/cache/file');
const { cachePluginTests } = require('doorcode/testing');

const folder = process.argv[2];
let stores = 0;
const create = () => {
  const path = `${folder}/${(stores += 1)}/token-cache.json`;
  return { open: () => new FileCachePlugin({ path }) };
};
const failed = [];
const tests = cachePluginTests(create);
const all = async () => {
  for (const { name, run } of tests) await run().catch((error) => failed.push(`${name}: ${error.stack}`));
  console.log(JSON.stringify({ tests: tests.length, failed }));
};
all();
