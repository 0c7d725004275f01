/** `agent-identity gateway policy`: the policies of an engine, in Cedar. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { namingOptions } from '../../../option-names';
import { print, printAside, printJson, printTable } from '../../../output';
import { confirmOrCancel } from '../../../prompt';
import { connect } from '../../../service';
import { findEngine } from '../../policy-engine/engines';
import {
  ENGINE_FLAG,
  findingsHint,
  findPolicy,
  listPolicies,
  MEMBER_OPTIONS,
  ONE_POLICY,
  showPolicy,
  statementIn,
  type Policy,
} from './policies';
import { test } from './test';
import { update } from './update';

interface OfEngine extends ConnectionFlags {
  readonly engine: string;
}

interface AddFlags extends OfEngine {
  readonly file: string;
  readonly description?: string;
  readonly logOnly: boolean;
  readonly ignoreFindings: boolean;
}

const add = buildCommand({
  docs: {
    brief: 'Add a policy to a policy engine',
    fullDescription: [
      'Adds a policy, which applies to the next request of the gateways that use the engine.',
      'The service validates it with the tools of these gateways. A policy for a gateway that does not use the engine yet names the gateway (resource == AgentCore::Gateway::"ARN").',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...ENGINE_FLAG,
      file: { kind: 'parsed', parse: String, placeholder: 'file', brief: 'File with one policy in Cedar' },
      description: optionalText('text', 'Description for the owner of the policy'),
      logOnly: flag('Decide nothing, and let the audit log say when the policy applies'),
      ignoreFindings: flag('Add the policy although it names what the gateways do not have'),
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the policy', parse: String, placeholder: 'name' }],
    },
  },
  async func(this: CliContext, flags: AddFlags, name: string) {
    const statement = await statementIn(flags.file);
    const service = await connect(this, flags);
    const { policyEngineId, name: engine } = await findEngine(service, flags.engine);
    const { description } = flags;
    const created = await namingOptions(
      MEMBER_OPTIONS,
      () =>
        service.call<Policy>(OPERATIONS.CreatePolicy, {
          policyEngineId,
          name,
          definition: { cedar: { statement } },
          ...(description !== undefined && { description }),
          ...(flags.logOnly && { enforcementMode: 'LOG_ONLY' }),
          ...(flags.ignoreFindings && { validationMode: 'IGNORE_ALL_FINDINGS' }),
        }),
      (failure) =>
        failure.problem?.code === 'NameTaken'
          ? `To change it, run: agent-identity gateway policy update ${name} --engine ${engine}`
          : findingsHint(failure, flags),
    );
    showPolicy(this, created, flags);
  },
});

const get = buildCommand({
  docs: { brief: 'Show a policy of an engine' },
  parameters: { flags: { ...CONNECTION_FLAGS, ...ENGINE_FLAG }, positional: ONE_POLICY },
  async func(this: CliContext, flags: OfEngine, policy: string) {
    const service = await connect(this, flags);
    showPolicy(this, await findPolicy(service, { engine: flags.engine, policy }), flags);
  },
});

const list = buildCommand({
  docs: { brief: 'List the policies of an engine' },
  parameters: { flags: { ...CONNECTION_FLAGS, ...ENGINE_FLAG } },
  async func(this: CliContext, flags: OfEngine) {
    const service = await connect(this, flags);
    const engine = await findEngine(service, flags.engine);
    const policies = await listPolicies(service, engine);
    if (flags.json) {
      printJson(this, { policies });
      return;
    }
    if (policies.length === 0) {
      printAside(
        this,
        `The policy engine "${engine.name}" has no policies, so its gateways forward nothing. Add one with agent-identity gateway policy add NAME --engine ${engine.name} --file FILE.`,
      );
      return;
    }
    printTable(
      this,
      ['NAME', 'MODE', 'ID', 'DESCRIPTION'],
      policies.map((policy) => [policy.name, policy.enforcementMode, policy.policyId, policy.description]),
    );
  },
});

interface DeleteFlags extends OfEngine {
  readonly yes: boolean;
}

const remove = buildCommand({
  docs: { brief: 'Delete a policy of an engine' },
  parameters: {
    flags: { ...CONNECTION_FLAGS, ...ENGINE_FLAG, yes: flag('Delete without a question') },
    positional: ONE_POLICY,
  },
  async func(this: CliContext, flags: DeleteFlags, named: string) {
    const service = await connect(this, flags);
    const { name, policyEngineId, policyId } = await findPolicy(service, {
      engine: flags.engine,
      policy: named,
    });
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `What it forbids could be permitted then. Delete the policy "${name}"?`,
      done: 'deleted',
    });
    await service.call(OPERATIONS.DeletePolicy, { policyEngineId, policyId });
    if (flags.json) printJson(this, { name, policyId, deleted: true });
    else print(this, `The policy "${name}" is deleted.`);
  },
});

export const policy = buildRouteMap({
  routes: { add, get, update, delete: remove, list, test },
  docs: { brief: 'Policies of an engine: create, show, change, delete, list, and test them' },
});
