/** Another principal to which the owner of a resource allows something. */
import {
  GetOauth2CredentialProviderCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
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
  await world.control().send(new PutResourcePolicyCommand({ resourceArn, policy }));
}

/** Allows another principal to update an OAuth 2.0 credential provider. */
export async function letStrangerUpdate(world: World, name: string): Promise<void> {
  const { credentialProviderArn } = await world
    .control()
    .send(new GetOauth2CredentialProviderCommand({ name }));
  await letStranger(world, 'UpdateOauth2CredentialProvider', credentialProviderArn);
}
