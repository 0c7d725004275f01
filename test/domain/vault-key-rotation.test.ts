/** Vault keys that are rotated by hand, for one agent: each purpose that has keys, and the audit entries. */
import type { AuditEntry } from '../../lambda/domain/audit';
import {
  rotateVaultKeys,
  type VaultKeyRotationDependencies,
} from '../../lambda/domain/token-vault/vault-key-rotation';
import { createInMemoryStores } from './in-memory-stores';
import { sampleIdentity } from './samples';

const identity = sampleIdentity();
let entries: AuditEntry[];
/** The IDs of the owners whose keys were created, in order. */
let made: object[];
let deps: VaultKeyRotationDependencies;

beforeEach(async () => {
  const { identities } = createInMemoryStores();
  await identities.create(identity);
  entries = [];
  made = [];
  deps = {
    identities,
    vaultKeys: {
      makeUnseen(owner) {
        made.push(owner);
        return Promise.resolve(`version-${made.length}`);
      },
    },
    audit: { record: (entry) => void entries.push(entry) },
  };
});

it('creates one new key for each purpose that the agent has keys for', async () => {
  expect(await rotateVaultKeys(deps, identity.name)).toEqual([
    { purpose: 'grant', version: 'version-1' },
    { purpose: 'consent', version: 'version-2' },
    { purpose: 'subject-token', version: 'version-3' },
  ]);
  const owner = { ownerId: identity.id, ownerArn: identity.arn };
  expect(made).toEqual([
    { purpose: 'grant', ...owner },
    { purpose: 'consent', ...owner },
    { purpose: 'subject-token', ...owner },
  ]);
  expect(entries).toEqual([
    { operation: 'RotateVaultKeys', outcome: 'allowed', workloadIdentity: identity.arn },
  ]);
});

it('creates no key for an unknown agent', async () => {
  await expect(rotateVaultKeys(deps, 'none')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: expect.stringContaining('workload identity named "none"') as string,
  });
  expect(made).toEqual([]);
  expect(entries).toMatchObject([{ operation: 'RotateVaultKeys', outcome: 'denied' }]);
});
