/** The figures in the documents are current, and the calls in the cost tables are the calls that tests count. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliReference } from '../../scripts/cli-reference/document';
import { OPERATIONS } from '../../scripts/cost/operations';
import { configurationTable } from '../../scripts/configuration/table';
import { costTables } from '../../scripts/cost/table';
import { withFigures } from '../../scripts/figures';
import { pythonIsInstalled, REFERENCE_PAGES } from '../../scripts/reference/pages';
import { vendorsTable } from '../../scripts/vendors/table';
import { FAULT_COUNTS_COMMAND, faultsTable } from '../faults/counts';
import { COUNTS_COMMAND, countsTable } from '../kills/counts';

it.each([
  ['cli-reference.md', 'docs:cli', cliReference],
  ['configuration.md', 'docs:configuration', configurationTable],
  ['scale-and-cost.md', 'docs:cost', costTables],
  ['vendors.md', 'docs:vendors', vendorsTable],
])('docs/%s is up to date; if not, run `npm run %s`', (name, _, figures) => {
  const { is, should } = withFigures(name, figures());
  expect(is).toBe(should);
});

it(`docs/engineering/faults.md has the committed counts of kills; if not, run \`${COUNTS_COMMAND}\``, () => {
  const { is, should } = withFigures('engineering/faults.md', countsTable(), COUNTS_COMMAND);
  expect(is).toBe(should);
});

it(`docs/engineering/faults.md has the committed counts of faults; if not, run \`${FAULT_COUNTS_COMMAND}\``, () => {
  const { is, should } = withFigures('engineering/faults.md', faultsTable(), FAULT_COUNTS_COMMAND);
  expect(is).toBe(should);
});

describe('the reference', () => {
  const read = (name: string): string => readFileSync(join(__dirname, '../../docs', name), 'utf8');

  it.each(['constructs.md', 'client-reference.md'] as const)(
    'docs/%s is up to date; if not, run `npm run docs:reference`',
    (name) => {
      expect(read(name)).toBe(REFERENCE_PAGES[name]());
    },
  );

  const hasPython = pythonIsInstalled();
  if (!hasPython) {
    process.stderr.write(
      '\n*** docs/client-reference-python.md IS NOT TESTED: no Python 3.10 or later. Install it, or set PYTHON to its path. ***\n\n',
    );
  }
  const itWithPython = hasPython ? it : it.skip;
  itWithPython('docs/client-reference-python.md is up to date; if not, run `npm run docs:reference`', () => {
    expect(read('client-reference-python.md')).toBe(REFERENCE_PAGES['client-reference-python.md']());
  });

  it.each(Object.keys(REFERENCE_PAGES))(
    'docs/%s has each type as the source states it, and code spans with one backtick',
    (name) => {
      const text = read(name);
      const withoutBlocks = text.replaceAll(/^```[^]*?^```$/gm, '');
      expect(withoutBlocks.match(/.*\[\.\.[A-Za-z].*|.*``.*|.*[^.]\.\.$/gm)).toBeNull();
      // The members that `Omit` leaves of an own type are in the list.
      expect(text).not.toContain('Also has the members of `Omit< AccessTokenOptions');
    },
  );

  it('has a default in code only if the whole default is an expression', () => {
    const client = read('client-reference.md');
    expect(client).toContain(' Default: the system clock.\n');
    expect(client).toContain(" Default: `fromGate` sets it to the gate's return URL.\n");
    expect(client).toContain(' Default: 600, the lifetime of an authorization URL.\n');
    const constructs = read('constructs.md');
    expect(constructs).toContain(" Default: `['openid', 'profile']`.\n");
    expect(constructs).toContain(' Default: `false` - they can call the operations of agents.\n');
    expect(constructs).toContain(' Default: `ObjectLockRetention.governance(Duration.days(365))`.\n');
  });

  it('has each exported class with its settings, their types, and their defaults, and no internal member', () => {
    const constructs = read('constructs.md');
    expect(constructs).toContain('\n### AgentEndpoint\n');
    expect(constructs).toContain(
      "- `allowedAudience` (`string[]`, optional): One of these values must be in the token's `aud`.",
    );
    expect(constructs).toMatch(
      /^- `domain` \(\[`ApiDomain`\]\(#apidomain\), optional\): .* Default: API Gateway/m,
    );
    expect(constructs).not.toMatch(/^- `_/m);
    const python = read('client-reference-python.md');
    expect(python).toContain('\n### connect_mcp of agent_identity_client.mcp\n');
    expect(python).toMatch(/^- `consent_timeout` \(`float`\): Seconds to wait .* Default: `600`\.$/m);
    expect(python).not.toMatch(/^(### |- `)_/m);
    expect(read('client-reference.md')).toContain('\n### withAccessToken of @agent-identity/client/mcp\n');
  });
});

describe('the calls in the cost tables', () => {
  const document = readFileSync(join(__dirname, '../../docs/engineering/performance.md'), 'utf8');
  const [, table = ''] = document.split('\n## What a call costs\n');

  /** Returns the number of each call in a cell such as `2 GetItem, 1 BatchGetItem of 3 items`. */
  const counted = (cell: string): Record<string, number> =>
    Object.fromEntries<number>(
      [...cell.matchAll(/(\d+) (\w+Item)/g)].map(([, times, name = '']) => [name, Number(times)] as const),
    );

  it.each(OPERATIONS.flatMap(({ steps }) => steps.map((step) => [step.row, step] as const)))(
    'match the calls in docs/engineering/performance.md that tests count: %s',
    (row, { calls }) => {
      const [, cell = ''] = new RegExp(`^\\| ${row} +\\| ([^|]+)`, 'm').exec(table) ?? [];
      const mine: Record<string, number> = {};
      for (const { operation } of calls) mine[operation] = (mine[operation] ?? 0) + 1;
      expect(mine).toEqual(counted(cell));
      const items = / of (\d+) items/.exec(cell)?.[1];
      if (items !== undefined) {
        const batch = calls.find(({ operation }) => operation === 'BatchGetItem');
        expect(batch?.readUnits).toBe(Number(items));
      }
    },
  );
});
