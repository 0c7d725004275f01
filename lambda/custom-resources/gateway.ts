/**
 * Gateways as a stack creates, updates, and deletes them, each with its targets: a gateway has the targets that the stack
 * states, and no others.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  CreateGatewayCommand,
  CreateGatewayTargetCommand,
  DeleteGatewayCommand,
  DeleteGatewayTargetCommand,
  GetGatewayCommand,
  GetGatewayTargetCommand,
  paginateListGateways,
  paginateListGatewayTargets,
  UpdateGatewayCommand,
  UpdateGatewayTargetCommand,
  type AuthorizerConfiguration,
  type BedrockAgentCoreControlClient,
  type CreateGatewayCommandInput,
  type CreateGatewayTargetCommandInput,
  type GetGatewayResponse,
} from '@aws-sdk/client-bedrock-agentcore-control';
import * as v from 'valibot';
import {
  GATEWAY_AUTHORIZERS,
  POLICY_ENGINE_MODES,
  UNUSED_ROLE_ARN,
} from '../model/gateway/gateway-configuration';
import { putRateLimits, StatedRateLimitsSchema } from './gateway-rate-limits';
import { alsoSending, asked, commonTo, ifThere, stated, unlessTaken } from './control-plane';
import { findPolicyEngineByName } from './policy-engine';
import { Refusal, type DeployedResource, type Described, type Desired } from './deployed-resource';

const text = v.string();
const members = v.record(text, v.unknown());

/** The credential of a target, with the name of its provider if it has one. */
const CredentialSchema = v.variant('type', [
  v.looseObject({ type: v.picklist(['OAUTH', 'API_KEY']), provider: text }),
  v.looseObject({ type: v.picklist(['GATEWAY_IAM_ROLE', 'JWT_PASSTHROUGH']) }),
]);

/** What the construct writes; the service validates it. */
const ConfigurationSchema = v.strictObject({
  description: v.optional(text),
  authorizerType: v.picklist(GATEWAY_AUTHORIZERS),
  authorizerConfiguration: v.optional(members),
  protocolType: v.optional(v.literal('MCP')),
  roleArn: v.optional(text),
  rateLimits: v.optional(StatedRateLimitsSchema, []),
  /** By name, which the stack knows. */
  policyEngine: v.optional(v.strictObject({ name: text, mode: v.picklist(POLICY_ENGINE_MODES) })),
  targets: v.array(
    v.looseObject({ name: text, targetConfiguration: members, credential: v.optional(CredentialSchema) }),
  ),
});

type Configuration = v.InferOutput<typeof ConfigurationSchema>;
type StatedTarget = Configuration['targets'][number];
type StatedCredential = v.InferOutput<typeof CredentialSchema>;

/** Of a target that is an agent. */
const AgentSchema = v.strictObject({ http: v.strictObject({ agentcoreRuntime: members }) });

const isAgent = ({ targetConfiguration }: StatedTarget): boolean => v.is(AgentSchema, targetConfiguration);

/** Returns the target with the ARN of the function if it is an agent. */
function withFunction(target: StatedTarget, agents: Desired['agents'] = {}): StatedTarget {
  const agent = v.safeParse(AgentSchema, target.targetConfiguration);
  if (!agent.success) return target;
  const { agentcoreRuntime } = agent.output.http;
  const arn = Object.hasOwn(agents, target.name) ? agents[target.name] : undefined;
  return { ...target, targetConfiguration: { http: { agentcoreRuntime: { ...agentcoreRuntime, arn } } } };
}

/** @throws Refusal without the engine: without it, the gateway would forward everything */
async function policyEngineOf(
  client: BedrockAgentCoreControlClient,
  { policyEngine }: Configuration,
): Promise<Pick<CreateGatewayCommandInput, 'policyEngineConfiguration'>> {
  if (!policyEngine) return {};
  const { name, mode } = policyEngine;
  const engine = await asked(findPolicyEngineByName(client, name));
  if (!engine) throw new Refusal(`There is no policy engine "${name}" of this stack's owner. Deploy again.`);
  return { policyEngineConfiguration: { arn: stated(engine.policyEngineArn, 'policyEngineArn'), mode } };
}

async function configurationOf(client: BedrockAgentCoreControlClient, { configuration, agents }: Desired) {
  const parsed = v.parse(ConfigurationSchema, configuration);
  const { description, authorizerType, authorizerConfiguration, protocolType, rateLimits } = parsed;
  return {
    targets: parsed.targets.map((target) => withFunction(target, agents)),
    rateLimits,
    gateway: {
      roleArn: parsed.roleArn ?? UNUSED_ROLE_ARN,
      authorizerType,
      ...(description !== undefined && { description }),
      ...(protocolType && { protocolType }),
      ...(authorizerConfiguration && {
        authorizerConfiguration: authorizerConfiguration as unknown as AuthorizerConfiguration,
      }),
      ...(await policyEngineOf(client, parsed)),
    },
  };
}

type Gateway = Pick<GetGatewayResponse, 'gatewayArn' | 'gatewayId' | 'gatewayUrl'>;

const described = ({ gatewayArn, gatewayId, gatewayUrl }: Gateway): Described => ({
  arn: stated(gatewayArn, 'gatewayArn'),
  attributes: {
    GatewayId: stated(gatewayId, 'gatewayId'),
    // Absent in a deployment whose gateways were turned off.
    GatewayUrl: gatewayUrl ?? '',
  },
});

/** Of the members that name a credential provider in the API. */
const PROVIDER = {
  OAUTH: { member: 'oauthCredentialProvider', noun: 'oauth2credentialprovider' },
  API_KEY: { member: 'apiKeyCredentialProvider', noun: 'apikeycredentialprovider' },
} as const;

/** Returns a credential with the ARN of the provider, which is in the deployment of the gateway. */
function credentialProvider(
  { gatewayArn = '' }: Gateway,
  { type, ...stated }: StatedCredential,
): object | undefined {
  if (type === 'JWT_PASSTHROUGH') return undefined;
  if (type === 'GATEWAY_IAM_ROLE') return { iamCredentialProvider: stated };
  const [deployment = ''] = gatewayArn.split(':gateway/');
  const { provider, ...others } = stated;
  const { member, noun } = PROVIDER[type];
  const providerArn = `${deployment}:token-vault/default/${noun}/${String(provider)}`;
  return { [member]: { providerArn, ...others } };
}

/** Returns the input with the credential as the API has it. */
const targetInput = (gateway: Gateway, { credential, ...target }: StatedTarget) =>
  ({
    ...target,
    ...(credential && {
      credentialProviderConfigurations: [
        {
          credentialProviderType: credential.type,
          credentialProvider: credentialProvider(gateway, credential),
        },
      ],
    }),
  }) as unknown as Omit<CreateGatewayTargetCommandInput, 'gatewayIdentifier'>;

/** The AWS client would omit the members of an agent that its model lacks. */
const withAgent = <Command extends { middlewareStack: unknown }>(
  command: Command,
  target: StatedTarget,
): Command => {
  const { targetConfiguration } = target;
  return isAgent(target) ? alsoSending(command, { targetConfiguration }) : command;
};

/** Returns the IDs of the gateway's targets by their names. */
async function targetIds(
  client: BedrockAgentCoreControlClient,
  gatewayIdentifier: string,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  const pages = paginateListGatewayTargets({ client, pageSize: 100 }, { gatewayIdentifier });
  for await (const { items = [] } of pages) {
    for (const { name, targetId } of items) ids.set(stated(name, 'name'), stated(targetId, 'targetId'));
  }
  return ids;
}

/**
 * Returns whether the target is an MCP server that is as the stack states it. An update would accept the tools as the server
 * lists them then, and only a change of the target is a decision of its owner.
 */
async function isAccepted(
  client: BedrockAgentCoreControlClient,
  input: CreateGatewayTargetCommandInput,
  targetId: string,
): Promise<boolean> {
  if (!input.targetConfiguration?.mcp) return false;
  const { gatewayIdentifier } = input;
  const present = await asked(client.send(new GetGatewayTargetCommand({ gatewayIdentifier, targetId })));
  return isDeepStrictEqual(configured(present), configured(input));
}

/** Without the members that are absent. */
const configured = (target: Partial<CreateGatewayTargetCommandInput>): unknown => {
  const { description, targetConfiguration, metadataConfiguration, privateEndpoint } = target;
  const { credentialProviderConfigurations = [] } = target;
  const stated = { description, targetConfiguration, metadataConfiguration, privateEndpoint };
  return JSON.parse(JSON.stringify({ ...stated, credentialProviderConfigurations }));
};

/** Brings the targets to what the stack states, one after the other: each changes the identity of the gateway. */
async function putTargets(
  client: BedrockAgentCoreControlClient,
  gateway: Gateway,
  targets: readonly StatedTarget[],
): Promise<void> {
  const gatewayIdentifier = stated(gateway.gatewayId, 'gatewayId');
  const present = await asked(targetIds(client, gatewayIdentifier));
  const names = targets.map(({ name }) => name);
  for (const [name, targetId] of present) {
    if (names.includes(name)) continue;
    await ifThere(client.send(new DeleteGatewayTargetCommand({ gatewayIdentifier, targetId })));
  }
  for (const target of targets) {
    const input = { gatewayIdentifier, ...targetInput(gateway, target) };
    const targetId = present.get(target.name);
    if (targetId !== undefined && (await isAccepted(client, input, targetId))) continue;
    await asked<unknown>(
      targetId === undefined
        ? client.send(withAgent(new CreateGatewayTargetCommand(input), target))
        : client.send(
            withAgent(new UpdateGatewayTargetCommand({ ...input, name: target.name, targetId }), target),
          ),
    );
  }
}

/** Brings the contents of a gateway to what the stack states. The limits come first: a new target is never without them. */
async function putContents(
  client: BedrockAgentCoreControlClient,
  gateway: Gateway,
  { targets, rateLimits }: Pick<Configuration, 'targets' | 'rateLimits'>,
): Promise<void> {
  await putRateLimits(client, stated(gateway.gatewayId, 'gatewayId'), rateLimits);
  await putTargets(client, gateway, targets);
}

/** Returns this principal's gateway with the name, in any case. Recent creations can be missing. */
async function findByName(client: BedrockAgentCoreControlClient, name: string): Promise<Gateway | undefined> {
  for await (const { items = [] } of paginateListGateways({ client, pageSize: 100 }, {})) {
    const found = items.find((gateway) => gateway.name?.toLowerCase() === name.toLowerCase());
    if (found) return client.send(new GetGatewayCommand({ gatewayIdentifier: found.gatewayId }));
  }
  return undefined;
}

export function gateways(client: BedrockAgentCoreControlClient): DeployedResource {
  const find = (name: string) => asked(findByName(client, name));
  const remove = ({ gatewayId: gatewayIdentifier }: Gateway) =>
    ifThere(client.send(new DeleteGatewayCommand({ gatewayIdentifier })));
  return {
    ...commonTo(client),
    // A gateway has no policy, and only its owner finds it.
    setPolicy: () => Promise.resolve(),
    policyOf: () => Promise.resolve(''),
    async create(desired, tags) {
      const { gateway, ...contents } = await configurationOf(client, desired);
      const command = new CreateGatewayCommand({ name: desired.name, ...gateway, tags });
      const created = await unlessTaken(client.send(command));
      if (!created) return undefined;
      try {
        await putContents(client, created, contents);
      } catch (error) {
        await remove(created);
        throw error;
      }
      return described(created);
    },
    async read(name) {
      const gateway = await find(name);
      // A name that is taken, and that this principal does not list, is another principal's.
      return gateway ? described(gateway) : 'anothers';
    },
    async update(desired) {
      const { gateway, ...contents } = await configurationOf(client, desired);
      const present = await find(desired.name);
      if (!present) throw new Refusal(`"${desired.name}" was deleted during the request. Deploy again.`);
      const { gatewayId: gatewayIdentifier } = present;
      await asked(
        client.send(new UpdateGatewayCommand({ gatewayIdentifier, name: desired.name, ...gateway })),
      );
      await putContents(client, present, contents);
      return described(present);
    },
    async delete(name) {
      const gateway = await find(name);
      if (gateway) await remove(gateway);
    },
  };
}
