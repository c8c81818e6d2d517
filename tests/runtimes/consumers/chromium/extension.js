// The service worker of an extension without a bundler: imports the package's files as they are.

import * as doorcode from './node_modules/doorcode/index.js';
import { attempt } from './attempt.js';
import { job } from './job.mjs';

globalThis.runJob = (auth) => job(doorcode, auth);
globalThis.tryToBegin = () => attempt(doorcode);
