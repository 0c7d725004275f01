/**
 * Signing keys that are rotated by hand, rotated by the schedule, or revoked: older tokens stay valid or become
 * invalid.
 */
import { decodeProtectedHeader } from 'jose';
import type { AuditEntry } from '../../lambda/domain/audit';
import { PUBLISH_AHEAD, SIGNING_PERIOD } from '../../lambda/domain/workload-token/signing-key';
import {
  prepareSigningKeys,
  revokeSigningKey,
  ROTATION_LEAD,
  rotateSigningKey,
  type SigningKeyRotationDependencies,
} from '../../lambda/domain/workload-token/signing-key-rotation';
import { createInMemoryKeyWrapper } from './in-memory-seal';
import { createTokenService } from './token-service';

/** Seconds that any function caches keys. */
const MEMORY = 300;

let service: Awaited<ReturnType<typeof createTokenService>>;
let entries: AuditEntry[];
let rotation: SigningKeyRotationDependencies;

beforeEach(async () => {
  service = await createTokenService();
  entries = [];
  rotation = {
    store: service.stores.signingKeys,
    // It has no means to unwrap.
    wrapper: { wrap: (...key) => service.wrapper.wrap(...key) },
    audit: { record: (entry) => void entries.push(entry) },
    system: service.system,
  };
});

const advance = (seconds: number) => {
  service.system.advance(seconds);
};
const signingKid = async () => (await service.newSigningKeys().current()).kid;
const publishedKids = async () => (await service.newPublicKeys().published()).map(({ kid }) => kid);
const kidOf = (token: string) => decodeProtectedHeader(token).kid;

function toNextPeriod(offset: number): void {
  const now = service.system.seconds();
  advance((Math.floor(now / SIGNING_PERIOD) + 1) * SIGNING_PERIOD + offset - now);
}

describe('a rotation by hand', () => {
  it('publishes the next key immediately, signs with it after all caches expired, and keeps old tokens valid', async () => {
    const before = await service.issue();
    const next = await rotateSigningKey(rotation);
    expect(next.signsFrom).toBe(service.system.seconds() + ROTATION_LEAD);
    expect(await publishedKids()).toEqual([kidOf(before), next.kid]);

    advance(ROTATION_LEAD - 1);
    const last = await service.issue();
    expect(kidOf(last)).toBe(kidOf(before));

    advance(1);
    expect(await signingKid()).toBe(next.kid);
    advance(MEMORY);
    const after = await service.issue();
    expect(kidOf(after)).toBe(next.kid);
    await expect(service.verify(last)).resolves.toBeDefined();
    await expect(service.verify(after)).resolves.toBeDefined();
  });

  it('creates no second key while one is waiting, whatever the number of calls', async () => {
    await signingKid();
    const asked = await Promise.all(Array.from({ length: 8 }, () => rotateSigningKey(rotation)));
    expect(new Set(asked.map(({ kid }) => kid)).size).toBe(1);
    expect(await rotateSigningKey(rotation)).toEqual(asked[0]);
    expect(await publishedKids()).toHaveLength(2);
  });

  it('creates another key after the new key has begun to sign', async () => {
    const first = await rotateSigningKey(rotation);
    advance(ROTATION_LEAD);
    const second = await rotateSigningKey(rotation);
    expect(second.kid).not.toBe(first.kid);
    expect(await signingKid()).toBe(first.kid);
    advance(ROTATION_LEAD);
    expect(await signingKid()).toBe(second.kid);
  });

  it('uses the waiting key of the next period if that period begins soon', async () => {
    toNextPeriod(-ROTATION_LEAD + 1);
    const kid = await signingKid();
    const next = await rotateSigningKey(rotation);
    expect(next.signsFrom).toBe(service.system.seconds() + ROTATION_LEAD - 1);
    expect(await publishedKids()).toEqual([kid, next.kid]);
    toNextPeriod(0);
    expect(await signingKid()).toBe(next.kid);
  });

  it('leaves the next period its own key', async () => {
    const { kid } = await rotateSigningKey(rotation);
    toNextPeriod(0);
    expect(await signingKid()).not.toBe(kid);
  });

  it('is rejected after 100 keys of one period, so that no principal fills the partition that every verifier reads', async () => {
    const rotateOften = async () => {
      for (let count = 0; count < 200; count += 1) {
        await rotateSigningKey(rotation);
        advance(ROTATION_LEAD);
      }
    };
    await expect(rotateOften()).rejects.toMatchObject({ type: 'ServiceQuotaExceededException' });
    expect(await publishedKids()).toHaveLength(100);
    await expect(service.verify(await service.issue())).resolves.toBeDefined();
    toNextPeriod(0);
    await expect(rotateSigningKey(rotation)).resolves.toBeDefined();
  });
});

describe('a revocation', () => {
  it('invalidates the tokens that the key signed, and another key signs immediately', async () => {
    const stolen = await service.issue();
    const kid = kidOf(stolen) ?? '';
    await expect(service.verify(stolen)).resolves.toBeDefined();

    const next = await revokeSigningKey(rotation, kid);
    expect(next.kid).not.toBe(kid);
    expect(next.signsFrom).toBeLessThanOrEqual(service.system.seconds());
    expect(await publishedKids()).toEqual([next.kid]);
    expect(await signingKid()).toBe(next.kid);

    advance(MEMORY);
    await expect(service.verify(stolen)).rejects.toMatchObject({ type: 'UnauthorizedException' });
    const again = await service.issue();
    expect(kidOf(again)).toBe(next.kid);
    await expect(service.verify(again)).resolves.toBeDefined();
  });

  it('makes a waiting key sign before its time if there is no other', async () => {
    const kid = await signingKid();
    const waiting = await rotateSigningKey(rotation);
    expect(await revokeSigningKey(rotation, kid)).toEqual(waiting);
    expect(await signingKid()).toBe(waiting.kid);
  });

  it('can also invalidate the key of the next period and the key of the last period', async () => {
    toNextPeriod(-PUBLISH_AHEAD + 1);
    const old = await signingKid();
    const [, ahead = ''] = await publishedKids();
    await revokeSigningKey(rotation, ahead);
    toNextPeriod(0);
    const kid = await signingKid();
    expect(kid).not.toBe(ahead);
    await revokeSigningKey(rotation, old);
    expect(await publishedKids()).toEqual([kid]);
  });

  it('changes nothing when it is repeated', async () => {
    const kid = await signingKid();
    const next = await revokeSigningKey(rotation, kid);
    advance(60);
    expect(await revokeSigningKey(rotation, kid)).toEqual(next);
    expect(await publishedKids()).toEqual([next.kid]);
  });

  it('is rejected for a key that is not published', async () => {
    const kid = await signingKid();
    const refused = { type: 'ResourceNotFoundException' };
    await expect(revokeSigningKey(rotation, 'unknown')).rejects.toMatchObject(refused);
    toNextPeriod(SIGNING_PERIOD);
    await expect(revokeSigningKey(rotation, kid)).rejects.toMatchObject(refused);
  });

  it('is rejected at the limit of revocations, so that a key is left to sign with', async () => {
    const revokeAll = async () => {
      for (let count = 0; count < 200; count += 1) await revokeSigningKey(rotation, await signingKid());
    };
    await expect(revokeAll()).rejects.toMatchObject({ type: 'ServiceQuotaExceededException' });
    await expect(service.verify(await service.issue())).resolves.toBeDefined();
  });
});

describe('the schedule', () => {
  it('publishes the next key 1 day ahead without token requests', async () => {
    const first = await prepareSigningKeys(rotation);
    expect(await publishedKids()).toEqual([first.kid]);
    toNextPeriod(-PUBLISH_AHEAD);
    expect(await prepareSigningKeys(rotation)).toEqual(first);
    const kids = await publishedKids();
    expect(kids).toHaveLength(2);
    toNextPeriod(0);
    expect(kids).toContain(await signingKid());
  });

  it('creates no key that already exists', async () => {
    const kid = await signingKid();
    for (let time = 0; time < 3; time += 1) expect((await prepareSigningKeys(rotation)).kid).toBe(kid);
    expect(await publishedKids()).toEqual([kid]);
  });
});

it('keys are created for one wrapper only: a key of another wrapper does not sign', async () => {
  const planted = { ...rotation, wrapper: createInMemoryKeyWrapper() };
  const { kid } = await prepareSigningKeys(planted);
  // The other key does not prevent tokens either: a key of this service replaces it.
  const token = await service.issue();
  expect(kidOf(token)).not.toBe(kid);
  await expect(service.verify(token)).resolves.toBeDefined();
});

it('each operation is recorded', async () => {
  const { kid } = await prepareSigningKeys(rotation);
  const next = await rotateSigningKey(rotation);
  await revokeSigningKey(rotation, kid);
  await expect(revokeSigningKey(rotation, 'unknown')).rejects.toThrow();
  expect(entries).toEqual([
    { operation: 'PrepareSigningKeys', outcome: 'allowed' },
    { operation: 'RotateSigningKey', outcome: 'allowed', result: `to ${next.kid}` },
    { operation: 'RevokeSigningKey', outcome: 'allowed', result: `of ${kid}` },
    {
      operation: 'RevokeSigningKey',
      outcome: 'denied',
      reason: 'an unknown kid',
      error: 'ResourceNotFoundException',
    },
  ]);
});
