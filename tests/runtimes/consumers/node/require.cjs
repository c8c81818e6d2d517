const doorcode = require('doorcode');

import('./job.mjs')
  .then(({ job }) => job(doorcode, JSON.parse(process.env.AUTH)))
  .then((report) => console.log(JSON.stringify(report)));
