import { VersionedCachePlugin } from './plugin.js'; export class RedisCachePlugin extends VersionedCachePlugin {}
