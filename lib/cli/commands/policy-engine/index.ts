/** `agent-identity policy-engine`: engines whose policies decide which requests gateways forward. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { usageError } from '../../failure';
import { nameTaken } from '../../name-taken';
import { namingOptions } from '../../option-names';
import { print, printAside, printJson, printTable } from '../../output';
import { confirmOrCancel } from '../../prompt';
import { connect } from '../../service';
import { findEngine, listEngines, ONE_ENGINE, showEngine, type PolicyEngine } from './engines';

interface AddFlags extends ConnectionFlags {
  readonly description?: string;
}

const add = buildCommand({
  docs: {
    brief: 'Create a policy engine',
    fullDescription:
      'Creates a policy engine without policies. A gateway that uses it forwards only what its policies permit.',
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      description: optionalText('text', 'Description for the owner of the engine'),
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the policy engine', parse: String, placeholder: 'name' }],
    },
  },
  async func(this: CliContext, flags: AddFlags, name: string) {
    const service = await connect(this, flags);
    const { description } = flags;
    const created = await namingOptions(
      { description: '--description' },
      () =>
        service.call<PolicyEngine>(OPERATIONS.CreatePolicyEngine, {
          name,
          ...(description !== undefined && { description }),
        }),
      (failure) => nameTaken(failure, 'policy-engine'),
    );
    showEngine(this, created, flags);
    printAside(this, `Add a policy: agent-identity gateway policy add NAME --engine ${name} --file FILE`);
  },
});

const get = buildCommand({
  docs: { brief: 'Show a policy engine' },
  parameters: { flags: CONNECTION_FLAGS, positional: ONE_ENGINE },
  async func(this: CliContext, flags: ConnectionFlags, named: string) {
    showEngine(this, await findEngine(await connect(this, flags), named), flags);
  },
});

const update = buildCommand({
  docs: {
    brief: 'Change a policy engine',
    fullDescription: 'Changes the description. agent-identity gateway policy update changes the policies.',
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      description: optionalText('text', 'Description for the owner of the engine'),
    },
    positional: ONE_ENGINE,
  },
  async func(this: CliContext, flags: AddFlags, named: string) {
    const { description: optionalValue } = flags;
    if (optionalValue === undefined) throw usageError('Set what changes, with --description.');
    const service = await connect(this, flags);
    const { policyEngineId } = await findEngine(service, named);
    const updated = await namingOptions({ description: '--description' }, () =>
      service.call<PolicyEngine>(OPERATIONS.UpdatePolicyEngine, {
        policyEngineId,
        description: { optionalValue },
      }),
    );
    showEngine(this, updated, flags);
  },
});

const list = buildCommand({
  docs: { brief: 'List your policy engines' },
  parameters: { flags: CONNECTION_FLAGS },
  async func(this: CliContext, flags: ConnectionFlags) {
    const policyEngines = await listEngines(await connect(this, flags));
    if (flags.json) {
      printJson(this, { policyEngines });
      return;
    }
    if (policyEngines.length === 0) {
      printAside(this, 'You have no policy engines. Create one with agent-identity policy-engine add NAME.');
      return;
    }
    printTable(
      this,
      ['NAME', 'ID', 'DESCRIPTION'],
      policyEngines.map((engine) => [engine.name, engine.policyEngineId, engine.description]),
    );
  },
});

interface DeleteFlags extends ConnectionFlags {
  readonly yes: boolean;
}

const remove = buildCommand({
  docs: {
    brief: 'Delete a policy engine',
    fullDescription: 'Deletes a policy engine with its policies. No gateway must use it.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, yes: flag('Delete without a question') },
    positional: ONE_ENGINE,
  },
  async func(this: CliContext, flags: DeleteFlags, named: string) {
    const service = await connect(this, flags);
    const { name, policyEngineId } = await findEngine(service, named);
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `Delete the policy engine "${name}" with its policies?`,
      done: 'deleted',
    });
    await service.call(OPERATIONS.DeletePolicyEngine, { policyEngineId });
    if (flags.json) printJson(this, { name, policyEngineId, deleted: true });
    else print(this, `The policy engine "${name}" is deleted.`);
  },
});

export const policyEngine = buildRouteMap({
  routes: { add, get, update, delete: remove, list },
  docs: { brief: 'Policy engines of gateways: create, show, change, delete, and list them' },
});
