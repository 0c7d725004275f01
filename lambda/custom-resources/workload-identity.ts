/** Workload identities as a stack creates, updates, and deletes them. */
import {
  CreateWorkloadIdentityCommand,
  DeleteWorkloadIdentityCommand,
  GetWorkloadIdentityCommand,
  UpdateWorkloadIdentityCommand,
  type BedrockAgentCoreControlClient,
  type GetWorkloadIdentityResponse,
} from '@aws-sdk/client-bedrock-agentcore-control';
import * as v from 'valibot';
import { alsoSending, asked, commonTo, ifThere, stated, unlessTaken } from './control-plane';
import type { DeployedResource, Described, Desired } from './deployed-resource';

/** What the construct writes; the service validates it. */
const ConfigurationSchema = v.strictObject({
  allowedResourceOauth2ReturnUrls: v.array(v.string()),
  /** A member that the AWS model, and therefore its client, lacks. */
  authorizerConfiguration: v.optional(v.record(v.string(), v.unknown())),
});

/** The members of the AWS model, and the one that it lacks. */
function inputOf({ name, configuration }: Desired) {
  const { authorizerConfiguration, ...known } = v.parse(ConfigurationSchema, configuration);
  return { known: { name, ...known }, authorizerConfiguration };
}

type Identity = Pick<GetWorkloadIdentityResponse, 'workloadIdentityArn'>;

const described = ({ workloadIdentityArn }: Identity): Described => ({
  arn: stated(workloadIdentityArn, 'workloadIdentityArn'),
  attributes: {},
});

export const workloadIdentities = (client: BedrockAgentCoreControlClient): DeployedResource => ({
  ...commonTo(client),
  async create(desired, tags) {
    const { known, authorizerConfiguration } = inputOf(desired);
    const command = alsoSending(new CreateWorkloadIdentityCommand({ ...known, tags }), {
      ...(authorizerConfiguration && { authorizerConfiguration }),
    });
    const created = await unlessTaken(client.send(command));
    return created && described(created);
  },
  async read(name) {
    const response = await ifThere(client.send(new GetWorkloadIdentityCommand({ name })));
    return typeof response === 'string' ? response : described(response);
  },
  async update(desired) {
    // An empty one removes the configuration. Omitting it would keep the configuration.
    const { known, authorizerConfiguration = {} } = inputOf(desired);
    const command = alsoSending(new UpdateWorkloadIdentityCommand(known), { authorizerConfiguration });
    return described(await asked(client.send(command)));
  },
  async delete(name) {
    await ifThere(client.send(new DeleteWorkloadIdentityCommand({ name })));
  },
});
