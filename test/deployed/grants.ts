/** Grants on the deployed functions: listed by their agent and by operators. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { OPERATIONS, type OperationName } from '../../lambda/contract/operations';
import type { Principal } from '../../lib/local/principals';
import type { Checks } from './checks';
import type { FlowWorld, RegisteredAgent } from './registration';

interface ListedGrant {
  readonly grantId: string;
  readonly credentialProviderArn: string;
  readonly status: string;
}

export async function checkGrants(
  checks: Checks,
  { callers, front }: FlowWorld,
  { agent, userToken }: RegisteredAgent,
): Promise<void> {
  const { operator } = front.principals;
  const call = async <Output>(operation: OperationName, input: object, caller: Principal = operator) => {
    const { status, body } = await callers.post(OPERATIONS[operation].path, input, caller);
    strictEqual(status, 200, body);
    return JSON.parse(body) as Output;
  };

  await checks.check('the agent and an operator list the same grant, without a token', async () => {
    const workloadIdentityToken = await userToken();
    const input = { workloadIdentityToken };
    const own = await call<{ grants: ListedGrant[] }>('ListResourceGrants', input, front.principals.agent);
    const all = await call<{ grants: ListedGrant[] }>('ListGrants', { providerName: agent.providerName });
    const held = own.grants.find(({ credentialProviderArn }) =>
      credentialProviderArn.endsWith(agent.providerName),
    );
    ok(held);
    deepStrictEqual(
      all.grants.find(({ grantId }) => grantId === held.grantId),
      held,
    );
    const { accessToken = '' } = await agent.ask(workloadIdentityToken);
    ok(!JSON.stringify(all).includes(accessToken));
  });
}
