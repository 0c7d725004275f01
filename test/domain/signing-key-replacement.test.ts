/**
 * A signing key that cannot be unwrapped never stops the issuing of tokens, and nothing makes the service create keys
 * without end.
 */
import { decodeProtectedHeader } from 'jose';
import {
  type KeyWrapper,
  periodAt,
  PUBLISH_AHEAD,
  SIGNING_PERIOD,
} from '../../lambda/domain/workload-token/signing-key';
import type { SigningKeyRecord } from '../../lambda/model/records/signing-key';
import { revokeSigningKey, rotateSigningKey } from '../../lambda/domain/workload-token/signing-key-rotation';
import { createInMemoryKeyWrapper } from './in-memory-seal';
import { createTokenService } from './token-service';

/** Seconds that a function caches a key. */
const MEMORY = 300;

type TokenService = Awaited<ReturnType<typeof createTokenService>>;

let service: TokenService;

beforeEach(async () => {
  service = await createTokenService();
});

const stored = (): Promise<SigningKeyRecord[]> =>
  service.stores.signingKeys.since(periodAt(service.system.seconds()));
const publishedKids = async () => (await service.newPublicKeys().published()).map(({ kid }) => kid);

/**
 * The service at another address with the same tables. Keys that were wrapped for the old address cannot be unwrapped
 * there.
 */
function moved() {
  const wrapper = createInMemoryKeyWrapper();
  const functionThere = (over: Partial<KeyWrapper> = {}) =>
    service.newSigningKeys({ wrapper: { ...wrapper, ...over } });
  return { wrapper, functionThere };
}

it('creates one key in place of one that cannot be unwrapped, for all concurrent functions', async () => {
  const { kid: before } = await service.signingKeys.current();
  const there = moved();
  const functions = Array.from({ length: 8 }, () => there.functionThere());
  const kids = new Set(await Promise.all(functions.map(async (keys) => (await keys.current()).kid)));
  expect(kids.size).toBe(1);
  expect(kids).not.toContain(before);
  expect(await stored()).toHaveLength(2);
  // Published immediately, in addition to the key whose tokens are still valid at other addresses.
  expect(await publishedKids()).toEqual([before, ...kids]);
  expect(service.entries.filter(({ operation }) => operation === 'ReplaceSigningKey')).toContainEqual({
    operation: 'ReplaceSigningKey',
    outcome: 'allowed',
    result: `by ${[...kids].join()}`,
  });
});

it('creates no further key as long as that one can be unwrapped, whatever processes start and stop', async () => {
  await service.signingKeys.current();
  const there = moved();
  const { kid } = await there.functionThere().current();
  for (let processes = 0; processes < 5; processes += 1) {
    service.system.advance(MEMORY + 1);
    expect((await there.functionThere().current()).kid).toBe(kid);
    // Two addresses with the same tables do not make each other create keys.
    await service.newSigningKeys().current();
  }
  expect(await stored()).toHaveLength(2);
});

it('also creates the key of the next period if the published one cannot be unwrapped', async () => {
  const now = service.system.seconds();
  service.system.advance((periodAt(now) + 1) * SIGNING_PERIOD - PUBLISH_AHEAD + 1 - now);
  await service.signingKeys.current();
  expect(await stored()).toHaveLength(2);
  const there = moved();
  const { kid } = await there.functionThere().current();
  service.system.advance(PUBLISH_AHEAD);
  const next = await there.functionThere().current();
  expect(next.kid).not.toBe(kid);
  expect(await publishedKids()).toContain(next.kid);
});

it('signs with an older key of the period rather than with none', async () => {
  const there = moved();
  const { kid } = await there.functionThere().current();
  const [own] = await stored();
  if (!own) throw new Error('no key');
  await service.stores.signingKeys.create({ ...own, generation: 1, kid: 'changed' });
  expect((await there.functionThere().current()).kid).toBe(kid);
  expect(await stored()).toHaveLength(2);
});

it('never signs with a key that was revoked', async () => {
  const there = moved();
  const { kid } = await there.functionThere().current();
  const deps = {
    store: service.stores.signingKeys,
    wrapper: there.wrapper,
    audit: { record: () => undefined },
    system: service.system,
  };
  await revokeSigningKey(deps, kid);
  // Created by a principal that revoked a key, and changed since.
  const [, next] = await stored();
  if (!next) throw new Error('no key');
  const open: KeyWrapper['unwrap'] = (key) =>
    key.kid === next.kid ? Promise.resolve(undefined) : there.wrapper.unwrap(key);
  const after = await there.functionThere({ unwrap: open }).current();
  expect([kid, next.kid]).not.toContain(after.kid);
});

it('uses a rotated key that is waiting before it creates another', async () => {
  await service.signingKeys.current();
  const there = moved();
  const waiting = await rotateSigningKey({
    store: service.stores.signingKeys,
    wrapper: there.wrapper,
    audit: { record: () => undefined },
    system: service.system,
  });
  expect((await there.functionThere().current()).kid).toBe(waiting.kid);
  expect(await stored()).toHaveLength(2);
});

describe('no key is created', () => {
  it('while KMS is unavailable, whatever the number of token requests', async () => {
    const { kid } = await service.signingKeys.current();
    const there = moved();
    const outage = () => Promise.reject(new Error('KMSInternalException'));
    const keys = service.newSigningKeys({ wrapper: { ...service.wrapper, unwrap: outage } });
    for (let asked = 0; asked < 20; asked += 1) await expect(keys.current()).rejects.toThrow('KMSInternal');
    expect(await stored()).toHaveLength(1);
    expect((await service.newSigningKeys().current()).kid).toBe(kid);
    // Nor if the outage begins between the two calls.
    let opens = 0;
    const breaking = there.functionThere({
      unwrap: (key) => ((opens += 1) === 1 ? there.wrapper.unwrap(key) : outage()),
    });
    await expect(breaking.current()).rejects.toThrow('KMSInternal');
    expect(await stored()).toHaveLength(1);
  });

  it('if no wrapped key can be unwrapped again', async () => {
    await service.signingKeys.current();
    const there = moved();
    for (let asked = 0; asked < 20; asked += 1) {
      const keys = there.functionThere({ unwrap: () => Promise.resolve(undefined) });
      await expect(keys.current()).rejects.toThrow('cannot unwrap the signing key');
    }
    expect(await stored()).toHaveLength(1);
  });
});

describe('the published keys', () => {
  it('verify tokens that the new key signed', async () => {
    await service.signingKeys.current();
    const old = await service.issue();
    await moved().functionThere().current();
    await expect(service.verify(old)).resolves.toBeDefined();
    expect(await publishedKids()).toContain(decodeProtectedHeader(old).kid);
  });
});
