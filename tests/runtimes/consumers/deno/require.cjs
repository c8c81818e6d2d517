const doorcode = require('doorcode');

import('./job.mjs')
  .then(({ job }) => job(doorcode, JSON.parse(Deno.args[0])))
  .then((report) => console.log(JSON.stringify(report)));
