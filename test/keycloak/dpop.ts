/** Keycloak as a credential provider whose client requires bound tokens (DPoP, RFC 9449). */
import assert from 'node:assert/strict';
import { authorizedFetch, workloadAccessTokens } from '../../lib/client/index';
import type { Checks } from '../deployed/checks';
import { agentAt } from './clients';
import { connect, STRICT } from './consent';
import { USERNAME } from './people';
import type { World } from './world';

export async function checkDpop(checks: Checks, { service, calendar }: World): Promise<void> {
  checks.chapter('Keycloak as a credential provider that requires DPoP');
  const settings = {
    ...STRICT,
    attributes: { ...STRICT.attributes, 'dpop.bound.access.tokens': 'true' },
  };
  const userinfo = calendar.endpoint('userinfo');
  const config = { dpopConfig: { resourceUrls: [userinfo] } };
  const { agent } = await agentAt(service, calendar, config as never, settings);

  await checks.check(
    "a user's token is bound to a key, and the client library sends the proofs",
    async () => {
      const accessToken = await connect(agent);
      const bearer = await fetch(userinfo, { headers: { authorization: `Bearer ${accessToken}` } });
      assert.equal(bearer.status, 401);
      const identity = service.identity();
      const request = authorizedFetch(userinfo, {
        identity,
        workloadIdentityToken: workloadAccessTokens(identity, { workloadName: agent.name, userId: USERNAME }),
        providerName: agent.providerName,
        scopes: ['openid', 'profile'],
        authFlow: 'USER_FEDERATION',
      });
      for (let count = 0; count < 2; count += 1) {
        const { preferred_username: name } = (await (await request(userinfo)).json()) as Record<
          string,
          unknown
        >;
        assert.equal(name, USERNAME);
      }
    },
  );

  await checks.check('a provider without dpopConfig says what to set', async () => {
    const plain = await agentAt(service, calendar, {}, settings);
    await assert.rejects(connect(plain.agent), /The authorization server requires DPoP.*dpopConfig/);
  });
}
