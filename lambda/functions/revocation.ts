/**
 * Composition of the internal function that revokes: it takes tokens out of their grants, keeps them in the outbox, and
 * revokes them at their providers. Other functions and a schedule invoke it. It opens grants and client secrets, and
 * can neither issue tokens, nor read sessions and API keys, nor write the directory.
 */
import { createGrantIndex } from '../adapters/dynamodb/grant-index';
import { createGrantStore } from '../adapters/dynamodb/grant-store';
import { createOauth2ProviderStore } from '../adapters/dynamodb/owned-resource-store';
import { createRegisteredClientStore } from '../adapters/dynamodb/directory-stores';
import { createRevocationStore } from '../adapters/dynamodb/revocation-store';
import { createSeal, sealInspection } from '../adapters/kms/seal';
import { system } from '../adapters/system';
import { REVOCATION_CALLS, type RevocationCallee } from '../model/events/revocation';
import { enqueueClientDeletion } from '../domain/revocation/client-deletion';
import { enqueueTokens } from '../domain/revocation/enqueue';
import { isSelectionComplete } from '../domain/revocation/outbox';
import { RunningSelections, revokeSelected } from '../domain/revocation/select';
import { sweep } from '../domain/revocation/sweep';
import { createAws } from './composition/aws';
import { sdkClients } from './composition/sdk-clients';
import { readEnvironment } from './composition/environment';
import { createCallHandler } from './composition/invocation';
import { audit, reportError } from './composition/logging';
import { providerClientsOf } from './composition/provider-clients';
import { tokenVaultArn, vaultKeysOf } from './composition/vault-keys';
import { SELECTION_MS } from '../model/time-limits';

/** Milliseconds for which a sweep begins attempts. The next sweep is a minute after it began. */
const SWEEP_TIME = 45_000;

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'VAULT_TABLE',
  'REVOCATIONS_TABLE',
  'KMS_KEY_ARN',
  'ARN_PREFIX',
);
const aws = createAws(env, sdkClients());
const { tables } = aws;
const seal = createSeal(vaultKeysOf(aws, env, reportError));
const deps = {
  ...providerClientsOf(aws, { seal }),
  revocations: createRevocationStore(tables.REVOCATIONS_TABLE),
  grantIndex: createGrantIndex(tables.VAULT_TABLE),
  grants: createGrantStore(tables.VAULT_TABLE),
  providers: createOauth2ProviderStore(tables.DIRECTORY_TABLE),
  registeredClients: createRegisteredClientStore(tables.DIRECTORY_TABLE),
  inspection: sealInspection,
  runningSelections: new RunningSelections(),
  tokenVaultArn: tokenVaultArn(env.ARN_PREFIX),
  audit,
  system,
  report: reportError,
};

const revocation: RevocationCallee = {
  async select({ revocationId }) {
    const selected = await revokeSelected(deps, revocationId, system.now() + SELECTION_MS);
    const { matched, reach } = selected;
    return { finished: isSelectionComplete(selected), matched, ...(reach !== undefined && { reach }) };
  },
  enqueue: (tokens) => enqueueTokens(deps, tokens),
  enqueueClient: (deletion) => enqueueClientDeletion(deps, deletion),
  sweep: () => sweep(deps, system.now() + SWEEP_TIME),
};

export const handler = createCallHandler(REVOCATION_CALLS, revocation, {
  refusal: 'The revocation event is not valid.',
  // Each revoked grant, and each revocation at a provider, has its own entry.
  auditSuccess: false,
  isScheduled: (event) => 'sweep' in event,
});
