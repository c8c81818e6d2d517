export declare class KvCachePlugin {}
