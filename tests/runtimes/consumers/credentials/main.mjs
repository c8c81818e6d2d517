import process from 'node:process';
import { job } from './credentials-job.mjs';

// What comes from outside comes by standard input: Deno has leave for the network of this machine, and for nothing else.
let text = '';
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(await job(JSON.parse(text))));
