/**
 * `npm run mutation`: makes every small change to the modules below, one at a time, and reports the changes that no
 * domain test notices. docs/engineering/mutation.md explains the command.
 */
export default {
  mutate: [
    'lambda/domain/{consent,credential,grant,oauth,operator,restriction,revocation,sealing,security-event,token-vault,workload-token}/**/*.ts',
  ],
  testRunner: 'jest',
  jest: { configFile: 'jest.mutation.config.js', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['clear-text', 'progress', 'html'],
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  tempDirName: '.stryker-tmp',
  // Nothing of these is read by a domain test; Python's environments have links that cannot be copied.
  ignorePatterns: ['cdk.out', 'dist', '.local', 'coverage', 'reports', 'docs', 'examples', '**/.venv'],
  thresholds: { high: 100, low: 99, break: 99 },
};
