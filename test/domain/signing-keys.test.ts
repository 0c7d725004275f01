/** The signing keys over time: published before they sign, and until their last token has expired. */
import { decodeProtectedHeader } from 'jose';
import { jwksDocument } from '../../lambda/api/issuer-metadata';
import {
  PUBLISH_AHEAD,
  SIGNING_PERIOD,
  type SigningKeyStore,
} from '../../lambda/domain/workload-token/signing-key';
import { createPublicKeys } from '../../lambda/domain/workload-token/signing-keys';
import { createTokenService } from './token-service';

type TokenService = Awaited<ReturnType<typeof createTokenService>>;

let service: TokenService;

beforeEach(async () => {
  service = await createTokenService();
});

/** Moves the clock to this number of seconds from the beginning of the next period. */
function advanceToNextPeriod(offset: number): void {
  const now = service.system.seconds();
  const next = (Math.floor(now / SIGNING_PERIOD) + 1) * SIGNING_PERIOD;
  service.system.advance(next + offset - now);
}

const publishedKids = async () => (await service.newPublicKeys().published()).map(({ kid }) => kid);
const signingKid = async () => (await service.signingKeys.current()).kid;

it('one key signs for a whole period', async () => {
  const kid = await signingKid();
  advanceToNextPeriod(-1);
  expect(await signingKid()).toBe(kid);
  service.system.advance(1);
  expect(await signingKid()).not.toBe(kid);
});

it('the key of the next period is published a day ahead, and signs only when its period begins', async () => {
  const kid = await signingKid();
  advanceToNextPeriod(-PUBLISH_AHEAD - 1);
  expect(await signingKid()).toBe(kid);
  expect(await publishedKids()).toEqual([kid]);

  advanceToNextPeriod(-PUBLISH_AHEAD + 300);
  expect(await signingKid()).toBe(kid);
  const kids = await publishedKids();
  expect(kids).toHaveLength(2);

  advanceToNextPeriod(0);
  const next = await signingKid();
  expect(kids).toContain(next);
  expect(next).not.toBe(kid);
});

it('a token of the last period can be verified until it expires', async () => {
  advanceToNextPeriod(-1);
  const token = await service.issue();
  service.system.advance(1);
  const newer = await service.issue();
  expect(decodeProtectedHeader(newer).kid).not.toBe(decodeProtectedHeader(token).kid);
  service.system.advance(15 * 60 - 2);
  await expect(service.verify(token)).resolves.toBeDefined();
  await expect(service.verify(newer)).resolves.toBeDefined();
});

it('a key is removed after the period that follows its own', async () => {
  const kid = await signingKid();
  advanceToNextPeriod(SIGNING_PERIOD - 1);
  expect(await publishedKids()).toContain(kid);
  await expect(service.publicKeys.find(kid)).resolves.toBeDefined();
  service.system.advance(301);
  expect(await publishedKids()).not.toContain(kid);
  await expect(service.publicKeys.find(kid)).resolves.toBeUndefined();
});

it('only one key exists after two functions create one concurrently', async () => {
  const functions = Array.from({ length: 8 }, () => service.newSigningKeys());
  const kids = await Promise.all(functions.map(async (keys) => (await keys.current()).kid));
  expect(new Set(kids).size).toBe(1);
  expect(await publishedKids()).toEqual([kids[0]]);
});

it('only the public half of a key is published', async () => {
  const kid = await signingKid();
  const coordinate = expect.stringMatching(/^[\w-]{43}$/) as string;
  expect(await service.newPublicKeys().published()).toEqual([
    { kty: 'EC', crv: 'P-256', x: coordinate, y: coordinate, kid, alg: 'ES256', use: 'sig' },
  ]);
});

describe('reading keys', () => {
  /** The same store, counting its reads. */
  function counted(store: SigningKeyStore) {
    const counter = { reads: 0 };
    const since: SigningKeyStore['since'] = (period) => {
      counter.reads += 1;
      return store.since(period);
    };
    return { counter, since };
  }

  it('costs up to one read per second for unknown key IDs, whatever their number', async () => {
    await signingKid();
    const { counter, since } = counted(service.stores.signingKeys);
    const keys = createPublicKeys({ since }, service.system);
    await keys.published();
    const askForUnknown = () => Promise.all(Array.from({ length: 50 }, (_, n) => keys.find(`unknown-${n}`)));
    for (const second of [1, 2, 3]) {
      service.system.advance(1);
      expect((await askForUnknown()).every((key) => key === undefined)).toBe(true);
      await askForUnknown();
      expect(counter.reads).toBe(1 + second);
    }
  });

  it('finds a key that was created after the last read', async () => {
    const keys = service.newPublicKeys();
    expect(await keys.published()).toEqual([]);
    const kid = await signingKid();
    await expect(keys.find(kid)).resolves.toBeDefined();
  });

  it('caches no key set that lacks the key of the period, so that the first token can be verified', async () => {
    const keys = service.newPublicKeys();
    expect(jwksDocument(await keys.published()).headers).toMatchObject({ 'cache-control': 'no-store' });
    const kid = await signingKid();
    const published = await keys.published();
    expect(published.map((key) => key.kid)).toEqual([kid]);
    expect(jwksDocument(published).headers).toMatchObject({ 'cache-control': 'public, max-age=300' });

    advanceToNextPeriod(0);
    expect((await keys.published()).map((key) => key.kid)).toEqual([kid]);
    const next = await signingKid();
    expect((await keys.published()).map((key) => key.kid)).toContain(next);
  });

  it('costs one read in five minutes for known keys', async () => {
    const kid = await signingKid();
    const { counter, since } = counted(service.stores.signingKeys);
    const keys = createPublicKeys({ since }, service.system);
    for (let second = 0; second < 299; second += 1) {
      await keys.find(kid);
      service.system.advance(1);
    }
    expect(counter.reads).toBe(1);
    service.system.advance(1);
    await keys.find(kid);
    expect(counter.reads).toBe(2);
  });
});
