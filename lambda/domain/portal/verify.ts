/** Verifies that a portal can work: its sign-in provider, and that its agents trust the issuer that people sign in at. */
import { audited, type AuditTrail } from '../audit';
import { isIssuerOf } from '../../model/discovery-url';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { trustedIssuersOf, type DeployedIssuer, type TrustedIssuer } from '../identity/trusted-issuer';
import { ProviderFailure, shownHost } from '../oauth/provider-failure';
import type { MetadataReader } from '../oauth/provider-metadata';
import { isOwnedBy } from '../ownership';
import { portalActionDenial, credentialUseDenial } from '../policy/access';
import type { Oauth2Provider } from '../../model/provider/record';
import { connectionOf } from '../provider/oauth2-provider';
import type { IdentityReader } from '../restriction/restriction';
import type { System } from '../system';
import { isConfigured, notConfigured, type LeftOut } from './configured-resources';
import { MAX_REASON, type ConsentPortalStore } from './consent-portal';
import type { ConsentPortal } from '../../model/records/consent-portal';
import { ownerOf, signInProviderOf, type ServedPortalDependencies } from './served-portal';
import { signInEndpoints } from './sign-in';
import { concludeVerification, unverifiedPortal } from './verification';

export interface VerifyPortalDependencies {
  readonly portals: ConsentPortalStore;
  readonly providers: ServedPortalDependencies['providers'];
  readonly directory: IdentityReader;
  readonly metadata: MetadataReader;
  /** The deployment's issuers, for workload identities without their own authorizer configuration. */
  readonly trustedIssuers: readonly DeployedIssuer[];
  readonly audit: AuditTrail;
  readonly system: System;
}

/** Why the pages leave an agent or a connection out, for a cause that another owner can bring about. */
interface Unusable {
  readonly reason: string;
  readonly isOwn: boolean;
}

/** What a verification found of an agent, or of the provider of a connection. */
type ResourceFinding =
  /** Why the portal cannot work. */
  | { readonly fault: string }
  | { readonly unusable: Unusable }
  /** It is not part of the portal. */
  | { readonly leftOut: LeftOut }
  /** It works. The warning is why users might not be able to sign in, or to disconnect an account. */
  | { readonly identity?: WorkloadIdentity; readonly warning?: string };

/** What the portal's owner must know of the portal. */
interface PortalFinding {
  /** Why the portal cannot work; absent if it can. */
  readonly fault?: string;
  /** The cause of the fault for the operator, if the portal's owner does not read it. */
  readonly detail?: string;
  readonly warning?: string;
}

const othersFinding = (reason: string): ResourceFinding => ({ unusable: { reason, isOwn: false } });

/** The sign-in of a portal, at the issuer of the metadata. */
interface PortalClient {
  readonly issuer: string;
  /** What the portal's owner reads after "issuer": begins with a space, or is empty. */
  readonly shownIssuer: string;
  readonly clientId: string;
  /** Audience that the sign-in requests for its access token. */
  readonly audience: string | undefined;
}

/** Returns the client ID for a text. Another owner can have written a sentence into it. */
const quotable = (clientId: string): string => (/^[\w.:/@-]{1,128}$/.test(clientId) ? `"${clientId}"` : 'it');

/** Returns what a reason says after "issuer". Another owner can have written a sentence into the URL. */
function issuerForReason(issuer: string, isOwn: boolean): string {
  if (isOwn) return ` ${issuer}`;
  const host = shownHost(issuer);
  return host === undefined ? '' : ` at ${host}`;
}

/** Returns the members of the issuer's entry that a token of the client probably does not meet. */
const unmet = (
  { allowedAudience, allowedClients }: TrustedIssuer,
  { clientId, audience }: PortalClient,
): string[] => [
  ...(allowedAudience?.every((each) => each !== clientId && each !== audience) ? ['allowedAudience'] : []),
  ...(allowedClients?.includes(clientId) === false ? ['allowedClients'] : []),
];

/**
 * Returns why the agent probably admits no user of the client. An identity provider can put further audiences into its
 * tokens, so this is no fault.
 */
function clientWarning(
  entries: readonly TrustedIssuer[],
  name: string,
  client: PortalClient,
): string | undefined {
  const lists = entries.map((entry) => unmet(entry, client));
  const [first] = lists;
  if (!first || lists.some((members) => members.length === 0)) return undefined;
  return `Users might not be able to sign in for the workload identity "${name}": its trusted issuer${client.shownIssuer} does not list the client ID of the sign-in provider. Add ${quotable(client.clientId)} to ${first.join(' and ')} of the trusted issuer, and then update the portal to verify it again.`;
}

/** Returns why users cannot disconnect the accounts of the agent. */
function disconnectionWarning(portal: ConsentPortal, resource: WorkloadIdentity): string | undefined {
  const denials = (['ListResourceGrants', 'RevokeResourceGrant'] as const).flatMap(
    (operation) => portalActionDenial({ principal: ownerOf(portal), operation, resource }) ?? [],
  );
  const [first] = denials;
  return first && `Users cannot disconnect the accounts of an agent. ${first.message}`;
}

/**
 * Returns why an agent cannot be in the portal, or why users might not reach it. What another owner does to an agent leaves
 * this agent out: it must not end the pages of the others.
 */
async function sourceFinding(
  { directory, trustedIssuers }: VerifyPortalDependencies,
  portal: ConsentPortal,
  name: string,
  client: PortalClient,
): Promise<ResourceFinding> {
  const { identity } = await directory.readIdentity(name, undefined);
  if (!identity) return othersFinding(`The workload identity "${name}" does not exist.`);
  // The policy of a resource that is not part of the portal decides nothing.
  if (!isConfigured(portal, identity)) return { leftOut: identity };
  const denial = portalActionDenial({
    principal: ownerOf(portal),
    operation: 'GetWorkloadAccessTokenForJWT',
    resource: identity,
  });
  const isOwn = isOwnedBy(identity, ownerOf(portal));
  if (denial) return { unusable: { reason: denial.message, isOwn } };
  const { issuer, shownIssuer } = client;
  const entries = trustedIssuersOf(identity, trustedIssuers).filter((entry) => isIssuerOf(issuer, entry));
  if (entries.length === 0) {
    const reason = `The workload identity "${name}" does not trust the issuer${shownIssuer} of the sign-in provider. Add it to the trusted issuers of the deployment or of the workload identity.`;
    return isOwn ? { fault: reason } : othersFinding(reason);
  }
  const warnings = [clientWarning(entries, name, client), disconnectionWarning(portal, identity)];
  const warning = warnings.filter((text) => text !== undefined).join(' ');
  return { identity, ...(warning !== '' && { warning }) };
}

/** Returns why the pages do not offer the connections of a provider, although the portal works. */
async function connectionFinding(
  { providers }: VerifyPortalDependencies,
  portal: ConsentPortal,
  name: string,
  identities: ReadonlyMap<string, WorkloadIdentity>,
): Promise<ResourceFinding> {
  const provider = await providers.get(name);
  if (!provider) return othersFinding(`The credential provider "${name}" does not exist.`);
  if (!isConfigured(portal, provider)) return { leftOut: provider };
  for (const { workloadName, credentialProviderName, scopes, customParameters } of portal.connections) {
    const identity = identities.get(workloadName);
    if (!identity || credentialProviderName !== name) continue;
    const denial = credentialUseDenial({
      principal: ownerOf(portal),
      operation: 'GetResourceOauth2Token',
      identity,
      provider,
      scopes,
      customParameters,
    });
    if (denial) return { unusable: { reason: denial.message, isOwn: isOwnedBy(provider, ownerOf(portal)) } };
  }
  return {};
}

/** Returns the first cause, the owner's own if there is one, and how many more there are. */
function leftOutBecause(causes: readonly Unusable[]): string {
  const [first, ...further] = causes.toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn));
  return `Left out: ${first?.reason}${further.length > 0 ? ` ${further.length} more cannot be used.` : ''}`;
}

/** Returns why the metadata cannot be used. The detail can name secrets and servers of the provider's owner. */
function metadataFault(
  { arn }: Oauth2Provider,
  { code, detail }: ProviderFailure,
  isOwn: boolean,
): PortalFinding {
  const cause = isOwn ? `(${code}): ${detail}.` : `(${code}). Ask its owner for the cause.`;
  return {
    fault: `The metadata of the credential provider ${arn} cannot be used for a sign-in ${cause} Update the portal to verify it again.`,
    ...(!isOwn && { detail: `${code}: ${detail}` }),
  };
}

async function portalFinding(deps: VerifyPortalDependencies, portal: ConsentPortal): Promise<PortalFinding> {
  const provider = await signInProviderOf(deps, portal);
  if (typeof provider === 'string') return { fault: provider };
  if (provider.clientId === '') {
    return { fault: `The credential provider ${provider.arn} has no clientId.` };
  }
  if (provider.discovery.discoveryUrl === undefined) {
    return {
      fault: `The credential provider ${provider.arn} has no discovery URL, which a sign-in requires.`,
    };
  }
  const isOwnProvider = isOwnedBy(provider, ownerOf(portal));
  let issuer: string;
  try {
    const metadata = await deps.metadata.read(provider.discovery, connectionOf(provider));
    signInEndpoints(metadata);
    ({ issuer } = metadata);
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    return metadataFault(provider, error, isOwnProvider);
  }
  const client = {
    issuer,
    shownIssuer: issuerForReason(issuer, isOwnProvider),
    clientId: provider.clientId,
    audience: portal.idpConfig.audience,
  };
  const offered = new Set(portal.connections.map(({ credentialProviderName }) => credentialProviderName));
  const agents = await Promise.all(
    portal.sources.map(({ identifier }) => sourceFinding(deps, portal, identifier, client)),
  );
  const identities = new Map(
    agents.flatMap((each) =>
      'identity' in each && each.identity ? [[each.identity.name, each.identity]] : [],
    ),
  );
  const connections = await Promise.all(
    [...offered].map((name) => connectionFinding(deps, portal, name, identities)),
  );
  const findings = [...agents, ...connections];
  const faulty = findings.find((each) => 'fault' in each);
  if (faulty) return faulty;
  const isOwn = (each: ResourceFinding) =>
    'identity' in each && each.identity !== undefined && isOwnedBy(each.identity, ownerOf(portal));
  const [warning] = [...agents.filter(isOwn), ...agents].flatMap((each) =>
    'warning' in each ? (each.warning ?? []) : [],
  );
  const leftOut = findings.flatMap((each) => ('leftOut' in each ? each.leftOut : []));
  const unusable = findings.flatMap((each) => ('unusable' in each ? each.unusable : []));
  // The texts about the resources of others must not cut the first one off.
  const room = MAX_REASON - (warning === undefined ? 0 : warning.length + 1);
  const reason = [
    warning,
    leftOut.length > 0 ? notConfigured(leftOut, room) : undefined,
    unusable.length > 0 ? leftOutBecause(unusable) : undefined,
  ]
    .filter((text) => text !== undefined)
    .join(' ');
  if (reason === '') return {};
  return identities.size > 0 ? { warning: reason } : { fault: reason };
}

/**
 * Verifies a portal, and stores the result as its status. A portal that was deleted, changed, or verified in the meantime
 * stays as it is.
 *
 * @param revision `configurationRevision` of the portal
 */
export async function verifyPortal(
  deps: VerifyPortalDependencies,
  { portalId, revision }: { readonly portalId: string; readonly revision: number },
): Promise<void> {
  const portal = await unverifiedPortal(deps.portals, portalId, revision);
  if (!portal) return;
  await audited(deps.audit, { operation: 'VerifyConsentPortal' }, async (annotate) => {
    annotate({ principal: portal.owner, consentPortal: portal.arn });
    const finding = await portalFinding(deps, portal);
    const fault = finding.fault?.slice(0, MAX_REASON);
    const warning = finding.warning?.slice(0, MAX_REASON);
    const concluded = await concludeVerification(deps, { portalId, revision, fault, warning });
    const reason = finding.detail ?? fault ?? warning;
    annotate({
      ...(concluded && { result: concluded.status }),
      ...(reason !== undefined && { reason }),
    });
  });
}
