// The table that people read.

const COLUMNS = [
  { title: 'row', width: 56 },
  { title: 'msal-node', width: 12 },
  { title: 'doorcode', width: 12 },
  { title: 'ratio', width: 9 },
  { title: 'goal', width: 9 },
  { title: '', width: 8 },
];

/** What lies closer together than this is equal. */
const EQUAL = 0.15;

/** @param {(string | undefined)[]} cells */
function line(cells) {
  const padded = COLUMNS.map(({ width }, index) => {
    const cell = cells[index] ?? '';
    return index === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return `| ${padded.join(' | ')} |`;
}

export function header() {
  const rule = COLUMNS.map(({ width }, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return `${line(COLUMNS.map(({ title }) => title))}\n${line(rule)}`;
}

/** @param {number} value */
const short = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(value >= 10 ? 3 : 2));

/**
 * @param {number} value microseconds or bytes
 * @param {import('./rows.mjs').Row['unit']} unit
 * @param {number} bytes of the blob that a rate is about
 */
export function figure(value, unit, bytes) {
  if (unit === 'rate') return `${short(bytes / value)} MB/s`;
  if (unit === 'memory') return `${short(value / 1e6)} MB`;
  if (value >= 1e6) return `${short(value / 1e6)} s`;
  return value >= 1000 ? `${short(value / 1000)} ms` : `${short(value)} µs`;
}

/** @param {import('./rows.mjs').Row} row */
export const title = ({ name, accounts }) => (accounts === undefined ? name : `${name}, ${accounts.toLocaleString('en')}`);

/**
 * @param {number | undefined} ratio
 * @param {number | undefined} goal
 * @returns {'met' | 'near' | 'MISSED' | undefined} near: equal to the goal, within what such a figure is worth
 */
export function verdict(ratio, goal) {
  if (goal === undefined || ratio === undefined) return undefined;
  if (ratio >= goal) return 'met';
  return ratio >= goal * (1 - EQUAL) ? 'near' : 'MISSED';
}

/** @typedef {{ median: number, samples: number[] } | { failed: string }} Figure */

/** @param {{ row: import('./rows.mjs').Row, theirs: Figure, ours: Figure, ratio?: number, bytes: number }} measured */
export function tableLine({ row, theirs, ours, ratio, bytes }) {
  const cell = (/** @type {Figure} */ one) => ('failed' in one ? `failed: ${one.failed}` : figure(one.median, row.unit, bytes));
  const times = (/** @type {number | undefined} */ value) => (value === undefined ? '–' : `${short(value)}×`);
  return line([title(row), cell(theirs), cell(ours), times(ratio), times(row.goal), verdict(ratio, row.goal)]);
}
