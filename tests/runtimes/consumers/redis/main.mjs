// What any cache plugin must do, done by the one for Redis, in whatever runtime this is. Prints which tests passed and which did not.

import { AuthError } from 'doorcode';
import { RedisCachePlugin } from 'doorcode/cache/redis';
import { cachePluginTests } from 'doorcode/testing';
import { Redis } from 'ioredis';
import { createClient } from 'redis';

const [port, kind] = process.argv.slice(2);
const host = '127.0.0.1';

const client = kind === 'ioredis' ? new Redis({ host, port }) : createClient({ socket: { host, port } });
client.on('error', () => {});
if (kind === 'redis') await client.connect();

const result = { passed: 0, failed: [] };
const tests = cachePluginTests(() => {
  const partition = crypto.randomUUID();
  return { open: () => new RedisCachePlugin(client, { partition }) };
});
for (const { name, run } of tests) await run().then(() => (result.passed += 1), (error) => result.failed.push(`${name}: ${error.message}`));

const close = () => (kind === 'ioredis' ? client.disconnect() : client.destroy());
close();
const error = await new RedisCachePlugin(client).readCache().catch((thrown) => thrown);
console.log(JSON.stringify({ ...result, isAuthError: error instanceof AuthError && error.errorCode }));
