// For `import` in Nodes that cannot `require` an ES module: the same instance that `require` gets, so that one program
// never has two cores.
export * from './index.cjs';
