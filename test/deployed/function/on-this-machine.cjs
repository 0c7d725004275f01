/**
 * Preloaded into the deployed functions (`NODE_OPTIONS`) if they must call providers on loopback, which they reject in
 * Lambda. Without this variable, they do not detect Lambda. Their bundles stay as deployed.
 */
const FUNCTION_NAME = 'AWS_LAMBDA_FUNCTION_NAME';

delete process.env[FUNCTION_NAME];

// The emulator's runtime sets it again, immediately before it loads the function.
process.env = new Proxy(process.env, {
  set: (variables, name, value) => name === FUNCTION_NAME || Reflect.set(variables, name, value),
});
