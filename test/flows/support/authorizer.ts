/** Workload identities with their own authorizer configuration, which AWS SDK clients do not support. */
import type { TestIssuer } from './issuer';
import { alsoReading, alsoSending } from './members-beyond-aws';
import { RETURN_URL, TestAgent, type World } from './world';

/** A configuration that trusts this issuer's tokens for its audience, with the given changes. */
export const authorizerFor = ({ discoveryUrl, audience }: TestIssuer, change: object = {}) => ({
  customJWTAuthorizer: { discoveryUrl, allowedAudience: [audience], ...change },
});

/** A custom claim: the array `roles`. */
export const rolesThat = (claimMatchOperator: 'CONTAINS' | 'CONTAINS_ANY', claimMatchValue: object) => ({
  inboundTokenClaimName: 'roles',
  inboundTokenClaimValueType: 'STRING_ARRAY',
  authorizingClaimMatchValue: { claimMatchOperator, claimMatchValue },
});

/** An agent whose workload identity has this configuration. */
export async function agentWith(world: World, authorizerConfiguration: object): Promise<TestAgent> {
  const plain = await world.agent();
  const name = `${plain.name}-with-authorizer`;
  await alsoSending(world.control(), { authorizerConfiguration }).createWorkloadIdentity({
    name,
    allowedResourceOauth2ReturnUrls: [RETURN_URL],
  });
  return new TestAgent(plain.client, name, plain.providerName, plain.callbackUrl);
}

/** The whole response of GetWorkloadIdentity. */
export async function described(world: World, name: string): Promise<Record<string, unknown> | undefined> {
  const { client, answers } = alsoReading(world.control());
  await client.getWorkloadIdentity({ name });
  return answers.at(-1);
}
