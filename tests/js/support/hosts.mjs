// Loaded before a program under test: the hosts that `HOSTS_HERE` names, as JSON from name to port, are on this machine. What they say of
// themselves is still checked, against `NODE_EXTRA_CA_CERTS`.

import { Socket } from 'node:net';

const ports = JSON.parse(process.env.HOSTS_HERE);
const { connect } = Socket.prototype;
Socket.prototype.connect = function (options, ...rest) {
  const port = ports[options?.host];
  return Reflect.apply(connect, this, [port === undefined ? options : { ...options, host: '127.0.0.1', port }, ...rest]);
};
