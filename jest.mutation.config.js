/** The tests of `npm run mutation`: the domain tests, which need no server and no storage. */
const config = require('./jest.config.js');

module.exports = {
  ...config,
  globalSetup: undefined,
  globalTeardown: undefined,
  testMatch: ['<rootDir>/test/mutation/domain.ts'],
  testEnvironment: require.resolve('./test/mutation/first-failure.js'),
};
