import * as doorcode from './node_modules/doorcode/index.js';
import { attempt } from './attempt.js';

globalThis.tryToBegin = () => attempt(doorcode);
