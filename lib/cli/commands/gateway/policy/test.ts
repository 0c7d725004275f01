/** `agent-identity gateway policy test`: decides on a request, without sending it. */
import { buildCommand } from '@stricli/core';
import { evaluate } from '../../../../../lambda/domain/gateway/policy-decision';
import { FORWARDED_METHODS } from '../../../../../lambda/domain/gateway/routes';
import {
  CONNECTION_FLAGS,
  optionalText,
  optionalTexts,
  type ConnectionFlags,
} from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { CliError } from '../../../failure';
import { print, printFields, printJson } from '../../../output';
import { connect } from '../../../service';
import { findEngine } from '../../policy-engine/engines';
import { findTarget } from '../target/targets';
import { listPolicies } from './policies';
import { calledBy, subjectOf, type CallerFlags, type CallFlags } from './tested-request';

interface TestFlags extends ConnectionFlags, CallerFlags, CallFlags {
  readonly gateway: string;
  readonly target: string;
}

/** The status tells scripts. */
const denied = (): CliError => new CliError('The request is denied.', { name: 'CheckFailed' });

export const test = buildCommand({
  docs: {
    brief: 'Decide on a request, without sending it',
    fullDescription: [
      'Decides on a request with the policies of the engine that the gateway uses. Nothing is sent to the target. The status is 1 for a denied request.',
      'If the gateway authenticates callers by a user token, set --user. Otherwise, set --principal, which signs, and --agent, which calls. For each agent before it, set --agent again.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      gateway: { kind: 'parsed', parse: String, placeholder: 'name', brief: 'Gateway that is called' },
      target: { kind: 'parsed', parse: String, placeholder: 'name', brief: 'Target that is called' },
      tool: optionalText('name', 'Tool of an MCP server'),
      arguments: optionalText('JSON', 'Arguments of the tool'),
      method: {
        kind: 'enum',
        values: FORWARDED_METHODS,
        optional: true,
        brief: 'Method of a request to an HTTP target (default: GET)',
      },
      path: optionalText('path', 'Path below an HTTP target, with a slash at the beginning'),
      user: optionalText('sub', 'Subject of the user token'),
      claim: optionalTexts(
        'name=value',
        'Claim of the user token; set the option again for each further claim',
      ),
      principal: optionalText('ARN', 'IAM role or user that signs'),
      agent: optionalTexts('name', 'Agent that calls; set the option again for each agent before it'),
    },
  },
  async func(this: CliContext, flags: TestFlags) {
    const service = await connect(this, flags);
    const { gateway, target } = await findTarget(service, flags);
    const subject = subjectOf(flags, gateway);
    const called = calledBy(flags, target, gateway);
    const { policyEngineConfiguration: configured } = gateway;
    if (!configured) {
      throw new CliError(
        `The gateway "${gateway.name}" has no policy engine, so it forwards every request.`,
        {
          next: 'Set one with agent-identity gateway update --policy-engine.',
        },
      );
    }
    const engine = await findEngine(service, configured.arn);
    const policies = (await listPolicies(service, engine)).map((policy) => ({
      id: policy.policyId,
      name: policy.name,
      statement: policy.definition.cedar.statement,
      mode: policy.enforcementMode,
      createdTime: 0,
      lastUpdatedTime: 0,
    }));
    const cedar = this.loadCedar().createCedar();
    const decided = {
      gateway: { ...gateway, arn: gateway.gatewayArn, owner: '' },
      target,
      ...called,
    };
    const { isAllowed, reason, determining, logged } = await evaluate(
      { cedar },
      { engineId: engine.policyEngineId, revision: 0, policies },
      decided,
      subject,
    );
    const nameOf = (policyId: string) => policies.find(({ id }) => id === policyId)?.name ?? policyId;
    if (flags.json) {
      const result = { decision: isAllowed ? 'allow' : 'deny', mode: configured.mode, policies: determining };
      printJson(this, { ...result, loggedPolicies: logged, ...(!isAllowed && { reason }) });
    } else {
      print(this, isAllowed ? 'allow' : 'deny');
      printFields(this, [
        ['Mode', configured.mode],
        ['Policies', determining.map(nameOf).join(', ') || undefined],
        ['Log only', logged.map(nameOf).join(', ') || undefined],
        ['Reason', isAllowed ? undefined : reason],
      ]);
    }
    if (!isAllowed) throw denied();
  },
});
