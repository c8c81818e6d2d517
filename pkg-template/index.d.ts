// The same declarations for both module systems, written once.
export * from './index.cjs';
