export declare class FileCachePlugin {}
