/** What operators call. */
import type { Scenario } from '../scenario';
import type { Stage } from '../stage';
import { askFor, M2M, newAgent, newIdentity, tokenOf, type Agent } from './agents';
import { simple, workloadArn } from './control-plane';
import { called } from './request';

const AGENT_ROLE = 'arn:aws:iam::000000000000:role/agent';
const part = 'operators';

/** An agent that has a grant without a user. */
async function holder(stage: Stage): Promise<Agent> {
  const agent = await newAgent(stage);
  await askFor(stage, agent, await tokenOf(stage, agent.name), M2M);
  return agent;
}

const userOf = (stage: Stage) => ({ userId: stage.unique('user') });

export const OPERATORS: readonly Scenario[] = [
  simple('ListGrants', {
    part,
    share: holder,
    input: (_stage, { name }) => ({ body: { workloadName: name } }),
  }),
  simple('RevokeGrants', {
    part,
    share: newAgent,
    async input(stage, agent) {
      await askFor(stage, agent, await tokenOf(stage, agent.name), M2M);
      return { body: { workloadName: agent.name, reason: 'asked to' } };
    },
  }),
  simple('GetRevocation', {
    part,
    async share(stage) {
      const { name } = await holder(stage);
      const { revocationId } = await called<{ revocationId: string }>(stage, 'RevokeGrants', {
        body: { workloadName: name },
      });
      await stage.quiet();
      return revocationId;
    },
    input: (_stage, revocationId) => ({ body: { revocationId } }),
  }),
  simple('ListAllWorkloadIdentities', { part, input: () => ({ body: { maxResults: 5 } }) }),
  simple('ListAllCredentialProviders', { part, input: () => ({ body: { maxResults: 5 } }) }),
  simple('TransferOwnership', {
    part,
    share: newIdentity,
    input: (_stage, name) => ({ body: { resourceArn: workloadArn(name), newOwner: AGENT_ROLE } }),
  }),
  simple('SuspendWorkloadIdentity', {
    part,
    input: (stage) => ({ body: { name: stage.unique('suspended'), reason: 'asked to' } }),
  }),
  simple('ResumeWorkloadIdentity', {
    part,
    async input(stage) {
      const name = stage.unique('suspended');
      await called(stage, 'SuspendWorkloadIdentity', { body: { name } });
      return { body: { name } };
    },
  }),
  simple('SuspendUser', { part, input: (stage) => ({ body: { user: userOf(stage) } }) }),
  simple('ResumeUser', {
    part,
    async input(stage) {
      const user = userOf(stage);
      await called(stage, 'SuspendUser', { body: { user } });
      return { body: { user } };
    },
  }),
  simple('ListSuspensions', { part, input: () => ({ body: {} }) }),
];
