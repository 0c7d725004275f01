/** Which flows the options select, and which options are rejected. */
import { parseSettings } from './settings';

const FLOWS = [{ name: 'consent' }, { name: 'consent to more scopes', omittedFromQuick: true as const }];

it('leaves out the flows of a full run only', () => {
  expect(parseSettings(['--quick'], FLOWS).flows).toEqual([FLOWS[0]]);
  expect(parseSettings(['--only', 'consent to more'], FLOWS).flows).toEqual([FLOWS[1]]);
});

it.each([
  [['--only', 'refund'], '--only must be part of one of: consent; consent to more scopes.'],
  [['--quick', '--only', 'consent to more'], 'This flow is not part of a quick run. Omit --quick.'],
  [['--update', '--quick'], '--update needs all points of all flows.'],
])('rejects %j', (args, message) => {
  expect(() => parseSettings(args, FLOWS)).toThrow(message);
});
