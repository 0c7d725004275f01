/** The documents of the reference. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { namesOf, referenceOf } from './document';
import { ENTRIES } from './program';

const GENERATED = '<!-- Generated from the docstrings by `npm run docs:reference`. -->';

function constructsPage(): string {
  return [
    GENERATED,
    '# Constructs',
    'The package `@agent-identity/cdk` exports these constructs and types. In Python, the package is `agent-identity-cdk`, the module is `agent_identity_cdk`, and names are in snake case: `new AgentIdentity(this, "Identity", { consentPage: true })` is `AgentIdentity(self, "Identity", consent_page=True)`. [README](../README.md#deploy-it) has examples.',
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

/** Python reads the docstrings of Python. It has the interpreter `PYTHON`, as the tests with Python have. */
const pythonClientPage = (): string =>
  execFileSync(process.env.PYTHON ?? 'python3', [join(__dirname, 'python.py')], { encoding: 'utf8' });

/** Returns the documents by the names of their files in docs/. */
export const referencePages = (): Readonly<Record<string, string>> => ({
  'constructs.md': constructsPage(),
  'client-reference.md': clientPage(),
  'client-reference-python.md': pythonClientPage(),
});
