export declare class WebCachePlugin {}
