export declare class EncryptedCachePlugin {}
