/** Targets of a gateway: how a person names them, and what people see of them. */
import { nameInArn } from '../../../../../lambda/model/arn';
import { acceptedTools } from '../../../../../lambda/domain/gateway/manage/target-tools';
import { OPERATIONS } from '../../../../../lambda/operations';
import type {
  CredentialProviderConfiguration,
  MetadataConfiguration,
  TargetConfiguration,
} from '../../../../../lambda/model/gateway/target-configuration';
import type { CliContext } from '../../../context';
import { notFound } from '../../../not-found';
import { isoTime, printFields, printJson } from '../../../output';
import { allPages, type Service } from '../../../service';
import { findGateway, type Gateway } from '../gateways';

/** What listings have. */
export interface TargetSummary {
  readonly targetId: string;
  readonly name: string;
  readonly description?: string;
  readonly status: string;
}

export interface Target extends TargetSummary {
  readonly targetConfiguration: TargetConfiguration;
  readonly credentialProviderConfigurations: readonly CredentialProviderConfiguration[];
  readonly metadataConfiguration?: MetadataConfiguration;
  /** The accepted tools that were fetched from an MCP server, as JSON. */
  readonly tools?: string;
  /** Why the last synchronization was not successful. */
  readonly statusReasons?: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const ONE_TARGET = {
  kind: 'tuple',
  parameters: [{ brief: 'Name or ID of the target', parse: String, placeholder: 'target' }],
} as const;

export const GATEWAY_FLAG = {
  gateway: { kind: 'parsed', parse: String, placeholder: 'name', brief: 'Gateway of the target' },
} as const;

export const listTargets = (
  service: Pick<Service, 'call'>,
  { gatewayId: gatewayIdentifier }: Pick<Gateway, 'gatewayId'>,
): Promise<TargetSummary[]> =>
  allPages<TargetSummary>(service, OPERATIONS.ListGatewayTargets, 'items', { gatewayIdentifier });

/**
 * Returns the gateway, and its target that a person names by its name or its ID.
 *
 * @throws CliError if there is none
 */
export async function findTarget(
  service: Pick<Service, 'call'>,
  { gateway: gatewayNamed, target: named }: { readonly gateway: string; readonly target: string },
): Promise<{ readonly gateway: Gateway; readonly target: Target }> {
  const gateway = await findGateway(service, gatewayNamed);
  const targets = await listTargets(service, gateway);
  // Names come first: that of one target can be the ID of another one.
  const found =
    targets.find(({ name }) => name === named) ?? targets.find(({ targetId }) => targetId === named);
  if (!found) {
    throw notFound(`The gateway "${gateway.name}" has no target`, named, {
      names: targets.map(({ name }) => name),
      list: `gateway target list --gateway ${gateway.name}`,
    });
  }
  const target = await service.call<Target>(OPERATIONS.GetGatewayTarget, {
    gatewayIdentifier: gateway.gatewayId,
    targetId: found.targetId,
  });
  return { gateway, target };
}

/** Returns the address of a target at its gateway; undefined if the operator turned gateways off. */
export const addressAt = (
  { gatewayUrl, protocolType }: Pick<Gateway, 'gatewayUrl' | 'protocolType'>,
  { name }: Pick<TargetSummary, 'name'>,
): string | undefined => (gatewayUrl === undefined || protocolType ? gatewayUrl : `${gatewayUrl}/${name}`);

type Field = readonly [label: string, value: string | undefined];

/** Returns which credential the gateway attaches. */
function credentialFields(configuration: CredentialProviderConfiguration | undefined): Field[] {
  if (!configuration) return [['Credential', 'none']];
  if (configuration.credentialProviderType === 'JWT_PASSTHROUGH') {
    return [['Credential', 'user token of the caller']];
  }
  if (configuration.credentialProviderType === 'OAUTH') {
    const { oauthCredentialProvider: oauth } = configuration.credentialProvider;
    return [
      ['Credential', `access token of ${nameInArn(oauth.providerArn)}`],
      ['Grant type', oauth.grantType ?? 'CLIENT_CREDENTIALS'],
      ['Scopes', oauth.scopes.join(' ') || undefined],
      ['Return URL', oauth.defaultReturnUrl],
    ];
  }
  if (configuration.credentialProviderType === 'GATEWAY_IAM_ROLE') {
    const { service, region } = configuration.credentialProvider.iamCredentialProvider;
    return [
      ['Credential', 'signature with the role of the gateway'],
      ['Service', service],
      ['Region', region],
    ];
  }
  const { apiKeyCredentialProvider: key } = configuration.credentialProvider;
  const isQuery = key.credentialLocation === 'QUERY_PARAMETER';
  return [
    ['Credential', `API key of ${nameInArn(key.providerArn)}`],
    isQuery
      ? ['Query parameter', key.credentialParameterName ?? 'api_key']
      : ['Header', key.credentialParameterName ?? 'Authorization'],
    ['Prefix', key.credentialPrefix],
  ];
}

export function showTarget(
  context: CliContext,
  gateway: Gateway,
  target: Target,
  { json }: { readonly json: boolean },
): void {
  if (json) {
    printJson(context, target);
    return;
  }
  const { targetConfiguration, credentialProviderConfigurations, metadataConfiguration = {} } = target;
  const { http, mcp } = targetConfiguration;
  const { allowedQueryParameters, allowedRequestHeaders, allowedResponseHeaders } = metadataConfiguration;
  printFields(context, [
    ['Target', target.name],
    ['ID', target.targetId],
    ['Description', target.description],
    ['URL', addressAt(gateway, target)],
    ['Forwards to', http?.passthrough?.endpoint ?? mcp?.mcpServer?.endpoint],
    ['Invokes', http?.agentcoreRuntime?.arn],
    ['Agent', http?.agentcoreRuntime && (http.agentcoreRuntime.workloadIdentity ?? target.name)],
    ['Return URL', http?.agentcoreRuntime?.oauth2CallbackUrl],
    ['Protocol', http?.agentcoreRuntime ? undefined : (http?.passthrough?.protocolType ?? 'MCP')],
    ['Status', mcp && target.status],
    [
      'Tools',
      mcp &&
        (acceptedTools(target)
          .map(({ name }) => name)
          .join(' ') ||
          'none'),
    ],
    ...credentialFields(credentialProviderConfigurations[0]),
    ['Query parameters', allowedQueryParameters?.join(' ')],
    ['Request headers', allowedRequestHeaders?.join(' ')],
    ['Response headers', allowedResponseHeaders?.join(' ')],
    ['Created', isoTime(Date.parse(target.createdAt) / 1000)],
    ['Changed', isoTime(Date.parse(target.updatedAt) / 1000)],
  ]);
}
