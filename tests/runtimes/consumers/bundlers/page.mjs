import * as doorcode from 'doorcode';
import { job } from './job.mjs';

self.done(job(doorcode, self.AUTH));
