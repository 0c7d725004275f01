/** `npm test`. swc compiles TypeScript, and the packages below that contain only ES modules. */
const transform = {
  '^.+\\.[jt]s$': [
    '@swc/jest',
    { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
  ],
};

// The tests run on the oldest supported Node.js on purpose.
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
