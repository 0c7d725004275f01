/** The registration of a client at an authorization server (RFC 7591), which `connect` does in the place of a person. */
import { PUBLIC_CLIENT } from '../../../../lambda/model/provider/client';
import type { NewClient } from '../../../../lambda/model/events/provider-client';
import type { Metadata } from '../../../../lambda/domain/oauth/provider-metadata';
import { ProviderFailure } from '../../../../lambda/domain/oauth/provider-failure';
import {
  deleteClient,
  registerClient,
  type RequestedClient,
} from '../../../../lambda/domain/oauth/register-client';
import { CliError } from '../../failure';
import { endpointPolicyOf, transportBy, UrlNotAllowed } from '../../provider-request';
import { metadataAt, type AcceptedMetadata } from '../../server-document';
import type { Service } from '../../service';
import { plainUrl } from '../../plain-url';

/** What sets the members that a failure of the service names. */
const OPTIONS: readonly (readonly [member: RegExp, option: string])[] = [
  [/\binitialAccessToken\b/g, '--initial-access-token'],
  [/\bset clientId and clientSecret\b/g, 'set --client-id'],
  [/\bclientId\b/g, '--client-id'],
];

/**
 * Returns the metadata of an authorization server.
 *
 * @throws CliError that says why the service cannot use them
 */
export async function serverMetadata(
  service: Service,
  discoveryUrl: string,
  name: string,
): Promise<AcceptedMetadata> {
  const found = await metadataAt(
    discoveryUrl,
    endpointPolicyOf(service),
    (issuer) => `If this is the right issuer, set --issuer ${plainUrl(issuer) ?? 'ISSUER'}.`,
  );
  if ('document' in found) return found;
  const { pathname, href } = new URL(discoveryUrl.replace(/\/\.well-known\/[^/]*$/, ''));
  const server = plainUrl(href) ?? 'URL';
  throw new CliError(
    `The metadata of the authorization server cannot be used: ${discoveryUrl}: ${found.fault}.`,
    {
      next: /\/(mcp|sse)\/?$/.test(pathname)
        ? `If it is an MCP server, run agent-identity connect ${name} --mcp ${server}`
        : found.action,
    },
  );
}

export const registersClients = ({ document }: AcceptedMetadata): boolean =>
  typeof document.registration_endpoint === 'string';

/**
 * Returns the metadata without the method `none`, if the server has another one: a client with a secret is safer at a
 * server of which nothing says that it requires PKCE.
 */
function confidential(metadata: Metadata): Metadata {
  const { token_endpoint_auth_methods_supported: methods } = metadata;
  const others = methods?.filter((method) => /^client_secret_(basic|post)$/.test(method)) ?? [];
  return others.length === 0 ? metadata : { ...metadata, token_endpoint_auth_methods_supported: others };
}

/**
 * Registers a client.
 *
 * @throws CliError for a server that registers none, or one that the service cannot use
 */
export async function register(
  service: Service,
  { document }: AcceptedMetadata,
  requested: RequestedClient,
): Promise<NewClient> {
  const endpointPolicy = endpointPolicyOf(service);
  const deps = { transport: transportBy(endpointPolicy), endpointPolicy };
  try {
    // It was validated when it was read.
    return await registerClient(deps, confidential(document as unknown as Metadata), requested);
  } catch (error) {
    if (error instanceof UrlNotAllowed) {
      throw new CliError(`The registration endpoint cannot be used: ${error.message}.`);
    }
    if (!(error instanceof ProviderFailure)) throw error;
    throw registrationFailure(error, requested);
  }
}

function registrationFailure(
  { code, detail, unavailable }: ProviderFailure,
  { initialAccessToken }: RequestedClient,
): CliError {
  const [fault = '', ...steps] = OPTIONS.reduce(
    (text, [member, option]) => text.replace(member, option),
    initialAccessToken === undefined ? detail : detail.replaceAll(initialAccessToken, '…'),
  ).split('; ');
  const next = steps.join('; ');
  return new CliError(`The authorization server has not registered the client (${code}): ${fault}.`, {
    next: unavailable
      ? 'Try again later.'
      : next === ''
        ? undefined
        : `${next[0]?.toUpperCase()}${next.slice(1)}.`,
  });
}

/** Deletes a client that the provider does not get, if the server lets it. */
export async function unregister(service: Service, { management }: NewClient): Promise<void> {
  if (!management) return;
  const transport = transportBy(endpointPolicyOf(service));
  await deleteClient({ transport }, management).catch(() => undefined);
}

/** Returns the members of the provider's configuration for a client. A public one has neither a secret nor a method. */
export const clientMembers = ({
  clientId,
  clientAuthenticationMethod,
  clientSecret,
}: NewClient): Record<string, unknown> => ({
  clientId,
  ...(clientAuthenticationMethod !== PUBLIC_CLIENT && { clientAuthenticationMethod, clientSecret }),
});
