// A TCP proxy on this machine that does to HTTP/1.1 what networks do: delays, cuts, duplicates, reorders and corrupts.
//
// It reads as much of HTTP as tells where a request or a reply ends, and passes bytes on. A client's connection carries one request
// after the other, so order is changed between connections only.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { oneOf } from './dice.mjs';

/** What may be done to one exchange, and how often beside the others. */
export const FAULTS = /** @type {const} */ ({
  'delayed': 6,
  'delayed beyond the limit': 1,
  'cut before the request': 3,
  'cut after the request': 3,
  'cut in the headers': 2,
  'cut in the body': 3,
  'duplicated, first answer': 2,
  'duplicated, second answer': 2,
  'reordered': 8,
  'request corrupted': 2,
  'headers corrupted': 2,
  'body corrupted': 2,
  'framing corrupted': 1,
});

/** @typedef {keyof typeof FAULTS} Fault */

/**
 * @typedef {object} Exchange
 * @property {Fault | undefined} fault
 * @property {string} request as the client sent it
 * @property {string[]} replies what the server answered, whole; one for each time that it was asked
 * @property {boolean} arrived whether one of the server's answers, the last, reached the client's machine unchanged, to a request that reached
 *   the server so, while the client still listened
 * @property {boolean} isOver
 */

/** Milliseconds: the longest short delay, how long at most a reply waits for others to overtake it, and until when one is read that can be. */
const [DELAY, OVERTAKEN_WITHIN, STUCK] = [20, 10, 500];

const sum = (/** @type {number[]} */ numbers) => numbers.reduce((total, number) => total + number, 0);

/** @param {() => number} roll @returns {Fault} */
export function anyFault(roll) {
  let left = roll() * sum(Object.values(FAULTS));
  for (const [fault, weight] of Object.entries(FAULTS)) {
    left -= weight;
    if (left < 0) return /** @type {Fault} */ (fault);
  }
  return 'delayed';
}

/**
 * @param {object} options
 * @param {number} options.port of the server
 * @param {(request: string) => { fault: Fault | undefined, roll: () => number, giveUp: () => void }} options.plan what to do to the exchange
 *   that begins with that request, and how the client's patience is brought to its end
 * @param {(exchange: Exchange) => void} options.onExchange is called when one begins
 */
export async function startProxy({ port, plan, onExchange }) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  /** Replies that wait for others to overtake them. @type {Set<() => void>} */
  const held = new Set();
  /** @type {Set<NodeJS.Timeout>} */
  const timers = new Set();

  const listener = createServer({ noDelay: true }, (client) => {
    keep(client);
    serve(client).catch(() => client.destroy());
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', () => resolve(undefined)));

  return {
    port: /** @type {import('node:net').AddressInfo} */ (listener.address()).port,
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const socket of sockets) socket.destroy();
      for (const timer of timers) clearTimeout(timer);
      await closed;
    },
  };

  /** @param {import('node:net').Socket} socket */
  function keep(socket) {
    sockets.add(socket);
    socket.on('error', () => {}); // a cut connection is what this is for
    socket.on('close', () => sockets.delete(socket));
  }

  /** @param {number} milliseconds */
  function wait(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => (timers.delete(timer), resolve(undefined)), milliseconds);
      timers.add(timer);
    });
  }

  /** Waits until another reply has overtaken this one, or nothing has come for a while. */
  async function overtaken() {
    /** @type {() => void} */
    let go = () => {};
    const others = new Promise((resolve) => (go = () => resolve(undefined)));
    held.add(go);
    await Promise.race([others, wait(OVERTAKEN_WITHIN)]);
    held.delete(go);
  }

  /** One request after the other. @param {import('node:net').Socket} client */
  async function serve(client) {
    const read = messages(client);
    for (let request = await read(); request; request = await read()) {
      const { fault, roll, giveUp } = plan(request.toString('latin1'));
      /** @type {Exchange} */
      const exchange = { fault, request: request.toString('latin1'), replies: [], arrived: false, isOver: false };
      onExchange(exchange);
      try {
        if (!(await pass(client, request, exchange, roll, giveUp))) return;
      } finally {
        exchange.isOver = true;
      }
    }
  }

  /**
   * @param {import('node:net').Socket} client @param {Buffer} request @param {Exchange} exchange
   * @param {() => number} roll @param {() => void} giveUp
   * @returns {Promise<boolean>} whether the connection goes on
   */
  async function pass(client, request, exchange, roll, giveUp) {
    const { fault } = exchange;
    const cut = () => (roll() < 0.5 ? client.destroy() : client.resetAndDestroy());
    if (fault === 'cut before the request') return cut(), false;
    const sent = fault === 'request corrupted' ? corrupted(request, 0, request.length, roll) : request;
    for (let times = fault?.startsWith('duplicated') ? 2 : 1; times > 0; times -= 1) {
      const reply = await ask(sent);
      if (reply) exchange.replies.push(reply.toString('latin1'));
    }
    const answer = fault === 'duplicated, second answer' ? exchange.replies.at(-1) : exchange.replies[0];
    if (answer === undefined || fault === 'cut after the request') return cut(), false; // the server could make nothing of it
    const reply = Buffer.from(answer, 'latin1');
    const body = reply.indexOf('\r\n\r\n') + 4;
    if (fault === 'delayed') await wait(roll() * DELAY);
    if (fault === 'reordered') await overtaken();
    if (fault === 'delayed beyond the limit' && !client.destroyed) {
      const givenUp = once(client, 'close');
      giveUp();
      await givenUp;
    }
    if (fault === 'cut in the headers' || fault === 'cut in the body') {
      const [from, to] = fault === 'cut in the headers' ? [0, body - 1] : [body, reply.length];
      await written(client, reply.subarray(0, from + Math.floor(roll() * (to - from))));
      return cut(), false;
    }
    const [from, to] = {
      'headers corrupted': [0, body - 4],
      'body corrupted': [body, reply.length],
      'framing corrupted': framing(reply, body),
    }[/** @type {string} */ (fault)] ?? [0, 0];
    const heard = await written(client, corrupted(reply, from, to, roll));
    exchange.arrived = heard && to === 0 && sent === request && exchange.replies.length === (fault === 'duplicated, first answer' ? 0 : 1);
    for (const go of held) go();
    // With another length than it has, a reply may never end for the client.
    if (to > from) void wait(STUCK).then(giveUp);
    return !client.destroyed;
  }

  /** Asks the server; none if it hangs up without an answer. @param {Buffer} request @returns {Promise<Buffer | undefined>} */
  async function ask(request) {
    const server = connect({ port, host: '127.0.0.1', noDelay: true });
    keep(server);
    server.end(request); // what a corrupted length makes it wait for will not come
    const reply = await messages(server)();
    server.destroy();
    return reply;
  }
}

/** Where a reply says how long its body is. @param {Buffer} reply @param {number} body @returns {[number, number]} */
function framing(reply, body) {
  const length = reply.toString('latin1', 0, body).search(/content-length: /i);
  return length < 0 ? [body, reply.indexOf('\r\n', body) + 2] : [length + 16, reply.indexOf('\r\n', length)];
}

/** A copy with one byte changed, between two places; the same if there is nothing between them. */
function corrupted(/** @type {Buffer} */ bytes, /** @type {number} */ from, /** @type {number} */ to, /** @type {() => number} */ roll) {
  if (to <= from) return bytes;
  const copy = Buffer.from(bytes);
  copy[from + Math.floor(roll() * (to - from))] ^= oneOf(roll, [1, 2, 4, 8, 16, 32, 64, 128]);
  return copy;
}

/** Whether it could be written. @param {import('node:net').Socket} socket @param {Buffer} bytes @returns {Promise<boolean>} */
function written(socket, bytes) {
  if (socket.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => socket.write(bytes, (error) => resolve(!error)));
}

/**
 * Cuts what a socket receives into messages; the last is followed by none. Always reads on, so that the other's end is noticed.
 * @param {import('node:net').Socket} socket
 */
function messages(socket) {
  let received = Buffer.alloc(0);
  let isOver = false;
  let wake = () => {};
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  for (const end of ['end', 'close']) {
    socket.on(end, () => {
      isOver = true;
      wake();
    });
  }
  return async () => {
    for (;;) {
      const length = messageLength(received);
      if (length > 0 && received.length >= length) {
        const message = received.subarray(0, length);
        received = received.subarray(length);
        return message;
      }
      if (isOver) return undefined;
      await new Promise((resolve) => (wake = () => resolve(undefined)));
    }
  };
}

/** How long the first message in these bytes is; 0 if that cannot be told yet. @param {Buffer} bytes */
function messageLength(bytes) {
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const headers = bytes.toString('latin1', 0, head);
  if (/transfer-encoding: *chunked/i.test(headers)) return bytes.indexOf('\r\n0\r\n\r\n', head) < 0 ? 0 : bytes.indexOf('\r\n0\r\n\r\n', head) + 7;
  return head + 4 + Number(/content-length: *(\d+)/i.exec(headers)?.[1] ?? 0);
}
