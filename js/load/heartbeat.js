// For Cloudflare. With a request end its timers and fetches, without a word to whoever waits for what it had begun; and a request that
// waits for nothing of its own, but for another request, is ended as hung. Where requests share an application, each of its operations waits
// for others now and then. So each has a timer, which keeps its request, and tells the others that it lives: one whose request is
// gone is dropped, and whoever comes next has its turn.

const BEAT = 50;
/** How many beats of each other one may miss. Beats are counted and not timed, so that a pause of all is nobody's end. */
const MOST_MISSED = 10;
/**
 * The same for those who need not wait for it: a minute. A Durable Object is without its timers while it blocks concurrency, for half of one
 * at most, and others of the same process are not.
 */
const MOST_MISSED_BY_STRANGERS = 1200;

/** @typedef {{ missed: number, drop: () => void }} Member */

/** @type {Map<object, Member & { lives: Set<Member> }>} */
const circles = new Map();

/** @type {import('../alive.js').KeepAlive} */
export function heartbeat({ circle: key, drop, lost }) {
  const circle = circleOf(key);
  const leave = () => {
    circle.lives.delete(life);
    if (circle.lives.size === 0 && circles.get(key) === circle) circles.delete(key);
  };
  const life = {
    missed: 0,
    // Its timer is left alone: if that comes, its request is not gone.
    drop() {
      leave();
      drop();
    },
  };
  circle.lives.add(life);
  const timer = setInterval(() => {
    if (!circle.lives.has(life)) {
      clearInterval(timer);
      return lost();
    }
    const [oldest] = circle.lives;
    if (life === oldest) beat(circle, new Set(circles.values()), MOST_MISSED_BY_STRANGERS);
    beat(life, circle.lives, MOST_MISSED);
  }, BEAT);
  return () => {
    clearInterval(timer);
    leave();
  };
}

/** @param {object} key */
function circleOf(key) {
  const known = circles.get(key);
  if (known) return known;
  /** @type {Set<Member>} */
  const lives = new Set();
  const circle = {
    missed: 0,
    lives,
    drop() {
      for (const life of lives) life.drop();
    },
  };
  circles.set(key, circle);
  return circle;
}

/** @param {Member} one @param {Set<Member>} all @param {number} most */
function beat(one, all, most) {
  one.missed = 0;
  for (const other of all) if (other !== one && ++other.missed > most * all.size) other.drop();
}
