/** Descriptions of grants in listings. */
import { decodeGrantId, encodeGrantId } from '../../lambda/model/grant-id';
import { describeGrant, isListed } from '../../lambda/domain/grant/description';
import { grantTarget } from '../../lambda/domain/grant/grant';
import type { Grant } from '../../lambda/model/records/grant';
import { NO_USER } from '../../lambda/model/user';
import { createFakeSystem, BEGINNING } from './fake-system';
import { ARN_PREFIX, sampleDetails, sampleGrantId, sampleTokens } from './samples';

const failureOf = (notBefore: number) => ({
  code: 'temporarily_unavailable',
  unavailable: true,
  failures: 1,
  at: BEGINNING * 1000,
  notBefore,
  providerRevision: 1,
  detail: 'a failure',
});

const grantOf = (change: Partial<Grant> = {}): Grant => ({
  ...sampleGrantId(),
  ...sampleDetails(),
  providerId: 'provider',
  generation: 1,
  epoch: 0,
  tokens: sampleTokens(),
  createdTime: BEGINNING,
  ...change,
});

const describeAt = (grant: Grant, seconds = 0) => {
  const system = createFakeSystem();
  system.advance(seconds);
  return describeGrant({ system, arnPrefix: ARN_PREFIX }, grant);
};

const machineTarget = grantTarget({
  flow: 'M2M',
  providerName: 'calendar',
  scopes: [],
  resources: [],
  audiences: [],
});

describe('a grant in a listing', () => {
  it('has every member that people need, and no token', () => {
    const grant = grantOf({ lastUsedDate: '2026-11-26', resources: ['https://calendar.example'] });
    const description = describeAt(grant);
    expect(description).toEqual({
      grantId: encodeGrantId(grant),
      workloadIdentityArn: `${ARN_PREFIX}:workload-identity-directory/default/workload-identity/agent`,
      credentialProviderArn: `${ARN_PREFIX}:token-vault/default/oauth2credentialprovider/calendar`,
      userHash: grant.userHash,
      flow: 'USER_FEDERATION',
      scopes: ['a'],
      resources: ['https://calendar.example'],
      audiences: [],
      createdTime: BEGINNING,
      lastUsedDate: '2026-11-26',
      expiresAt: BEGINNING + 3600,
      status: 'ACTIVE',
      renewsAutomatically: true,
    });
    expect(JSON.stringify(description)).not.toContain('sealed');
  });

  it('has the time of the last refresh only after a refresh', () => {
    const tokens = sampleTokens({ obtainedAt: BEGINNING + 60 });
    expect(describeAt(grantOf({ tokens })).lastRefreshedTime).toBe(BEGINNING + 60);
  });

  it('has no user hash if the agent acts for itself', () => {
    const own = grantOf({ userHash: NO_USER, target: machineTarget });
    expect(describeAt(own)).not.toHaveProperty('userHash');
    expect(describeAt(own).flow).toBe('M2M');
  });
});

describe('the status of a grant', () => {
  const notRefreshable = sampleTokens({ refreshable: false });
  it.each<[string, Partial<Grant>, number, string]>([
    ['the token is valid', {}, 0, 'ACTIVE'],
    ['the token expired and has a refresh token', {}, 3600, 'RENEWABLE'],
    ['the token expired and has no refresh token', { tokens: notRefreshable }, 3600, 'NEEDS_CONSENT'],
    ['the resource rejected the token', { rejected: 1 }, 0, 'RENEWABLE'],
    ['an earlier token was rejected', { rejected: 0 }, 0, 'ACTIVE'],
    [
      'the refresh token expired',
      { tokens: sampleTokens({ refreshExpiresAt: BEGINNING + 10 }) },
      3600,
      'NEEDS_CONSENT',
    ],
    ['client credentials expired', { tokens: notRefreshable, target: machineTarget }, 3600, 'RENEWABLE'],
    ['the provider is in back-off', { lastFailure: failureOf((BEGINNING + 60) * 1000) }, 0, 'BACKING_OFF'],
    ['the back-off ended', { lastFailure: failureOf((BEGINNING + 60) * 1000) }, 61, 'ACTIVE'],
  ])('if %s', (_condition, change, seconds, status) => {
    expect(describeAt(grantOf(change), seconds).status).toBe(status);
  });

  it.each<[string, Partial<Grant>, boolean]>([
    ['a refresh token', {}, true],
    ['no refresh token', { tokens: notRefreshable }, false],
    ['a refresh token that expired', { tokens: sampleTokens({ refreshExpiresAt: BEGINNING }) }, false],
    ['client credentials', { tokens: notRefreshable, target: machineTarget }, true],
  ])('says whether it is renewed without the user, with %s', (_what, change, renewsAutomatically) => {
    expect(describeAt(grantOf(change))).toMatchObject({ status: 'ACTIVE', renewsAutomatically });
  });

  it('is not listed for a grant with only an open consent session', () => {
    const empty = grantOf();
    Reflect.deleteProperty(empty, 'tokens');
    expect(isListed(empty)).toBe(false);
    expect(isListed({ ...empty, lastFailure: failureOf(0) })).toBe(true);
  });
});

describe('the ID of a grant', () => {
  it('names the grant', () => {
    const id = sampleGrantId();
    expect(decodeGrantId(encodeGrantId(id))).toEqual(id);
    const own = { ...id, userHash: NO_USER, target: machineTarget };
    expect(decodeGrantId(encodeGrantId(own))).toEqual(own);
  });

  it.each([
    ['an empty text', () => ''],
    ['another text', () => 'grant'],
    ['padding', (text: string) => `${text}=`],
    ['a newline', (text: string) => `${text}\n`],
    [
      'an additional part',
      (text: string) => Buffer.from(`${Buffer.from(text, 'base64url').toString()}#x`).toString('base64url'),
    ],
    [
      'another flow',
      (text: string) =>
        Buffer.from(Buffer.from(text, 'base64url').toString().replace('USER_FEDERATION', 'NONE')).toString(
          'base64url',
        ),
    ],
  ])('is not valid with %s', (_what, change) => {
    expect(decodeGrantId(change(encodeGrantId(sampleGrantId())))).toBeUndefined();
  });
});
