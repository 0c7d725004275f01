/** Keycloak as the identity provider, whose access tokens are exchanged for workload access tokens. */
import assert from 'node:assert/strict';
import type { Checks } from '../deployed/checks';
import { agentAt } from './clients';
import { application, decoded, userToken } from './people';
import { ALGORITHMS, applicationOf, type World } from './world';

export async function checkUserTokens(checks: Checks, { service, people, subjects }: World): Promise<void> {
  checks.chapter('User tokens of Keycloak');
  const { agent } = await agentAt(service, people);
  for (const algorithm of ALGORITHMS) {
    await checks.check(
      `a user token with an ${algorithm} signature returns a workload access token`,
      async () => {
        const clientId = applicationOf(algorithm);
        const attributes = { 'access.token.signed.response.alg': algorithm };
        await people.client(application(clientId, { attributes }));
        const token = await userToken(people, clientId);
        assert.equal(decoded(token).header.alg, algorithm);
        const { payload } = decoded(await agent.token({ userToken: token }));
        assert.deepEqual(payload.sub_id, { format: 'iss_sub', iss: people.issuer, sub: subjects.people });
      },
    );
  }
  await checks.check('a user token of another application is rejected', async () => {
    const token = await userToken(people, 'another-app');
    await assert.rejects(agent.token({ userToken: token }), { name: 'UnauthorizedException' });
  });
}
