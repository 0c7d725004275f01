/** Audit entries as log lines: their size is limited, and a truncated list states how many items were omitted. */
import { createAuditLog } from '../../lambda/adapters/log/audit-log';
import { createLogLines, type LogLinesOptions } from '../../lambda/adapters/log/lines';
import { createMetrics } from '../../lambda/adapters/log/metrics';
import type { AuditEntry } from '../../lambda/domain/audit';

const NOW = Date.parse('2026-01-02T03:04:05.006Z');

const linesTo = (writes: string[], change: Partial<LogLinesOptions> = {}) =>
  createLogLines({
    service: 'Travel.Identity',
    now: () => NOW,
    traceId: () => undefined,
    write: (lines) => writes.push(lines),
    ...change,
  });

/** Returns the entry in the log. */
function written(entry: Partial<AuditEntry>): Record<string, unknown> {
  const writes: string[] = [];
  createAuditLog(linesTo(writes)).record({
    operation: 'GetResourceOauth2Token',
    outcome: 'allowed',
    ...entry,
  });
  const [line = '', ...others] = writes;
  expect(others).toEqual([]);
  expect(line).not.toContain('\n');
  expect(Buffer.byteLength(line)).toBeLessThan(256 * 1024);
  return (JSON.parse(line) as { audit: Record<string, unknown> }).audit;
}

const scopesOf = (count: number) => Array.from({ length: count }, (_, index) => `scope-${index}`);

const LISTS = [
  'scopes',
  'customParameters',
  'customParameterScopes',
  'grantedScopes',
  'changed',
] as const satisfies (keyof AuditEntry)[];

it.each(LISTS)(
  '%s of a request are written up to the hundredth, which is the maximum of a request',
  (field) => {
    expect(written({ [field]: scopesOf(100) })).toEqual({
      operation: 'GetResourceOauth2Token',
      outcome: 'allowed',
      [field]: scopesOf(100),
    });
  },
);

it.each(LISTS)('%s that were truncated state how many were omitted', (field) => {
  expect(written({ [field]: scopesOf(103) })).toMatchObject({
    [field]: scopesOf(100),
    [`${field}Omitted`]: 3,
  });
});

it('scopes that use all characters of a request are written in full', () => {
  const scopes = Array.from({ length: 16 }, (_, index) => `${index}`.padEnd(2_040, 'x'));
  expect(written({ scopes })).toEqual({
    operation: 'GetResourceOauth2Token',
    outcome: 'allowed',
    scopes,
  });
});

it('lists of the longest texts keep the entry within one log event, and state what was omitted', () => {
  const longest = Array.from({ length: 100 }, () => '\u{20ac}'.repeat(2_048));
  const entry = written(Object.fromEntries(LISTS.slice(0, 4).map((field) => [field, longest])));
  for (const field of LISTS.slice(0, 4)) {
    const kept = entry[field] as string[];
    expect(kept.length).toBeGreaterThan(0);
    expect(entry[`${field}Omitted`]).toBe(100 - kept.length);
  }
});

const ENTRY: AuditEntry = {
  operation: 'GetResourceApiKey',
  outcome: 'allowed',
  credentialProvider: 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:token-vault/default/any/maps',
};

it('an entry and its metrics are lines of JSON in one write, which is over when the entry is recorded', () => {
  const writes: string[] = [];
  createAuditLog(linesTo(writes), createMetrics('Travel.Identity', true, () => NOW).ofEntry).record(ENTRY);
  expect(writes).toHaveLength(1);
  const [line, metrics, ...others] = (writes[0] ?? '')
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(others).toEqual([]);
  expect(line).toEqual({
    ...{ level: 'INFO', message: 'audit', timestamp: '2026-01-02T03:04:05.006Z', service: 'Travel.Identity' },
    audit: ENTRY,
  });
  expect(metrics).toMatchObject({ _aws: { Timestamp: NOW }, ApiKeyFetchSuccess: 1, ProviderName: 'maps' });
  // With Lambda's JSON format, a line without a level has the level INFO.
  expect(metrics).not.toHaveProperty('level');
});

it('an entry without metrics is one line', () => {
  const writes: string[] = [];
  const { ofEntry } = createMetrics('any', true, () => NOW);
  createAuditLog(linesTo(writes), ofEntry).record({ ...ENTRY, operation: 'TagResource' });
  expect(writes).toEqual([expect.not.stringContaining('\n')]);
});

it('an entry has the ID of its trace, and no member of the line is replaced by one of the caller', () => {
  const writes: string[] = [];
  createAuditLog(linesTo(writes, { traceId: () => '1-5759e988-bd862e3fe1be46a994272793' })).record({
    ...ENTRY,
    reason: 'a\nb"}\u2028\u0007',
  });
  expect(JSON.parse(writes[0] ?? '')).toMatchObject({
    xray_trace_id: '1-5759e988-bd862e3fe1be46a994272793',
    audit: { reason: 'a?b"}??' },
  });
});
