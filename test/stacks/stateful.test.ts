/** The state of a deployment is retained, protected, and encrypted. */
import { RemovalPolicies, RemovalPolicy, Stack, Tags, type App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AgentIdentity, IdentityStateStack } from '../../lib';
import { newApp } from './new-app';
import { plain, resourcesOf, standardSynthesis, withoutHash } from './synthesis';

const synthesis = standardSynthesis();
const tables = resourcesOf(synthesis.stateful, 'AWS::DynamoDB::GlobalTable');

/**
 * The logical ids of the resources. With another logical id, or in another stack, CloudFormation treats a resource as a
 * new one. An update then creates an empty table or a new key for the functions, and leaves the old resource unused. Users
 * lose every grant, and copied records cannot be decrypted under a new key. So never change a line here. To move a
 * resource, use `cdk refactor` or `cdk import`.
 */
const LOGICAL_IDS = {
  DirectoryTable: 'DirectoryTableA2F76562',
  EncryptionKey: 'EncryptionKey1B843E66',
  KeysTable: 'KeysTableD1B4314F',
  RevocationsTable: 'RevocationsTable36C073B1',
  SessionsTable: 'SessionsTableCB734F8B',
  VaultTable: 'VaultTable3CC8F6E8',
};

const IDS_WITHIN_A_CONSTRUCT = [
  'IdentityDirectoryTableDE138897',
  'IdentityEncryptionKeyC8253082',
  'IdentityKeysTable9DF435B3',
  'IdentityLogKey8A966CBB',
  'IdentityRevocationsTableF0091A54',
  'IdentitySessionsTable95269F89',
  'IdentityVaultTable95CA0BFC',
];

it('the state is five tables and one key with fixed logical ids, because a new id would make an empty table', () => {
  const kept = Object.entries(synthesis.stateful.Resources).filter(
    ([, { Type }]) => Type !== 'AWS::CDK::Metadata',
  );
  expect(kept.map(([id]) => id).sort()).toEqual(Object.values(LOGICAL_IDS).sort());
});

it('the logical ids within AgentIdentity are fixed too', () => {
  const stack = new Stack(newApp(), 'Theirs');
  new AgentIdentity(stack, 'Identity');
  const { Resources } = Template.fromStack(stack).toJSON() as { Resources: Record<string, { Type: string }> };
  const kept = Object.entries(Resources).filter(([, { Type }]) =>
    ['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key'].includes(Type),
  );
  // The logs' key keeps no grants, but logs that were written under it need it.
  expect(kept.map(([id]) => id).sort()).toEqual(IDS_WITHIN_A_CONSTRUCT);
});

it('the tables have the keys of the stored records, because other keys would replace the tables', () => {
  for (const [, { Properties }] of tables) {
    expect(Properties.KeySchema).toEqual([
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ]);
    // CloudFormation cannot change the name of a table either.
    expect(Properties).not.toHaveProperty('TableName');
  }
});

it.each(Object.entries(synthesis.stateful.Resources))('%s is retained', (_, resource) => {
  expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
});

it('the key rotates', () => {
  const [key] = resourcesOf(synthesis.stateful, 'AWS::KMS::Key');
  expect(key?.[1].Properties).toMatchObject({ EnableKeyRotation: true });
});

const index = (name: string, partition: string, sort: string, projection: string | string[]) => ({
  IndexName: name,
  KeySchema: [
    { AttributeName: partition, KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ],
  Projection:
    typeof projection === 'string'
      ? { ProjectionType: projection }
      : { ProjectionType: 'INCLUDE', NonKeyAttributes: projection },
});

/** The indexes of the vault and of the outbox find grants, and contain no token. */
const indexed: Record<string, { attributes: string[]; indexes: object[] }> = {
  DirectoryTable: { attributes: ['listing', 'name'], indexes: [index('byOwner', 'listing', 'name', 'ALL')] },
  VaultTable: {
    attributes: ['workloadId', 'providerId', 'userHash'],
    indexes: [
      index('byWorkload', 'workloadId', 'sk', 'KEYS_ONLY'),
      index('byProvider', 'providerId', 'pk', 'KEYS_ONLY'),
      index('byUser', 'userHash', 'pk', 'KEYS_ONLY'),
    ],
  },
  RevocationsTable: {
    attributes: ['revocationShard', 'dueShard', 'dueAt'],
    indexes: [
      index('byRevocation', 'revocationShard', 'pk', [
        'grantId',
        'provider',
        'reach',
        'state',
        'attempts',
        'lastError',
      ]),
      index('byDue', 'dueShard', 'dueAt', ['provider']),
    ],
  },
};

it.each(tables)(
  '%s has on-demand capacity, recovery, deletion protection, and encryption under the key',
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
      // Consent sessions and revocations have a TTL, and so do grants from the exchange of a user token.
      ...(['RevocationsTable', 'SessionsTable', 'VaultTable'].includes(withoutHash(id)) && {
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      }),
    });
  },
);

it.each([
  ['RemovalPolicies destroys', RemovalPolicy.RETAIN, RemovalPolicy.DESTROY, false],
  ['RemovalPolicies retains', RemovalPolicy.DESTROY, RemovalPolicy.RETAIN, true],
])('tables that %s have the deletion protection that fits', (_what, removalPolicy, policy, isProtected) => {
  const state = new IdentityStateStack(newApp(), 'Stateful', { removalPolicy });
  RemovalPolicies.of(state).apply(policy);
  const template = Template.fromStack(state);
  const DeletionPolicy = isProtected ? 'Retain' : 'Delete';
  const Properties = { Replicas: [{ DeletionProtectionEnabled: isProtected }] };
  template.allResources('AWS::DynamoDB::GlobalTable', { DeletionPolicy, Properties });
});

describe('tags', () => {
  const tagged = (change: (app: App, state: IdentityStateStack) => void): unknown[][] => {
    const app = newApp();
    const replicas = [
      {
        region: 'eu-west-1',
        encryptionKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab',
      },
    ];
    const state = new IdentityStateStack(app, 'Stateful', { replicas });
    change(app, state);
    const { Resources } = Template.fromStack(state).toJSON() as {
      Resources: Record<string, { Type: string; Properties: { Replicas?: { Tags?: unknown }[] } }>;
    };
    return Object.values(Resources)
      .filter(({ Type }) => Type === 'AWS::DynamoDB::GlobalTable')
      .map(({ Properties }) => (Properties.Replicas ?? []).map(({ Tags: tags }) => tags));
  };

  it('of the app are on every replica of every table, in the order of their keys', () => {
    const tags = [
      { Key: 'cost-center', Value: '42' },
      { Key: 'team', Value: 'identity' },
    ];
    expect(
      tagged((app) => {
        Tags.of(app).add('team', 'identity');
        Tags.of(app).add('cost-center', '42');
      }),
    ).toEqual(Array(5).fill([tags, tags]));
  });

  it('can be limited to the type of the tables, or exclude it', () => {
    const type = 'AWS::DynamoDB::GlobalTable';
    const tags = [{ Key: 'backup', Value: 'daily' }];
    expect(
      tagged((app) => {
        Tags.of(app).add('backup', 'daily', { includeResourceTypes: [type] });
        Tags.of(app).add('team', 'identity', { excludeResourceTypes: [type] });
      }),
    ).toEqual(Array(5).fill([tags, tags]));
  });

  it('are left out of the template if there are none', () => {
    expect(tagged(() => undefined)).toEqual(Array(5).fill([undefined, undefined]));
  });
});
