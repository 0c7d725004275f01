/**
 * Preloaded into the deployed functions (`NODE_OPTIONS`) when they are to speak to providers on loopback, which they
 * refuse in Lambda: without this variable they do not know where they are. Their bundles stay as deployed.
 */
const FUNCTION_NAME = 'AWS_LAMBDA_FUNCTION_NAME';

delete process.env[FUNCTION_NAME];

// The emulator's runtime sets it once more, right before it loads the function.
process.env = new Proxy(process.env, {
  set: (variables, name, value) => name === FUNCTION_NAME || Reflect.set(variables, name, value),
});
