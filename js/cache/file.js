import { VersionedCachePlugin } from './plugin.js'; export class FileCachePlugin extends VersionedCachePlugin {}
