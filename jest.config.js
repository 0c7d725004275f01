/** jest runs TypeScript through swc; these packages ship ES modules only and are transformed too. */
const transform = {
  '^.+\\.[jt]s$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }],
};

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform,
  transformIgnorePatterns: ['/node_modules/(?!(jose|oauth4webapi|oidc-provider|@middy)/)'],
  testTimeout: 60_000,
};
