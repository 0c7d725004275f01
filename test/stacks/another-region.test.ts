/** A deployment in two Regions: the replicas of its state, and the service of the other Region. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/contract/operations';
import {
  EncryptionKeyReplica,
  IdentityServiceStack,
  IdentityStateReplica,
  IdentityStateStack,
  type IIdentityState,
} from '../../lib';
import { expectedStatements, logicalId, type Statement } from './expected-statements';
import { plain, resourcesOf, standardSynthesis, type Synthesis } from './synthesis';

const ACCOUNT = '111122223333';
const HOME = { account: ACCOUNT, region: 'eu-central-1' };
const OTHER = { account: ACCOUNT, region: 'eu-west-1' };
const KEY_ID = 'mrk-1234abcd12ab34cd56ef1234567890ab';
const PRIMARY_KEY = `arn:aws:kms:${HOME.region}:${ACCOUNT}:key/${KEY_ID}`;
const REPLICA_KEY = `arn:aws:kms:${OTHER.region}:${ACCOUNT}:key/${KEY_ID}`;
const SINGLE_REGION_KEY = `arn:aws:kms:${HOME.region}:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const REPLICAS = [{ region: OTHER.region, encryptionKeyArn: REPLICA_KEY }];

const TABLE_NAMES = {
  directory: 'State-Directory',
  keys: 'State-Keys',
  sessions: 'State-Sessions',
  vault: 'State-Vault',
  revocations: 'State-Revocations',
};

const newApp = (): App => new App({ context: { 'aws:cdk:disable-asset-staging': true } });

const templateOf = (stack: Stack): Synthesis['stateful'] =>
  Template.fromStack(stack).toJSON() as Synthesis['stateful'];

function serviceOf(state: IIdentityState, env: typeof HOME): Synthesis {
  const stack = new IdentityServiceStack(Stack.of(state.encryptionKey).node.root, 'Service', { state, env });
  return { stateful: templateOf(Stack.of(state.encryptionKey)), stateless: templateOf(stack) };
}

function homeService(): Synthesis {
  return serviceOf(new IdentityStateStack(newApp(), 'State', { env: HOME, replicas: REPLICAS }), HOME);
}

function otherService(): Synthesis {
  const stack = new Stack(newApp(), 'Replica', { env: OTHER });
  const replica = new EncryptionKeyReplica(stack, 'Key', { primaryKeyArn: PRIMARY_KEY });
  const state = new IdentityStateReplica(stack, 'State', {
    identityRegion: HOME.region,
    tableNames: TABLE_NAMES,
    encryptionKey: replica.key,
  });
  return serviceOf(state, OTHER);
}

function variablesOf(synthesis: Synthesis, group: FunctionGroup): Record<string, string> {
  const [found] = resourcesOf(synthesis.stateless, 'AWS::Lambda::Function').filter(([id]) =>
    new RegExp(`^${logicalId(group)}[0-9A-F]{8}$`).test(id),
  );
  const { Environment } = plain(found?.[1].Properties, synthesis) as {
    Environment: { Variables: Record<string, string> };
  };
  return Environment.Variables;
}

function statementsOf(synthesis: Synthesis, group: FunctionGroup): Statement[] {
  const [found] = resourcesOf(synthesis.stateless, 'AWS::IAM::Role').filter(([id]) =>
    new RegExp(`^${logicalId(group, 'role')}[0-9A-F]{8}$`).test(id),
  );
  const { Policies } = plain(found?.[1].Properties, synthesis) as {
    Policies: { PolicyDocument: { Statement: Statement[] } }[];
  };
  return Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

const home = homeService();
const other = otherService();
const WITH_STATE = FUNCTION_GROUPS.filter((group) => group !== 'portal');

it('the key of a new deployment is a multi-Region key, because a single-Region key never becomes one', () => {
  const keyOf = (synthesis: Synthesis) => resourcesOf(synthesis.stateful, 'AWS::KMS::Key')[0]?.[1].Properties;
  expect(keyOf(standardSynthesis())).toMatchObject({ MultiRegion: true, EnableKeyRotation: true });
  const single = new IdentityStateStack(newApp(), 'Single', { multiRegionKey: false });
  expect(resourcesOf(templateOf(single), 'AWS::KMS::Key')[0]?.[1].Properties).not.toHaveProperty(
    'MultiRegion',
  );
});

it('the replica of the key has a policy that delegates to IAM, and is retained', () => {
  expect(resourcesOf(other.stateful, 'AWS::KMS::ReplicaKey')).toMatchObject([
    [
      expect.anything(),
      {
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          PrimaryKeyArn: PRIMARY_KEY,
          KeyPolicy: { Statement: [{ Action: 'kms:*', Effect: 'Allow', Resource: '*' }] },
        },
      },
    ],
  ]);
});

it.each(WITH_STATE)('%s of the other Region has the ARNs of the identity Region', (group) => {
  const variables = variablesOf(other, group);
  expect(variables.ARN_PREFIX).toBe(`arn:<AWS::Partition>:bedrock-agentcore:${HOME.region}:<AWS::AccountId>`);
  expect(variables.KMS_KEY_ARN).toMatch(new RegExp(`:${HOME.region}:`));
  expect(variables.KMS_KEY_ARN).not.toContain(OTHER.region);
  for (const [name, value] of Object.entries(variables)) {
    if (!name.endsWith('_TABLE') || name === 'REPLICATED_TABLE') continue;
    expect(value).toBe(TABLE_NAMES[name.replace('_TABLE', '').toLowerCase() as keyof typeof TABLE_NAMES]);
  }
});

it.each(WITH_STATE)(
  '%s reads the writing Region in both Regions, and in no deployment without replicas',
  (group) => {
    expect(variablesOf(other, group).REPLICATED_TABLE).toBe(TABLE_NAMES.directory);
    expect(variablesOf(home, group).REPLICATED_TABLE).toBe('<DirectoryTable>');
    expect(variablesOf(standardSynthesis(), group)).not.toHaveProperty('REPLICATED_TABLE');
    for (const synthesis of [home, other]) {
      const reading = statementsOf(synthesis, group).filter((statement) =>
        JSON.stringify(statement.Condition ?? {}).includes('"WRITING-REGION"'),
      );
      expect(reading).toMatchObject([{ Effect: 'Allow' }]);
      expect(JSON.stringify(reading)).toContain('dynamodb:GetItem');
    }
  },
);

it('no function can write the record of the writing Region', () => {
  const writes = WITH_STATE.flatMap((group) => statementsOf(home, group)).filter(
    ({ Action, Condition }) =>
      [Action].flat().some((action) => /^dynamodb:(Put|Update|Delete)/.test(action)) &&
      JSON.stringify(Condition).includes('WRITING-REGION'),
  );
  expect(writes).toEqual([]);
});

it('the functions of the other Region use the replicas of that Region only', () => {
  const resources = WITH_STATE.flatMap((group) => statementsOf(other, group)).flatMap(({ Resource }) =>
    [Resource].flat().map(String),
  );
  expect(resources.filter((arn) => arn.includes(HOME.region))).toEqual([]);
  expect(resources.some((arn) => arn.includes(`:dynamodb:${OTHER.region}:`))).toBe(true);
});

it('a deployment without replicas has the permissions of one Region', () => {
  for (const group of FUNCTION_GROUPS) {
    expect(statementsOf(standardSynthesis(), group)).toEqual(expectedStatements(group));
  }
});

describe('synthesis rejects', () => {
  it('replicas of a single-Region key', () => {
    const app = newApp();
    const make = (props: object) => () =>
      new IdentityStateStack(app, 'State', { replicas: REPLICAS, ...props });
    expect(make({ multiRegionKey: false })).toThrow('State: multiRegionKey must not be false with replicas');
    const theirs = Key.fromKeyArn(new Stack(app, 'Theirs'), 'Key', SINGLE_REGION_KEY);
    expect(
      () => new IdentityStateStack(app, 'Imported', { replicas: REPLICAS, encryptionKey: theirs }),
    ).toThrow('Imported: encryptionKey must be the ARN of a multi-Region key');
  });

  it('a replica under a single-Region key', () => {
    const replicas = [{ region: OTHER.region, encryptionKeyArn: SINGLE_REGION_KEY }];
    expect(() => new IdentityStateStack(newApp(), 'State', { replicas })).toThrow(
      'State: replicas[0].encryptionKeyArn must be the ARN of a multi-Region key',
    );
    const stack = new Stack(newApp(), 'Replica', { env: OTHER });
    expect(() => new EncryptionKeyReplica(stack, 'Key', { primaryKeyArn: SINGLE_REGION_KEY })).toThrow(
      'Replica/Key: primaryKeyArn must be',
    );
    expect(
      () =>
        new IdentityStateReplica(stack, 'State', {
          identityRegion: HOME.region,
          tableNames: TABLE_NAMES,
          encryptionKey: Key.fromKeyArn(stack, 'Theirs', SINGLE_REGION_KEY),
        }),
    ).toThrow('Replica/State: encryptionKey must be');
  });
});
