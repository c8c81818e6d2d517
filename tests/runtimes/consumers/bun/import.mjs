import * as doorcode from 'doorcode';
import { job } from './job.mjs';

console.log(JSON.stringify(await job(doorcode, JSON.parse(process.env.AUTH))));
