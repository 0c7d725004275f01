/** The soak rejects settings with which it could not run, before it starts anything. */
import { parseSettings } from './settings';

it('needs as many users as callers', () => {
  expect(parseSettings(['--agents', '2', '--users', '4'])).toMatchObject({ callers: 8 });
  expect(() => parseSettings(['--agents', '1', '--users', '4'])).toThrow(
    '8 callers need at least 8 users, because each of them acts for one user at a time. With --agents 1 and --users 4, there are 4. Set --agents or --users to more, or --callers to fewer.',
  );
});
