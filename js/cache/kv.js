import { VersionedCachePlugin } from './plugin.js'; export class KvCachePlugin extends VersionedCachePlugin {}
