/** `agent-identity gateway target add`. */
import { buildCommand } from '@stricli/core';
import type { PassthroughProtocol } from '../../../../../lambda/model/gateway/target-configuration';
import { OPERATIONS } from '../../../../../lambda/operations';
import {
  CONNECTION_FLAGS,
  optionalText,
  optionalTexts,
  optionalUrl,
  type ConnectionFlags,
} from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { usageError } from '../../../failure';
import { namingOptions, type OptionNames } from '../../../option-names';
import { printAside } from '../../../output';
import { connect } from '../../../service';
import { findGateway } from '../gateways';
import {
  checkCredential,
  CREDENTIAL_FLAGS,
  CREDENTIAL_OPTIONS,
  credentialOf,
  type CredentialFlags,
} from './credential';
import { GATEWAY_FLAG, showTarget, type Target } from './targets';

interface AddFlags extends ConnectionFlags, CredentialFlags {
  readonly gateway: string;
  readonly url?: string;
  readonly description?: string;
  readonly protocol: Lowercase<PassthroughProtocol>;
  readonly allowQuery?: readonly string[];
  readonly allowRequestHeader?: readonly string[];
  readonly allowResponseHeader?: readonly string[];
}

const MEMBER_OPTIONS: OptionNames = {
  ...CREDENTIAL_OPTIONS,
  name: 'the name',
  description: '--description',
  endpoint: '--url',
  protocolType: '--protocol',
  allowedQueryParameters: '--allow-query',
  allowedRequestHeaders: '--allow-request-header',
  allowedResponseHeaders: '--allow-response-header',
};

function metadataOf({ allowQuery, allowRequestHeader, allowResponseHeader }: AddFlags): object {
  const metadataConfiguration = {
    ...(allowQuery && { allowedQueryParameters: allowQuery }),
    ...(allowRequestHeader && { allowedRequestHeaders: allowRequestHeader }),
    ...(allowResponseHeader && { allowedResponseHeaders: allowResponseHeader }),
  };
  return Object.keys(metadataConfiguration).length === 0 ? {} : { metadataConfiguration };
}

export const add = buildCommand({
  docs: {
    brief: 'Add a target to a gateway',
    fullDescription: [
      'Adds a server to which the gateway forwards the requests below its URL and the name of the target, with a credential.',
      'By default, requests have no credential, no query, and only the headers of the protocol.',
      'To change a target, delete it and add it again: its URL and the grants of users stay.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...GATEWAY_FLAG,
      url: optionalUrl('--url', 'URL of the server; requests go to it and to paths below it'),
      protocol: {
        kind: 'enum',
        values: ['mcp', 'a2a', 'custom'],
        default: 'custom',
        brief: 'What the server speaks, which decides the headers that pass',
      },
      description: optionalText('text', 'Description for the owner of the gateway'),
      ...CREDENTIAL_FLAGS,
      allowQuery: optionalTexts(
        'name',
        'Query parameter that callers can send; set the option again for each further one',
      ),
      allowRequestHeader: optionalTexts(
        'name',
        'Further header that callers can send; set the option again for each further one',
      ),
      allowResponseHeader: optionalTexts(
        'name',
        'Further header that callers receive; set the option again for each further one',
      ),
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the target, a part of its URL', parse: String, placeholder: 'name' }],
    },
  },
  async func(this: CliContext, flags: AddFlags, name: string) {
    const { url, protocol, description } = flags;
    if (url === undefined) throw usageError('Set --url to the URL of the server.');
    checkCredential(flags);
    const service = await connect(this, flags);
    const gateway = await findGateway(service, flags.gateway);
    const credential = await credentialOf(service, flags);
    const created = await namingOptions(
      MEMBER_OPTIONS,
      () =>
        service.call<Target>(OPERATIONS.CreateGatewayTarget, {
          gatewayIdentifier: gateway.gatewayId,
          name,
          ...(description !== undefined && { description }),
          targetConfiguration: {
            http: { passthrough: { endpoint: url, protocolType: protocol.toUpperCase() } },
          },
          ...(credential && { credentialProviderConfigurations: [credential] }),
          ...metadataOf(flags),
        }),
      ({ problem }) =>
        problem?.code === 'NameTaken'
          ? `To change it, first run: agent-identity gateway target delete ${name} --gateway ${gateway.name}`
          : undefined,
    );
    showTarget(this, gateway, created, flags);
    printAside(
      this,
      `Send a request as an agent: agent-identity gateway call ${gateway.name} ${created.name} / --agent NAME ${gateway.authorizerType === 'CUSTOM_JWT' ? '--user-token' : '--user-id ID'}`,
      ...(flags.grantType === 'authorization-code' && flags.returnUrl === undefined
        ? ['Users can consent only if the agent sends a return URL, or if the target has one (--return-url).']
        : []),
    );
  },
});
