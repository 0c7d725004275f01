/** Audit entries as log lines: their size is limited, and a truncated list states how many items were omitted. */
import { Logger } from '@aws-lambda-powertools/logger';
import { createAuditLog } from '../../lambda/adapters/log/audit-log';
import type { AuditEntry } from '../../lambda/domain/audit';

/** Returns the entry in the log. */
function written(entry: Partial<AuditEntry>): Record<string, unknown> {
  const logger = new Logger({ serviceName: 'test' });
  const info = jest.spyOn(logger, 'info').mockReturnValue();
  createAuditLog(logger).record({ operation: 'GetResourceOauth2Token', outcome: 'allowed', ...entry });
  const line = JSON.stringify(info.mock.lastCall?.[1]);
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
