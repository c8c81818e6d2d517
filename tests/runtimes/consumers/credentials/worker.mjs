import { job } from './credentials-job.mjs';

export default {
  async fetch(request) {
    return Response.json(await job(await request.json()));
  },
};
