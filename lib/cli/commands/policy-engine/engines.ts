/** Policy engines of the caller: how a person names them, and what people see of them. */
import { nameInArn } from '../../../../lambda/model/arn';
import { OPERATIONS } from '../../../../lambda/operations';
import type { CliContext } from '../../context';
import { notFound } from '../../not-found';
import { isoTime, printFields, printJson } from '../../output';
import { allPages, type Service } from '../../service';

export interface PolicyEngine {
  readonly policyEngineId: string;
  readonly policyEngineArn: string;
  readonly name: string;
  readonly description?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const ONE_ENGINE = {
  kind: 'tuple',
  parameters: [{ brief: 'Name, ID, or ARN of the policy engine', parse: String, placeholder: 'engine' }],
} as const;

export const listEngines = (service: Pick<Service, 'call'>): Promise<PolicyEngine[]> =>
  allPages<PolicyEngine>(service, OPERATIONS.ListPolicyEngines, 'policyEngines');

/** Returns the engine that a person names by its name, its ID, or its ARN. @throws CliError if the caller has none */
export async function findEngine(service: Pick<Service, 'call'>, named: string): Promise<PolicyEngine> {
  const engines = await listEngines(service);
  const text = named.startsWith('arn:') ? nameInArn(named) : named;
  const found =
    engines.find(({ name }) => name === text) ??
    engines.find(({ policyEngineId }) => policyEngineId === text);
  if (found) return found;
  const names = engines.map(({ name }) => name);
  throw notFound('You have no policy engine', named, { names, list: 'policy-engine list' });
}

export function showEngine(
  context: CliContext,
  engine: PolicyEngine,
  { json }: { readonly json: boolean },
): void {
  if (json) {
    printJson(context, engine);
    return;
  }
  printFields(context, [
    ['Policy engine', engine.name],
    ['ID', engine.policyEngineId],
    ['ARN', engine.policyEngineArn],
    ['Description', engine.description],
    ['Created', isoTime(Date.parse(engine.createdAt) / 1000)],
    ['Changed', isoTime(Date.parse(engine.updatedAt) / 1000)],
  ]);
}
