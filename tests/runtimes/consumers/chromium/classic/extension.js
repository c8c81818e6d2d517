// The service worker of an extension that is bundled.

import * as doorcode from 'doorcode';
import { job } from '../job.mjs';

globalThis.runJob = (auth) => job(doorcode, auth);
