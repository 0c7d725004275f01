/** `agent-identity gateway target add`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { namingOptions } from '../../../option-names';
import { printAside } from '../../../output';
import { connect } from '../../../service';
import { findGateway, type Gateway } from '../gateways';
import {
  checkKind,
  credentialFlagsOf,
  MEMBER_OPTIONS,
  metadataOf,
  serverOf,
  TARGET_FLAGS,
  type TargetFlags,
} from './config';
import { checkCredential, credentialOf } from './credential';
import { addressAt, GATEWAY_FLAG, showTarget, type Target } from './targets';

interface AddFlags extends ConnectionFlags, TargetFlags {
  readonly gateway: string;
}

function nextStep(gateway: Gateway, { name }: Target, { agent, mcp, grantType }: AddFlags): string {
  if (mcp !== undefined) return `Connect an MCP client to ${gateway.gatewayUrl ?? 'the URL of the gateway'}`;
  if (agent !== undefined) return `Invoke the agent: POST ${addressAt(gateway, { name }) ?? ''}/invocations`;
  const forUser = grantType === undefined || grantType === 'client-credentials' ? '' : ' --user-id ID';
  const user = gateway.authorizerType === 'CUSTOM_JWT' ? ' --user-token' : forUser;
  return `Send a request as an agent: agent-identity gateway call ${gateway.name} ${name} --agent NAME${user}`;
}

export const add = buildCommand({
  docs: {
    brief: 'Add a target to a gateway',
    fullDescription: [
      'Adds a server to which the gateway forwards the requests below its URL and the name of the target, with a credential.',
      'With --mcp, adds an MCP server to a gateway that has one URL for several. Its tools are listed as they are now, until you run agent-identity gateway target sync.',
      'With --agent, adds an agent, which the gateway invokes. IAM must let gateways invoke its function, and its workload identity must let them get its tokens (docs/gateways.md).',
      'By default, the protocol is custom, and requests have no credential, no query, and only the headers of the protocol.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...GATEWAY_FLAG,
      ...TARGET_FLAGS,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the target, a part of its URL', parse: String, placeholder: 'name' }],
    },
  },
  async func(this: CliContext, flags: AddFlags, name: string) {
    const { description } = flags;
    const targetConfiguration = await serverOf(flags);
    const credentialFlags = credentialFlagsOf(flags);
    checkCredential(credentialFlags);
    const service = await connect(this, flags);
    const gateway = await findGateway(service, flags.gateway);
    checkKind(gateway, flags);
    const credential = await credentialOf(service, credentialFlags);
    const created = await namingOptions(
      MEMBER_OPTIONS,
      () =>
        service.call<Target>(OPERATIONS.CreateGatewayTarget, {
          gatewayIdentifier: gateway.gatewayId,
          name,
          ...(description !== undefined && { description }),
          targetConfiguration,
          ...(credential && { credentialProviderConfigurations: [credential] }),
          metadataConfiguration: metadataOf(flags),
        }),
      ({ problem }) =>
        problem?.code === 'NameTaken'
          ? `To change it, run: agent-identity gateway target update ${name} --gateway ${gateway.name}`
          : undefined,
    );
    showTarget(this, gateway, created, flags);
    printAside(
      this,
      nextStep(gateway, created, flags),
      ...(flags.grantType === 'authorization-code' && flags.returnUrl === undefined
        ? ['Users can consent only if the agent sends a return URL, or if the target has one (--return-url).']
        : []),
    );
  },
});
