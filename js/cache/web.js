import { VersionedCachePlugin } from './plugin.js'; export class WebCachePlugin extends VersionedCachePlugin {}
