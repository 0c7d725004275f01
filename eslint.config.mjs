import { readFileSync } from 'node:fs';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Globals that the domain must not use: it gets time, storage, and the network through its dependencies. */
const system = [
  { name: 'fetch', message: 'The domain uses a port for the network.' },
  { name: 'process', message: 'The domain reads no environment.' },
  { name: 'setTimeout', message: 'The domain waits through its System port.' },
  { name: 'console', message: 'The domain reports through the audit port.' },
];

/** Returns an import boundary: the files must not import modules that match the patterns. */
const boundary = (files, group, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] },
});

/** The files that `lib` imports from the functions in addition to the model and the operations; test/figures checks the list. */
const SHARED_WITH_LIB = JSON.parse(
  readFileSync(`${import.meta.dirname}/scripts/modules/shared-with-lib.json`, 'utf8'),
);

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'cdk.out',
      '**/dist',
      // Programs of other projects: test/packages compiles and runs them.
      'coverage',
      'reports',
      '.stryker-tmp',
      '.local',
      '**/.venv',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      // An interface over what a schema infers has a name in messages of the compiler.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
    },
  },
  {
    files: ['lambda/domain/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...system],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'The domain gets the time from its System port.',
        },
        {
          selector: "MemberExpression[object.name='Date']",
          message: 'The domain gets the time from its System port.',
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness comes from node:crypto.' },
      ],
    },
  },
  boundary(
    ['lambda/domain/**/*.ts'],
    [
      '@aws-sdk/*',
      '@aws-lambda-powertools/*',
      '@middy/*',
      'aws-jwt-verify*',
      'aws-cdk-lib*',
      'node:http*',
      'node:net',
      'node:tls',
      'node:dns*',
      'node:fs*',
      'node:process',
      '**/adapters/**',
      '**/functions/**',
      '**/api/**',
      '**/operations/**',
      '**/pages/**',
      '**/lib/**',
    ],
    'The domain imports no SDK, network, file system, or outer module.',
  ),
  ...[
    ['lambda/model/*.ts', '../*'],
    ['lambda/model/*/*.ts', '../../*'],
  ].map(([files, outside]) =>
    boundary(
      [files],
      [outside, '@*', 'node:*', '!node:crypto'],
      'The model imports only its own files, valibot, and node:crypto.',
    ),
  ),
  boundary(
    ['lambda/adapters/**/*.ts'],
    ['**/functions/**', '**/api/**', '**/lib/**', 'aws-cdk-lib*'],
    'An adapter imports neither the API nor the functions.',
  ),
  boundary(
    ['lambda/api/**/*.ts'],
    // The types of the two clients are the AWS model of the responses (aws-output.ts).
    [
      ...['**/adapters/**', '**/functions/**', '**/lib/**', 'aws-cdk-lib*'],
      ...['@aws-sdk/*', '!@aws-sdk/client-bedrock-agentcore', '!@aws-sdk/client-bedrock-agentcore-control'],
    ],
    'The API imports no adapter and no SDK; use the domain.',
  ),
  boundary(
    ['lambda/functions/**/*.ts', 'lambda/custom-resources/**/*.ts', 'lambda/gate/**/*.ts'],
    ['**/lib/**', 'aws-cdk-lib*'],
    'Functions do not import infrastructure code.',
  ),
  boundary(
    ['lambda/operations/**/*.ts', 'lambda/pages/**/*.ts'],
    [
      '**/adapters/**',
      '**/api/**',
      '**/functions/**',
      '**/custom-resources/**',
      '**/lib/**',
      '@aws-sdk/*',
      'aws-cdk-lib*',
    ],
    'The operations and the pages import only the domain and the model.',
  ),
  {
    files: ['lib/{constructs,resources,stacks}/**/*.ts', 'lib/index.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `/lambda/(?!(?:model|operations)(?:/|$)|(?:${SHARED_WITH_LIB.join('|')})$)`,
              message:
                'Infrastructure imports the model, the operations, and the files in shared-with-lib.json.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['lib/client/**/*.{ts,mts}'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex:
                '^(?!\\./|node:|@aws-sdk/client-bedrock-agentcore$|@modelcontextprotocol/sdk/types\\.js$)',
              message: 'The client package contains its own files and depends on the AWS client only.',
            },
          ],
        },
      ],
    },
  },
  {
    // The CommonJS entry for MCP servers: the message about a missing SDK needs a call that can fail.
    files: ['lib/client/mcp.ts'],
    rules: {
      '@typescript-eslint/no-require-imports': [
        'error',
        { allow: ['^@modelcontextprotocol/sdk/types\\.js$'] },
      ],
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: {
        module: 'writable',
        require: 'readonly',
        process: 'readonly',
        console: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
  {
    files: ['examples/test-suites/jest/*.{js,mjs}'],
    languageOptions: {
      globals: {
        exports: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        ...{ beforeAll: 'readonly', test: 'readonly', expect: 'readonly' },
      },
    },
  },
  { files: ['**/*.{js,cjs}'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
