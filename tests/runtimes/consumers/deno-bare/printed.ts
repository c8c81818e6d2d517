import { inspect } from 'node:util';
import * as doorcode from 'doorcode';
import { printed } from './printed.mjs';

const ways = [Deno.inspect, (value: unknown) => Deno.inspect(value, { depth: 99, getters: true }), inspect, (value: unknown) => `${value}`];
console.log(JSON.stringify(await printed(doorcode, JSON.parse(Deno.args[0]), ways)));
