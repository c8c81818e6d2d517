// Does some operations of one library, each twice, and checks what comes out; measures nothing.
// Takes `{"library":…,"folder":…,"jobs":[{"title":…,"operation":…,"accounts":…,"over":…}]}`; prints `{"faults":["<title>: <why>"]}`.

import { operations, setting } from './operations.mjs';

const { library, folder, jobs } = JSON.parse(process.argv[2]);
const { fetch } = globalThis;
const faults = [];
for (const { title, operation: name, ...given } of jobs) {
  try {
    const operation = operations[name](await setting({ library, folder, ...given }));
    await operation.prepare?.(2);
    for (let left = 2; left > 0; left -= 1) await operation.check(await operation.run());
    await operation.finish?.();
  } catch (error) {
    faults.push(`${title}: ${/** @type {Error} */ (error).message.split('\n')[0]}`);
  }
  globalThis.fetch = fetch;
}
console.log(JSON.stringify({ faults }));
process.exit();
