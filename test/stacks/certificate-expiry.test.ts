/** Synthesis warns of certificates of private authorities that end soon. */
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import { createAuthority } from '../flows/support/certificates';
import { consumerStack } from './consumer';
import { agentFunction, ISSUER } from './endpoint';

const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);
const lasting = createAuthority().cert;
const endingAt = (to: Date): string => createAuthority({ from: inDays(-100), to }).cert;
const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

/** Returns the warnings about certificates, by the construct. */
function warningsOf(caCertificates: string): [path: string, message: unknown][] {
  const stack = consumerStack();
  const trusted = { ...ISSUER, caCertificates };
  const identity = new AgentIdentity(stack, 'Identity', { trustedIssuers: [ISSUER, trusted] });
  const workload = new WorkloadIdentity(stack, 'Agent', { identity });
  const target = AgentTarget.lambda(agentFunction(stack));
  new AgentEndpoint(stack, 'Travel', { identity, workload, inbound: Inbound.jwt(trusted), target });
  const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('caCertificates'));
  return warnings.map(({ id, entry }) => [id, entry.data]);
}

it.each([
  ['ends within 30 days', inDays(29), 'is valid until'],
  ['has expired', inDays(-2), 'was valid until'],
])('warns of a certificate that %s, with its subject and the day', (_what, to, state) => {
  const warnings = warningsOf(lasting + endingAt(to));
  const message = (prop: string) =>
    expect.stringMatching(
      new RegExp(
        `^${prop}: the certificate of the authority "CN=private authority \\d+" ${state} ${dayOf(to)}\\.`,
      ),
    ) as string;
  expect(warnings).toEqual([
    ['/Consumer/Identity', message('trustedIssuers\\[1\\]\\.caCertificates')],
    ['/Consumer/Travel', message('inbound\\.caCertificates')],
  ]);
});

it('does not warn of a certificate that is valid for more than 30 days', () => {
  expect(warningsOf(lasting + endingAt(inDays(31)))).toEqual([]);
});
