// workerd.js, for Cloudflare: modules are compiled when a worker is deployed, not when it runs.

import module from './core.wasm';
import { provide } from '../core.js';
import { keepTasksAlive } from '../drive.js';
import { heartbeat } from './heartbeat.js';

provide(() => module);
keepTasksAlive(heartbeat);

export * from '../index.js';
