/** `npm run coverage`: all tests, with the coverage of lambda/domain and lambda/model. Fails below 95% of its lines or branches. */
const config = require('./jest.config.js');

module.exports = {
  ...config,
  collectCoverage: true,
  roots: ['<rootDir>/test', '<rootDir>/lambda'],
  collectCoverageFrom: ['lambda/{domain,model}/**/*.ts'],
  coverageDirectory: 'coverage',
  coverageReporters: ['text', 'html'],
  coverageThreshold: { global: { lines: 95, branches: 95 } },
};
