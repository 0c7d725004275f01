/** `npm run coverage`: the whole suite, and what of the domain it reaches; it fails below what is asked of the domain. */
const config = require('./jest.config.js');

module.exports = {
  ...config,
  collectCoverage: true,
  roots: ['<rootDir>/test', '<rootDir>/lambda'],
  collectCoverageFrom: ['lambda/domain/**/*.ts'],
  coverageDirectory: 'coverage',
  coverageReporters: ['text', 'html'],
  coverageThreshold: { global: { lines: 95, branches: 95 } },
};
