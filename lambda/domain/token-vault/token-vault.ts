/**
 * The token vault's own key: the KMS key under which vault keys are wrapped. GetTokenVault says which one it is;
 * SetTokenVaultCMK moves the vault to another one by rewrapping the vault keys. What they sealed stays as it is,
 * so nothing is lost and nobody consents again, and reads go on meanwhile.
 *
 * First the vault's record is changed, so that new vault keys are made under the new KMS key; then every older
 * one is rewrapped. Each carries the revision of the vault that it was wrapped for. Whoever makes a vault key
 * looks at the vault again once it is written, and does not use it when the vault was changed in between: so
 * each key that sealed anything was either written before the move began, and is found by it, or is under the
 * new KMS key from the start. Moves may overlap: a later revision is never rewrapped for an earlier one.
 */
import { epochSeconds, type System } from '../system';
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { changedMeanwhile } from '../managed-resource';
import { invalidMember, ServiceError } from '../service-error';

/** There is one token vault. */
export const TOKEN_VAULT_ID = 'default';

/** Milliseconds that one call goes on moving: the gateway waits for 29 seconds. */
const MOVING_TIME = 20_000;

export interface TokenVault {
  /** ARN of the customer managed key; absent for the deployment's own. */
  readonly kmsKeyArn?: string;
  /** Counts the moves. */
  readonly revision: number;
  /** Epoch seconds. */
  readonly lastModifiedDate: number;
}

/** The vault as it is deployed: under the deployment's own key, last modified at the epoch. */
export const NEVER_MOVED: TokenVault = { revision: 0, lastModifiedDate: 0 };

/** @param serviceKeyArn ARN of the deployment's own key */
export const wrappingKeyArn = ({ kmsKeyArn }: TokenVault, serviceKeyArn: string): string =>
  kmsKeyArn ?? serviceKeyArn;

export interface TokenVaultStore {
  /** Strongly consistent; {@link NEVER_MOVED} when there is no record. */
  get(): Promise<TokenVault>;
  /** Writes the vault if the stored one is of the revision before. */
  replace(vault: TokenVault): Promise<boolean>;
}

/** Vault keys that are not yet wrapped for one revision of the vault, page by page. */
export interface VaultKeyMove {
  /**
   * Rewraps the next page. A key that is deleted meanwhile stays deleted.
   *
   * @returns undefined behind the last page
   */
  nextPage(): Promise<MovedPage | undefined>;
}

export interface MovedPage {
  /** Vault keys that were rewrapped. */
  readonly moved: number;
  /** ARNs of the KMS keys, one per vault key, under which KMS would not let a vault key be opened. */
  readonly stuck: readonly string[];
  /** Whether KMS had no time for the rest of the page; the next page is the same again. */
  readonly throttled: boolean;
}

export interface VaultKeyMover {
  /**
   * Tries the KMS key as the vault would use it, on nothing of the vault's.
   *
   * @throws ValidationException, AccessDeniedException in plain words when it will not do
   */
  probe(kmsKeyArn: string): Promise<void>;
  /** A move of all vault keys to this KMS key, for this revision of the vault. */
  begin(kmsKeyArn: string, vaultRevision: number): VaultKeyMove;
}

export interface TokenVaultDependencies {
  readonly tokenVault: TokenVaultStore;
  readonly vaultKeyMover: VaultKeyMover;
  readonly audit: AuditTrail;
  readonly system: System;
  /** ARN of the deployment's own KMS key. */
  readonly serviceKeyArn: string;
}

/** AWS's `KmsConfiguration`. */
export interface KmsConfiguration {
  readonly keyType: 'CustomerManagedKey' | 'ServiceManagedKey';
  readonly kmsKeyArn?: string | undefined;
}

/** @throws ResourceNotFoundException unless it is the one that there is */
function checkTokenVaultId(tokenVaultId: string): void {
  if (tokenVaultId === TOKEN_VAULT_ID) return;
  throw new ServiceError(
    'ResourceNotFoundException',
    `There is no token vault "${tokenVaultId}"; the only one is "${TOKEN_VAULT_ID}".`,
  );
}

/** The customer managed key that is asked for; undefined for the deployment's own. */
function customerKeyArn({ keyType, kmsKeyArn }: KmsConfiguration): string | undefined {
  const member = 'kmsConfiguration.kmsKeyArn';
  if (keyType === 'ServiceManagedKey') {
    if (kmsKeyArn === undefined) return undefined;
    throw invalidMember(member, "must be left out with ServiceManagedKey, which is the deployment's own key");
  }
  if (kmsKeyArn === undefined) throw invalidMember(member, 'is required with CustomerManagedKey');
  return kmsKeyArn;
}

/**
 * @param principal who calls; IAM on the operation decides, for nobody owns the vault
 * @param tokenVaultId `default`, also when it is left out
 * @throws ResourceNotFoundException for another vault
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
 * Moves the vault to another KMS key. The answer comes once every vault key is under it, so that the old KMS key
 * is needed no more. A call that was cut short is asked for again and goes on where it stopped.
 *
 * @param principal who calls; IAM on the operation decides, for nobody owns the vault
 * @throws ResourceNotFoundException for another vault; ValidationException, AccessDeniedException for a KMS key
 *   that will not do, with nothing changed; ThrottlingException when the move is not finished yet;
 *   ValidationException when vault keys are left under a KMS key that cannot be used
 */
export function setTokenVaultCmk(
  deps: TokenVaultDependencies,
  principal: Caller,
  tokenVaultId: string | undefined,
  kmsConfiguration: KmsConfiguration,
): Promise<TokenVault> {
  return audited(deps.audit, { operation: 'SetTokenVaultCMK', principal }, async (annotate) => {
    checkTokenVaultId(tokenVaultId ?? TOKEN_VAULT_ID);
    const kmsKeyArn = customerKeyArn(kmsConfiguration);
    const wrapping = kmsKeyArn ?? deps.serviceKeyArn;
    annotate({ result: `to ${wrapping}` });
    await deps.vaultKeyMover.probe(wrapping);
    const vault = await pointTo(deps, kmsKeyArn);
    await moveAll(deps, wrapping, vault.revision);
    return vault;
  });
}

/** From here on new vault keys are made under the KMS key. Asking for the one that it is already changes nothing. */
async function pointTo(
  { tokenVault, system }: TokenVaultDependencies,
  kmsKeyArn: string | undefined,
): Promise<TokenVault> {
  const current = await tokenVault.get();
  if (current.kmsKeyArn === kmsKeyArn) return current;
  const next: TokenVault = {
    ...(kmsKeyArn !== undefined && { kmsKeyArn }),
    revision: current.revision + 1,
    lastModifiedDate: epochSeconds(system),
  };
  if (!(await tokenVault.replace(next))) throw changedMeanwhile();
  return next;
}

async function moveAll(
  { vaultKeyMover, system }: TokenVaultDependencies,
  kmsKeyArn: string,
  vaultRevision: number,
): Promise<void> {
  const deadline = system.now() + MOVING_TIME;
  const move = vaultKeyMover.begin(kmsKeyArn, vaultRevision);
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

/** AWS's clients try again by themselves, and each try goes on. */
const unfinished = (moved: number): ServiceError =>
  new ServiceError(
    'ThrottlingException',
    `The token vault is being moved and stays usable: ${moved} vault keys were moved by this call, others are still to be. Call again to go on.`,
  );

function leftBehind(moved: number, stuck: readonly string[]): ServiceError {
  const keys = [...new Set(stuck)].join(', ');
  return new ServiceError(
    'ValidationException',
    `${moved} vault keys were moved, but ${stuck.length} are left under ${keys}: KMS does not open them. Let that key be used again (enable it, list it in tokenVaultKeys) and call again; what these vault keys sealed cannot be read until then.`,
  );
}
