// Draws docs/floors.svg, the picture of the floors, from the `use crate::` lines of src/. Which folder is on which floor stands here; what uses
// what is read. An import from a floor above cannot be drawn, and fails.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './steps.mjs';

export const PICTURE = join(ROOT, 'docs/floors.svg');

/** From the top. `tests/rust/house.rs` has the same floors. */
const FLOORS = [
  { name: 'wasm', parts: ['wasm'], says: 'fetch, timers and plugins behind the Host; the classes that JavaScript sees' },
  { name: 'flows', parts: ['flows', 'host'], says: 'what happens: async functions over a Host, which is the only door outside' },
  { name: 'cache', parts: ['cache'], says: "what is remembered: MSAL's token cache, its index and its merge" },
  { name: 'protocol', parts: ['protocol', 'error', 'secret', 'VERSION'], says: 'bytes and types: no clock, no network, no randomness, no async' },
];

const [WIDTH, LEFT, RIGHT, GAP, LINE, LETTERS] = [920, 20, 800, 44, 20, 92];

const floorOf = (/** @type {string} */ part) => {
  const floor = FLOORS.findIndex(({ parts }) => parts.includes(part));
  if (floor < 0) throw new Error(`src/${part} is on no floor: see .dev/floors.mjs`);
  return floor;
};

/** The files of src/, without the crate's root. */
function sources() {
  const entries = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return entries.map((path) => path.replaceAll('\\', '/')).filter((path) => path.endsWith('.rs') && path !== 'lib.rs').sort();
}

/** Which floors a file uses. @param {string} path @returns {Set<number>} */
function uses(path) {
  const own = floorOf(path.split(/[/.]/)[0] ?? '');
  const code = readFileSync(join(ROOT, 'src', path), 'utf8').split('\n').filter((line) => !line.trim().startsWith('//')).join('\n');
  const used = new Set([...code.matchAll(/\bcrate::(\w+)/g)].map(([, part]) => floorOf(part ?? '')));
  for (const floor of used) if (floor < own) throw new Error(`src/${path} imports from the floor above: ${FLOORS[floor]?.name}`);
  used.delete(own);
  return used;
}

/** Words in lines of a floor's width. @param {string[]} words @returns {string[]} */
function lines(words) {
  /** @type {string[]} */
  const all = [];
  for (const word of words) {
    const last = all.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= LETTERS) all[all.length - 1] = `${last} · ${word}`;
    else all.push(word);
  }
  return all;
}

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** @returns {string} the picture, as SVG */
export function draw() {
  const files = sources();
  /** @type {string[]} */
  const shapes = [];
  let y = 20;
  const boxes = FLOORS.map(({ name, says }, floor) => {
    const own = files.filter((path) => floorOf(path.split(/[/.]/)[0] ?? '') === floor);
    const names = own.filter((path) => !path.endsWith('/mod.rs') || path === 'wasm/mod.rs')
      .map((path) => path.replace(/\.rs$/, '').replace(`${name}/`, ''));
    const rows = lines(names);
    const height = 62 + rows.length * LINE;
    const box = { top: y, bottom: y + height, uses: new Set(own.flatMap((path) => [...uses(path)])) };
    shapes.push(
      `<rect class="box" x="${LEFT}" y="${y}" width="${RIGHT - LEFT}" height="${height}" rx="8"/>`,
      `<text class="name" x="${LEFT + 18}" y="${y + 28}">${name}</text>`,
      `<text class="says" x="${LEFT + 118}" y="${y + 28}">${escaped(says)}</text>`,
      ...rows.map((row, number) => `<text class="file" x="${LEFT + 18}" y="${y + 56 + number * LINE}">${escaped(row)}</text>`),
    );
    y += height + GAP;
    return box;
  });
  let lane = RIGHT + 24;
  for (const [from, box] of boxes.entries()) {
    for (const to of [...box.uses].sort()) {
      const target = boxes[to];
      if (!target) continue;
      const isNext = to === from + 1;
      const x = isNext ? (LEFT + RIGHT) / 2 : lane;
      const start = box.bottom - 24 - 12 * (to - from - 2);
      const end = target.top + 24 + 12 * (to - from - 2);
      const path = isNext ? `M${x} ${box.bottom}V${target.top - 8}` : `M${RIGHT} ${start}H${x}V${end}H${RIGHT + 8}`;
      shapes.push(`<path class="use" d="${path}" marker-end="url(#tip)"><title>${FLOORS[from]?.name} uses ${FLOORS[to]?.name}</title></path>`);
      if (!isNext) lane += 28;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y - GAP + 20}" role="img" aria-label="${FLOORS.map(({ name }) => name).join(', ')}: each floor uses those below it">
<style>
  .paper { fill: #ffffff } .box { fill: #f3f5f8; stroke: #8894a5 } .use { fill: none; stroke: #2f5fb3; stroke-width: 2 } #tip path { fill: #2f5fb3 }
  text { font: 14px system-ui, sans-serif; fill: #24292f } .name { font-weight: 700; font-size: 17px } .says { fill: #4a5563 } .file { font-family: ui-monospace, monospace; font-size: 13px }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } .box { fill: #1b222c; stroke: #6b7788 } .use { stroke: #8ab4f8 } #tip path { fill: #8ab4f8 }
    text { fill: #e6edf3 } .says { fill: #aab4c0 }
  }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="5" markerHeight="5" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
<rect class="paper" width="100%" height="100%"/>
${shapes.join('\n')}
</svg>
`;
}
