const doorcode = require('doorcode');
const { job } = require('./job.mjs');

job(doorcode, JSON.parse(process.env.AUTH)).then((report) => console.log(JSON.stringify(report)));
