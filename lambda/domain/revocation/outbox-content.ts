/** Encrypts and decrypts what an item of the outbox contains. */
import { OutboxContentSchema, type OutboxContent } from '../../model/records/outbox-content';
import { parseSealed } from '../sealing/sealed-json';
import type { Seal, SealingContext } from '../sealing/sealing';
import { TOKEN_VAULT_ID } from '../token-vault/token-vault';
import type { OutboxItem } from '../../model/records/revocation-outbox';

/** The parts of an item that its ciphertext is bound to. */
type Bound = Pick<OutboxItem, 'itemId' | 'grantId' | 'provider' | 'workloadArn'>;

/** Its vault key belongs to the token vault: it must outlive the workload identity and the provider. */
const contextOf = (
  tokenVaultArn: string,
  { itemId, grantId, provider, workloadArn }: Bound,
): SealingContext => ({
  purpose: 'revocation',
  ownerId: TOKEN_VAULT_ID,
  ownerArn: tokenVaultArn,
  binding: {
    item: itemId,
    workload: grantId.workloadId,
    workloadArn,
    user: grantId.userHash,
    target: grantId.target,
    provider: provider.id,
  },
});

export interface OutboxContentDependencies {
  readonly seal: Seal;
  readonly tokenVaultArn: string;
}

export const sealText = (
  { seal, tokenVaultArn }: OutboxContentDependencies,
  item: Bound,
  text: string,
): Promise<string> => seal.seal(contextOf(tokenVaultArn, item), text);

/** @throws Error if the ciphertext is not this item's, or was altered */
export const openText = (
  { seal, tokenVaultArn }: OutboxContentDependencies,
  item: Bound & { readonly sealed: string },
): Promise<string> => seal.open(contextOf(tokenVaultArn, item), item.sealed);

/** Attributes of the provider that no request needs are left out: its owner can make the policy and the tags large. */
export const sealContent = (
  deps: OutboxContentDependencies,
  item: Bound,
  content: OutboxContent,
): Promise<string> => {
  const known = parseSealed(OutboxContentSchema, JSON.stringify(content));
  return sealText(deps, item, JSON.stringify(known));
};

/** @throws UnreadableError if the ciphertext is not this item's, or was altered; other errors as `Seal.open` */
export const openContent = async (
  deps: OutboxContentDependencies,
  item: Bound & { readonly sealed: string },
): Promise<OutboxContent> => parseSealed(OutboxContentSchema, await openText(deps, item));
