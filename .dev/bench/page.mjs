// docs/performance.md, all of it, from a run's results.

import { OURS } from './libraries.mjs';
import { groups } from './rows.mjs';
import { header, tableLine, title, verdicts } from './table.mjs';

/**
 * @typedef {import('./table.mjs').Result} Result
 * @typedef {object} Report
 * @property {string} date
 * @property {string} commit
 * @property {string} node
 * @property {string} machine
 * @property {Record<string, string>} versions
 * @property {{ jsonParse: string, fixedLoop: string }} yardstick
 * @property {number} runs
 * @property {Result[]} results
 */

/** @param {Report} report */
export function page({ date, commit, node, machine, versions, yardstick, runs, results }) {
  const peers = Object.entries(versions).filter(([name]) => name !== OURS).map(([name, version]) => `\`${name}\` ${version}`).join(', ');
  return `# Performance

Written by \`npm run bench\`, which measures all of it again; do not edit. Add \`-- --runs 5\` for more processes a figure.

- ${date}: doorcode ${versions[OURS]} (${commit}), beside ${peers}
- Node ${node}, ${machine}
- how fast that is: \`JSON.parse\` ${yardstick.jsonParse}, a million steps of arithmetic ${yardstick.fixedLoop}
- ${runs === 1 ? 'one process' : `the median of ${runs} processes`} a figure (five times as many for start-up), the libraries in turns; ${spread(results)}

Time is CPU time of the whole process, the threads of V8's compiler and collector included, if a row does not say that it is on the clock.
Results are checked before and while they are timed. Accounts carry tokens of Entra's usual size, 5.9 KB each; the number that ends a row's name is how
many there are. A ratio is the base's figure over doorcode's: MSAL Node's, or the one there is. What lies within 15 % of a goal is equal to it.
A dash: it does not apply, for the reason above the table.

${groups.map((group) => section(group, results)).join('\n')}
${outcome(results)}`;
}

/** @param {import('./rows.mjs').Group} group @param {Result[]} all */
function section(group, all) {
  const results = all.filter(({ row }) => group.rows.some((own) => title(own) === title(row)));
  /** @type {Map<string, string>} */
  const notes = new Map();
  for (const { name, note } of group.rows) if (note && !notes.has(name)) notes.set(name, note);
  return `## ${group.title}

${group.text}

${header()}
${results.map(tableLine).join('\n')}

${[...notes].map(([name, note]) => `- ${name}: ${note}`).join('\n')}
`;
}

/** @param {Result[]} results */
function outcome(results) {
  const judged = results.map((result) => ({ row: result.row, ...verdicts(result) }));
  const count = (/** @type {'goal' | 'stretch'} */ which, /** @type {string} */ wanted) => judged.filter((one) => one[which] === wanted).length;
  const sum = (/** @type {'goal' | 'stretch'} */ which) =>
    `${count(which, 'met')} met, ${count(which, 'equal')} within 15 %, ${count(which, 'missed')} missed`;
  const missed = judged.filter(({ goal }) => goal === 'missed').map(({ row }) => `- ${title(row)}: ${row.why ?? 'not explained yet.'}`);
  return `## Goals

Goals: ${sum('goal')}. Stretch goals: ${sum('stretch')}.
${missed.length ? `\nMissed, and why:\n\n${missed.join('\n')}\n` : ''}`;
}

/** How far a figure's processes lie apart. @param {Result[]} results */
function spread(results) {
  const shares = results.flatMap(({ figures }) => Object.values(figures)).flatMap((figure) =>
    'failed' in figure || figure.samples.length < 2 ? [] : [(Math.max(...figure.samples) - Math.min(...figure.samples)) / figure.median]);
  if (shares.length === 0) return 'so the spread is unknown';
  const half = shares.toSorted((one, other) => one - other)[shares.length >> 1];
  return `half of the figures have a spread (most less least) of up to ${Math.round(half * 100)} % of their median`;
}
