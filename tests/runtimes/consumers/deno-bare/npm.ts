import * as doorcode from 'npm:doorcode';
import { job } from './job.mjs';

console.log(JSON.stringify(await job(doorcode, JSON.parse(Deno.args[0]))));
