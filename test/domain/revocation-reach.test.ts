import { endsOtherGrants, wider } from '../../lambda/domain/provider/revocation-reach';
import { REVOCATION_REACHES } from '../../lambda/model/records/revocation-outbox';

it('the widest reach ends the most', () => {
  const widest = [...REVOCATION_REACHES].reduce((one, other) => wider(one, other) ?? one);
  expect(widest).toBe('installation');
  expect(wider('none', 'token')).toBe('token');
  expect(wider('grant', 'token')).toBe('grant');
  expect(wider('user-and-client', 'grant')).toBe('user-and-client');
  expect(wider(undefined, 'grant')).toBe('grant');
  expect(wider('grant', undefined)).toBe('grant');
  expect(wider(undefined, undefined)).toBeUndefined();
});

it('tokens of other grants end from the user and client on', () => {
  expect(REVOCATION_REACHES.filter(endsOtherGrants)).toEqual([
    'user-and-client',
    'user-and-project',
    'installation',
  ]);
});
