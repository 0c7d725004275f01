/**
 * The functions' environment, read once at start and checked: what is missing or wrong is one clear line.
 * Each function asks for the variables that its group is given and no others.
 */
import { parseAgentEndpoint, type AgentEndpointConfiguration } from '../domain/gate/agent-endpoint';
import { parseTrustedIssuers, type TrustedIssuer } from '../domain/identity/trusted-issuer';
import { parseLifetimes, type Lifetimes } from '../domain/lifetimes';
import { parseQuotas, type Quotas } from '../domain/quotas';
import type { EndpointPolicy } from '../domain/endpoint';
import { parseStack, type DeployedStack } from '../custom-resources/stack';

export type Variable =
  | 'DIRECTORY_TABLE'
  | 'KEYS_TABLE'
  | 'SESSIONS_TABLE'
  | 'VAULT_TABLE'
  /** ARN of the KMS key under which vault keys and signing keys are wrapped. */
  | 'KMS_KEY_ARN'
  /** Public base URL without a trailing slash: the issuer of workload access tokens. */
  | 'BASE_URL'
  /** `arn:{partition}:bedrock-agentcore:{region}:{account}`. */
  | 'ARN_PREFIX'
  /** Name or ARN of the function of the group `provider-client`. */
  | 'PROVIDER_CLIENT_FUNCTION'
  /** Address of the identity service, for an agent endpoint's gate. */
  | 'IDENTITY_ENDPOINT';

const NAME = /^[a-zA-Z0-9._-]{3,255}$/;

const table = { form: NAME, must: 'be the name of a table' };

const address = {
  form: /^(https:\/\/[^/?#\s]+|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?)(\/[^?#\s]*[^/?#\s])?$/,
  must: 'be an https URL without a trailing slash',
};

/** What each must be like; enough to tell a value that got into the wrong place. */
const FORMS: Readonly<Record<Variable, { readonly form: RegExp; readonly must: string }>> = {
  DIRECTORY_TABLE: table,
  KEYS_TABLE: table,
  SESSIONS_TABLE: table,
  VAULT_TABLE: table,
  KMS_KEY_ARN: { form: /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, must: 'be the ARN of a KMS key' },
  BASE_URL: address,
  ARN_PREFIX: {
    form: /^arn:[\w-]+:bedrock-agentcore:[\w-]+:\d{12}$/,
    must: 'be like arn:aws:bedrock-agentcore:eu-central-1:123456789012',
  },
  PROVIDER_CLIENT_FUNCTION: {
    form: /^(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:)?[\w-]{1,64}(:[\w$-]+)?$/,
    must: 'be the name or ARN of a function',
  },
  IDENTITY_ENDPOINT: address,
};

/** Says all that there is to say in one line: a stack would name this file and nothing of the deployment. */
class EnvironmentError extends Error {
  constructor(faults: string) {
    super(`environment: ${faults}`);
    this.name = 'EnvironmentError';
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** @throws Error of one line that names every variable that is missing or malformed, and no value */
export function readEnvironment<Name extends Variable>(...names: Name[]): Record<Name, string> {
  const missing = names.filter((name) => !process.env[name]);
  const malformed = names.filter((name) => {
    const value = process.env[name];
    return value && !FORMS[name].form.test(value);
  });
  const faults = [
    ...(missing.length > 0 ? [`set ${missing.join(', ')}`] : []),
    ...malformed.map((name) => `${name} must ${FORMS[name].must}`),
  ];
  if (faults.length > 0) throw new EnvironmentError(faults.join('; '));
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<Name, string>;
}

/** Has the domain judge a variable that is JSON, and says in its words which one is wrong. */
function readJson<T>(name: string, missing: string, parse: (json: string) => T): T {
  try {
    return parse(process.env[name] ?? missing);
  } catch (error) {
    throw new EnvironmentError(`${name}: ${error instanceof Error ? error.message : 'cannot be read'}`);
  }
}

/** @throws Error of one line in plain words */
export const readTrustedIssuers = (): TrustedIssuer[] =>
  readJson('TRUSTED_ISSUERS', '[]', parseTrustedIssuers);

/** @throws Error of one line in plain words */
export const readQuotas = (): Quotas => readJson('QUOTAS', '{}', parseQuotas);

/** @throws Error of one line in plain words */
export const readLifetimes = (): Lifetimes => readJson('LIFETIMES', '{}', parseLifetimes);

/** @throws Error of one line in plain words */
export const readAgentEndpoint = (policy: EndpointPolicy): AgentEndpointConfiguration =>
  readJson('AGENT_ENDPOINT', '', (json) => parseAgentEndpoint(json, policy));

/**
 * What the function behind custom resources takes from its stack: endpoints and secrets that an event names must be
 * among these.
 *
 * @throws Error of one line in plain words
 */
export const readStack = (policy: EndpointPolicy): DeployedStack =>
  readJson('STACK', '', (json) => parseStack(json, policy));

/**
 * Whether providers on this machine are let in: only on a laptop. In Lambda the variable stops the function,
 * however it got there.
 */
export function readEndpointPolicy(): EndpointPolicy {
  const loopback = process.env.LOOPBACK_PROVIDERS === 'allowed';
  if (loopback && process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) {
    throw new EnvironmentError('LOOPBACK_PROVIDERS is for local mode; unset it');
  }
  return { loopback };
}
