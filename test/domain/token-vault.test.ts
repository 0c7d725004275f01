/** The token vault's move to another KMS key: what is changed when, and what the operator is told. */
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
/** What the mover is told, in order. */
let told: string[];
/** The pages of vault keys that there are to move. */
let pages: MovedPage[];
/** What happens before each page. */
let before: () => void;

beforeEach(() => {
  system = createFakeSystem();
  stores = createInMemoryStores();
  entries = [];
  told = [];
  pages = [];
  before = () => undefined;
  deps = {
    tokenVault: stores.tokenVault,
    vaultKeyMover: {
      probe(kmsKeyArn) {
        told.push(`probe ${kmsKeyArn}`);
        return kmsKeyArn === OTHER_KEY
          ? Promise.reject(new ServiceError('AccessDeniedException', 'KMS does not let this key be used.'))
          : Promise.resolve();
      },
      begin(kmsKeyArn, vaultRevision) {
        told.push(`move to ${kmsKeyArn} for ${vaultRevision}`);
        return {
          nextPage() {
            before();
            return Promise.resolve(pages.shift());
          },
        };
      },
    },
    audit: { record: (entry) => void entries.push(entry) },
    system,
    serviceKeyArn: SERVICE_KEY,
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

describe('the vault', () => {
  it("is under the deployment's own key until it is moved", async () => {
    expect(await getTokenVault(deps, { arn: OWNER })).toEqual(NEVER_MOVED);
    expect(wrappingKeyArn(NEVER_MOVED, SERVICE_KEY)).toBe(SERVICE_KEY);
    expect(entries).toEqual([{ operation: 'GetTokenVault', principal: OWNER, outcome: 'allowed' }]);
  });

  it('is the only one', async () => {
    expect(await getTokenVault(deps, { arn: OWNER }, 'default')).toEqual(NEVER_MOVED);
    const missing = {
      name: 'ResourceNotFoundException',
      message: 'There is no token vault "other". The only one is "default".',
    };
    await expect(getTokenVault(deps, { arn: OWNER }, 'other')).rejects.toMatchObject(missing);
    await expect(set(TO_KEY, 'other')).rejects.toMatchObject(missing);
    expect(told).toEqual([]);
  });

  it('is moved: tried first, pointed to the key, and then every vault key', async () => {
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

  it("is moved back to the deployment's own key", async () => {
    await set();
    system.advance(60);
    const moved = { revision: 2, lastModifiedDate: system.seconds() };
    expect(await set({ keyType: 'ServiceManagedKey' })).toStrictEqual(moved);
    expect(await stores.tokenVault.get()).toEqual(moved);
    expect(told.slice(2)).toEqual([`probe ${SERVICE_KEY}`, `move to ${SERVICE_KEY} for 2`]);
  });

  it('stays as it is when it is there already; vault keys that were left are moved all the same', async () => {
    const moved = await set();
    system.advance(60);
    pages = [page(1)];
    expect(await set()).toEqual(moved);
    expect(told.at(-1)).toBe(`move to ${KEY} for 1`);
    expect(pages).toEqual([]);
  });
});

describe('nothing is changed', () => {
  afterEach(async () => {
    expect(await stores.tokenVault.get()).toEqual(NEVER_MOVED);
    expect(told).not.toContainEqual(expect.stringMatching(/^move/));
  });

  it('by a KMS key that will not do', async () => {
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
  ])('by %j', async (configuration, message) => {
    await expect(set(configuration)).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [{ name: 'kmsConfiguration.kmsKeyArn', message }],
    });
  });

  it('by a call that finds a concurrent move', async () => {
    deps = { ...deps, tokenVault: { ...stores.tokenVault, replace: () => Promise.resolve(false) } };
    await expect(set()).rejects.toMatchObject({ name: 'ThrottlingException' });
  });
});

describe('an unfinished move', () => {
  it('because KMS throttles it: continues with the next call', async () => {
    pages = [page(3), page(1, { throttled: true }), page(2)];
    await expect(set()).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('This call moved 4 vault keys') as unknown,
    });
    expect(await set()).toMatchObject({ kmsKeyArn: KEY, revision: 1 });
    expect(pages).toEqual([]);
  });

  it('within 20 seconds: continues with the next call', async () => {
    pages = [page(1), page(1), page(1)];
    before = () => {
      system.advance(10);
    };
    await expect(set()).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('This call moved 3 vault keys') as unknown,
    });
  });

  it('because KMS cannot decrypt some vault keys: moves the rest, and names the KMS keys', async () => {
    pages = [page(2, { stuck: [OTHER_KEY] }), page(1, { stuck: [OTHER_KEY, SERVICE_KEY] }), page(4)];
    await expect(set()).rejects.toMatchObject({
      name: 'ValidationException',
      message: `7 vault keys were moved, but 3 remain under ${OTHER_KEY}, ${SERVICE_KEY}, because KMS cannot decrypt them. Make that key usable again (enable it, and list it in tokenVaultKeys), and call again. The data under these vault keys cannot be read until then.`,
    });
  });
});
