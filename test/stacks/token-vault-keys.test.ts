/** The KMS keys that the token vault can be moved to: functions use them for the vault's purposes only. */
import type { Stack } from 'aws-cdk-lib';
import { AgentIdentity } from '../../lib';
import { consumerStack, templateOf } from './consumer';
import { plain, resourcesOf, synthesize } from './synthesis';

const tokenVaultKeys = [
  'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  'arn:aws:kms:eu-central-1:444455556666:key/mrk-1234abcd12ab34cd56ef1234567890ab',
];

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: {
    StringEquals?: Record<string, string | string[]>;
    Null?: Record<string, string>;
  };
}

/** Returns the statements of all roles on KMS keys by purpose, except those on owners' signing keys. */
function kmsStatements(): { purposes: string; resources: unknown[] }[] {
  const synthesis = synthesize({ tokenVaultKeys });
  return resourcesOf(synthesis.stateless, 'AWS::IAM::Role')
    .flatMap(([, { Properties }]) => plain(Properties.Policies ?? [], synthesis) as object[])
    .flatMap((policy) => (policy as { PolicyDocument: { Statement: Statement[] } }).PolicyDocument.Statement)
    .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('kms:')))
    .filter(({ Condition }) => Condition?.Null?.['aws:ResourceTag/agent-identity:owner'] !== 'false')
    .map(({ Action, Resource, Condition }) => ({
      purposes: [Condition?.StringEquals?.['kms:EncryptionContext:purpose'] ?? 'through DynamoDB']
        .flat()
        .join()
        // Older signing keys can be under an earlier key; new ones never are.
        .replace('signing', `signing: ${[Action].flat().join()}`),
      resources: [Resource].flat(),
    }));
}

it('roles can use the keys wherever vault keys are created, unwrapped, or moved, and nowhere else', () => {
  const own = '<EncryptionKey.Arn>';
  const all = [own, ...tokenVaultKeys];
  const expected: Record<string, unknown[]> = {
    'client-secret': all,
    'client-secret,api-key': all,
    'client-secret,api-key,subject-token': all,
    grant: all,
    'grant,client-secret': all,
    'grant,consent': all,
    'grant,consent,subject-token': all,
    consent: all,
    'subject-token': all,
    revocation: all,
    'grant,consent,client-secret,api-key,subject-token,revocation': all,
    'signing: kms:Decrypt': all,
    'signing: kms:Encrypt': [own],
    pagination: [own],
    'through DynamoDB': [own],
  };
  const found = kmsStatements();
  expect(new Set(found.map(({ purposes }) => purposes))).toEqual(new Set(Object.keys(expected)));
  for (const { purposes, resources } of found) {
    expect({ purposes, resources: new Set(resources) }).toEqual({
      purposes,
      resources: new Set(expected[purposes]),
    });
  }
});

it.each([
  ['an alias', 'arn:aws:kms:eu-central-1:111122223333:alias/vault'],
  ['a pattern', 'arn:aws:kms:eu-central-1:111122223333:key/*'],
  ['every resource', '*'],
  ['a key id', '1234abcd-12ab-34cd-56ef-1234567890ab'],
])('tokenVaultKeys rejects %s', (_, arn) => {
  expect(() => synthesize({ tokenVaultKeys: [arn] })).toThrow(
    'AgentIdentityStateless: tokenVaultKeys[0] must be the ARN of a KMS key',
  );
});

it('are rejected at synthesis if they do not fit into the policy of a role', () => {
  const stackWith = (count: number): Stack => {
    const stack = consumerStack();
    const ids = Array.from({ length: count }, (_, index) => `mrk-${String(index).padStart(32, '0')}`);
    const keys = ids.map((id) => `arn:aws:kms:eu-central-1:444455556666:key/${id}`);
    new AgentIdentity(stack, 'Identity', { tokenVaultKeys: keys });
    return stack;
  };
  expect(() => templateOf(stackWith(5))).not.toThrow();
  expect(() => templateOf(stackWith(30))).toThrow(
    /connections-role\] The policy of this role can have 1\d,\d{3} characters at deployment, and IAM accepts 10,240\. Name fewer keys in tokenVaultKeys/,
  );
});
