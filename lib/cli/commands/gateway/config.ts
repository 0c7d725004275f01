/** The options that configure a gateway, and the members of requests that they set. */
import {
  AUTHORIZER_FLAGS,
  AUTHORIZER_OPTIONS,
  AUTHORIZER_REMOVAL_FLAGS,
  changedIssuer,
  changesAuthorizer,
  checkAuthorizer,
  discoveryUrlOf,
  type Authorized,
  type Authorizer,
  type AuthorizerFlags,
  type AuthorizerRemovalFlags,
} from '../../authorizer';
import { flag, optionalText, optionalTexts, optionalUrl } from '../../connection-flags';
import { usageError } from '../../failure';
import type { PolicyEngineConfiguration } from '../../../../lambda/model/gateway/gateway-configuration';
import type { Service } from '../../service';
import { findEngine } from '../policy-engine/engines';
import { privateEndpointFlags } from '../../private-endpoints';

export interface IssuerFlags extends Omit<AuthorizerFlags, 'allowedCaller'> {
  readonly allowedScope?: readonly string[];
}

/** The options of a gateway that are not about its issuer. */
export interface OwnFlags {
  readonly description?: string;
  readonly role?: string;
  readonly policyEngine?: string;
  readonly policyMode?: 'enforce' | 'log-only';
}

export interface IssuerRemovalFlags extends Omit<AuthorizerRemovalFlags, 'noIssuer' | 'noAllowedCallers'> {
  readonly noAllowedScopes: boolean;
}

type IssuerChanges = IssuerFlags & Partial<IssuerRemovalFlags>;

export const GATEWAY_FLAGS = {
  description: optionalText('text', 'Description for the owner of the gateway'),
  role: optionalText(
    'ARN',
    'IAM role with which the gateway signs the requests to targets that have --iam-service',
  ),
  policyEngine: optionalText('name', 'Policy engine that decides which requests the gateway forwards'),
  policyMode: {
    kind: 'enum',
    values: ['enforce', 'log-only'],
    optional: true,
    brief:
      'What its decisions do: enforce (default, unless the gateway has a mode), or only in the audit log',
  },
  issuer: optionalUrl('--issuer', 'Issuer of the user tokens, or its discovery URL'),
  allowedAudience: AUTHORIZER_FLAGS.allowedAudience,
  allowedClient: AUTHORIZER_FLAGS.allowedClient,
  allowedScope: optionalTexts(
    'scope',
    'Scope that the user tokens must have; set the option again for each further scope',
  ),
  ...privateEndpointFlags('the issuer'),
} as const;

export const ISSUER_REMOVAL_FLAGS = {
  noAllowedAudiences: flag('Remove all allowed audiences'),
  noAllowedClients: flag('Remove all allowed clients'),
  noAllowedScopes: flag('Require no scope'),
  noPrivateEndpoints: AUTHORIZER_REMOVAL_FLAGS.noPrivateEndpoints,
} as const;

const POLICY_ENGINE_MODE = { enforce: 'ENFORCE', 'log-only': 'LOG_ONLY' } as const;

/** The options by the members that they set. */
export const MEMBER_OPTIONS = {
  ...AUTHORIZER_OPTIONS,
  name: 'the name',
  description: '--description',
  roleArn: '--role',
  allowedScopes: '--allowed-scope',
  policyEngineConfiguration: '--policy-engine',
} as const;

/**
 * Returns the member that the options state. Another engine keeps the mode: a trial must not become enforced by it.
 *
 * @param present of the gateway before
 * @throws CliError for an engine that the caller does not have, and for a mode without an engine
 */
export async function policyEngineOf(
  service: Pick<Service, 'call'>,
  { policyEngine, policyMode }: OwnFlags,
  present?: PolicyEngineConfiguration,
): Promise<{ readonly policyEngineConfiguration?: PolicyEngineConfiguration }> {
  if (policyEngine === undefined && policyMode === undefined) return {};
  const arn =
    policyEngine === undefined ? present?.arn : (await findEngine(service, policyEngine)).policyEngineArn;
  if (arn === undefined) throw usageError('--policy-mode needs --policy-engine.');
  const stated = policyMode && POLICY_ENGINE_MODE[policyMode];
  const mode = stated ?? present?.mode ?? 'ENFORCE';
  return { policyEngineConfiguration: { arn, mode } };
}

/** What clients request in place of a scope stays for the scopes that stay. */
function withScopes(
  { allowedScopes: presentScopes, advertisedScopeMapping: presentMapping = {}, ...issuer }: Authorizer,
  { allowedScope, noAllowedScopes = false }: IssuerChanges,
): Authorizer {
  const allowedScopes = allowedScope ?? (noAllowedScopes ? undefined : presentScopes);
  const mapping = Object.entries(presentMapping).filter(([scope]) => allowedScopes?.includes(scope));
  return {
    ...issuer,
    ...(allowedScopes && { allowedScopes }),
    ...(mapping.length > 0 && { advertisedScopeMapping: Object.fromEntries(mapping) }),
  };
}

export const changesIssuer = (flags: IssuerChanges): boolean =>
  changesAuthorizer(flags) || flags.allowedScope !== undefined || flags.noAllowedScopes === true;

/** @throws CliError for options that exclude each other */
export function checkIssuer(flags: IssuerChanges): void {
  checkAuthorizer(flags);
  if (flags.allowedScope && flags.noAllowedScopes) {
    throw usageError('Set either --allowed-scope or --no-allowed-scopes.');
  }
}

/**
 * Returns the authorizer that the options state.
 *
 * @param present of the gateway before
 * @throws CliError for an option that needs `--issuer`
 */
export function authorizerOf(flags: IssuerChanges, present?: Authorizer): Authorized {
  const discoveryUrl = flags.issuer === undefined ? present?.discoveryUrl : discoveryUrlOf(flags.issuer);
  if (discoveryUrl !== undefined) {
    const issuer = withScopes(changedIssuer(present, discoveryUrl, flags), flags);
    return { authorizerConfiguration: { customJWTAuthorizer: issuer } };
  }
  if (!changesIssuer(flags)) return {};
  throw usageError(
    'The options that begin with --allowed and --private need --issuer.',
    'Without --issuer, callers sign their requests (IAM).',
  );
}
