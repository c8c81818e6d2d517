// Import maps do not reach into workers.

import * as doorcode from './node_modules/doorcode/index.js';
import { job } from './job.mjs';

onmessage = async ({ data }) => postMessage(await job(doorcode, data));
