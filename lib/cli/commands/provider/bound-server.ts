/** The metadata of the authorization server that the provider of an MCP server is bound to, by the rules of the service. */
import type { ProtectedResource } from '../../../../lambda/model/provider/record';
import {
  boundServerMetadata,
  findProtectedResource,
  type ResourceDiscoveryDependencies,
} from '../../../../lambda/domain/oauth/protected-resource-discovery';
import { checkIssuer } from '../../../../lambda/domain/oauth/bound-server-checks';
import { ProviderFailure } from '../../../../lambda/domain/oauth/provider-failure';
import { validatedResource } from '../../../../lambda/domain/oauth/protected-resource';
import type { EndpointPolicy } from '../../../../lambda/model/endpoint';
import { isMetadataUrl } from '../../../../lambda/model/discovery-url';
import { plainUrl } from '../../plain-url';
import { documentResponse } from '../../provider-request';
import {
  documentFault,
  faultOf,
  jsonDocument,
  text,
  type AcceptedMetadata,
  type Fault,
  type ServerDocument,
} from '../../server-document';
import type { Oauth2Provider } from './provider';
import { confirmingCommand, originOptions } from './server-move';

/** The metadata that the service uses, or why it uses none. */
export type Discovered =
  | AcceptedMetadata
  | (Fault & {
      /** URL of the document that has the fault, if it is not the one at the discovery URL. */
      readonly at?: string;
    });

/** Returns the authorization server that an MCP server names now, if it names one that the service accepts. */
async function namedServer(discoveryUrl: string, policy: EndpointPolicy): Promise<string | undefined> {
  const found = await jsonDocument(discoveryUrl, policy);
  if ('fault' in found) return undefined;
  try {
    const [named, ...others] = validatedResource(discoveryUrl, found.document).authorizationServers;
    if (named === undefined || others.length > 0 || isMetadataUrl(named)) return undefined;
    checkIssuer(named, policy);
    return named;
  } catch {
    return undefined;
  }
}

/** Returns where a server has its endpoints now, and how the owner confirms it; the fault alone if it names them no more. */
async function originsMoved(
  { name }: Oauth2Provider,
  discoveryUrl: string,
  deps: ResourceDiscoveryDependencies,
  bound: Pick<ProtectedResource, 'issuer' | 'endpointOrigins'>,
): Promise<Fault> {
  const { issuer } = bound;
  const stored = bound.endpointOrigins.join(' and ');
  try {
    const { protectedResource: found } = await findProtectedResource(deps, discoveryUrl, issuer);
    const named = found.endpointOrigins;
    const options = originOptions(named);
    return documentFault(
      `the endpoints are at ${named.join(' and ')}, but the credential provider accepts only ${stored}`,
      `The service sends no request to another origin. Ask the operator of the server whether the change is right. If so, run ${confirmingCommand(name, discoveryUrl, issuer, options)} to confirm the new origins.`,
    );
  } catch (error) {
    return faultOf(error, deps.endpointPolicy);
  }
}

/** Returns where the metadata of a server are now, and how the service finds them again; undefined if that is not known. */
async function metadataMoved(
  { name }: Oauth2Provider,
  discoveryUrl: string,
  deps: ResourceDiscoveryDependencies,
  { issuer }: Pick<ProtectedResource, 'issuer'>,
): Promise<Fault | undefined> {
  try {
    const { protectedResource: found } = await findProtectedResource(deps, discoveryUrl, issuer);
    return documentFault(
      `the authorization server has no metadata at this URL, where the service reads them, but at ${found.metadataUrl}`,
      `Run ${confirmingCommand(name, discoveryUrl, issuer)}, so that the service reads them there.`,
    );
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.unavailable || error.remedy === undefined)
      return undefined;
    return documentFault(error.detail, `${error.remedy}.`);
  }
}

/** A document that the check has read last. */
interface Read {
  readonly url: string;
  readonly response: Response | undefined;
}

/** Returns the document, if it is a JSON object. */
async function documentOf({ response }: Read): Promise<ServerDocument> {
  const document: unknown = await response?.json().catch(() => undefined);
  return typeof document === 'object' && document !== null ? { ...document } : {};
}

const isSameOrigin = (one: string, other: string): boolean =>
  URL.canParse(one) && new URL(one).origin === new URL(other).origin;

/** Returns which document is not valid, with what it states about whose it is, and what to do about it. */
async function invalidDocument(
  provider: Oauth2Provider,
  bound: NonNullable<Oauth2Provider['protectedResource']>,
  discoveryUrl: string,
  { read, fault }: { readonly read: Read; readonly fault: string },
): Promise<Fault> {
  const document = await documentOf(read);
  if (read.url === discoveryUrl) {
    const resource = text(document.resource);
    const action = 'Ask the operator of the MCP server to correct its metadata.';
    if (resource === undefined || resource === bound.resource) return documentFault(fault, action);
    const stated = plainUrl(resource) ?? 'of another URL';
    const server = isSameOrigin(resource, bound.resource) ? plainUrl(resource) : undefined;
    return documentFault(
      `the document is that of the resource ${stated}, but the provider is for ${bound.resource}`,
      server === undefined
        ? action
        : `If ${stated} is the right URL of the MCP server, run agent-identity provider update ${provider.name} --mcp ${server}. Otherwise, ask the operator of the MCP server to correct it.`,
    );
  }
  const issuer = text(document.issuer);
  if (issuer === undefined || issuer === bound.authorizationServer) {
    return documentFault(fault, 'Ask the operator of the authorization server to correct its metadata.');
  }
  return documentFault(
    `the document states the issuer ${plainUrl(issuer) ?? 'of another server'}, but the MCP server names ${bound.authorizationServer}`,
    'Ask the operators of both servers which one is right: the texts must be equal.',
  );
}

/** Returns the metadata of the server that the provider of an MCP server is bound to, validated as by the service. */
export async function metadataOfBoundServer(
  provider: Oauth2Provider,
  discoveryUrl: string,
  policy: EndpointPolicy,
): Promise<Discovered> {
  const { name, protectedResource: bound } = provider;
  if (bound?.authorizationServerMetadataUrl === undefined) {
    return documentFault(
      'the service does not say which authorization server it uses, and where its metadata are',
      'Check that the deployment is not older than this command.',
    );
  }
  const { resource, authorizationServer: issuer, authorizationServerMetadataUrl, endpointOrigins } = bound;
  const configured = { resource, issuer, metadataUrl: authorizationServerMetadataUrl, endpointOrigins };
  let read: Read = { url: discoveryUrl, response: undefined };
  const transport = async (url: string) => {
    read = { url, response: undefined };
    const response = await documentResponse(url, policy);
    read = { url, response: response.clone() };
    return response;
  };
  const deps = { transport, endpointPolicy: policy };
  try {
    const metadata = await boundServerMetadata(deps, discoveryUrl, configured);
    return { document: { ...metadata } };
  } catch (error) {
    const last: Read = read;
    const at = last.url;
    const found = faultOf(error, policy);
    if (!(error instanceof ProviderFailure)) return { at, ...found };
    const { fault } = found;
    switch (error.code) {
      case 'endpoint_origin_changed':
        return { at, ...(await originsMoved(provider, discoveryUrl, deps, { issuer, endpointOrigins })) };
      case 'authorization_server_changed': {
        const command = confirmingCommand(name, discoveryUrl, await namedServer(discoveryUrl, policy));
        return {
          at,
          ...found,
          fault: `${fault}, ${issuer}`,
          action: `The service sends no authorization or token request to another server. Ask the operator of the MCP server whether the change is right. If so, run ${command} to confirm the new issuer.`,
        };
      }
      case 'invalid_metadata':
        return { at, ...(await invalidDocument(provider, bound, discoveryUrl, { read: last, fault })) };
      default: {
        const { unavailable, remedy } = error;
        if (!unavailable && at === configured.metadataUrl) {
          const moved = await metadataMoved(provider, discoveryUrl, deps, configured);
          if (moved) return { at, ...moved };
        }
        const later = 'Try again later. If the error persists, ask the operator of the server.';
        return { at, ...found, action: unavailable || remedy === undefined ? later : `${remedy}.` };
      }
    }
  }
}
