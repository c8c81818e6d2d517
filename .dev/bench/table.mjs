// Figures, ratios and verdicts, as people read them, and the lines of a table.

import { IDENTITY, MSAL, OPENID, OURS } from './libraries.mjs';
import { NODE } from './rows.mjs';

/**
 * @typedef {import('./rows.mjs').Row} Row
 * @typedef {import('./sample.mjs').Figure} Figure
 * @typedef {{ row: Row, figures: Record<string, Figure>, ratio?: number, bytes: number }} Result bytes: of the blob that a rate is about
 */

/** What lies closer together than this is equal. */
const EQUAL = 0.15;

/** @param {number} value */
const short = (value) => (Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(Math.abs(value) >= 10 ? 3 : 2));

/**
 * @param {number} value microseconds, bytes, or how many
 * @param {Row['unit']} unit
 * @param {number} bytes of the blob that a rate is about
 */
export function figure(value, unit, bytes) {
  if (unit === 'count') return String(value);
  if (unit === 'rate') return `${short(bytes / value)} MB/s`;
  if (unit === 'bytes') return value >= 1e6 ? `${short(value / 1e6)} MB` : `${short(value / 1e3)} KB`;
  if (value >= 1e6) return `${short(value / 1e6)} s`;
  return value >= 1000 ? `${short(value / 1000)} ms` : `${short(value)} µs`;
}

/** @param {Row} row */
export const title = ({ name, accounts }) => (accounts === undefined ? name : `${name}, ${accounts.toLocaleString('en')}`);

/** @param {Row} row @param {Record<string, Figure>} figures */
export function ratioOf({ base }, figures) {
  const [theirs, ours] = [figures[base], figures[OURS]];
  return 'failed' in theirs || 'failed' in ours ? undefined : theirs.median / ours.median;
}

/**
 * @param {number | undefined} ratio
 * @param {number | undefined} goal
 * @returns {'met' | 'equal' | 'missed' | undefined} equal to the goal, within what such a figure is worth
 */
export function verdict(ratio, goal) {
  if (goal === undefined) return undefined;
  if (ratio === undefined) return 'missed';
  if (ratio >= goal) return 'met';
  return ratio >= goal * (1 - EQUAL) ? 'equal' : 'missed';
}

/** What came of the goal and of the stretch goal. @param {Result} result */
export function verdicts({ row, figures, ratio }) {
  const ours = figures[OURS];
  if (row.most !== undefined) return { goal: !('failed' in ours) && ours.median <= row.most ? /** @type {const} */ ('met') : /** @type {const} */ ('missed') };
  return { goal: verdict(ratio, row.goal), stretch: verdict(ratio, row.stretch) };
}

const times = (/** @type {number | undefined} */ value) => (value === undefined ? '–' : `${short(value)}×`);

/** @param {Result} result @param {string} library */
function cell({ row, figures, bytes }, library) {
  const one = figures[library];
  if (!one) return '–';
  return 'failed' in one ? `failed: ${one.failed}` : figure(one.median, row.unit, bytes);
}

/** A goal and what came of it. @param {string} wanted @param {string | undefined} outcome */
const judged = (wanted, outcome) => (outcome === undefined ? '–' : `${wanted} ${outcome}`);

const COLUMNS = [
  { title: 'row', width: 60 },
  { title: 'msal-node', width: 9 },
  { title: 'identity', width: 9 },
  { title: 'openid-client', width: 13 },
  { title: 'doorcode', width: 9 },
  { title: 'ratio', width: 8 },
  { title: 'goal', width: 14 },
  { title: 'stretch', width: 14 },
];

/** @param {(string | undefined)[]} cells */
function line(cells) {
  const padded = COLUMNS.map(({ width }, index) => {
    const text = cells[index] ?? '';
    return index === 0 ? text.padEnd(width) : text.padStart(width);
  });
  return `| ${padded.join(' | ')} |`;
}

export function header() {
  const rule = COLUMNS.map(({ width }, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return `${line(COLUMNS.map(({ title }) => title))}\n${line(rule)}`;
}

/** @param {Result} result */
export function tableLine(result) {
  const { row, ratio } = result;
  const { goal, stretch } = verdicts(result);
  return line([
    title(row),
    row.base === NODE ? cell(result, NODE) : cell(result, MSAL),
    cell(result, IDENTITY),
    cell(result, OPENID),
    cell(result, OURS),
    times(ratio),
    judged(row.most === undefined ? times(row.goal) : `at most ${row.most}`, goal),
    judged(times(row.stretch), stretch),
  ]);
}
