/** The agent's own token, by client credentials (RFC 6749 section 4.4). */
import { heldToken, type HandedOut } from './held-token';
import type { Admitted, RetrievePorts } from './retrieval';
import { markRejected } from './rejected-token';
import { clientCredentialsOf } from './token-sources';

/** @throws ProviderFailure; ThrottlingException where asking again shortly will help */
export async function machineToken(
  ports: RetrievePorts,
  { principal, input, identity, owner, grant }: Admitted,
): Promise<HandedOut> {
  const { scopes, forceAuthentication } = input;
  // There is nobody to authenticate: the old token counts as ended, and is never handed out again.
  const held = grant && forceAuthentication ? await markRejected(ports, owner, grant) : grant;
  const { resources, audiences } = owner;
  const answer = await heldToken(ports, {
    owner,
    grant: held,
    scopes,
    source: clientCredentialsOf(ports, owner, scopes),
    renewedAs: 'exchanged',
    ahead: {
      principal,
      workloadName: identity.name,
      providerName: owner.provider.name,
      flow: 'M2M',
      scopes,
      resources,
      audiences,
    },
  });
  if (!answer) throw new Error('client credentials ask nobody for consent');
  return answer;
}
