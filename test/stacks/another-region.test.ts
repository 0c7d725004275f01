/** A deployment in two Regions: the replicas of its state, and the service of the other Region. */
import { Stack, type App } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Key } from 'aws-cdk-lib/aws-kms';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/operations/groups';
import {
  EncryptionKeyReplica,
  IdentityServiceStack,
  IdentityStateReplica,
  IdentityStateStack,
  type IdentityStateProps,
  type IIdentityState,
  type TableReplica,
} from '../../lib';
import { newApp } from './new-app';
import { logicalId, type Statement } from './expected-statements';
import { POLLED_ISSUER, plain, resourcesOf, standardSynthesis, type Synthesis } from './synthesis';

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

const templateOf = (stack: Stack): Synthesis['stateful'] =>
  Template.fromStack(stack).toJSON() as Synthesis['stateful'];

const DOMAIN_NAME = 'identity.example.com';

/** Returns a domain with a certificate in that Region. */
function domainIn(app: App, env: typeof HOME, domainName = DOMAIN_NAME) {
  const certificateArn = `arn:aws:acm:${env.region}:${ACCOUNT}:certificate/1234abcd`;
  const scope = new Stack(app, `Certificate-${env.region}`);
  return { domainName, certificate: Certificate.fromCertificateArn(scope, 'Certificate', certificateArn) };
}

function serviceOf(state: IIdentityState, env: typeof HOME): Synthesis {
  const app = Stack.of(state.encryptionKey).node.root as App;
  const stack = new IdentityServiceStack(app, 'Service', {
    ...{ state, env, domain: domainIn(app, env) },
    trustedIssuers: [POLLED_ISSUER],
  });
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

/** Returns the messages of a synthesis that fails. */
function failureOf(app: App): string {
  try {
    app.synth();
  } catch (error) {
    return (error as Error).message;
  }
  return 'synthesized';
}

describe('replicas', () => {
  const make = (props: object) => () => new IdentityStateStack(newApp(), 'State', { env: HOME, ...props });
  const replicasWith = (...changes: Partial<TableReplica>[]) => ({
    replicas: changes.map((change) => ({ ...REPLICAS[0], ...change })),
  });

  it('of a single-Region key are rejected', () => {
    expect(make({ replicas: REPLICAS, multiRegionKey: false })).toThrow(
      'State: multiRegionKey must not be false with replicas',
    );
    const encryptionKey = Key.fromKeyArn(new Stack(newApp(), 'Theirs'), 'Key', SINGLE_REGION_KEY);
    expect(make({ replicas: REPLICAS, encryptionKey })).toThrow(
      'State: encryptionKey must be the ARN of a multi-Region key',
    );
  });

  it('under a key that is no replica of the key in that Region are rejected', () => {
    expect(make(replicasWith({ encryptionKeyArn: SINGLE_REGION_KEY }))).toThrow(
      'State: replicas[0].encryptionKeyArn must be the ARN of a multi-Region key',
    );
    expect(make(replicasWith({ encryptionKeyArn: PRIMARY_KEY }))).toThrow(
      'State: replicas[0].encryptionKeyArn must be in eu-west-1, the Region of the replica',
    );
    const other = PRIMARY_KEY.replace('mrk-1', 'mrk-2');
    const encryptionKey = Key.fromKeyArn(new Stack(newApp(), 'Theirs'), 'Key', other);
    expect(make({ ...replicasWith({}), encryptionKey })).toThrow(
      'State: replicas[0].encryptionKeyArn must be a replica of the key in encryptionKey',
    );
  });

  it('in the Region of the stack, in one Region twice, or in no Region are rejected', () => {
    expect(make(replicasWith({ region: HOME.region, encryptionKeyArn: PRIMARY_KEY }))).toThrow(
      'State: replicas[0].region must differ from the Region of the stack',
    );
    expect(make(replicasWith({}, {}))).toThrow('State: replicas[1].region must differ from');
    for (const region of ['Ireland', 'eu-wst-1']) {
      expect(make(replicasWith({ region }))).toThrow('State: replicas[0].region must be a Region');
    }
    // Not every Region is known to CDK.
    const region = 'eu-southeast-9';
    const encryptionKeyArn = REPLICA_KEY.replace(OTHER.region, region);
    expect(make({ replicas: [{ region, encryptionKeyArn }] })).not.toThrow();
  });

  it('without a domain name get a warning, because a failover needs one', () => {
    const app = newApp();
    const state = new IdentityStateStack(app, 'State', { env: HOME, replicas: REPLICAS });
    const warned = new IdentityServiceStack(app, 'Service', { env: HOME, state });
    const domain = domainIn(app, HOME);
    const named = new IdentityServiceStack(app, 'Named', { env: HOME, state, domain, deploymentName: 'n' });
    const warning = Match.stringLikeRegexp(
      'replicas: a failover to another Region needs a custom domain name',
    );
    Annotations.fromStack(warned).hasWarning('*', warning);
    Annotations.fromStack(named).hasNoWarning('*', warning);
  });
});

it('synthesis says what several replicas or another key mean for a live deployment, which it does not see', () => {
  const app = newApp();
  const further = { region: 'eu-west-2', encryptionKeyArn: REPLICA_KEY.replace(OTHER.region, 'eu-west-2') };
  const encryptionKey = Key.fromKeyArn(new Stack(app, 'Keys'), 'Key', PRIMARY_KEY);
  const stateWith = (id: string, props: IdentityStateProps) =>
    Annotations.fromStack(new IdentityStateStack(app, id, { env: HOME, ...props }));
  const several = Match.stringLikeRegexp('change one Region in each deployment');
  stateWith('Two', { replicas: [...REPLICAS, further] }).hasWarning('/Two', several);
  stateWith('One', { replicas: REPLICAS }).hasNoWarning('*', several);
  const anotherKey = Match.stringLikeRegexp('follow the steps of docs/another-region.md');
  stateWith('Theirs', { encryptionKey }).hasInfo('/Theirs', anotherKey);
  stateWith('Own', {}).hasNoInfo('*', anotherKey);
});

it('a key of another Region is rejected as the key of the state, and for the token vault', () => {
  const app = newApp();
  const encryptionKey = Key.fromKeyArn(new Stack(app, 'Theirs'), 'Key', REPLICA_KEY);
  expect(() => new IdentityStateStack(app, 'State', { env: HOME, encryptionKey })).toThrow(
    'State: encryptionKey must be in eu-central-1, the Region of the stack',
  );
  const state = new IdentityStateStack(app, 'Own', { env: HOME });
  const tokenVaultKeys = [PRIMARY_KEY, REPLICA_KEY];
  expect(() => new IdentityServiceStack(app, 'Service', { env: HOME, state, tokenVaultKeys })).toThrow(
    'Service: tokenVaultKeys[1] must be in eu-central-1, the Region of the stack',
  );
});

it.each([
  [
    'in another Region',
    OTHER,
    'state is in eu-central-1, so the service must be in that Region, not in eu-west-1.',
  ],
  [
    'in another account',
    { ...HOME, account: '444455556666' },
    `state is in the account ${ACCOUNT}, so the service must be in that account`,
  ],
])('a service %s than its state is rejected, because both could write', (_where, env, message) => {
  for (const replicas of [[], REPLICAS]) {
    const app = newApp();
    const state = new IdentityStateStack(app, 'State', { env: HOME, replicas });
    const make = () => new IdentityServiceStack(app, 'Service', { env, state, domain: domainIn(app, env) });
    expect(make).toThrow(`Service: ${message}`);
  }
});

it('a single-Region key for the token vault is rejected if the tables have replicas', () => {
  const app = newApp();
  const make = (id: string, replicas: TableReplica[]) => () => {
    const state = new IdentityStateStack(app, `${id}State`, { env: HOME, replicas });
    const tokenVaultKeys = [SINGLE_REGION_KEY];
    return new IdentityServiceStack(app, id, { env: HOME, state, tokenVaultKeys });
  };
  expect(make('Single', [])).not.toThrow();
  expect(make('Replicated', REPLICAS)).toThrow(
    'Replicated: tokenVaultKeys[0] must be the ARN of a multi-Region key',
  );
});

describe('the replica of a key', () => {
  it('is rejected in the Region of the key, and for a single-Region key', () => {
    const stack = new Stack(newApp(), 'Replica', { env: HOME });
    expect(() => new EncryptionKeyReplica(stack, 'Key', { primaryKeyArn: PRIMARY_KEY })).toThrow(
      'Replica/Key: primaryKeyArn must be a key of another Region',
    );
    expect(() => new EncryptionKeyReplica(stack, 'Other', { primaryKeyArn: SINGLE_REGION_KEY })).toThrow(
      'Replica/Other: primaryKeyArn must be',
    );
  });
});

const makeReplica =
  (changes: Readonly<Record<string, unknown>>, env: object = { env: OTHER }) =>
  () => {
    const stack = new Stack(newApp(), 'Replica', env);
    const props = {
      identityRegion: HOME.region,
      tableNames: TABLE_NAMES,
      encryptionKey: Key.fromKeyArn(stack, 'Theirs', REPLICA_KEY),
      ...changes,
    };
    return new IdentityStateReplica(stack, 'State', props);
  };

it('the replica of a state accepts tables with names that CloudFormation generated', () => {
  const tableNames = { ...TABLE_NAMES, vault: 'State-VaultTable3CC8F6E8-1ABC' };
  expect(makeReplica({ tableNames })).not.toThrow();
});

describe('the replica of a state is rejected', () => {
  it.each([
    ['its own Region', OTHER.region, 'the Region in which the deployment was created'],
    ['no Region', undefined, 'a Region, such as eu-central-1'],
    ['the name of a place', 'Frankfurt', 'a Region, such as eu-central-1'],
    ['a mistyped Region', 'eu-wst-1', 'a Region, such as eu-central-1'],
    ['a Region that is known only at deployment', new Stack().region, 'the Region in which the deployment'],
  ])('with %s as its identity Region, because two Regions could write', (_what, identityRegion, must) => {
    expect(makeReplica({ identityRegion })).toThrow(`Replica/State: identityRegion must be ${must}`);
  });

  it('with another identity Region than that of the primary key', () => {
    const stack = new Stack(newApp(), 'Replica', { env: OTHER });
    const { key } = new EncryptionKeyReplica(stack, 'Key', { primaryKeyArn: PRIMARY_KEY });
    const props = { identityRegion: 'eu-north-1', tableNames: TABLE_NAMES, encryptionKey: key };
    expect(() => new IdentityStateReplica(stack, 'State', props)).toThrow(
      'Replica/State: identityRegion must be eu-central-1, the Region of the primaryKeyArn',
    );
  });

  it('in a stack whose Region is not known', () => {
    expect(makeReplica({}, {})).toThrow('Replica/State: the stack must have a Region (env.region)');
  });

  it.each([
    [{ vault: `"${TABLE_NAMES.vault}"` }, 'tableNames.vault must be the name of a table'],
    [{ keys: undefined }, 'tableNames.keys must be the name of a table'],
    [{ keys: 'State-VaultTable3CC8F6E8-1ABC' }, 'tableNames.keys must be the table keys, not another table'],
    [{ keys: TABLE_NAMES.vault }, 'tableNames must be the names of five different tables'],
  ])('with the tables %j', (tableNames, message) => {
    expect(makeReplica({ tableNames: { ...TABLE_NAMES, ...tableNames } })).toThrow(
      `Replica/State: ${message}`,
    );
  });

  it('under a single-Region key, or the key of the first Region', () => {
    const stack = new Stack(newApp(), 'Keys');
    const single = Key.fromKeyArn(stack, 'Single', SINGLE_REGION_KEY);
    expect(makeReplica({ encryptionKey: single })).toThrow(
      'Replica/State: encryptionKey must be the ARN of a',
    );
    const primary = Key.fromKeyArn(stack, 'Primary', PRIMARY_KEY);
    expect(makeReplica({ encryptionKey: primary })).toThrow(
      'Replica/State: encryptionKey must be in eu-west-1',
    );
  });
});

describe('a standby', () => {
  /** Returns the state of the standby, under the replica of the deployment's key. */
  function standbyState(
    app: App,
    env: typeof HOME = OTHER,
    identityRegion = HOME.region,
  ): IdentityStateReplica {
    const stack = new Stack(app, 'Standby', { env });
    // Only the key of an EncryptionKeyReplica is known to be of the identity Region.
    const key =
      identityRegion === HOME.region
        ? new EncryptionKeyReplica(stack, 'Key', { primaryKeyArn: PRIMARY_KEY }).key
        : Key.fromKeyArn(stack, 'Key', REPLICA_KEY);
    return new IdentityStateReplica(stack, 'State', {
      identityRegion,
      tableNames: TABLE_NAMES,
      encryptionKey: key,
    });
  }

  it('is rejected without a domain name, and with a hosted zone', () => {
    const app = newApp();
    const state = standbyState(app);
    expect(() => new IdentityServiceStack(app, 'Service', { env: OTHER, state })).toThrow(
      'Service: domain must be set',
    );
    const zone = { hostedZoneId: 'Z1', zoneName: 'example.com' };
    const hostedZone = HostedZone.fromHostedZoneAttributes(new Stack(app, 'Zone'), 'Zone', zone);
    const domain = { ...domainIn(app, OTHER), hostedZone };
    expect(() => new IdentityServiceStack(app, 'Named', { env: OTHER, state, domain })).toThrow(
      'Named: domain.hostedZone must not be set for a standby',
    );
  });

  it('is rejected in the identity Region, in another Region than its tables, and in an unknown one', () => {
    const app = newApp();
    const stack = new Stack(app, 'Standby', { env: OTHER });
    const state = new IdentityStateReplica(stack, 'State', {
      identityRegion: HOME.region,
      tableNames: TABLE_NAMES,
      encryptionKey: Key.fromKeyArn(stack, 'Key', REPLICA_KEY),
    });
    const domain = domainIn(app, OTHER);
    const make = (id: string, env: object) => () => new IdentityServiceStack(app, id, { env, state, domain });
    expect(make('Home', HOME)).toThrow('Home: the stack of a standby must have a Region (env.region) other');
    expect(make('Unknown', {})).toThrow(
      'Unknown: the stack of a standby must have a Region (env.region) other',
    );
    expect(make('Elsewhere', { region: 'eu-north-1' })).toThrow('Elsewhere: state must be in eu-north-1');
  });

  /** Returns an app with the services of both Regions. */
  function appWith(standby: (app: App) => IdentityStateReplica, domainName?: string): App {
    const app = newApp();
    const home = new IdentityStateStack(app, 'State', { env: HOME, replicas: REPLICAS });
    new IdentityServiceStack(app, 'Home', { env: HOME, state: home, domain: domainIn(app, HOME) });
    const state = standby(app);
    const env = { account: ACCOUNT, region: Stack.of(state).region };
    new IdentityServiceStack(app, 'Other', { env, state, domain: domainIn(app, env, domainName) });
    return app;
  }

  it('fits the service of the first Region in the same app', () => {
    expect(failureOf(appWith(standbyState))).toBe('synthesized');
  });

  it.each<[string, (app: App) => IdentityStateReplica, string | undefined, string]>([
    [
      'another identity Region',
      (app) => standbyState(app, OTHER, 'eu-north-1'),
      undefined,
      'identityRegion of the state must be eu-central-1, the Region of Home',
    ],
    [
      'a Region without replicas',
      (app) => standbyState(app, { ...OTHER, region: 'eu-north-1' }),
      undefined,
      'the stack must be in a Region of the replicas of Home: eu-west-1',
    ],
    [
      'another domain name',
      standbyState,
      'other.example.com',
      'domain.domainName must be the same as the name of Home',
    ],
  ])('fails the synthesis with %s than the first Region in the same app', (_what, standby, name, message) => {
    expect(failureOf(appWith(standby, name))).toContain(message);
  });
});
