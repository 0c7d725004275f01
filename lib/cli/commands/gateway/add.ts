/** `agent-identity gateway add`. */
import { buildCommand } from '@stricli/core';
import { UNUSED_ROLE_ARN } from '../../../../lambda/model/gateway/gateway-configuration';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { nameTaken } from '../../name-taken';
import { namingOptions } from '../../option-names';
import { printAside } from '../../output';
import { connect } from '../../service';
import {
  authorizerOf,
  GATEWAY_FLAGS,
  MEMBER_OPTIONS,
  policyEngineOf,
  type IssuerFlags,
  type OwnFlags,
} from './config';
import { showGateway, type Gateway } from './gateways';

interface AddFlags extends ConnectionFlags, IssuerFlags, OwnFlags {
  readonly mcp: boolean;
}

export const add = buildCommand({
  docs: {
    brief: 'Create a gateway',
    fullDescription: [
      'Creates a gateway, which attaches credentials to the requests of agents. It belongs to the principal whose credentials sign the request.',
      'By default, agents sign their requests (IAM). With --issuer, callers authenticate with a user token of this issuer.',
      'Without --allowed-audience and --allowed-client, the audience of the user tokens must be the URL of the gateway.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...GATEWAY_FLAGS,
      mcp: flag('Make the gateway one MCP server, with the tools of several'),
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the gateway', parse: String, placeholder: 'name' }],
    },
  },
  async func(this: CliContext, flags: AddFlags, name: string) {
    const authorizer = authorizerOf(flags);
    const service = await connect(this, flags);
    const engine = await policyEngineOf(service, flags);
    const created = await namingOptions(
      MEMBER_OPTIONS,
      () =>
        service.call<Gateway>(OPERATIONS.CreateGateway, {
          name,
          roleArn: flags.role ?? UNUSED_ROLE_ARN,
          authorizerType: authorizer.authorizerConfiguration ? 'CUSTOM_JWT' : 'AWS_IAM',
          ...authorizer,
          ...(flags.description !== undefined && { description: flags.description }),
          ...(flags.mcp && { protocolType: 'MCP' }),
          ...engine,
        }),
      (failure) => nameTaken(failure, 'gateway'),
    );
    showGateway(this, created, flags);
    printAside(
      this,
      `Add a target: agent-identity gateway target add NAME --gateway ${created.name} ${flags.mcp ? '--mcp' : '--url'} URL`,
    );
  },
});
