// Chance that can be repeated: the same seed and names give the same numbers, whatever else goes on.

/** @param {...(string | number)} names @returns {() => number} from 0 up to 1 */
export function dice(...names) {
  let state = 2_166_136_261; // FNV-1a of the names, then mulberry32
  for (const character of names.join(' ')) state = Math.imul(state ^ character.charCodeAt(0), 16_777_619);
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of a list. @template T @param {() => number} roll @param {readonly T[]} list */
export const oneOf = (roll, list) => list[Math.floor(roll() * list.length)];
