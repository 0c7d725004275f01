/** Policies of an engine: how a person names them, and what people see of them. */
import { readFile } from 'node:fs/promises';
import { OPERATIONS } from '../../../../../lambda/operations';
import type { CliContext } from '../../../context';
import { usageError, type ServiceFailure } from '../../../failure';
import { notFound } from '../../../not-found';
import { isoTime, print, printFields, printJson } from '../../../output';
import { allPages, type Service } from '../../../service';
import { findEngine, type PolicyEngine } from '../../policy-engine/engines';

export interface Policy {
  readonly policyId: string;
  readonly policyEngineId: string;
  readonly name: string;
  readonly description?: string;
  readonly definition: { readonly cedar: { readonly statement: string } };
  readonly enforcementMode: 'ACTIVE' | 'LOG_ONLY';
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const ENGINE_FLAG = {
  engine: { kind: 'parsed', parse: String, placeholder: 'name', brief: 'Policy engine of the policy' },
} as const;

export const ONE_POLICY = {
  kind: 'tuple',
  parameters: [{ brief: 'Name or ID of the policy', parse: String, placeholder: 'policy' }],
} as const;

/** The options by the members that they set. */
export const MEMBER_OPTIONS = { description: '--description', 'cedar.statement': '--file' } as const;

/** @throws CliError for a file that cannot be read */
export async function statementIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw usageError(`The file ${file} of --file cannot be read.`);
  }
}

/** Returns what to do about a statement that the validation rejects. */
export const findingsHint = (
  { fields }: Pick<ServiceFailure, 'fields'>,
  { ignoreFindings }: { readonly ignoreFindings: boolean },
): string | undefined =>
  !ignoreFindings &&
  fields.some(({ name, message }) => name.endsWith('cedar.statement') && message.startsWith('is not valid'))
    ? 'Correct the policy: a number is compared as in context.input.amount.lessThan(decimal("100.0")). If it names what the gateways do not have yet, set --ignore-findings.'
    : undefined;

export const listPolicies = (
  service: Pick<Service, 'call'>,
  { policyEngineId }: Pick<PolicyEngine, 'policyEngineId'>,
): Promise<Policy[]> => allPages<Policy>(service, OPERATIONS.ListPolicies, 'policies', { policyEngineId });

/** Returns the policy that a person names by its name or its ID. @throws CliError if there is none */
export async function findPolicy(
  service: Pick<Service, 'call'>,
  { engine: engineNamed, policy: named }: { readonly engine: string; readonly policy: string },
): Promise<Policy> {
  const engine = await findEngine(service, engineNamed);
  const policies = await listPolicies(service, engine);
  const found =
    policies.find(({ name }) => name === named) ?? policies.find(({ policyId }) => policyId === named);
  if (found) return found;
  throw notFound(`The policy engine "${engine.name}" has no policy`, named, {
    names: policies.map(({ name }) => name),
    list: `gateway policy list --engine ${engine.name}`,
  });
}

export function showPolicy(context: CliContext, policy: Policy, { json }: { readonly json: boolean }): void {
  if (json) {
    printJson(context, policy);
    return;
  }
  printFields(context, [
    ['Policy', policy.name],
    ['ID', policy.policyId],
    ['Description', policy.description],
    ['Mode', policy.enforcementMode],
    ['Created', isoTime(Date.parse(policy.createdAt) / 1000)],
    ['Changed', isoTime(Date.parse(policy.updatedAt) / 1000)],
  ]);
  const { statement } = policy.definition.cedar;
  print(context, '', ...statement.trimEnd().replaceAll('\t', '  ').split(/\r?\n/));
}
