/**
 * Keeps requests to this computer away from the proxies of NODE_USE_ENV_PROXY=1 (Node.js 24): they contain tokens in clear
 * text. Node.js reads the exceptions again for each request of `fetch`.
 */
const LOOPBACK = '127.0.0.1,localhost,[::1]';

for (const name of ['NO_PROXY', 'no_proxy']) {
  const { [name]: exceptions } = process.env;
  if (exceptions !== '*') process.env[name] = exceptions ? `${exceptions},${LOOPBACK}` : LOOPBACK;
}
