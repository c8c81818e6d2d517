import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import * as doorcode from 'doorcode';
import { job } from './job.mjs';

if (isMainThread) {
  const [report] = await once(new Worker(new URL(import.meta.url)), 'message');
  console.log(JSON.stringify(report));
} else {
  parentPort.postMessage(await job(doorcode, JSON.parse(process.env.AUTH)));
}
