import * as doorcode from 'doorcode';
import { job } from './job.mjs';

postMessage(await job(doorcode, JSON.parse(process.env.AUTH)));
