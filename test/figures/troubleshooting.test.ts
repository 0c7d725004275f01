/** docs/troubleshooting.md has each public error, message, and failure page, and nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_STATUS } from '../../lambda/domain/service-error';
import { failureCodes, pageTitles, providerChangeMessages, publicMessages } from './public-messages';

const ROOT = join(__dirname, '../..');
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const DOCUMENT = textOf('docs/troubleshooting.md');

/** Returns the section below a heading, up to the next heading of this level or above. */
function section(heading: string): string {
  const [marks = ''] = heading.split(' ');
  const start = DOCUMENT.indexOf(`\n${heading}\n`) + heading.length + 2;
  const end = DOCUMENT.slice(start).search(new RegExp(`^#{1,${marks.length}} `, 'm'));
  return end < 0 ? DOCUMENT.slice(start) : DOCUMENT.slice(start, start + end);
}

/** Returns the code in the first column of the tables of a section. */
const entriesIn = (heading: string): string[] =>
  [...section(heading).matchAll(/^\| `([^`]+)` +\|/gm)].map(([, entry = '']) => entry);

/** Returns whether the entry is for the message: `…` stands for any text. */
function isFor(entry: string, message: string): boolean {
  const parts = entry.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(message);
}

const headings = [...section('## Errors of the API').matchAll(/^### (\w+)$/gm)].map(([, name]) => name);

it('has a section for each error of the API', () => {
  expect(headings).toEqual(expect.arrayContaining(Object.keys(ERROR_STATUS)));
  expect(headings).toHaveLength(Object.keys(ERROR_STATUS).length);
});

it.each(Object.entries(ERROR_STATUS))('states the status of %s', (name, status) => {
  expect(section(`### ${name}`)).toMatch(new RegExp(`^\\nStatus ${status}[.,]`));
});

const messages = publicMessages();

it('reads the messages from the source', () => {
  expect(messages.length).toBeGreaterThan(90);
  expect(messages).toContainEqual({ type: 'AccessDeniedException', text: 'Invalid or expired session' });
  expect(messages).toContainEqual({
    type: 'AccessDeniedException',
    text: 'Chain of agents: it already has … agents, which is the maximum.',
  });
});

it.each(Object.keys(ERROR_STATUS))('has an entry for each message of %s, and no other entry', (type) => {
  const entries = entriesIn(`### ${type}`);
  const own = messages.filter((message) => message.type === type).map(({ text }) => text);
  const missing = own.filter((text) => !entries.some((entry) => isFor(entry, text)));
  const stale = entries.filter((entry) => !own.some((text) => isFor(entry, text)));
  expect({ missing, stale }).toEqual({ missing: [], stale: [] });
});

it('has an entry for each code that the service sets for a failure at a provider, and no other entry', () => {
  const codes = failureCodes();
  expect(codes).toEqual(expect.arrayContaining(['discovery_failed', 'invalid_dpop_proof', 'not_revoked']));
  expect(entriesIn('## Codes of providers').sort()).toEqual(codes);
});

it('has an entry for each message about a changed client or server of a provider, and no other entry', () => {
  const entries = entriesIn('## Changes of a credential provider');
  const texts = providerChangeMessages();
  // The beginning of a message and its end can be in two places of the source.
  const isAbout = (entry: string, text: string): boolean =>
    isFor(entry, text) || isFor(`${entry}…`, text) || entry.startsWith(text);
  const missing = texts.filter((text) => !entries.some((entry) => isAbout(entry, text)));
  const stale = entries.filter((entry) => !texts.some((text) => isAbout(entry, text)));
  expect({ missing, stale }).toEqual({ missing: [], stale: [] });
});

/** Pages that report no failure. */
const ORDINARY = [
  'Your agents and their access',
  'See what your agents can reach',
  'Sign in to finish connecting',
  'There is nothing to see at this address',
  'The console of agent-identity',
  ...['Overview', 'Agents', 'People', 'Person', 'Providers', 'Grants', 'Audit', 'Steps of a request'],
];

it('has an entry for each failure page, and no other entry', () => {
  const titles = new Set(pageTitles().filter((title) => !ORDINARY.includes(title)));
  expect(entriesIn('## Pages in the browser').sort()).toEqual([...titles].sort());
});

it('has an entry for each error of the client libraries, and no other entry', () => {
  const classes = (path: string, pattern: RegExp): string[] =>
    [...textOf(path).matchAll(pattern)].map(([, name = '']) => name);
  const names = new Set([
    ...classes('lib/client/errors.ts', /^export class (\w+Error)/gm),
    ...classes('lib/client-python/src/agent_identity_client/_errors.py', /^class (\w+Error)/gm),
  ]);
  expect(entriesIn('## Errors of the client libraries').sort()).toEqual([...names].sort());
});

it('has an entry for each error of the command, and no other entry', () => {
  const files = readdirSync(join(ROOT, 'lib/cli'), { recursive: true, encoding: 'utf8' });
  const code = files.filter((file) => file.endsWith('.ts')).map((file) => textOf(join('lib/cli', file)));
  const names = code.flatMap((text) =>
    [...text.matchAll(/name[:=]? ?=? ?'([A-Z]\w+)'/g)].map(([, name]) => name),
  );
  const entries = entriesIn('## Errors of the command');
  const known = [...textOf('docs/cli.md').matchAll(/^\| `([A-Z][a-zA-Z]+)` /gm)].map(([, name]) => name);
  expect(entries.filter((name) => !known.includes(name))).toEqual([]);
  expect(names.filter((name) => name !== undefined && !entries.includes(name))).toEqual([]);
});
