/**
 * `npm run mutation`: changes the code of vault, consent and grants in every small way, and reports the changes that
 * no domain test notices. Those that are left are explained in docs/mutation.md.
 */
export default {
  mutate: ['lambda/domain/{consent,credential,grant,oauth,sealing,token-vault}/**/*.ts'],
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
  ignorePatterns: [
    'cdk.out',
    'dist',
    '.local',
    '.node24',
    'coverage',
    'reports',
    'docs',
    'examples',
    '**/.venv',
  ],
  thresholds: { high: 100, low: 99, break: 99 },
};
