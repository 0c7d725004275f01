/** `agent-identity gateway policy update`: replaces what the options name, and keeps the rest. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { usageError } from '../../../failure';
import { namingOptions } from '../../../option-names';
import { connect } from '../../../service';
import {
  ENGINE_FLAG,
  findingsHint,
  findPolicy,
  MEMBER_OPTIONS,
  ONE_POLICY,
  showPolicy,
  statementIn,
  type Policy,
} from './policies';

const MODES = { active: 'ACTIVE', 'log-only': 'LOG_ONLY' } as const;

interface UpdateFlags extends ConnectionFlags {
  readonly engine: string;
  readonly file?: string;
  readonly description?: string;
  readonly policyMode?: keyof typeof MODES;
  readonly ignoreFindings: boolean;
}

export const update = buildCommand({
  docs: {
    brief: 'Change a policy of an engine',
    fullDescription: [
      'Changes what the options name, and keeps the rest. The next request of the gateways that use the engine is decided with it.',
      'The service validates the policy of --file with the tools of these gateways.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...ENGINE_FLAG,
      file: optionalText('file', 'File with one policy in Cedar'),
      policyMode: {
        kind: 'enum',
        values: Object.keys(MODES) as (keyof typeof MODES)[],
        optional: true,
        brief: 'What the policy does: decide, or only let the audit log say when it applies',
      },
      description: optionalText('text', 'Description for the owner of the policy'),
      ignoreFindings: flag('Accept the policy of --file although it names what the gateways do not have'),
    },
    positional: ONE_POLICY,
  },
  async func(this: CliContext, flags: UpdateFlags, named: string) {
    const { file, description, policyMode, ignoreFindings } = flags;
    if (ignoreFindings && file === undefined) throw usageError('--ignore-findings needs --file.');
    if (file === undefined && description === undefined && policyMode === undefined) {
      throw usageError('Set what changes.', 'For example, --file replaces the policy.');
    }
    const statement = file === undefined ? undefined : await statementIn(file);
    const service = await connect(this, flags);
    const { policyEngineId, policyId } = await findPolicy(service, { engine: flags.engine, policy: named });
    const updated = await namingOptions(
      MEMBER_OPTIONS,
      () =>
        service.call<Policy>(OPERATIONS.UpdatePolicy, {
          policyEngineId,
          policyId,
          ...(statement !== undefined && { definition: { cedar: { statement } } }),
          ...(description !== undefined && { description: { optionalValue: description } }),
          ...(policyMode && { enforcementMode: MODES[policyMode] }),
          ...(ignoreFindings && { validationMode: 'IGNORE_ALL_FINDINGS' }),
        }),
      (failure) => findingsHint(failure, flags),
    );
    showPolicy(this, updated, flags);
  },
});
