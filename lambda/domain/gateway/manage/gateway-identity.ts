/**
 * The workload identity of a gateway, with its name and its owner: made with the gateway, and kept as the gateway and its
 * targets are configured. Only the gateway function acts with it.
 */
import type { CredentialProviderConfiguration } from '../../../model/gateway/target-configuration';
import type { Gateway } from '../../../model/records/gateway';
import type { WorkloadIdentity } from '../../../model/records/workload-identity';
import { restrictsRecipients, type AuthorizerConfiguration } from '../../../model/trusted-issuer';
import { workloadIdentityArn, type WorkloadIdentityStore } from '../../identity/workload-identity';
import { changedConcurrently, changedMembers, createResource, nameTaken } from '../../resource-write';
import { writeContents } from '../../sealing/deletion';
import { epochSeconds, type System } from '../../system';
import { gatewayUrl, type GatewayStore, type GatewayTargetStore, type GatewayUrls } from './gateway';

export interface GatewayIdentityDependencies {
  readonly gateways: GatewayStore;
  readonly identities: WorkloadIdentityStore;
  readonly gatewayTargets: Pick<GatewayTargetStore, 'list'>;
  readonly gatewayUrls: GatewayUrls;
  readonly arnPrefix: string;
  readonly system: System;
}

/** Returns the return URL of the consents that a target needs. */
export const defaultReturnUrlOf = (
  credential: CredentialProviderConfiguration | undefined,
): string | undefined =>
  credential?.credentialProviderType === 'OAUTH'
    ? credential.credentialProvider.oauthCredentialProvider.defaultReturnUrl
    : undefined;

/**
 * Returns the conditions that user tokens have to meet at the gateway, as the workload identity states them, so that token
 * exchange trusts the same tokens.
 */
function trustedIssuerOf(
  { authorizerConfiguration, ...gateway }: Pick<Gateway, 'id' | 'authorizerType' | 'authorizerConfiguration'>,
  urls: GatewayUrls,
): AuthorizerConfiguration | undefined {
  if (!authorizerConfiguration) return undefined;
  // Only the gateway itself advertises scopes.
  const issuer = Object.fromEntries(
    Object.entries(authorizerConfiguration.customJWTAuthorizer).filter(
      ([name]) => name !== 'advertisedScopeMapping',
    ),
  ) as AuthorizerConfiguration['customJWTAuthorizer'];
  const url = gatewayUrl(urls, gateway);
  const recipients = !restrictsRecipients(issuer) && url !== undefined && { allowedAudience: [url] };
  return { customJWTAuthorizer: { ...issuer, ...recipients } };
}

const KIND = 'workload identity';

/** How often a write is repeated after another request for the same gateway. */
const ATTEMPTS = 5;

/**
 * Brings the identity to what the gateway and its targets need, and creates it if it is missing. The identity is read before
 * the targets: a write that succeeds has seen the targets of every write before it.
 *
 * @throws ThrottlingException after concurrent changes; a repetition of the operation continues
 */
export async function keepGatewayIdentity(
  { gateways, identities, gatewayTargets, gatewayUrls, arnPrefix, system }: GatewayIdentityDependencies,
  gateway: Gateway,
): Promise<WorkloadIdentity> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const present = await identities.get(gateway.id);
    if (present && present.gatewayId !== gateway.id) throw nameTaken(KIND, gateway.id);
    const targets = await gatewayTargets.list(gateway);
    const urls = targets.flatMap(({ credential }) => defaultReturnUrlOf(credential) ?? []);
    const now = epochSeconds(system);
    const kept: WorkloadIdentity = {
      ...(present ?? {
        name: gateway.id,
        id: system.randomUUID(),
        arn: workloadIdentityArn(arnPrefix, gateway.id),
        tags: {},
        createdTime: now,
        lastUpdatedTime: now,
        revision: 1,
      }),
      gatewayId: gateway.id,
      owner: gateway.owner,
      ...(gateway.ownerId !== undefined && { ownerId: gateway.ownerId }),
      allowedResourceOauth2ReturnUrls: [...new Set(urls)],
      authorizerConfiguration: trustedIssuerOf(gateway, gatewayUrls),
    };
    if (!present) {
      await writeContents(
        gateways,
        gateway,
        () => createResource(identities, KIND, kept),
        async () => {
          await identities.remove(kept);
        },
      );
      return kept;
    }
    if (changedMembers(present, kept).length === 0) return present;
    const changed = { ...kept, revision: present.revision + 1, lastUpdatedTime: now };
    if (await identities.replace(changed)) return changed;
  }
  throw changedConcurrently();
}
