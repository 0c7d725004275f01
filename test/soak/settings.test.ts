/** The soak rejects settings with which it could not run, before it starts anything. */
import { parseSettings } from './settings';

it('needs as many users as callers', () => {
  expect(parseSettings(['--agents', '2', '--users', '4'])).toMatchObject({ callers: 8 });
  expect(() => parseSettings(['--agents', '1', '--users', '4'])).toThrow(
    '8 callers need as many users, and 1 × 4 are 4. Set --agents or --users to more, or --callers to fewer.',
  );
});
