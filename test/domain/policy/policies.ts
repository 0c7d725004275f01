/** Resources, principals, and policies for the tables. Each test changes the element that it tests. */
import { evaluate, type PolicyRequest, type Verdict } from '../../../lambda/domain/policy/evaluate';
import { parsePolicyDocument } from '../../../lambda/domain/policy/policy-document';
import { ServiceError } from '../../../lambda/domain/service-error';
import { caught } from '../caught';

const PREFIX = 'arn:aws:bedrock-agentcore:eu-central-1:123456789012';
export const IDENTITY = `${PREFIX}:workload-identity-directory/default/workload-identity/travel-agent`;
export const OTHER_IDENTITY = `${PREFIX}:workload-identity-directory/default/workload-identity/other-agent`;
export const PROVIDER = `${PREFIX}:token-vault/default/oauth2credentialprovider/calendar`;
export const API_KEY_PROVIDER = `${PREFIX}:token-vault/default/apikeycredentialprovider/weather`;

export const OWNER = 'arn:aws:iam::123456789012:role/operator';
export const ROLE = 'arn:aws:iam::123456789012:role/agent';
export const USER = 'arn:aws:iam::123456789012:user/alice';
export const ROOT = 'arn:aws:iam::123456789012:root';
export const FOREIGN_ROLE = 'arn:aws:iam::999999999999:role/agent';

export type Elements = Readonly<Record<string, unknown>>;

/** A statement that allows the role to get tokens, with changes. An element that is set to undefined is omitted. */
export const statement = (change: Elements = {}): Elements => ({
  Effect: 'Allow',
  Principal: { AWS: ROLE },
  Action: 'bedrock-agentcore:GetWorkloadAccessToken',
  Resource: '*',
  ...change,
});

/** A statement of a provider's policy that allows the use of its credentials. */
export const binding = (change: Elements = {}): Elements =>
  statement({ Action: 'bedrock-agentcore:GetResourceOauth2Token', ...change });

export const policy = (...statements: readonly Elements[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

/** Expects that a policy is rejected for one reason, with the name of the element. */
export function expectRefused(text: string, message: string, resource: string = IDENTITY): void {
  const refusal = caught(() => parsePolicyDocument(text, resource));
  expect(refusal).toBeInstanceOf(ServiceError);
  const { type, message: told, fieldList } = refusal as ServiceError;
  expect(type).toBe('ValidationException');
  expect(told).toMatch(/^policy: /);
  expect(told).toContain(message);
  expect(fieldList).toEqual([{ name: 'policy', message: told.slice('policy: '.length) }]);
}

/** Returns the decision of a resource policy on a request. */
export const verdict = (
  text: string,
  change: Partial<PolicyRequest> = {},
  resource: string = IDENTITY,
): Verdict['decision'] =>
  evaluate(parsePolicyDocument(text, resource), {
    principal: ROLE,
    operation: resource === IDENTITY ? 'GetWorkloadAccessToken' : 'GetResourceOauth2Token',
    context: {},
    ...change,
  }).decision;
