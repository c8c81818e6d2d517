// A real redis-server of the test's own; clients of both kinds; and a line in between that can be held up or cut.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { exec, MODULES } from './runtimes.mjs';

const PROGRAM = '/usr/bin/redis-server';

export const redisVersion = async () => /v=([\d.]+)/.exec((await exec(PROGRAM, ['--version'])).stdout)[1];
const versionOfClient = (name) => JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8')).version;

/**
 * Starts a server that listens on a socket of its own folder, and nowhere else.
 * @param {string[]} options of redis-server
 */
export async function startRedis(...options) {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-redis-'));
  const path = join(folder, 'socket');
  let child;
  const redis = {
    path,
    /** Sends a signal. */
    kill: (signal) => child.kill(signal),
    /** Starts the server, with what it has on its disk. */
    async start() {
      child = spawn(PROGRAM, ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
        text += chunk;
        if (/ready to accept connections/i.test(text)) break;
      }
      child.stdout.resume();
      if (child.exitCode !== null) throw new Error(`redis-server ended: ${text}`);
    },
    /** Kills it, and waits for its end. */
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    async close() {
      await redis.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await redis.start();
  } catch (error) {
    await redis.close();
    throw error;
  }
  return redis;
}

/** Both clients, as programs make them. `at` is `{ path }` or `{ port }`. */
export const CLIENTS = [
  {
    name: `node-redis ${versionOfClient('redis')}`,
    kind: 'redis',
    async connect(at, options) {
      const client = createClient({ ...options, socket: { host: '127.0.0.1', ...at, ...options?.socket } }).on('error', () => {});
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  },
  {
    name: `ioredis ${versionOfClient('ioredis')}`,
    kind: 'ioredis',
    async connect(at, options) {
      const client = new Redis({ host: '127.0.0.1', ...at, ...options }).on('error', () => {});
      await client.ping();
      return { client, close: () => client.disconnect() };
    },
  },
];

/** A line to the server, from a port of 127.0.0.1. @param {string} path of the server's socket @param {number} [at] the port, if it is to be that */
export async function startLine(path, at = 0) {
  const connections = new Set();
  let holds;
  let isHeld = () => {};
  const line = {
    port: 0,
    /** How many bytes went to clients. */
    received: 0,
    /** Called with what a client sends. What it gives is the answer, in place of the server's. */
    onSend: () => undefined,
    /** Cuts the connection instead of passing on the answer, for as many commands with this text. */
    cuts: { times: 0, text: '' },
    /** Holds up the answers from the next command on that has this text. Resolves once the first is there: the server has done its part. */
    hold(text) {
      holds = { text, answers: [] };
      return new Promise((resolve) => (isHeld = resolve));
    },
    /** Passes on what was held up. */
    release() {
      const { answers } = holds;
      holds = undefined;
      for (const [client, answer] of answers) client.write(answer);
    },
    async close() {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((client) => {
    const upstream = createConnection(path);
    let isCut = false;
    let isSlow = false;
    for (const [one, other] of [[client, upstream], [upstream, client]]) {
      connections.add(one);
      one.on('error', () => {}).on('close', () => {
        connections.delete(one);
        other.destroy();
      });
    }
    client.on('data', (chunk) => {
      const answer = line.onSend(String(chunk));
      if (answer !== undefined) return void client.write(answer);
      isCut ||= line.cuts.times > 0 && chunk.includes(line.cuts.text);
      isSlow ||= holds !== undefined && chunk.includes(holds.text);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (isCut) {
        line.cuts.times -= 1;
        return void client.destroy();
      }
      if (isSlow && holds) {
        holds.answers.push([client, chunk]);
        return isHeld();
      }
      line.received += chunk.length;
      client.write(chunk);
    });
  });
  await new Promise((resolve) => server.listen(at, '127.0.0.1', resolve));
  line.port = server.address().port;
  return line;
}

/** Timers of this length end when the test says so, not before. @param {number} length in milliseconds */
export function timeLimit(length) {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const timers = new Map();
  globalThis.setTimeout = (callback, milliseconds, ...args) => {
    if (milliseconds !== length) return set(callback, milliseconds, ...args);
    const timer = {};
    timers.set(timer, callback);
    return timer;
  };
  globalThis.clearTimeout = (timer) => (timers.delete(timer) ? undefined : clear(timer));
  return {
    get pending() {
      return timers.size;
    },
    end() {
      for (const [timer, callback] of timers) {
        timers.delete(timer);
        callback();
      }
    },
    restore: () => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }),
  };
}
