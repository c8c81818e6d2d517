// What the build puts in: see .dev/build.mjs.

/** The version of the package. */
declare const DOORCODE_VERSION: string;

/** The core, compiled, as base64. */
declare module '*.wasm' {
  const base64: string;
  export default base64;
}
