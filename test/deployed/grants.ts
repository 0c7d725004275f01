/** Grants on the deployed functions: listed and revoked by their agent and by operators. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import type { Principal } from '../../lib/local/principals';
import type { Checks } from './checks';
import type { FlowWorld, RegisteredAgent } from './registration';

interface ListedGrant {
  readonly grantId: string;
  readonly credentialProviderArn: string;
  readonly status: string;
}

/** The receivers of security events. No transmitter is configured here; their success is tested with a local service. */
export const WITHOUT_EVENTS = [
  'ReceiveSecurityEvents',
  'GlobalTokenRevocation',
  'BackChannelLogout',
] as const satisfies OperationName[];

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

  const withoutToken = async (userId: string) => {
    const { accessToken, authorizationUrl } = await agent.ask(await agent.token({ userId }));
    strictEqual(accessToken, undefined);
    ok(authorizationUrl);
  };

  await checks.check('an agent revokes a grant, and an operator the grants of a user', async () => {
    await agent.connect('ben');
    const workloadIdentityToken = await agent.token({ userId: 'ben' });
    await call(
      'RevokeResourceGrant',
      { workloadIdentityToken, resourceCredentialProviderName: agent.providerName },
      front.principals.agent,
    );
    await withoutToken('ben');
    await agent.connect('carl');
    const { revocationId, matched } = await call<{ revocationId: string; matched: number }>('RevokeGrants', {
      user: { userId: 'carl' },
      reason: 'a check',
    });
    strictEqual(matched, 1);
    await withoutToken('carl');
    const { counts } = await call<{ counts: { revoked: number } }>('GetRevocation', { revocationId });
    strictEqual(counts.revoked, 1);
  });

  await checks.check('events of an issuer that is not configured are rejected', async () => {
    for (const operation of WITHOUT_EVENTS) {
      const path = OPERATIONS[operation].path.replace('{issuerId}', 'unknown');
      const { status } = await fetch(front.endpoint + path, { method: 'POST', body: 'an event' });
      strictEqual(status, 404, path);
    }
  });
}
