/** The workload identity of an agent behind a gate. */
import { OPERATIONS } from '../../../../lambda/contract/operations';
import type { Authorized, Authorizer } from '../../authorizer';
import { ServiceFailure } from '../../failure';
import type { Service } from '../../service';

interface WorkloadIdentity extends Authorized {
  readonly allowedResourceOauth2ReturnUrls?: readonly string[];
}

type Issuer = Omit<Authorizer, 'allowedWorkloadConfiguration'>;

/**
 * Creates the workload identity of the agent, or lets an existing one trust the issuer of the gate: the service validates
 * each user token again.
 */
export async function prepareWorkload(
  service: Pick<Service, 'call'>,
  name: string,
  issuer: Issuer,
  returnUrl: string | undefined,
): Promise<'created' | 'updated' | 'unchanged'> {
  const returnUrls = returnUrl === undefined ? [] : [returnUrl];
  const existing = await service
    .call<WorkloadIdentity>(OPERATIONS.GetWorkloadIdentity, { name })
    .catch((error: unknown) => {
      if (error instanceof ServiceFailure && error.httpStatus === 404) return undefined;
      throw error;
    });
  if (!existing) {
    await service.call(OPERATIONS.CreateWorkloadIdentity, {
      name,
      allowedResourceOauth2ReturnUrls: returnUrls,
      authorizerConfiguration: { customJWTAuthorizer: issuer },
    });
    return 'created';
  }
  const { allowedResourceOauth2ReturnUrls: urls = [], authorizerConfiguration } = existing;
  const trusted = authorizerConfiguration?.customJWTAuthorizer;
  const missing = returnUrls.filter((url) => !urls.includes(url));
  if (trusted && isSame(trusted, issuer) && missing.length === 0) return 'unchanged';
  await service.call(OPERATIONS.UpdateWorkloadIdentity, {
    name,
    allowedResourceOauth2ReturnUrls: [...urls, ...missing],
    authorizerConfiguration: {
      customJWTAuthorizer: { ...otherMembersOf(trusted), ...issuer },
    },
  });
  return 'updated';
}

/** The members that the options of the gate set. */
const MEMBERS = ['discoveryUrl', 'allowedAudience', 'allowedClients', 'allowedScopes'] as const;

/** Returns whether both are the same issuer for the same tokens. */
const isSame = (one: Issuer, other: Issuer): boolean =>
  MEMBERS.every((member) => JSON.stringify(one[member]) === JSON.stringify(other[member]));

/** Returns what the gate has no option for and keeps: the agents that can call this one, and conditions such as `customClaims`. */
const otherMembersOf = (trusted: Authorizer | undefined): object =>
  Object.fromEntries(
    Object.entries(trusted ?? {}).filter(([member]) => !(MEMBERS as readonly string[]).includes(member)),
  );
