// For Cloudflare. With a request end its timers and fetches, without a word to whoever waits for what it had begun; and a request that
// waits for nothing of its own, but for another request, is ended as hung. Where requests share an application, each of its tasks waits
// for others now and then. So each has a timer, which keeps its request, and tells the other tasks that it lives: one whose request is
// gone is dropped, and whoever comes next has its turn.

const BEAT = 50;
/** How many beats of each other task one may miss. Beats are counted and not timed, so that a pause of all is nobody's end. */
const MOST_MISSED = 10;

/** @type {Set<{ missed: number, drop: () => void }>} */
const lives = new Set();

/** @type {import('../drive.js').KeepAlive} */
export function heartbeat(wake, drop) {
  const life = { missed: 0, drop };
  lives.add(life);
  const timer = setInterval(() => {
    for (const other of lives) {
      if (other === life) life.missed = 0;
      else if (++other.missed > MOST_MISSED * lives.size) other.drop();
    }
    wake();
  }, BEAT);
  return () => {
    clearInterval(timer);
    lives.delete(life);
  };
}
