/** The command that lets an agent accept the users who sign in at a portal, for the warning that it does not. */
import { nameInArn } from '../../../../lambda/model/arn';
import { OPERATIONS } from '../../../../lambda/operations';
import type { Authorized } from '../../authorizer';
import { ServiceFailure } from '../../failure';
import type { Service } from '../../service';
import { configOf, getProvider } from '../provider/provider';

/** The agent in the service's warning that its trusted issuer does not list the client of the sign-in. */
const UNLISTED = /for the workload identity "([\w.-]+)": its trusted issuer\b.* does not list the client ID/;

/** Texts that a shell takes as they are: another owner chose the client ID. */
const PLAIN = /^\w[\w.:/@%-]{0,511}$/;

/** What the command needs of a portal. */
interface WarnedPortal {
  readonly statusReason?: string;
  readonly sources: readonly { readonly identifier: string }[];
  readonly idpConfig: { readonly credentialProviderArn: string; readonly audience?: string };
}

/** Returns the list with the client, as options that replace it; none if it need not change. */
function options(option: string, list: readonly string[] | undefined, clientId: string): string[] {
  if (list === undefined || list.includes(clientId)) return [];
  return [...list, clientId].map((text) => `${option} ${text}`);
}

/**
 * Returns the command that adds the client of the sign-in to what the agent accepts, and keeps the rest. Undefined if the
 * warning is another one, if the agent trusts the deployment's issuers, or if this caller cannot read the agent or the
 * provider.
 */
export async function audienceCommand(
  service: Service,
  { statusReason = '', sources, idpConfig }: WarnedPortal,
): Promise<string | undefined> {
  const name = UNLISTED.exec(statusReason)?.[1];
  const provider = nameInArn(idpConfig.credentialProviderArn);
  if (name === undefined || provider === undefined) return undefined;
  if (!sources.some(({ identifier }) => identifier === name)) return undefined;
  try {
    const { clientId } = configOf(await getProvider(service, provider));
    const { authorizerConfiguration } = await service.call<Authorized>(OPERATIONS.GetWorkloadIdentity, {
      name,
    });
    const { allowedAudience, allowedClients } = authorizerConfiguration?.customJWTAuthorizer ?? {};
    if (clientId === undefined) return undefined;
    const { audience = clientId } = idpConfig;
    const isListed = allowedAudience?.includes(audience) === true;
    const added = [
      ...(isListed ? [] : options('--allowed-audience', allowedAudience, clientId)),
      ...options('--allowed-client', allowedClients, clientId),
    ];
    const texts = [clientId, ...(allowedAudience ?? []), ...(allowedClients ?? [])];
    if (added.length === 0 || !texts.every((text) => PLAIN.test(text))) return undefined;
    return `agent-identity agent update ${name} ${added.join(' ')}`;
  } catch (error) {
    if (error instanceof ServiceFailure) return undefined;
    throw error;
  }
}
