/** Which operations the options select, and which options are rejected. */
import { parseSettings } from './settings';

const OPERATIONS = [
  { title: 'GetTokenVault', part: 'control plane' as const },
  { title: 'RevokeGrants', part: 'operators' as const },
];

it('selects by title and by part', () => {
  expect(parseSettings([], OPERATIONS)).toMatchObject({ operations: OPERATIONS, whole: true });
  expect(parseSettings(['--only', 'Vault'], OPERATIONS).operations).toEqual([OPERATIONS[0]]);
  expect(parseSettings(['--part', 'operators'], OPERATIONS)).toMatchObject({
    operations: [OPERATIONS[1]],
    whole: false,
  });
});

it.each([
  [['--only', 'RevokeResourceGrants'], '--only must be part of one of: GetTokenVault; RevokeGrants.'],
  [['--part', 'plane'], '--part must be one of: '],
  [['--update', '--only', 'Vault'], '--update needs all calls of all operations.'],
  [['--update', '--at', 'KMS'], '--update needs all calls of all operations.'],
])('rejects %j', (args, message) => {
  expect(() => parseSettings(args, OPERATIONS)).toThrow(message);
});
