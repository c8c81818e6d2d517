import { inspect } from 'node:util';
import * as doorcode from 'doorcode';
import { printed } from './printed-by.mjs';

const ways = [Bun.inspect, (value) => Bun.inspect(value, { depth: 99 }), inspect, (value) => `${value}`];
console.log(JSON.stringify(await printed(doorcode, JSON.parse(process.env.AUTH), ways)));
