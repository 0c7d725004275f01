/**
 * The functions' environment, read once at start and checked: what is missing or wrong is one clear line.
 * Each function asks for the variables that its group is given and no others.
 */
import { parseTrustedIssuers, type TrustedIssuer } from '../domain/identity/trusted-issuer';
import { parseLifetimes, type Lifetimes } from '../domain/lifetimes';
import { parseQuotas, type Quotas } from '../domain/quotas';
import type { EndpointPolicy } from '../domain/provider/endpoint';

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
  | 'PROVIDER_CLIENT_FUNCTION';

/** @throws Error that names every variable that is missing */
export function readEnvironment<Name extends Variable>(...names: Name[]): Record<Name, string> {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`environment: set ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<Name, string>;
}

/** @throws Error in plain words */
export const readTrustedIssuers = (): TrustedIssuer[] =>
  parseTrustedIssuers(process.env.TRUSTED_ISSUERS ?? '[]');

/** @throws Error in plain words */
export const readQuotas = (): Quotas => parseQuotas(process.env.QUOTAS ?? '{}');

/** @throws Error in plain words */
export const readLifetimes = (): Lifetimes => parseLifetimes(process.env.LIFETIMES ?? '{}');

/**
 * Whether providers on this machine are let in: only on a laptop. In Lambda the variable stops the function,
 * however it got there.
 */
export function readEndpointPolicy(): EndpointPolicy {
  const loopback = process.env.LOOPBACK_PROVIDERS === 'allowed';
  if (loopback && process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) {
    throw new Error('environment: LOOPBACK_PROVIDERS is for local mode; unset it');
  }
  return { loopback };
}
