/** `agent-identity gateway target update`: replaces what the options name, and keeps the rest. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { usageError } from '../../../failure';
import { namingOptions } from '../../../option-names';
import { connect } from '../../../service';
import { configuredMembers } from '../gateways';
import {
  checkMetadata,
  credentialFlagsOf,
  MEMBER_OPTIONS,
  metadataOf,
  serverOf,
  TARGET_FLAGS,
  TARGET_REMOVAL_FLAGS,
  type TargetFlags,
  type TargetRemovalFlags,
} from './config';
import { changesCredential, checkCredential, credentialOf } from './credential';
import { findTarget, GATEWAY_FLAG, ONE_TARGET, showTarget, type Target } from './targets';

interface Changes extends TargetFlags, TargetRemovalFlags {
  readonly noCredential: boolean;
}

interface UpdateFlags extends ConnectionFlags, Changes {
  readonly gateway: string;
}

const CHANGES = {
  ...TARGET_FLAGS,
  ...TARGET_REMOVAL_FLAGS,
  noCredential: flag('Attach no credential'),
} as const;

/** @throws CliError for no change, and for options that exclude each other */
function checkChanges(flags: Changes): void {
  checkMetadata(flags);
  if (flags.noCredential && changesCredential(flags)) {
    throw usageError('Set --no-credential without the options of a credential.');
  }
  const isChange = (Object.keys(CHANGES) as (keyof typeof CHANGES)[]).some(
    (name) => flags[name] !== undefined && flags[name] !== false,
  );
  if (!isChange) throw usageError('Set what changes.', 'For example, --url replaces the URL of the server.');
}

export const update = buildCommand({
  docs: {
    brief: 'Change a target of a gateway',
    fullDescription: [
      'Changes what the options name, and keeps the rest. An option that can be set again replaces its whole list.',
      'The URL at the gateway and the grants of users stay. The tools of an MCP server are then listed as they are now, also those whose definition has changed.',
    ].join('\n'),
  },
  parameters: { flags: { ...CONNECTION_FLAGS, ...GATEWAY_FLAG, ...CHANGES }, positional: ONE_TARGET },
  async func(this: CliContext, flags: UpdateFlags, named: string) {
    checkChanges(flags);
    const service = await connect(this, flags);
    const { gateway, target } = await findTarget(service, { gateway: flags.gateway, target: named });
    const targetConfiguration = await serverOf(flags, target.targetConfiguration);
    const [present] = target.credentialProviderConfigurations;
    const credentialFlags = credentialFlagsOf(flags, target.targetConfiguration);
    checkCredential(credentialFlags, present);
    const credential = flags.noCredential ? undefined : await credentialOf(service, credentialFlags, present);
    const updated = await namingOptions(MEMBER_OPTIONS, () =>
      service.call<Target>(OPERATIONS.UpdateGatewayTarget, {
        ...configuredMembers(target),
        gatewayIdentifier: gateway.gatewayId,
        targetId: target.targetId,
        ...(flags.description !== undefined && { description: flags.description }),
        // Follows from the configuration.
        protocolType: undefined,
        targetConfiguration,
        credentialProviderConfigurations: credential && [credential],
        metadataConfiguration: metadataOf(flags, target.metadataConfiguration),
      }),
    );
    showTarget(this, gateway, updated, flags);
  },
});
