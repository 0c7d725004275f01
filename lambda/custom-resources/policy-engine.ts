/**
 * Policy engines as a stack creates, updates, and deletes them, each with its policies: an engine has the policies that the
 * stack states, and no others.
 */
import {
  CreatePolicyCommand,
  CreatePolicyEngineCommand,
  DeletePolicyCommand,
  DeletePolicyEngineCommand,
  paginateListPolicies,
  paginateListPolicyEngines,
  UpdatePolicyCommand,
  UpdatePolicyEngineCommand,
  type BedrockAgentCoreControlClient,
  type Policy,
  type PolicyEngine,
} from '@aws-sdk/client-bedrock-agentcore-control';
import * as v from 'valibot';
import { POLICY_MODES } from '../model/gateway/gateway-configuration';
import { asked, commonTo, ifThere, stated, unlessTaken } from './control-plane';
import { Refusal, type DeployedResource, type Described, type Desired } from './deployed-resource';

const text = v.string();

/** What the construct writes; the service validates it. */
const ConfigurationSchema = v.strictObject({
  description: v.optional(text),
  policies: v.array(
    v.strictObject({
      name: text,
      statement: text,
      description: v.optional(text),
      enforcementMode: v.picklist(POLICY_MODES),
      validationMode: v.picklist(['FAIL_ON_ANY_FINDINGS', 'IGNORE_ALL_FINDINGS']),
    }),
  ),
});

type StatedPolicy = v.InferOutput<typeof ConfigurationSchema>['policies'][number];
type Engine = Pick<PolicyEngine, 'policyEngineArn' | 'policyEngineId'>;

const configurationOf = ({ configuration }: Desired) => v.parse(ConfigurationSchema, configuration);

const described = ({ policyEngineArn, policyEngineId }: Engine): Described => ({
  arn: stated(policyEngineArn, 'policyEngineArn'),
  attributes: { PolicyEngineId: stated(policyEngineId, 'policyEngineId') },
});

/** Returns the engine's policies by their names. */
async function presentPolicies(
  client: BedrockAgentCoreControlClient,
  policyEngineId: string,
): Promise<Map<string, Policy>> {
  const found = new Map<string, Policy>();
  for await (const { policies = [] } of paginateListPolicies({ client, pageSize: 100 }, { policyEngineId })) {
    for (const policy of policies) found.set(stated(policy.name, 'name'), policy);
  }
  return found;
}

const forbids = (statement = '', mode = 'ACTIVE'): boolean =>
  mode === 'ACTIVE' && /\bforbid\s*\(/.test(statement);

/** Changes in the order in which they are made. */
const ORDER = ['forbid', 'change', 'no longer forbid'] as const;

/**
 * Brings the policies to what the stack states. What forbids is added first, and what forbade is changed or deleted last, so
 * that nothing is permitted in between that is permitted neither before nor after. Only a policy that forbids something else
 * under its name changes in one step.
 */
async function putPolicies(
  client: BedrockAgentCoreControlClient,
  engine: Engine,
  policies: readonly StatedPolicy[],
): Promise<void> {
  const policyEngineId = stated(engine.policyEngineId, 'policyEngineId');
  const present = await asked(presentPolicies(client, policyEngineId));
  const put = ({ name, statement, description, ...modes }: StatedPolicy): Promise<unknown> => {
    const policyId = present.get(name)?.policyId;
    const definition = { cedar: { statement } };
    const changed = { ...modes, policyEngineId, definition };
    return asked<unknown>(
      policyId === undefined
        ? client.send(new CreatePolicyCommand({ ...changed, name, description }))
        : client.send(
            new UpdatePolicyCommand({ ...changed, policyId, description: { optionalValue: description } }),
          ),
    );
  };
  const kindOf = (before: Policy | undefined, after: StatedPolicy | undefined): (typeof ORDER)[number] => {
    if (forbids(before?.definition?.cedar?.statement, before?.enforcementMode)) return 'no longer forbid';
    return forbids(after?.statement, after?.enforcementMode) ? 'forbid' : 'change';
  };
  const names = new Set(policies.map(({ name }) => name));
  const changes = [
    ...policies.map((policy) => ({
      kind: kindOf(present.get(policy.name), policy),
      make: () => put(policy),
    })),
    ...[...present.values()]
      .filter(({ name }) => !names.has(stated(name, 'name')))
      .map((policy) => ({
        kind: kindOf(policy, undefined),
        make: () =>
          ifThere(client.send(new DeletePolicyCommand({ policyEngineId, policyId: policy.policyId }))),
      })),
  ];
  for (const { make } of changes.sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind))) {
    await make();
  }
}

/** Returns this principal's engine with the name. Recent creations can be missing. */
export async function findPolicyEngineByName(
  client: BedrockAgentCoreControlClient,
  name: string,
): Promise<PolicyEngine | undefined> {
  for await (const { policyEngines } of paginateListPolicyEngines({ client, pageSize: 100 }, {})) {
    const found = policyEngines?.find((engine) => engine.name === name);
    if (found) return found;
  }
  return undefined;
}

export function policyEngines(client: BedrockAgentCoreControlClient): DeployedResource {
  const find = (name: string) => asked(findPolicyEngineByName(client, name));
  return {
    ...commonTo(client),
    // An engine has no resource policy, and only its owner finds it.
    setPolicy: () => Promise.resolve(),
    policyOf: () => Promise.resolve(''),
    async create(desired, tags) {
      const { description, policies } = configurationOf(desired);
      const command = new CreatePolicyEngineCommand({ name: desired.name, description, tags });
      const created = await unlessTaken(client.send(command));
      if (!created) return undefined;
      try {
        await putPolicies(client, created, policies);
      } catch (error) {
        const { policyEngineId } = created;
        await ifThere(client.send(new DeletePolicyEngineCommand({ policyEngineId })));
        throw error;
      }
      return described(created);
    },
    async read(name) {
      const engine = await find(name);
      // A name that is taken, and that this principal does not list, is another principal's.
      return engine ? described(engine) : 'anothers';
    },
    async update(desired) {
      const { description, policies } = configurationOf(desired);
      const engine = await find(desired.name);
      if (!engine) throw new Refusal(`"${desired.name}" was deleted during the request. Deploy again.`);
      const { policyEngineId } = engine;
      await asked(
        client.send(
          new UpdatePolicyEngineCommand({ policyEngineId, description: { optionalValue: description } }),
        ),
      );
      await putPolicies(client, engine, policies);
      return described(engine);
    },
    async delete(name) {
      const engine = await find(name);
      if (!engine) return;
      const { policyEngineId } = engine;
      // A conflict is an error: a gateway still uses the engine.
      await asked(client.send(new DeletePolicyEngineCommand({ policyEngineId })));
    },
  };
}
