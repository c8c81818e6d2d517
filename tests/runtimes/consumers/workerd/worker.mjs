import * as doorcode from 'doorcode';
import { job } from './job.mjs';

export default {
  async fetch(request, { AUTH }) {
    return Response.json(await job(doorcode, AUTH));
  },
};
