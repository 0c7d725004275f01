/** Moving the token vault to another KMS key: the changes and their order, and the messages for the operator. */
import type { AuditEntry } from '../../lambda/domain/audit';
import {
  getTokenVault,
  NEVER_MOVED,
  setTokenVaultCmk,
  wrappingKeyArn,
  type KmsConfiguration,
  type MovedPage,
  type TokenVaultDependencies,
} from '../../lambda/domain/token-vault/token-vault';
import { ServiceError } from '../../lambda/domain/service-error';
import { createFakeSystem, type FakeSystem } from './fake-system';
import { createInMemoryStores, type Stores } from './in-memory-stores';
import { OWNER } from './samples';

const SERVICE_KEY = 'arn:aws:kms:eu-central-1:123456789012:key/service';
const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/one';
const OTHER_KEY = 'arn:aws:kms:eu-central-1:123456789012:key/other';
const TO_KEY: KmsConfiguration = { keyType: 'CustomerManagedKey', kmsKeyArn: KEY };

let system: FakeSystem;
let stores: Stores;
let deps: TokenVaultDependencies;
let entries: AuditEntry[];
/** The calls of the mover, in order. */
let told: string[];
/** The pages of vault keys that are left to move. */
let pages: MovedPage[];
/** Why vault keys cannot be moved away from the present KMS key. */
let refusal: ServiceError | undefined;
/** Runs before each page. */
let before: () => void;

beforeEach(() => {
  system = createFakeSystem();
  stores = createInMemoryStores();
  entries = [];
  told = [];
  pages = [];
  before = () => undefined;
  refusal = undefined;
  deps = {
    tokenVault: stores.tokenVault,
    vaultKeyMover: {
      probe(kmsKeyArn) {
        told.push(`probe ${kmsKeyArn}`);
        return kmsKeyArn === OTHER_KEY
          ? Promise.reject(new ServiceError('AccessDeniedException', 'KMS does not let this key be used.'))
          : Promise.resolve();
      },
      begin(kmsKeyArn, vault) {
        told.push(`move to ${kmsKeyArn} for ${vault.revision}`);
        return {
          nextPage() {
            before();
            return Promise.resolve(pages.shift());
          },
        };
      },
      formerKmsKeys: () => Promise.resolve([]),
    },
    kmsKeyStates: {
      checkMovable(kmsKeyArn) {
        told.push(`leave ${kmsKeyArn}`);
        return refusal ? Promise.reject(refusal) : Promise.resolve();
      },
    },
    audit: { record: (entry) => void entries.push(entry) },
    system,
    serviceKeyArn: SERVICE_KEY,
    replicated: false,
  };
});

const set = (configuration = TO_KEY, tokenVaultId?: string) =>
  setTokenVaultCmk(deps, { arn: OWNER }, tokenVaultId, configuration);
const page = (moved: number, change: Partial<MovedPage> = {}): MovedPage => ({
  moved,
  stuck: [],
  throttled: false,
  ...change,
});

describe('the token vault', () => {
  it("uses the deployment's own key until it is moved", async () => {
    expect(await getTokenVault(deps, { arn: OWNER })).toEqual(NEVER_MOVED);
    expect(wrappingKeyArn(NEVER_MOVED, SERVICE_KEY)).toBe(SERVICE_KEY);
    expect(entries).toEqual([{ operation: 'GetTokenVault', principal: OWNER, outcome: 'allowed' }]);
  });

  it('is the only token vault', async () => {
    expect(await getTokenVault(deps, { arn: OWNER }, 'default')).toEqual(NEVER_MOVED);
    const missing = {
      name: 'ResourceNotFoundException',
      message: 'There is no token vault "other". The only one is "default".',
    };
    await expect(getTokenVault(deps, { arn: OWNER }, 'other')).rejects.toMatchObject(missing);
    await expect(set(TO_KEY, 'other')).rejects.toMatchObject(missing);
    expect(told).toEqual([]);
  });

  it('is moved in order: a test of the key, the new key of the vault, and every vault key', async () => {
    pages = [page(3), page(2)];
    const moved = { kmsKeyArn: KEY, revision: 1, lastModifiedDate: system.seconds() };
    expect(await set(TO_KEY, 'default')).toEqual(moved);
    expect(await stores.tokenVault.get()).toEqual(moved);
    expect(wrappingKeyArn(moved, SERVICE_KEY)).toBe(KEY);
    expect(told).toEqual([`probe ${KEY}`, `move to ${KEY} for 1`]);
    expect(pages).toEqual([]);
    expect(entries).toEqual([
      { operation: 'SetTokenVaultCMK', principal: OWNER, outcome: 'allowed', result: `to ${KEY}` },
    ]);
  });

  it('is moved only to a key of the identity Region, which all Regions name', async () => {
    const elsewhere = KEY.replace('eu-central-1', 'eu-west-1');
    await expect(set({ ...TO_KEY, kmsKeyArn: elsewhere })).rejects.toMatchObject({
      type: 'ValidationException',
      message: expect.stringContaining('must be the ARN of a KMS key in the Region eu-central-1') as string,
    });
    expect(told).toEqual([]);
  });

  it('is moved only to a multi-Region key if it has replicas', async () => {
    deps = { ...deps, replicated: true };
    await expect(set()).rejects.toMatchObject({
      type: 'ValidationException',
      message: expect.stringContaining('must be the ARN of a multi-Region key') as string,
    });
    expect(told).toEqual([]);
    const kmsKeyArn = KEY.replace('key/one', 'key/mrk-1234abcd12ab34cd56ef1234567890ab');
    expect(await set({ ...TO_KEY, kmsKeyArn })).toMatchObject({ kmsKeyArn });
    expect(await set({ keyType: 'ServiceManagedKey' })).not.toHaveProperty('kmsKeyArn');
  });

  it("can be moved back to the deployment's own key", async () => {
    await set();
    system.advance(60);
    const moved = { revision: 2, lastModifiedDate: system.seconds() };
    expect(await set({ keyType: 'ServiceManagedKey' })).toStrictEqual(moved);
    expect(await stores.tokenVault.get()).toEqual(moved);
    expect(told.slice(2)).toEqual([`probe ${SERVICE_KEY}`, `leave ${KEY}`, `move to ${SERVICE_KEY} for 2`]);
  });

  it('keeps its resets', async () => {
    const resets = [{ kmsKeyArn: OTHER_KEY, revision: 1 }];
    await stores.tokenVault.replace({ revision: 1, lastModifiedDate: 1, resets });
    expect(await set()).toMatchObject({ kmsKeyArn: KEY, revision: 2, resets });
  });

  it('stays the same if it already uses the key, and vault keys that remain are moved', async () => {
    const moved = await set();
    system.advance(60);
    pages = [page(1)];
    expect(await set()).toEqual(moved);
    expect(told.at(-1)).toBe(`move to ${KEY} for 1`);
    expect(pages).toEqual([]);
  });
});

it('a token vault stays under its key if vault keys cannot be moved away from it', async () => {
  const vault = await set();
  refusal = new ServiceError('ValidationException', 'It is disabled.');
  told = [];
  await expect(set({ keyType: 'ServiceManagedKey' })).rejects.toBe(refusal);
  expect(await stores.tokenVault.get()).toEqual(vault);
  expect(told).toEqual([`probe ${SERVICE_KEY}`, `leave ${KEY}`]);
  // A repetition continues an earlier move, so it does not leave the key.
  expect(await set()).toEqual(vault);
});

it('a move that moved one vault key says so', async () => {
  pages = [page(1, { stuck: [OTHER_KEY] })];
  await expect(set()).rejects.toMatchObject({
    message: expect.stringContaining('1 vault key was moved, but 1 remains under') as string,
  });
});

describe('no change is made', () => {
  afterEach(async () => {
    expect(await stores.tokenVault.get()).toEqual(NEVER_MOVED);
    expect(told).not.toContainEqual(expect.stringMatching(/^move/));
  });

  it('if the KMS key cannot be used', async () => {
    await expect(set({ keyType: 'CustomerManagedKey', kmsKeyArn: OTHER_KEY })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    expect(entries).toMatchObject([{ outcome: 'denied', result: `to ${OTHER_KEY}` }]);
  });

  it.each<[KmsConfiguration, string]>([
    [{ keyType: 'CustomerManagedKey' }, 'is required with CustomerManagedKey'],
    [
      { keyType: 'ServiceManagedKey', kmsKeyArn: KEY },
      "must be omitted with ServiceManagedKey, which is the deployment's own key",
    ],
  ])('for the configuration %j', async (configuration, message) => {
    await expect(set(configuration)).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [{ name: 'kmsConfiguration.kmsKeyArn', message }],
    });
  });

  it('if the call finds a concurrent move', async () => {
    deps = { ...deps, tokenVault: { ...stores.tokenVault, replace: () => Promise.resolve(false) } };
    await expect(set()).rejects.toMatchObject({ name: 'ThrottlingException' });
  });
});

describe('an unfinished move', () => {
  it('continues with the next call if KMS throttles it', async () => {
    pages = [page(3), page(1, { throttled: true }), page(2)];
    await expect(set()).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('This call moved 4 vault keys') as unknown,
    });
    expect(await set()).toMatchObject({ kmsKeyArn: KEY, revision: 1 });
    expect(pages).toEqual([]);
  });

  it('continues with the next call if it takes more than 20 seconds', async () => {
    pages = [page(1), page(1), page(1)];
    before = () => {
      system.advance(10);
    };
    await expect(set()).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('This call moved 3 vault keys') as unknown,
    });
  });

  it('moves the other vault keys and names the KMS keys if KMS cannot decrypt some vault keys', async () => {
    pages = [page(2, { stuck: [OTHER_KEY] }), page(1, { stuck: [OTHER_KEY, SERVICE_KEY] }), page(4)];
    await expect(set()).rejects.toMatchObject({
      name: 'ValidationException',
      message: `7 vault keys were moved, but 3 remain under ${OTHER_KEY}, ${SERVICE_KEY}, because KMS cannot decrypt with that key. Make it usable again (enable it, and list it in tokenVaultKeys), and call again. Until then, the data under it cannot be read. If it is deleted, ResetTokenVaultKeyMaterial gives up that data.`,
    });
  });
});
