// What can be shown where: stdout has the result and nothing else, stderr what people read.

import { homedir } from 'node:os';
import { sep } from 'node:path';
import { stripVTControlCharacters, styleText } from 'node:util';

/**
 * Whether somebody looks at it on a terminal that can redraw a line, and wants that.
 * @param {{ isTTY?: boolean }} stream
 */
export function isRich(stream) {
  const { NO_COLOR, TERM } = process.env;
  return Boolean(stream.isTTY) && !NO_COLOR && !('CI' in process.env) && TERM !== 'dumb';
}

/** Whether a person can be asked: both what they type and what they read is a terminal, on which a question can be drawn anew. */
export function canAsk() {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY) && !('CI' in process.env) && process.env.TERM !== 'dumb';
}

/** A line for people. @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** A part of the result. @param {string | Uint8Array} text @returns {Promise<void>} when it is written */
export function print(text) {
  return new Promise((resolve) => void process.stdout.write(text, () => resolve()));
}

/** @typedef {Parameters<typeof styleText>[0]} Style */

/** Text in a style, where people see it. @param {Style} style @param {string} text @param {{ isTTY?: boolean }} [stream] */
export function styled(style, text, stream = process.stderr) {
  return isRich(stream) ? styleText(style, text, { validateStream: false }) : text;
}

/** @type {Record<'done' | 'failed' | 'warning' | 'info', [Style, string, string]>} */
const MARKS = {
  done: ['green', '✓', 'ok:'],
  failed: ['red', '✗', 'error:'],
  warning: ['yellow', '⚠', 'warning:'],
  info: ['blue', 'ℹ', 'note:'],
};

/** What begins a line that says how something went: a sign, or a word in its place. @param {keyof typeof MARKS} kind @param {{ isTTY?: boolean }} [stream] */
export function mark(kind, stream = process.stderr) {
  const [style, sign, word] = MARKS[kind];
  return isRich(stream) ? styled(style, sign, stream) : word;
}

/** A text from elsewhere, without what would move the cursor, change colours or turn the direction of reading. @param {string} text */
export function clean(text) {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ');
}

/** A table of texts from elsewhere, in columns. @param {string[][]} rows @returns {string[]} lines */
export function aligned(rows) {
  const cleaned = rows.map((row) => row.map(clean));
  const widths = (cleaned[0] ?? []).map((_, column) => Math.max(...cleaned.map((row) => row[column]?.length ?? 0)));
  return cleaned.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}

/** A value as JSON. @param {unknown} value */
export function asJson(value) {
  return escaped(JSON.stringify(value, null, 2));
}

/** JSON, with what `clean` would take away written as escapes: a terminal can show it, and nothing of it is lost. @param {string} json */
export function escaped(json) {
  const escape = (/** @type {string} */ character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, escape);
}

/** A path as people write it. @param {string} path */
export function shortPath(path) {
  const home = homedir();
  return clean(home && path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path);
}
