/**
 * Stores tokens in the outbox: re-encrypts them with the client that they were issued to, because grant, agent, and
 * provider can be deleted before the provider revokes them.
 */
import type { AuditTrail } from '../audit';
import { hashOf } from '../digest';
import { grantContext } from '../grant/grant';
import { type GrantTokens, type SealedTokens, SealedTokensSchema } from '../../model/records/grant';
import { isCredentialError, openClientSecret, type ClientSecretDependencies } from '../oauth/client-secret';
import type { Oauth2Provider } from '../../model/provider/record';
import { clientBindingDigest, type Oauth2ProviderStore } from '../provider/oauth2-provider';
import type { OwnCode } from '../oauth/provider-failure';
import type { OutboxItem, RevocationReach } from '../../model/records/revocation-outbox';
import { hasStoredCredential } from '../provider/vendor';
import { reachOf } from '../provider/vendors';
import { parseSealed } from '../sealing/sealed-json';
import { ShreddedError, UnreadableError, type Seal } from '../sealing/sealing';
import { epochSeconds, type System } from '../system';
import { UnstorableError } from '../unstorable';
import { createEndedItem } from './end';
import { itemIdOf } from './item';
import type { RevocationStore } from './outbox';
import { sealContent, type OutboxContentDependencies } from './outbox-content';
import type { OutboxContent } from '../../model/records/outbox-content';

export interface StoreItemDependencies
  extends OutboxContentDependencies, Omit<ClientSecretDependencies, 'seal'> {
  readonly seal: Seal;
  readonly revocations: Pick<RevocationStore, 'createItem' | 'getItem'>;
  readonly providers: Pick<Oauth2ProviderStore, 'getForDeletion'>;
  readonly audit: AuditTrail;
  readonly system: System;
}

/** Tokens that must be revoked, as a grant has or had them. */
export interface ItemTokens extends Pick<OutboxItem, 'revocationId' | 'cause' | 'grantId' | 'provider'> {
  /** Undefined if it is not known: then the tokens cannot be decrypted. */
  readonly workloadArn: string | undefined;
  readonly tokens: GrantTokens;
}

/** Decrypts a grant's tokens. @throws ShreddedError, UnreadableError */
async function openGrantTokens(
  seal: Pick<Seal, 'open'>,
  { grantId, provider, workloadArn, tokens }: ItemTokens,
): Promise<SealedTokens> {
  if (workloadArn === undefined) throw new UnreadableError('the tokens name no owner');
  const context = grantContext(grantId, provider.id, workloadArn);
  const binding = { ...context.binding, client: tokens.client };
  return parseSealed(SealedTokensSchema, await seal.open({ ...context, binding }, tokens.sealed));
}

/** Returns the client secret, or the key that its document publishes; undefined for a client without one, or if it is not available. */
async function clientSecretOf(
  deps: ClientSecretDependencies,
  provider: Oauth2Provider,
): Promise<string | undefined> {
  if (!hasStoredCredential(provider.clientAuthenticationMethod)) return undefined;
  try {
    return await openClientSecret(deps, provider);
  } catch (error) {
    // An attempt can still use the secret that the provider has by then.
    if (isCredentialError(error)) return undefined;
    throw error;
  }
}

/** Returns the provider's client, if it is the one that the tokens were issued to. */
async function issuedTo(
  { providers }: Pick<StoreItemDependencies, 'providers'>,
  { provider: { name, id }, tokens }: ItemTokens,
): Promise<Oauth2Provider | undefined> {
  const found = await providers.getForDeletion(name);
  return found?.id === id && clientBindingDigest(found) === tokens.client ? found : undefined;
}

type ContentOrLoss = OutboxContent | { readonly lost: OwnCode };

async function contentOf(deps: StoreItemDependencies, itemTokens: ItemTokens): Promise<ContentOrLoss> {
  const provider = await issuedTo(deps, itemTokens);
  if (!provider) return { lost: 'client_unknown' };
  try {
    const tokens = await openGrantTokens(deps.seal, itemTokens);
    return { tokens, provider, clientSecret: await clientSecretOf(deps, provider) };
  } catch (error) {
    if (error instanceof ShreddedError || error instanceof UnreadableError) {
      return { lost: 'tokens_unreadable' };
    }
    throw error;
  }
}

/**
 * Stores an item for the tokens, unless there is one. Tokens that cannot be sent to their provider, because it was
 * reconfigured, they cannot be decrypted, or they are too large, get an item in the state NOT_PROVABLE.
 *
 * @returns what else the provider might end; undefined if no request can be sent
 * @param lost why the tokens cannot be sent; if absent, they are read to see whether they can
 * @throws Error if the tokens could not be read now, or the item could not be stored; a repetition is safe
 */
export async function storeItem(
  deps: StoreItemDependencies,
  itemTokens: ItemTokens,
  lost?: OwnCode,
): Promise<RevocationReach | undefined> {
  const { grantId, tokens, revocationId, cause, provider, workloadArn = '' } = itemTokens;
  const itemId = itemIdOf(grantId, tokens.sealed, revocationId);
  const stored = await deps.revocations.getItem(itemId);
  if (stored) return stored.reach;
  const item: Omit<OutboxItem, 'state'> = {
    itemId,
    revocationId,
    cause,
    grantId: { workloadId: grantId.workloadId, userHash: grantId.userHash, target: grantId.target },
    workloadArn,
    provider: { name: provider.name, id: provider.id },
    tokensHash: hashOf(tokens.sealed),
    attempts: 0,
    createdTime: epochSeconds(deps.system),
    revision: 1,
  };
  async function createLost(lastError: OwnCode): Promise<undefined> {
    await createEndedItem(deps, { ...item, state: 'NOT_PROVABLE', lastError });
  }

  const content = lost === undefined ? await contentOf(deps, itemTokens) : { lost };
  if ('lost' in content) return createLost(content.lost);
  const sealed = await sealContent(deps, item, content);
  try {
    const { owner, vendor } = content.provider;
    const reach = reachOf(vendor);
    // Does nothing if a repetition was faster: it stored an item for the same tokens.
    await deps.revocations.createItem({
      ...item,
      provider: { ...item.provider, owner },
      reach,
      state: 'PENDING',
      sealed,
      dueAt: deps.system.now(),
    });
    return reach;
  } catch (error) {
    if (!(error instanceof UnstorableError)) throw error;
    // Access to the tokens must end, even if there is no place to keep them for the provider.
    return createLost('not_storable');
  }
}
