import { job } from './encrypted-job.mjs';

// What comes from outside comes by standard input: Deno has leave for nothing.
const stdin = globalThis.Deno ? Deno.stdin.readable : globalThis.Bun ? Bun.stdin.stream() : (await import('node:stream')).Readable.toWeb(process.stdin);
console.log(JSON.stringify(await job(await new Response(stdin).json())));
