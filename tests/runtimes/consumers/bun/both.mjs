import { createRequire } from 'node:module';
import * as imported from 'doorcode';

const required = createRequire(import.meta.url)('doorcode');
console.log(imported.AuthError === required.AuthError);
