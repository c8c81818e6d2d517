// Every client that the documentation names is one by its own types, and so is the plugin.

import { PublicClientApplication, type ICachePlugin, type IVersionedCachePlugin } from 'doorcode';
import { RedisCachePlugin, type RedisCachePluginOptions, type RedisClient } from 'doorcode/cache/redis';
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis';

const sentinel = { name: 'primary', sentinelRootNodes: [{ host: '127.0.0.1', port: 26379 }] };
const clients: RedisClient[] = [
  createClient(),
  createClient({ RESP: 2 }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }),
  createClientPool(),
  createCluster({ rootNodes: [] }),
  createSentinel(sentinel),
  new Redis(),
  new Cluster([]),
];
const options: RedisCachePluginOptions = { partition: 'ada', prefix: 'tokens:', ttl: 60, timeout: 1000 };
for (const client of clients) {
  const cachePlugin: ICachePlugin & IVersionedCachePlugin = new RedisCachePlugin(client, options);
  new PublicClientApplication({ auth: { clientId: 'x' }, cache: { cachePlugin } });
}
// @ts-expect-error a function is no partition
new RedisCachePlugin(clients[0]!, { partition: () => 'ada' });
// @ts-expect-error a URL is no client
new RedisCachePlugin('redis://127.0.0.1');
