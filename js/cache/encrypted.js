import { VersionedCachePlugin } from './plugin.js'; export class EncryptedCachePlugin extends VersionedCachePlugin {}
