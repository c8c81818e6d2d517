// Measures one operation of one library, in a process of its own. Takes `{"library":…,"operation":…,"accounts":…,"over":…,"folder":…}`;
// prints `{"cpu":<microseconds an operation>,"operations":<how many>}`.
//
// CPU time of the whole process, user and system: the compiler's and the collector's threads count, and waiting does not.

import { operations, setting } from './operations.mjs';

/** CPU microseconds: how long to warm up, and how long to measure at least. */
const WARM_UP = 800_000;
const MEASURE = 400_000;
/**
 * CPU microseconds after which either ends although little was measured, for operations that need long preparations. Not by the clock: where
 * many processes share a core, that would end before the operation is warm.
 */
const PATIENCE = 4_000_000;
/** An operation shorter than this is warmed up for longer, unless it ran that often: V8 compiles it late. */
const SHORT = 2_000;
const OFTEN = 10_000;
/** An operation that takes so many CPU microseconds once is not repeated. */
const LONG = 2_000_000;

const { library, operation: title, accounts, over, folder } = JSON.parse(process.argv[2]);
const operation = operations[title](await setting({ library, accounts, over, folder }));

/** What the last batch was like: how many runs, and CPU microseconds a run. */
let last = { runs: 0.5, cpu: 1 };

/** CPU microseconds. @param {NodeJS.CpuUsage} since */
function spent(since) {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

/** Runs for so many CPU microseconds, at least once. @param {number} goal */
async function spend(goal) {
  const started = process.cpuUsage();
  let cpu = 0;
  let count = 0;
  while (count === 0 || (cpu < goal && spent(started) < PATIENCE)) {
    // No more than doubled: the first runs are slower than the others will be.
    const runs = Math.max(1, Math.min(Math.ceil((goal - cpu) / last.cpu), last.runs * 2, operation.batch ?? Infinity));
    await operation.prepare?.(runs);
    let result;
    const before = process.cpuUsage();
    for (let left = runs; left > 0; left -= 1) result = await operation.run();
    const taken = Math.max(1, spent(before));
    cpu += taken;
    count += runs;
    last = { runs, cpu: taken / runs };
    await operation.check(result);
  }
  return { cpu: cpu / count, operations: count };
}

let measured = await spend(0);
if (measured.cpu < LONG) {
  const warm = await spend(WARM_UP);
  if (warm.cpu < SHORT && warm.operations < OFTEN) await spend(2 * WARM_UP);
  measured = await spend(MEASURE);
}
await operation.finish?.();
console.log(JSON.stringify(measured));
process.exit();
