// workerd.js, for Cloudflare: modules are compiled when a worker is deployed, not when it runs.

import module from './core.wasm';
import { provide } from '../core.js';

provide(() => module);

export * from '../index.js';
