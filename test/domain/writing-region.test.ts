/** The fence: one Region serves, and never two at a time. */
import { createRegionFence, type WritingRegion } from '../../lambda/domain/writing-region';
import { createFakeSystem, type FakeSystem } from './fake-system';

const HOME = 'eu-central-1';
const OTHER = 'eu-west-1';

let system: FakeSystem;
let record: WritingRegion | undefined;
let reads: number;

const fenceOf = (ownRegion: string) =>
  createRegionFence({
    store: {
      get() {
        reads += 1;
        return Promise.resolve(record);
      },
    },
    ownRegion,
    identityRegion: HOME,
    system,
  });

beforeEach(() => {
  system = createFakeSystem();
  record = undefined;
  reads = 0;
});

it('the identity Region serves before the first failover', async () => {
  expect(await fenceOf(HOME).isOpen()).toBe(true);
  expect(await fenceOf(OTHER).isOpen()).toBe(false);
  await expect(fenceOf(HOME).check()).resolves.toBeUndefined();
  await expect(fenceOf(OTHER).check()).rejects.toMatchObject({
    type: 'InternalServerException',
    message:
      'This Region does not serve requests, because another Region is the writing Region. Send the request there.',
  });
});

it('after a failover, no Region serves until the record says so, and then only the other one', async () => {
  record = { region: OTHER, since: system.seconds() + 120 };
  for (const region of [HOME, OTHER]) expect(await fenceOf(region).isOpen()).toBe(false);
  const waiting = fenceOf(OTHER);
  expect(await waiting.isOpen()).toBe(false);
  system.advance(119);
  expect(await waiting.isOpen()).toBe(false);
  system.advance(1);
  expect(await waiting.isOpen()).toBe(true);
  expect(await fenceOf(HOME).isOpen()).toBe(false);
});

it('a Region that served stops within 5 seconds, and reads the record at most that often', async () => {
  const fence = fenceOf(HOME);
  await fence.check();
  record = { region: OTHER, since: system.seconds() + 120 };
  system.advance(4);
  await fence.check();
  expect(reads).toBe(1);
  system.advance(1);
  await expect(fence.check()).rejects.toThrow('does not serve requests');
  expect(reads).toBe(2);
});

it('does not serve if the record cannot be read', async () => {
  const store = { get: () => Promise.reject(new Error('no table')) };
  const fence = createRegionFence({ store, ownRegion: HOME, identityRegion: HOME, system });
  await expect(fence.check()).rejects.toThrow('no table');
});
