/** jest runs TypeScript through swc; these packages ship ES modules only and are transformed too. */
const transform = {
  '^.+\\.[jt]s$': [
    '@swc/jest',
    { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
  ],
};

// The suite runs on the oldest Node that is supported on purpose.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

module.exports = {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/build-functions.ts',
  silent: true,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform,
  transformIgnorePatterns: ['/node_modules/(?!(jose|oauth4webapi|oidc-provider|@middy|@noble)/)'],
  testTimeout: 60_000,
};
