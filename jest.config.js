const { availableParallelism } = require('node:os');

/** `npm test`. swc compiles TypeScript. */
const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
  ],
};

// The tests run on the oldest supported Node.js on purpose.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

// CDK would apply its own rules to each template, which takes longer than the tests. `npm run synth` and
// `npm run test:templates` apply them.
process.env.CDK_VALIDATION = 'false';

// CDK would record a stack trace for each resource. Jest maps each of up to 100 frames to its source.
process.env.CDK_CONTEXT_JSON = JSON.stringify({ 'aws:cdk:disable-creation-stack-traces': true });

module.exports = {
  testEnvironment: '<rootDir>/test/environment/environment.ts',
  testSequencer: '<rootDir>/test/longest-first.cjs',
  globalSetup: '<rootDir>/test/build-functions.ts',
  globalTeardown: '<rootDir>/test/environment/temporary-folder.ts',
  silent: true,
  // One more than there are cores, because tests wait for the programs and browsers that they start. By default, Jest
  // starts one fewer.
  maxWorkers: availableParallelism() + 1,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform,
  testTimeout: 60_000,
};
