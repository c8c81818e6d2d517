// `--check`: that every row can still be measured, and that what is checked while measuring holds, in some seconds instead of many minutes.

import { say } from '../steps.mjs';
import { OURS } from './libraries.mjs';
import { child, isMeasured, wayOf } from './sample.mjs';
import { title } from './table.mjs';

/** How many accounts, and how many flows, stand for many. */
const MANY = 20;

/**
 * @param {import('./rows.mjs').Row[]} rows
 * @param {string} folder
 * @param {(folder: string, counts: number[]) => unknown} writeBlobs
 */
export async function check(rows, folder, writeBlobs) {
  writeBlobs(folder, [1, MANY]);
  /** @type {Map<string, { library: string, row: import('./rows.mjs').Row }>} */
  const different = new Map();
  for (const row of rows.map(small)) {
    for (const library of [...row.peers, OURS]) {
      different.set(JSON.stringify([library, row.operation, row.accounts, row.over]), { library, row });
    }
  }
  const all = [...different.values()];
  const faults = [...(await operate(all, folder)), ...(await others(all, folder))];
  if (faults.length) throw new Error(`of ${all.length} measurements ${faults.length} cannot be trusted:\n${faults.join('\n')}`);
  console.log(`${all.length} measurements, each done once: nothing wrong`);
}

/** @param {import('./rows.mjs').Row} row */
const small = (row) => ({ ...row, accounts: row.accounts === undefined ? undefined : Math.min(row.accounts, MANY) });

/** Each library's operations, in one process. @param {{ library: string, row: import('./rows.mjs').Row }[]} all @param {string} folder */
async function operate(all, folder) {
  const faults = [];
  for (const library of new Set(all.map((one) => one.library))) {
    const jobs = all
      .filter((one) => one.library === library && isMeasured(one.row))
      .map(({ row }) => ({ title: title(row), operation: row.operation, accounts: row.accounts, over: row.over }));
    if (jobs.length === 0) continue;
    const answer = /** @type {any} */ (await child('once.mjs', { library, folder, jobs }));
    for (const fault of answer.faults ?? [answer.failed]) faults.push(`${library}: ${fault}`);
  }
  return faults;
}

/** What is measured in another way. @param {{ library: string, row: import('./rows.mjs').Row }[]} all @param {string} folder */
async function others(all, folder) {
  const faults = [];
  for (const { library, row } of all) {
    // Which takes a registry, and nothing in it can rot here.
    if (isMeasured(row) || row.operation === 'install') continue;
    const answer = await wayOf(row).once(library, row, { folder, flows: MANY });
    const value = /** @type {any} */ (answer)[row.field ?? 'cpu'];
    if (!Number.isFinite(value)) faults.push(`${library}: ${title(row)}: ${'failed' in answer ? answer.failed : 'no figure'}`);
  }
  if (all.some(({ row }) => row.operation === 'install')) say('not checked, for it takes a registry: what npm installs');
  return faults;
}
