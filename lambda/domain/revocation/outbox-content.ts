/**
 * What an item of the outbox contains encrypted: the tokens, and the client that they were issued to, at the server that
 * issued them. The whole client is in the ciphertext, so neither a later configuration of the provider nor an altered
 * record sends the tokens or the client secret to another server.
 */
import type { SealedTokens } from '../grant/grant';
import type { ProviderConfiguration } from '../provider/oauth2-provider';
import type { Seal, SealingContext } from '../sealing/sealing';
import { TOKEN_VAULT_ID } from '../token-vault/token-vault';
import type { OutboxItem } from '../../model/records/revocation';

export interface OutboxContent {
  readonly tokens: SealedTokens;
  /** The provider as it was configured when the tokens were enqueued. */
  readonly provider: ProviderConfiguration;
  /** The client secret at that time; absent if the client has none, or it could not be read. */
  readonly clientSecret?: string | undefined;
}

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

/** Returns the provider without what no request needs: its owner can make the policy and the tags large. */
const configurationOf = ({
  id,
  name,
  arn,
  owner,
  ownerId,
  revision,
  vendor,
  clientId,
  clientAuthenticationMethod,
  privateKeyJwt,
  discovery,
  certificateSecretArn,
  certificateObject,
}: ProviderConfiguration): ProviderConfiguration => ({
  id,
  name,
  arn,
  owner,
  ownerId,
  revision,
  vendor,
  clientId,
  clientAuthenticationMethod,
  privateKeyJwt,
  discovery,
  certificateSecretArn,
  certificateObject,
});

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

export const sealContent = (
  deps: OutboxContentDependencies,
  item: Bound,
  content: OutboxContent,
): Promise<string> =>
  sealText(deps, item, JSON.stringify({ ...content, provider: configurationOf(content.provider) }));

/** @throws Error if the ciphertext is not this item's, or was altered */
export const openContent = async (
  deps: OutboxContentDependencies,
  item: Bound & { readonly sealed: string },
): Promise<OutboxContent> => JSON.parse(await openText(deps, item)) as OutboxContent;
