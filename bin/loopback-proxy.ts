/**
 * Keeps requests to this computer away from the proxies of NODE_USE_ENV_PROXY=1 (Node.js 24): they contain tokens in clear
 * text. Node.js reads the exceptions again for each request of `fetch`.
 */
const LOOPBACK = '127.0.0.1,localhost,[::1]';

// Node.js reads the name in upper case only if there is none in lower case.
const present = process.env.no_proxy ?? process.env.NO_PROXY;
const exceptions = present === '*' ? present : present ? `${present},${LOOPBACK}` : LOOPBACK;
for (const name of ['NO_PROXY', 'no_proxy']) process.env[name] = exceptions;
