/** What the validation of a policy finds, with the tools of the gateways that it is about. */
import { haveEqualOwners } from '../ownership';
import type { Gateway, GatewayTarget } from '../../model/records/gateway';
import type { PolicyEngine } from '../../model/records/policy-engine';
import type { GatewayReader } from './gateway-reader';
import type { GatewayTargetStore } from './manage/gateway';
import type { PolicyValidation } from './manage/policies';
import { acceptedTools } from './manage/target-tools';
import { FORWARDED_METHODS } from './routes';
import { TOOL_PARENTS, type ActionType, type Cedar, type RecordType } from './cedar';
import type { PolicyReader } from './policy-decision';
import { httpAction, toolAction } from './policy-request';
import { inputType } from './tool-input';

export interface FindingDependencies {
  readonly gateways: Pick<GatewayReader, 'gateway'>;
  readonly targets: Pick<GatewayTargetStore, 'list'>;
  readonly policyEngines: PolicyReader;
  readonly cedar: Cedar;
}

/** Of the error, in which the findings are. */
const MAX_FINDINGS = 10;
const MAX_CHARACTERS = 500;

const AGENTS: RecordType['attributes'] = {
  agent: { type: 'String', required: false },
  chain: { type: 'Set', element: { type: 'String' }, required: true },
};

const contextWith = (attributes: RecordType['attributes']): RecordType => ({
  type: 'Record',
  attributes: { ...AGENTS, ...attributes },
});

const HTTP_CONTEXT = contextWith({
  http: {
    type: 'Record',
    attributes: { method: { type: 'String', required: true }, path: { type: 'String', required: true } },
    required: true,
  },
});

const memberOf = (parents: readonly string[]) => parents.map((id) => ({ id }));

/** Returns the action of an HTTP target that a policy names, if requests can have it. */
function namedHttpAction({ name }: GatewayTarget, id: string): readonly [string, ActionType] | undefined {
  const method = FORWARDED_METHODS.find((one) => id.startsWith(httpAction(name, one, '/').id));
  // A percent sign is never in the path of a request, which is decoded, and `//` is not forwarded.
  if (!method || /[%?#;]|\/\//.test(id)) return undefined;
  return [id, { memberOf: memberOf([name]), context: HTTP_CONTEXT }];
}

function actionsOf(target: GatewayTarget, named: readonly string[]): (readonly [string, ActionType])[] {
  const group = [target.name, { memberOf: [] }] as const;
  if (target.targetConfiguration.mcp) {
    return [
      group,
      ...acceptedTools(target).map((tool) => {
        const { id, parents } = toolAction(target.name, tool, {});
        const input = { ...inputType(tool.inputSchema), required: true };
        return [id, { memberOf: memberOf(parents), context: contextWith({ input }) }] as const;
      }),
    ];
  }
  const { id } = httpAction(target.name, 'GET', '/');
  const any = [id, { memberOf: memberOf([target.name]), context: HTTP_CONTEXT }] as const;
  const known = named.map((name) => namedHttpAction(target, name)).filter((action) => action !== undefined);
  return [group, any, ...known];
}

/** Returns the gateways that a policy is about, and the ARNs that are not those of gateways of the owner. */
async function gatewaysOf(
  { gateways }: Pick<FindingDependencies, 'gateways'>,
  engine: PolicyEngine,
  named: readonly string[],
): Promise<{ readonly found: readonly Gateway[]; readonly unknown: readonly string[] }> {
  const ids =
    named.length > 0
      ? named.map((arn) => arn.slice(arn.lastIndexOf('/') + 1))
      : engine.gateways.map(({ id }) => id);
  const read = await Promise.all([...new Set(ids)].map((id) => gateways.gateway(id)));
  const found = read
    .filter((gateway) => gateway !== undefined)
    .filter((gateway) => haveEqualOwners(gateway, engine));
  return { found, unknown: named.filter((arn) => !found.some((gateway) => gateway.arn === arn)) };
}

/** Returns the findings of a statement. @param engineId of an engine of the deployment */
export async function policyFindings(
  deps: FindingDependencies,
  { engineId, statement }: { readonly engineId: string; readonly statement: string },
): ReturnType<PolicyValidation['findings']> {
  const found = await deps.policyEngines.engine(engineId);
  if (!found) throw new Error('the engine of a policy exists');
  const parsed = await deps.cedar.parse(statement);
  if ('faults' in parsed) return { faults: limited(parsed.faults), findings: [] };
  const { actions: named, gateways: arns } = parsed.scope;
  const { found: gateways, unknown } = await gatewaysOf(deps, found.engine, arns);
  if (gateways.length === 0 && named.length > 0 && unknown.length === 0) {
    const unused =
      'it names actions, so it must name a gateway (resource == AgentCore::Gateway::"<ARN>"), or a gateway must use the engine';
    return { faults: [], findings: [unused] };
  }
  const targets = (await Promise.all(gateways.map((gateway) => deps.targets.list(gateway)))).flat();
  const actions = Object.fromEntries<ActionType>([
    ...TOOL_PARENTS.map((group) => [group, { memberOf: [] }] as const),
    ...targets.flatMap((target) => actionsOf(target, named)),
    // Without targets, every policy would be impossible.
    ...(targets.length === 0
      ? [['_', { memberOf: memberOf(TOOL_PARENTS), context: contextWith({}) }] as const]
      : []),
  ]);
  return {
    faults: [],
    findings: limited([
      ...unknown.map((arn) => `${arn} is not a gateway of yours`),
      ...(await deps.cedar.validate(statement, actions)),
    ]),
  };
}

const limited = (findings: readonly string[]): readonly string[] =>
  findings.slice(0, MAX_FINDINGS).map((finding) => finding.slice(0, MAX_CHARACTERS));
