/** The documents of the reference. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { namesOf, referenceOf } from './document';
import { ENTRIES } from './program';

const GENERATED = '<!-- Generated from the docstrings by `npm run docs:reference`. -->';

function constructsPage(): string {
  return [
    GENERATED,
    '# Constructs',
    'The package `@agent-identity/cdk` exports these constructs and types. In Python, the package is `agent-identity-cdk`, the module is `agent_identity_cdk`, and names are in snake case: `new AgentIdentity(this, "Identity", { consentPage: true })` is `AgentIdentity(self, "Identity", consent_page=True)`. [Deploy with the CDK](deploying.md) has examples.',
    'Settings without "optional" must be set.',
    referenceOf(ENTRIES.constructs, [
      { title: 'Constructs and classes', kinds: ['class'] },
      { title: 'Settings and interfaces', kinds: ['type'] },
    ]),
  ]
    .join('\n\n')
    .concat('\n');
}

function clientPage(): string {
  const main = namesOf(ENTRIES.client);
  const omitted = new Set([...main].filter((name) => name !== 'withAccessToken'));
  return [
    GENERATED,
    '# Client library',
    'The package `@agent-identity/client` exports these functions and types. [Use the client libraries](client.md) shows how to use them, and [Client library in Python](client-reference-python.md) is the reference of the package for Python.',
    referenceOf(ENTRIES.client, [
      { title: 'Functions', kinds: ['function'] },
      { title: 'Classes', kinds: ['class'] },
      { title: 'Types', kinds: ['type'] },
    ]),
    referenceOf(
      ENTRIES.mcp,
      [{ title: 'For MCP servers', kinds: ['function', 'class', 'type'] }],
      ' of @agent-identity/client/mcp',
      omitted,
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

/** The interpreter, which `PYTHON` sets as for the tests with Python. */
const python = (): string => process.env.PYTHON ?? 'python3';

/** Whether there is a Python 3.10 or later, which the page about the client library in Python requires. */
export const pythonIsInstalled = (): boolean =>
  spawnSync(python(), ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).status === 0;

/** Python reads the docstrings of Python. */
const pythonClientPage = (): string =>
  execFileSync(python(), [join(__dirname, 'python.py')], { encoding: 'utf8' });

/** The documents by the names of their files in docs/. The one about Python needs Python 3.10 or later. */
export const REFERENCE_PAGES = {
  'constructs.md': constructsPage,
  'client-reference.md': clientPage,
  'client-reference-python.md': pythonClientPage,
} as const satisfies Readonly<Record<string, () => string>>;
