/**
 * The workload identity of a gateway, with its name and its owner: made with the gateway, and kept as the gateway and its
 * targets are configured. Only the gateway function acts with it.
 */
import type { CredentialProviderConfiguration } from '../../../model/gateway/target-configuration';
import type { Gateway } from '../../../model/records/gateway';
import type { WorkloadIdentity } from '../../../model/records/workload-identity';
import type { AuthorizerConfiguration } from '../../../model/trusted-issuer';
import { workloadIdentityArn, type WorkloadIdentityStore } from '../../identity/workload-identity';
import { changedConcurrently, changedMembers, createResource, nameTaken } from '../../resource-write';
import { writeContents } from '../../sealing/deletion';
import { epochSeconds, type System } from '../../system';
import { trustedIssuerOf, type GatewayStore, type GatewayTargetStore, type GatewayUrls } from './gateway';

export interface GatewayIdentityDependencies {
  readonly gateways: GatewayStore;
  readonly identities: WorkloadIdentityStore;
  readonly gatewayTargets: Pick<GatewayTargetStore, 'list'>;
  readonly gatewayUrls: GatewayUrls;
  readonly arnPrefix: string;
  readonly system: System;
}

/** Returns the return URL of the consents that a target needs. */
const defaultReturnUrlOf = (credential: CredentialProviderConfiguration | undefined): string | undefined =>
  credential?.credentialProviderType === 'OAUTH'
    ? credential.credentialProvider.oauthCredentialProvider.defaultReturnUrl
    : undefined;

/** Returns what the identity states, so that token exchange trusts the tokens that the gateway trusts. */
function authorizerOf(gateway: Gateway, urls: GatewayUrls): AuthorizerConfiguration | undefined {
  const issuer = trustedIssuerOf(gateway, urls);
  if (!issuer) return undefined;
  // Only the gateway itself advertises scopes.
  const stated = Object.entries(issuer).filter(([name]) => name !== 'advertisedScopeMapping');
  return {
    customJWTAuthorizer: Object.fromEntries(stated) as AuthorizerConfiguration['customJWTAuthorizer'],
  };
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
      authorizerConfiguration: authorizerOf(gateway, gatewayUrls),
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
