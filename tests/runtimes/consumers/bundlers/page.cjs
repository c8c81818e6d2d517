const doorcode = require('doorcode');
const { job } = require('./job.mjs');

self.done(job(doorcode, self.AUTH));
