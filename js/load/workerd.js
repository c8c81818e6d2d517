// workerd.js, for Cloudflare: modules are compiled when a worker is deployed, not when it runs.

import module from './core.wasm';
import { keepAliveBy } from '../alive.js';
import { provide } from '../core.js';
import { heartbeat } from './heartbeat.js';

provide(() => module);
keepAliveBy(heartbeat);

export * from '../index.js';
