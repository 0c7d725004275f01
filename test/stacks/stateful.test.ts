/** What must not be lost is kept, protected and encrypted. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AgentIdentity } from '../../lib';
import { plain, resourcesOf, standardSynthesis, withoutHash } from './synthesis';

const synthesis = standardSynthesis();
const tables = resourcesOf(synthesis.stateful, 'AWS::DynamoDB::GlobalTable');

/**
 * What CloudFormation knows each resource by. With another logical id, or in another stack, it is another resource:
 * an update then makes an empty table or a new key, has the functions use that, and leaves the old one behind,
 * retained and used by no one. Every grant is gone as far as users see; under a new key, what is copied over does not
 * open. Hence: never change a line here. To move a resource, `cdk refactor` or an import by `cdk import`.
 */
const LOGICAL_IDS = {
  DirectoryTable: 'DirectoryTableA2F76562',
  EncryptionKey: 'EncryptionKey1B843E66',
  KeysTable: 'KeysTableD1B4314F',
  SessionsTable: 'SessionsTableCB734F8B',
  VaultTable: 'VaultTable3CC8F6E8',
};

const IDS_WITHIN_A_CONSTRUCT = [
  'IdentityDirectoryTableDE138897',
  'IdentityEncryptionKeyC8253082',
  'IdentityKeysTable9DF435B3',
  'IdentityLogKey8A966CBB',
  'IdentitySessionsTable95269F89',
  'IdentityVaultTable95CA0BFC',
];

it('has four tables, one key and nothing else that keeps state, under ids that stay: with another, an update makes an empty table and leaves all grants behind', () => {
  const kept = Object.entries(synthesis.stateful.Resources).filter(
    ([, { Type }]) => Type !== 'AWS::CDK::Metadata',
  );
  expect(kept.map(([id]) => id).sort()).toEqual(Object.values(LOGICAL_IDS).sort());
});

it("has the same ids within a construct of someone else's stack, for good as well", () => {
  const stack = new Stack(new App({ context: { 'aws:cdk:disable-asset-staging': true } }), 'Theirs');
  new AgentIdentity(stack, 'Identity');
  const { Resources } = Template.fromStack(stack).toJSON() as { Resources: Record<string, { Type: string }> };
  const kept = Object.entries(Resources).filter(([, { Type }]) =>
    ['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key'].includes(Type),
  );
  // The logs' key keeps no grants, but logs that were written under it need it.
  expect(kept.map(([id]) => id).sort()).toEqual(IDS_WITHIN_A_CONSTRUCT);
});

it('keys its tables as the records in them are: CloudFormation would replace a table with other keys', () => {
  for (const [, { Properties }] of tables) {
    expect(Properties.KeySchema).toEqual([
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ]);
    // A name is another thing that a table cannot change.
    expect(Properties).not.toHaveProperty('TableName');
  }
});

it.each(Object.entries(synthesis.stateful.Resources))('retains %s', (_, resource) => {
  expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
});

it('rotates the key', () => {
  const [key] = resourcesOf(synthesis.stateful, 'AWS::KMS::Key');
  expect(key?.[1].Properties).toMatchObject({ EnableKeyRotation: true });
});

const index = (name: string, partition: string, sort: string, projection: string) => ({
  IndexName: name,
  KeySchema: [
    { AttributeName: partition, KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: projection },
});

/** The vault's indexes find grants and show none. */
const indexed: Record<string, { attributes: string[]; indexes: object[] }> = {
  DirectoryTable: { attributes: ['listing', 'name'], indexes: [index('byOwner', 'listing', 'name', 'ALL')] },
  VaultTable: {
    attributes: ['workloadId', 'providerId'],
    indexes: [
      index('byWorkload', 'workloadId', 'sk', 'KEYS_ONLY'),
      index('byProvider', 'providerId', 'pk', 'KEYS_ONLY'),
    ],
  },
};

it.each(tables)(
  '%s is on demand, recoverable, protected and encrypted with the key',
  (id, { Properties }) => {
    expect(plain(Properties, synthesis)).toEqual({
      AttributeDefinitions: ['pk', 'sk', ...(indexed[withoutHash(id)]?.attributes ?? [])].map((name) => ({
        AttributeName: name,
        AttributeType: 'S',
      })),
      ...(indexed[withoutHash(id)] && { GlobalSecondaryIndexes: indexed[withoutHash(id)]?.indexes }),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [
        {
          Region: '<AWS::Region>',
          SSESpecification: { KMSMasterKeyId: '<EncryptionKey.Arn>' },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          DeletionProtectionEnabled: true,
        },
      ],
      // Sessions end by themselves, and of grants those that a user's own token was exchanged for.
      ...(['SessionsTable', 'VaultTable'].includes(withoutHash(id)) && {
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      }),
    });
  },
);
