/** The lifetimes of a deployment: configured values within limits, or defaults. */
import { decodeJwt } from 'jose';
import { parseLifetimes } from '../../lambda/domain/lifetimes';
import { createConsentService } from './consent-service';
import { BEGINNING } from './fake-system';
import { createTokenService } from './token-service';

const DEFAULTS = { workloadAccessToken: 900, consentSession: 600, vaultKey: 90 * 86_400 };

it('the defaults are 15 minutes for tokens, 10 minutes for consent sessions, and 90 days for vault keys', () => {
  expect(parseLifetimes('{}')).toEqual(DEFAULTS);
});

it('each lifetime can be configured separately', () => {
  expect(parseLifetimes('{"workloadAccessToken":60}')).toEqual({ ...DEFAULTS, workloadAccessToken: 60 });
  expect(parseLifetimes('{"consentSession":1800}')).toEqual({ ...DEFAULTS, consentSession: 1800 });
  expect(parseLifetimes('{"vaultKey":86400}')).toEqual({ ...DEFAULTS, vaultKey: 86_400 });
});

it.each([
  ['a token for longer than an hour', '{"workloadAccessToken":3601}', 'workloadAccessToken must be 3600'],
  ['a token for less than a minute', '{"workloadAccessToken":59}', 'workloadAccessToken must be 60'],
  [
    'a consent session for longer than half an hour',
    '{"consentSession":1801}',
    'consentSession must be 1800',
  ],
  ['a vault key for less than a day', '{"vaultKey":86399}', 'vaultKey must be 86400'],
  ['a vault key for more than a year', '{"vaultKey":31622401}', 'vaultKey must be 31622400'],
  ['a fraction of a second', '{"consentSession":90.5}', 'consentSession must be whole seconds'],
  ['a string', '{"consentSession":"600"}', 'consentSession must be a number of seconds'],
  ['an unknown member', '{"session":600}', 'lifetimes.session is not a member of this configuration'],
  ['text that is not JSON', '10 minutes', 'lifetimes must be JSON'],
])('the configuration cannot contain %s', (_, json, message) => {
  expect(() => parseLifetimes(json)).toThrow(message);
});

it('tokens expire after the configured lifetime', async () => {
  const service = await createTokenService(Infinity, parseLifetimes('{"workloadAccessToken":60}'));
  const token = await service.issue();
  expect(decodeJwt(token).exp).toBe(BEGINNING + 60);
});

it('consent sessions expire after the configured lifetime', async () => {
  const service = await createConsentService();
  Object.assign(service.deps, { lifetimes: parseLifetimes('{"consentSession":1800}') });
  const sessionUri = await service.begin();
  expect(await service.session(sessionUri)).toMatchObject({ expiresAt: service.system.seconds() + 1800 });
  service.system.advance(1799);
  expect(await service.authorize(sessionUri)).toMatchObject({ cookie: { maxAge: 1 } });
});
