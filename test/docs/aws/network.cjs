/**
 * Preloaded into the programs of a tutorial and into the deployed functions (`NODE_OPTIONS`): connections to the hosts of
 * the tutorial lead to the test's server on loopback, as DNS and the network would lead them to AWS and to the vendor.
 * `TUTORIAL_HOSTS` is a pattern, and `TUTORIAL_PORT` the port. Bundles stay as deployed, and TLS verifies the host's name.
 */
const net = require('node:net');

const hosts = new RegExp(process.env.TUTORIAL_HOSTS ?? '$.');
const port = Number(process.env.TUTORIAL_PORT);

const { connect } = net.Socket.prototype;

// The arguments of net.connect, which can be normalized already: an array whose first member has the options.
net.Socket.prototype.connect = function (...arguments_) {
  const [first] = arguments_;
  const options = Array.isArray(first) ? first[0] : first;
  if (typeof options?.host === 'string' && hosts.test(options.host)) {
    Object.assign(options, { host: '127.0.0.1', port, lookup: undefined });
  }
  return connect.apply(this, arguments_);
};
