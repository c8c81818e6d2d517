export declare class RedisCachePlugin {}
