/**
 * The token vault's key: the KMS key that wraps the vault keys. GetTokenVault returns it. SetTokenVaultCMK moves the token
 * vault to another KMS key by rewrapping the vault keys. Their ciphertexts do not change, so no data is lost, no user
 * consents again, and reads continue during the move.
 *
 * First the token vault's record is changed, so that new vault keys are wrapped by the new KMS key. Then every older
 * vault key is rewrapped. Each one contains the revision of the token vault for which it was wrapped. A function that
 * creates a vault key reads the token vault again after the write, and does not use the key if the token vault has
 * changed. So every key in use was either written before the move and is found by it, or was wrapped by the new KMS key
 * from the start. Moves can overlap: a later revision is never rewrapped for an earlier one.
 */
import type { TokenVault } from '../../model/records/token-vault';
import { arnParts } from '../../model/arn';
import { epochSeconds, type System } from '../system';
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { changedConcurrently } from '../resource-write';
import { invalidMember, ServiceError } from '../service-error';
import { KEY_MOVE_MS } from '../../model/time-limits';

/** ID of the only token vault. */
export const TOKEN_VAULT_ID = 'default';

/** The token vault as deployed: under the deployment's own key, last modified at the epoch. */
export const NEVER_MOVED: TokenVault = { revision: 0, lastModifiedDate: 0 };

/** @param serviceKeyArn ARN of the deployment's own key */
export const wrappingKeyArn = ({ kmsKeyArn }: TokenVault, serviceKeyArn: string): string =>
  kmsKeyArn ?? serviceKeyArn;

/** Returns whether a reset gave up a vault key. */
export const isGivenUp = (
  { resets = [] }: TokenVault,
  vaultKey: { readonly kmsKeyArn: string; readonly vaultRevision: number },
): boolean =>
  resets.some(
    ({ kmsKeyArn, revision }) => vaultKey.kmsKeyArn === kmsKeyArn && vaultKey.vaultRevision < revision,
  );

export interface TokenVaultStore {
  /** Strongly consistent; returns {@link NEVER_MOVED} if there is no record. */
  get(): Promise<TokenVault>;
  /** Writes the token vault if the stored one has the previous revision. */
  replace(vault: TokenVault): Promise<boolean>;
}

/** The vault keys that are not yet wrapped for a revision of the token vault, page by page. */
export interface VaultKeyMove {
  /**
   * Rewraps the next page; returns undefined after the last page. A key that is deleted during the move stays deleted.
   */
  nextPage(): Promise<MovedPage | undefined>;
}

export interface MovedPage {
  /** Vault keys that were rewrapped. */
  readonly moved: number;
  /** ARNs of the KMS keys, one per vault key, with which KMS could not unwrap a vault key. */
  readonly stuck: readonly string[];
  /** Whether KMS throttled the rest of the page; the next page is the same page. */
  readonly throttled: boolean;
}

export interface VaultKeyMover {
  /**
   * Tests the KMS key as the token vault would use it, on test data.
   *
   * @param operation that moves the token vault to it
   * @throws ValidationException, AccessDeniedException that say why the key cannot be used
   */
  probe(kmsKeyArn: string, operation: 'SetTokenVaultCMK' | 'ResetTokenVaultKeyMaterial'): Promise<void>;
  /** Returns a move of all vault keys to this KMS key, for this revision of the token vault, except those given up. */
  begin(kmsKeyArn: string, vault: TokenVault): VaultKeyMove;
  /**
   * Returns the ARNs of the KMS keys under which an earlier move left vault keys, except those given up.
   *
   * @param kmsKeyArn of the token vault
   */
  formerKmsKeys(kmsKeyArn: string, vault: TokenVault): Promise<string[]>;
}

/** Asks KMS about the state of a KMS key. */
export interface KmsKeyStates {
  /**
   * Returns whether KMS says that the KMS key does not exist. False for an enabled one.
   *
   * @throws ValidationException for a KMS key that exists and cannot be used, and for one of another Region;
   *   AccessDeniedException or ThrottlingException if KMS does not say whether it exists; any other error likewise
   */
  isDeleted(kmsKeyArn: string): Promise<boolean>;
  /**
   * Returns if vault keys can be moved away from the KMS key, or if KMS does not say: it denies access, or the KMS key is
   * of another Region.
   *
   * @throws ValidationException for a KMS key that is deleted, pending deletion, or disabled; ThrottlingException if KMS
   *   throttles the request; any other error likewise
   */
  checkMovable(kmsKeyArn: string): Promise<void>;
}

export interface TokenVaultDependencies {
  readonly tokenVault: TokenVaultStore;
  readonly kmsKeyStates: Pick<KmsKeyStates, 'checkMovable'>;
  readonly vaultKeyMover: VaultKeyMover;
  readonly audit: AuditTrail;
  readonly system: System;
  /** ARN of the deployment's own KMS key, with the identity Region. */
  readonly serviceKeyArn: string;
  /** Whether the tables have replicas in other Regions, which need replicas of every key. */
  readonly replicated: boolean;
}

/** The AWS type `KmsConfiguration`. */
export interface KmsConfiguration {
  readonly keyType: 'CustomerManagedKey' | 'ServiceManagedKey';
  readonly kmsKeyArn?: string | undefined;
}

/** @throws ResourceNotFoundException for any other ID */
export function checkTokenVaultId(tokenVaultId: string): void {
  if (tokenVaultId === TOKEN_VAULT_ID) return;
  throw new ServiceError(
    'ResourceNotFoundException',
    `There is no token vault "${tokenVaultId}". The only one is "${TOKEN_VAULT_ID}".`,
  );
}

/** Returns the requested customer managed key; undefined for the deployment's own key. */
function customerKeyArn(
  { keyType, kmsKeyArn }: KmsConfiguration,
  { serviceKeyArn, replicated }: Pick<TokenVaultDependencies, 'serviceKeyArn' | 'replicated'>,
): string | undefined {
  const member = 'kmsConfiguration.kmsKeyArn';
  if (keyType === 'ServiceManagedKey') {
    if (kmsKeyArn === undefined) return undefined;
    throw invalidMember(member, "must be omitted with ServiceManagedKey, which is the deployment's own key");
  }
  if (kmsKeyArn === undefined) throw invalidMember(member, 'is required with CustomerManagedKey');
  // After a failover, too: the record names the key for all Regions.
  const region = arnParts(serviceKeyArn).region;
  if (arnParts(kmsKeyArn).region !== region) {
    throw invalidMember(member, `must be the ARN of a KMS key in the Region ${region}`);
  }
  // Source: AWS KMS developer guide, "Key identifiers (KeyId)".
  if (replicated && !kmsKeyArn.includes(':key/mrk-')) {
    throw invalidMember(
      member,
      'must be the ARN of a multi-Region key, because the token vault has replicas',
    );
  }
  return kmsKeyArn;
}

/**
 * Returns the token vault.
 *
 * @param principal the caller; IAM authorizes the operation, because the token vault has no owner
 * @param tokenVaultId `default`, or omitted
 * @throws ResourceNotFoundException for another token vault
 */
export function getTokenVault(
  deps: Pick<TokenVaultDependencies, 'tokenVault' | 'audit'>,
  principal: Caller,
  tokenVaultId = TOKEN_VAULT_ID,
): Promise<TokenVault> {
  return audited(deps.audit, { operation: 'GetTokenVault', principal }, () => {
    checkTokenVaultId(tokenVaultId);
    return deps.tokenVault.get();
  });
}

/**
 * Moves the token vault to another KMS key. Returns when every vault key is wrapped by it and the old KMS key is no longer
 * needed. Repeating an interrupted call continues where it stopped.
 *
 * @param principal the caller; IAM authorizes the operation, because the token vault has no owner
 * @throws ResourceNotFoundException for another token vault; ValidationException, AccessDeniedException for a KMS key
 *   that cannot be used, and ValidationException if the present customer managed key is deleted, pending deletion, or
 *   disabled, with nothing changed; ThrottlingException if the move is not finished;
 *   ValidationException if vault keys remain under a KMS key that cannot be used
 */
export function setTokenVaultCmk(
  deps: TokenVaultDependencies,
  principal: Caller,
  tokenVaultId: string | undefined,
  kmsConfiguration: KmsConfiguration,
): Promise<TokenVault> {
  return audited(deps.audit, { operation: 'SetTokenVaultCMK', principal }, async (annotate) => {
    checkTokenVaultId(tokenVaultId ?? TOKEN_VAULT_ID);
    const kmsKeyArn = customerKeyArn(kmsConfiguration, deps);
    const wrapping = kmsKeyArn ?? deps.serviceKeyArn;
    annotate({ result: `to ${wrapping}` });
    await deps.vaultKeyMover.probe(wrapping, 'SetTokenVaultCMK');
    const vault = await pointTo(deps, kmsKeyArn);
    await moveAll(deps, wrapping, vault);
    return vault;
  });
}

/**
 * Makes the KMS key wrap new vault keys. Does nothing if it already does.
 *
 * A move away from a customer managed key that KMS does not use would leave every vault key behind. If KMS denies access,
 * the move goes ahead: this is how an operator recovers after the key was deleted in another account.
 */
async function pointTo(
  { tokenVault, kmsKeyStates, system }: TokenVaultDependencies,
  kmsKeyArn: string | undefined,
): Promise<TokenVault> {
  const current = await tokenVault.get();
  if (current.kmsKeyArn === kmsKeyArn) return current;
  if (current.kmsKeyArn !== undefined) await kmsKeyStates.checkMovable(current.kmsKeyArn);
  const next: TokenVault = {
    ...(kmsKeyArn !== undefined && { kmsKeyArn }),
    revision: current.revision + 1,
    lastModifiedDate: epochSeconds(system),
    ...(current.resets && { resets: current.resets }),
  };
  if (!(await tokenVault.replace(next))) throw changedConcurrently();
  return next;
}

async function moveAll(
  { vaultKeyMover, system }: TokenVaultDependencies,
  kmsKeyArn: string,
  vault: TokenVault,
): Promise<void> {
  const deadline = system.now() + KEY_MOVE_MS;
  const move = vaultKeyMover.begin(kmsKeyArn, vault);
  const stuck: string[] = [];
  let moved = 0;
  for (;;) {
    const page = await move.nextPage();
    if (!page) break;
    moved += page.moved;
    stuck.push(...page.stuck);
    if (page.throttled || system.now() > deadline) throw unfinished(moved);
  }
  if (stuck.length > 0) throw leftBehind(moved, stuck);
}

const vaultKeys = (count: number): string => (count === 1 ? '1 vault key' : `${count} vault keys`);

/** AWS clients retry automatically, and each retry continues the move. */
const unfinished = (moved: number): ServiceError =>
  new ServiceError(
    'ThrottlingException',
    `The token vault is being moved and stays usable. This call moved ${vaultKeys(moved)}, and more remain. Call again to continue.`,
  );

function leftBehind(moved: number, stuck: readonly string[]): ServiceError {
  const keys = [...new Set(stuck)].join(', ');
  const were = moved === 1 ? 'was' : 'were';
  const remain = stuck.length === 1 ? 'remains' : 'remain';
  return new ServiceError(
    'ValidationException',
    `${vaultKeys(moved)} ${were} moved, but ${stuck.length} ${remain} under ${keys}, because KMS cannot decrypt with that key. Make it usable again (enable it, and list it in tokenVaultKeys), and call again. Until then, the data under it cannot be read. If it is deleted, ResetTokenVaultKeyMaterial gives up that data.`,
  );
}
