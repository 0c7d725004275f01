/** The grants of the operators' plane, and the grants that must not include it. */
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { AgentIdentity, WorkloadIdentity, type IAgentIdentity } from '../../lib';
import { consumerStack, statementsOf, templateOf } from './consumer';

const READS = [
  'ListWorkloadIdentities',
  'ListCredentialProviders',
  'ListGrants',
  'ListSuspensions',
  'GetRevocation',
];
const CHANGES = [
  'RevokeGrants',
  'TransferOwnership',
  'SuspendWorkloadIdentity',
  'ResumeWorkloadIdentity',
  'SuspendUser',
  'ResumeUser',
];

/** The paths that a role in a stack with an existing deployment can invoke, by what grants it access. */
function granted(grant: (identity: IAgentIdentity, role: Role) => unknown): string[] {
  const stack = consumerStack();
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  const role = new Role(stack, 'Granted', { assumedBy: new AccountPrincipal('111122223333') });
  grant(identity, role);
  return statementsOf(templateOf(stack), 'Granted').flatMap(({ Action, Resource }) => {
    expect(Action).toBe('execute-api:Invoke');
    return [Resource].flat().map((arn) => {
      const [, path = ''] = /:abc123\/prod\/(.*)$/.exec(String(arn)) ?? [];
      return path;
    });
  });
}

const methods = (names: readonly string[]) => names.map((name) => `POST/operator/${name}`).sort();

it("grantOperator allows each operation of the operators' plane, and nothing else", () => {
  const paths = granted((identity, role) => identity.grantOperator(role));
  expect(paths.sort()).toEqual(methods([...READS, ...CHANGES]));
});

it('grantOperatorReadOnly allows only the operations that change nothing', () => {
  expect(granted((identity, role) => identity.grantOperatorReadOnly(role)).sort()).toEqual(methods(READS));
});

it.each<[string, (identity: IAgentIdentity, role: Role) => unknown]>([
  ['grantManageResources', (identity, role) => identity.grantManageResources(role)],
  [
    'grantActAs',
    (identity, role) => new WorkloadIdentity(role.stack, 'Workload', { identity }).grantActAs(role),
  ],
])("%s allows no operation of the operators' plane, and no wildcard that includes it", (_name, grant) => {
  const paths = granted(grant);
  expect(paths.length).toBeGreaterThan(0);
  expect(
    paths.filter(
      (path) => !/^[A-Z]+\/(identities|tags|resourcepolicy|gateways|policy-engines)(\/.|$)/.test(path),
    ),
  ).toEqual([]);
});
