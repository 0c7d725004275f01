/**
 * The functions' environment, read and validated once at start. One line names everything that is missing or wrong.
 * Each function reads only the variables that its group has.
 */
import { REGION } from '../../model/regions';
import { parseAllowedOrigins } from '../../domain/gate/allowed-origins';
import { parseAgentEndpoint, type AgentEndpointConfiguration } from '../../domain/gate/agent-endpoint';
import { parseTargetRoles, type TargetCredentialPolicy } from '../../domain/gateway/manage/credential-policy';
import { parseLimitPolicy, type LimitPolicy } from '../../domain/gateway/limit-policy';
import type { GatewayUrls } from '../../domain/gateway/manage/gateway';
import { parseTrustedIssuers, type DeployedIssuer } from '../../domain/identity/trusted-issuer';
import { parseLifetimes, type Lifetimes } from '../../domain/lifetimes';
import { parseOwnerAccounts } from '../../domain/operator/transfer-ownership';
import {
  parseInternalRanges,
  parseLatticeResources,
  parsePrivateDestinations,
  parseServiceNetwork,
} from '../../domain/private-network';
import { parseQuotas, type Quotas } from '../../domain/quotas';
import type { ConnectionPolicy } from '../../adapters/http/connection-policy';
import type { EndpointPolicy } from '../../model/endpoint';
import { parseStack, type DeployedStack } from '../../custom-resources/stack';
import { readPinnedFile } from './pinned-file';

const table = { form: /^[a-zA-Z0-9._-]{3,255}$/, must: 'be the name of a table' };

const address = {
  form: /^(https:\/\/[^/?#\s]+|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?)(\/[^?#\s]*[^/?#\s])?$/,
  must: 'be an https URL without a trailing slash',
};

const invokedFunction = {
  form: /^(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:)?[\w-]{1,64}(:[\w$-]+)?$/,
  must: 'be the name or ARN of a function',
};

const kmsKey = { form: /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, must: 'be the ARN of a KMS key' };

/** The form of each variable, strict enough to catch a value in the wrong variable. */
const roleArn = {
  form: /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@-]{1,64}$/,
  must: 'be the ARN of a role without a path',
};

const FORMS = {
  DIRECTORY_TABLE: table,
  KEYS_TABLE: table,
  SESSIONS_TABLE: table,
  VAULT_TABLE: table,
  REVOCATIONS_TABLE: table,
  /** The directory table, in a deployment with replicas in other Regions. */
  REPLICATED_TABLE: table,
  /** The key that wraps vault keys and signing keys, with the identity Region. */
  KMS_KEY_ARN: kmsKey,
  /** The key that signs digests of the audit trail. */
  DIGEST_KEY_ARN: kmsKey,
  /** Of the audit trail. */
  TRAIL_BUCKET: { form: /^[a-z0-9.-]{3,63}$/, must: 'be the name of a bucket' },
  /** Mode and days of the lock of its objects. */
  RETENTION_MODE: { form: /^(GOVERNANCE|COMPLIANCE)$/, must: 'be GOVERNANCE or COMPLIANCE' },
  RETENTION_DAYS: { form: /^[1-9]\d{0,4}$/, must: 'be a number of days' },
  /** Public base URL: the issuer of workload access tokens. */
  BASE_URL: address,
  /** With the identity Region. */
  ARN_PREFIX: {
    form: /^arn:[\w-]+:bedrock-agentcore:[\w-]+:\d{12}$/,
    must: 'be like arn:aws:bedrock-agentcore:eu-central-1:123456789012',
  },
  /** The function's Region, which Lambda sets. */
  AWS_REGION: { form: REGION, must: 'be a Region' },
  PROVIDER_CLIENT_FUNCTION: invokedFunction,
  REVOCATION_FUNCTION: invokedFunction,
  CONNECTIONS_FUNCTION: invokedFunction,
  /** Absent in a deployment without gateways. */
  GATEWAY_FUNCTION: invokedFunction,
  /** Digest of the secret of the API's stage. */
  STAGE_SECRET_HASH: { form: /^[\w-]{43}$/, must: 'be a SHA-256 digest in base64url' },
  /** The end of the host names of AWS, which differs between partitions. */
  URL_SUFFIX: { form: /^[a-z0-9.-]+$/, must: 'be a domain name' },
  /** Address of the identity service, for an agent endpoint's gate. */
  IDENTITY_ENDPOINT: address,
  /** Base URLs of the gateways with user tokens, and of those with signatures. Absent in a deployment without gateways. */
  GATEWAY_JWT_URL: address,
  GATEWAY_IAM_URL: address,
  /** Role with which the gateway function invokes agents. Absent in a deployment without gateways. */
  GATEWAY_AGENTS_ROLE_ARN: roleArn,
  /** Role of the gateway function, without a path. Absent in a deployment without gateways. */
  GATEWAY_ROLE_ARN: roleArn,
} as const;

export type Variable = keyof typeof FORMS;

/** An error without a stack trace: its one line says everything, and a trace would name only this file. */
class EnvironmentError extends Error {
  constructor(faults: string) {
    super(faults);
    this.name = 'EnvironmentError';
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * Returns the variables of these names.
 *
 * @throws Error with one line that names every missing or malformed variable, without values
 */
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

/** Parses a JSON variable with the domain's parser, and prefixes its error with the variable's name. */
function readJson<T>(name: string, missing: string, parse: (json: string) => T): T {
  try {
    return parse(process.env[name] ?? missing);
  } catch (error) {
    throw new EnvironmentError(`${name}: ${error instanceof Error ? error.message : 'is not valid'}`);
  }
}

/**
 * Returns the trusted issuers from the file of a Lambda layer, if the environment names one, or from the environment.
 *
 * @throws Error with one line that says what is wrong
 */
export function readTrustedIssuers(): DeployedIssuer[] {
  const { TRUSTED_ISSUERS_FILE: file, TRUSTED_ISSUERS_SHA256: sha256 } = process.env;
  if (file === undefined) return readJson('TRUSTED_ISSUERS', '[]', parseTrustedIssuers);
  return readJson('TRUSTED_ISSUERS_FILE', '', () => parseTrustedIssuers(readPinnedFile(file, sha256)));
}

/** @throws Error with one line that says what is wrong */
export const readQuotas = (): Quotas => readJson('QUOTAS', '{}', parseQuotas);

/** @throws Error with one line that says what is wrong */
export const readOwnerAccounts = (): string[] => readJson('OWNER_ACCOUNTS', '[]', parseOwnerAccounts);

/** @throws Error with one line that says what is wrong */
export const readLifetimes = (): Lifetimes => readJson('LIFETIMES', '{}', parseLifetimes);

/** @throws Error with one line that says what is wrong */
export const readAgentEndpoint = (policy: EndpointPolicy): AgentEndpointConfiguration =>
  readJson('AGENT_ENDPOINT', '', (json) => parseAgentEndpoint(json, policy));

/** Returns the name of the deployment in logs and metrics. Only a local service has none. */
export const readDeploymentName = (): string => process.env.DEPLOYMENT_NAME ?? 'agent-identity';

/** Returns whether the names of agents and credential providers are dimension values of metrics. */
export const readNamesInMetrics = (): boolean => process.env.NAMES_IN_METRICS === 'true';

/** Returns whether this process is a Lambda function. */
export const inLambda = (): boolean => process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined;

/** Returns the ID of the present trace, which Lambda's runtime sets for each invocation (X-Ray developer guide). */
export const readTraceId = (): string | undefined => {
  const [, id] = /(?:^|;)Root=([^;]+)/.exec(process.env._X_AMZN_TRACE_ID ?? '') ?? [];
  return id;
};

/** @returns undefined in a deployment without gateways. @throws Error with one line that says what is wrong */
export const readGatewayRole = (): string | undefined =>
  process.env.GATEWAY_ROLE_ARN === undefined
    ? undefined
    : readEnvironment('GATEWAY_ROLE_ARN').GATEWAY_ROLE_ARN;

/** @returns undefined in a deployment without gateways. @throws Error with one line that says what is wrong */
export const readGatewayAgentsRole = (): string | undefined =>
  process.env.GATEWAY_AGENTS_ROLE_ARN === undefined
    ? undefined
    : readEnvironment('GATEWAY_AGENTS_ROLE_ARN').GATEWAY_AGENTS_ROLE_ARN;

/** @returns undefined in a deployment without gateways. @throws Error with one line that says what is wrong */
export const readGatewayFunction = (): string | undefined =>
  process.env.GATEWAY_FUNCTION === undefined
    ? undefined
    : readEnvironment('GATEWAY_FUNCTION').GATEWAY_FUNCTION;

/** @returns no URLs in a deployment without gateways. @throws Error with one line that says what is wrong */
export function readGatewayUrls(): GatewayUrls {
  if (process.env.GATEWAY_JWT_URL === undefined) return {};
  const { GATEWAY_JWT_URL, GATEWAY_IAM_URL } = readEnvironment('GATEWAY_JWT_URL', 'GATEWAY_IAM_URL');
  return { CUSTOM_JWT: GATEWAY_JWT_URL, AWS_IAM: GATEWAY_IAM_URL };
}

/** @returns what targets of gateways can use. @throws Error with one line that says what is wrong */
export const readCredentialPolicy = (): TargetCredentialPolicy => ({
  targetRoles: readJson('GATEWAY_TARGET_ROLES', '[]', parseTargetRoles),
  jwtPassthrough: process.env.GATEWAY_JWT_PASSTHROUGH === 'true',
});

/** @throws Error with one line that says what is wrong */
export const readLimitPolicy = (): LimitPolicy => readJson('GATEWAY_LIMITS', '{}', parseLimitPolicy);

/** @returns undefined if no web page can call gateways. @throws Error with one line that says what is wrong */
export const readAllowedOrigins = (): readonly string[] | undefined =>
  process.env.GATEWAY_ALLOWED_ORIGINS === undefined
    ? undefined
    : readJson('GATEWAY_ALLOWED_ORIGINS', '', parseAllowedOrigins);

/** Returns whether every consent begins with the consent page of this service. */
export const readConsentPage = (): boolean => process.env.CONSENT_PAGE === 'true';

/**
 * Returns what the function behind custom resources takes from its stack. An event can name only these endpoints and
 * secrets.
 *
 * @throws Error with one line that says what is wrong
 */
export const readStack = (policy: EndpointPolicy): DeployedStack =>
  readJson('STACK', '', (json) => parseStack(json, policy));

/**
 * Returns where requests to third parties can connect. Providers on this machine are allowed in local mode only: in
 * Lambda, the variable stops the function, whatever set it.
 *
 * @throws Error with one line that says what is wrong
 */
export function readConnectionPolicy(): ConnectionPolicy {
  const loopback = process.env.LOOPBACK_PROVIDERS === 'allowed';
  if (loopback && inLambda()) {
    throw new EnvironmentError('LOOPBACK_PROVIDERS is for local mode; unset it');
  }
  const internalRanges = readJson('INTERNAL_RANGES', '[]', parseInternalRanges);
  const privateDestinations = readJson('PRIVATE_DESTINATIONS', '[]', (json) =>
    parsePrivateDestinations(json, internalRanges),
  );
  const latticeResources = readJson('LATTICE_RESOURCES', '{}', parseLatticeResources);
  return { loopback, internalRanges, privateDestinations, latticeResources };
}

/**
 * Returns the policy with the network that private endpoints must name, which only the control plane needs.
 *
 * @throws Error with one line that says what is wrong
 */
export function readPrivateEndpointPolicy(): EndpointPolicy {
  const network = process.env.SERVICE_NETWORK && readJson('SERVICE_NETWORK', '', parseServiceNetwork);
  return { ...readConnectionPolicy(), ...(network && { network }) };
}
