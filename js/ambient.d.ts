// What the build puts in: see .dev/build.mjs.

/** The version of the package. */
declare const DOORCODE_VERSION: string;

/** Of the core's module, in bytes. */
declare const CORE_LENGTH: number;

/** The core's module, deflated, as base64. */
declare module '*.deflated' {
  const base64: string;
  export default base64;
}

/** The core's module, as workerd imports it. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
