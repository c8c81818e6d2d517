// Points in time, as people say them.

/** The units, from the largest, with their seconds. */
const UNITS = /** @type {const} */ ([['year', 31_557_600], ['month', 2_629_800], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]]);

/** As "in 42 minutes" or "3 hours ago". @param {Date} date @param {number} [now] */
export function fromNow(date, now = Date.now()) {
  const [number, unit] = rounded((date.getTime() - now) / 1000);
  return new Intl.RelativeTimeFormat('en').format(number, unit);
}

/** As "42 minutes". @param {Date} date @param {number} [now] */
export function distance(date, now = Date.now()) {
  const [number, unit] = rounded((date.getTime() - now) / 1000);
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(Math.abs(number));
}

/** In the largest unit of which there are two, so that what is cut off is little. @param {number} seconds @returns {[number, typeof UNITS[number][0]]} */
function rounded(seconds) {
  const [unit, size] = UNITS.find(([name, length]) => Math.abs(seconds) >= (name === 'second' ? 0 : 1.995 * length)) ?? ['second', 1];
  return [Math.round(seconds / size), unit];
}

/** ISO 8601, to the second. @param {Date} date */
export function iso(date) {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
