// A clock whose waits take no time: each sleep moves the hands and lets what is ready go first.

export function fastClock() {
  let now = Date.now();
  const slept = [];
  return {
    /** Every wait so far, in milliseconds. */
    slept,
    now: () => now,
    async sleep(milliseconds) {
      slept.push(milliseconds);
      await new Promise(setImmediate);
      now += milliseconds;
    },
  };
}
