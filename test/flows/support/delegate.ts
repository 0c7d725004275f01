/** Another principal to which the owner of a resource allows something. */
import type { World } from './world';

/** @param action without the prefix of the service; `*` for all */
export async function letStranger(
  world: World,
  action: string,
  resourceArn: string | undefined,
): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: world.local.principals.stranger.arn },
    Action: `bedrock-agentcore:${action}`,
    Resource: resourceArn,
  };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await world.control().putResourcePolicy({ resourceArn, policy });
}

/** Allows another principal to update an OAuth 2.0 credential provider. */
export async function letStrangerUpdate(world: World, name: string): Promise<void> {
  const { credentialProviderArn } = await world.control().getOauth2CredentialProvider({ name });
  await letStranger(world, 'UpdateOauth2CredentialProvider', credentialProviderArn);
}
