/** `agent-identity gateway update`: replaces what the options name, and keeps the rest. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { usageError } from '../../failure';
import { namingOptions } from '../../option-names';
import { connect } from '../../service';
import {
  authorizerOf,
  changesIssuer,
  checkIssuer,
  GATEWAY_FLAGS,
  MEMBER_OPTIONS,
  policyEngineOf,
  ISSUER_REMOVAL_FLAGS,
  type IssuerFlags,
  type IssuerRemovalFlags,
  type OwnFlags,
} from './config';
import { configuredMembers, findGateway, ONE_GATEWAY, showGateway, type Gateway } from './gateways';

interface UpdateFlags extends ConnectionFlags, IssuerFlags, IssuerRemovalFlags, OwnFlags {
  readonly noPolicyEngine: boolean;
}

export const update = buildCommand({
  docs: {
    brief: 'Change a gateway',
    fullDescription: [
      'Changes what the options name, and keeps the rest. --allowed-audience, --allowed-client, and --allowed-scope replace all that the gateway has.',
      'The audiences, clients, and private endpoints of another issuer replace those of the earlier one.',
      'Without allowed audiences and clients, the audience of the user tokens must be the URL of the gateway.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...GATEWAY_FLAGS,
      ...ISSUER_REMOVAL_FLAGS,
      noPolicyEngine: flag('Forward what callers can send, without a decision'),
    },
    positional: ONE_GATEWAY,
  },
  async func(this: CliContext, flags: UpdateFlags, named: string) {
    const { description, role, policyEngine, policyMode, noPolicyEngine } = flags;
    const changesEngine = policyEngine !== undefined || policyMode !== undefined || noPolicyEngine;
    if (noPolicyEngine && (policyEngine !== undefined || policyMode !== undefined)) {
      throw usageError('Set either --policy-engine or --no-policy-engine.');
    }
    checkIssuer(flags);
    if (description === undefined && role === undefined && !changesEngine && !changesIssuer(flags)) {
      throw usageError('Set what changes.', 'For example, --description replaces the description.');
    }
    const service = await connect(this, flags);
    const gateway = await findGateway(service, named);
    if (gateway.authorizerType !== 'CUSTOM_JWT' && changesIssuer(flags)) {
      throw usageError(
        'The callers of this gateway sign their requests (IAM), which cannot change.',
        'For callers with user tokens, create another gateway with --issuer.',
      );
    }
    const engine = await policyEngineOf(service, flags, gateway.policyEngineConfiguration);
    const updated = await namingOptions(MEMBER_OPTIONS, () =>
      service.call<Gateway>(OPERATIONS.UpdateGateway, {
        gatewayIdentifier: gateway.gatewayId,
        ...configuredMembers(gateway),
        ...authorizerOf(flags, gateway.authorizerConfiguration?.customJWTAuthorizer),
        ...(description !== undefined && { description }),
        ...(role !== undefined && { roleArn: role }),
        ...(noPolicyEngine && { policyEngineConfiguration: undefined }),
        ...engine,
      }),
    );
    showGateway(this, updated, flags);
  },
});
