import * as doorcode from 'doorcode';
import { job } from './job.mjs';

job(doorcode, JSON.parse(process.env.AUTH)).then((report) => console.log(JSON.stringify(report)));
