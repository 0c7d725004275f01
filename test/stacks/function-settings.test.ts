/** Settings of the functions: memory by group, concurrency by props, and the schedule of the keys. */
import { LayerVersion, SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionGroup } from '../../lambda/operations/groups';
import { AgentIdentity, type FunctionSettings } from '../../lib';
import { GROUPS } from '../../lib/constructs/function-groups';
import { consumerStack, templateOf } from './consumer';
import { plain, resourcesOf, standardSynthesis, synthesize, withoutHash, type Synthesis } from './synthesis';

const standard = standardSynthesis();

const functionOf = (synthesis: Synthesis, group: FunctionGroup) => {
  const all = resourcesOf(synthesis.stateless, 'AWS::Lambda::Function');
  const [, found] = all.find(([id]) => withoutHash(id) === group.replaceAll('-', '')) ?? [];
  return found?.Properties ?? {};
};

/** Returns the principals that a permission allows to invoke each function. */
const permissionsOf = (synthesis: Synthesis, principal: string) =>
  resourcesOf(synthesis.stateless, 'AWS::Lambda::Permission')
    .map(([, { Properties }]) => plain(Properties, synthesis) as Record<string, string>)
    .filter(({ Principal }) => Principal === principal);

describe('every function', () => {
  const groups = Object.entries(GROUPS).map(
    ([group, { memorySize }]) => [group, memorySize] as [FunctionGroup, number],
  );

  it.each(groups)(
    '%s runs on Node.js 24 and ARM, is traced, and has the memory of its group',
    (group, memory) => {
      expect(functionOf(standard, group)).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        MemorySize: memory,
        TracingConfig: { Mode: 'Active' },
      });
    },
  );

  it('has no reserved and no provisioned concurrency by default', () => {
    for (const [group] of groups) {
      expect(functionOf(standard, group)).not.toHaveProperty('ReservedConcurrentExecutions');
    }
    for (const [, { Properties }] of resourcesOf(standard.stateless, 'AWS::Lambda::Alias')) {
      expect(Properties).not.toHaveProperty('ProvisionedConcurrencyConfig');
    }
  });
});

describe('the prop functions', () => {
  const set = synthesize({
    functions: {
      tokenExchange: { memorySize: 2048, reservedConcurrentExecutions: 5 },
      controlPlane: { reservedConcurrentExecutions: 0 },
      credentialRetrieval: { provisionedConcurrentExecutions: 2 },
      providerClient: { provisionedConcurrentExecutions: 1 },
    },
  });

  it('sets memory and concurrency of the named function only', () => {
    expect(functionOf(set, 'token-exchange')).toMatchObject({
      MemorySize: 2048,
      ReservedConcurrentExecutions: 5,
    });
    expect(functionOf(set, 'key-rotation')).toEqual(functionOf(standard, 'key-rotation'));
  });

  it('adds variables and ends the traces of the named function only', () => {
    const functions = {
      tokenExchange: { environment: { NODE_OPTIONS: '--enable-source-maps' }, tracing: false },
    };
    const changed = synthesize({ functions });
    expect(functionOf(changed, 'token-exchange')).not.toHaveProperty('TracingConfig');
    const variablesOf = (synthesis: Synthesis) =>
      (functionOf(synthesis, 'token-exchange').Environment as { Variables: object }).Variables;
    expect(variablesOf(changed)).toEqual({
      ...variablesOf(standard),
      NODE_OPTIONS: '--enable-source-maps',
    });
    expect(functionOf(changed, 'operator')).toEqual(functionOf(standard, 'operator'));
  });

  it("sets the level of Lambda's own records of the named function only, and keeps audit entries", () => {
    const changed = synthesize({ functions: { tokenExchange: { systemLogLevel: SystemLogLevel.WARN } } });
    expect(functionOf(changed, 'token-exchange').LoggingConfig).toEqual({
      ...(functionOf(standard, 'token-exchange').LoggingConfig as object),
      LogFormat: 'JSON',
      SystemLogLevel: 'WARN',
      ApplicationLogLevel: 'INFO',
    });
    expect(functionOf(changed, 'operator')).toEqual(functionOf(standard, 'operator'));
  });

  it('adds layers to the layer of the trusted issuers', () => {
    const stack = consumerStack();
    const arn = 'arn:aws:lambda:eu-central-1:111122223333:layer:monitoring:7';
    const layers = [LayerVersion.fromLayerVersionArn(stack, 'Monitoring', arn)];
    new AgentIdentity(stack, 'Identity', {
      trustedIssuers: Array.from({ length: 60 }, (_, index) => ({
        discoveryUrl: `https://idp-${index}.example/.well-known/openid-configuration`,
        allowedClients: ['app'],
      })),
      functions: { tokenExchange: { layers }, keyRotation: { layers } },
    });
    const layersOf = (group: FunctionGroup) =>
      Object.values(templateOf(stack).Resources).find(
        ({ Type, Properties }) =>
          Type === 'AWS::Lambda::Function' && Properties.Description === `agent-identity: ${group}`,
      )?.Properties.Layers;
    expect(layersOf('key-rotation')).toEqual([arn]);
    expect(layersOf('token-exchange')).toEqual([expect.any(Object), arn]);
    expect(layersOf('operator')).toBeUndefined();
  });

  /** The variables that the code of the functions names. */
  const read = ['composition/environment.ts', 'composition/regions.ts', 'composition/logging.ts'].flatMap(
    (file) =>
      [
        ...readFileSync(join(__dirname, '../../lambda/functions', file), 'utf8').matchAll(
          /process\.env\.([A-Z]\w+)|readJson\('(\w+)'|^ {2}([A-Z][A-Z_]+): /gm,
        ),
      ].map(([, ...names]) => names.find((name) => name !== undefined) ?? ''),
  );
  /** Of Lambda's runtime, which rejects them itself; and tables and functions, which a function has no right to use. */
  const HARMLESS =
    /^AWS_|_TABLE$|_FUNCTION$|^(ARN_PREFIX|BASE_URL|DIGEST_KEY_ARN|KMS_KEY_ARN|TRAIL_BUCKET|URL_SUFFIX)$/;
  const guarded = [...new Set(read)].filter((name) => !HARMLESS.test(name));

  it.each([
    ...guarded,
    'BASE_URL',
    'DIRECTORY_TABLE',
    'TRUSTED_ISSUERS_FILE',
    'TRUSTED_ISSUERS_SHA256',
    'REPLICATED_TABLE',
    'AWS_ENDPOINT_URL_KMS',
    'AWS_CONFIG_FILE',
    'NODE_DEBUG',
    'NODE_TLS_REJECT_UNAUTHORIZED',
  ])('changes no variable of the service: %s', (name) => {
    const functions = { tokenExchange: { environment: { [name]: 'x' } } };
    expect(() => synthesize({ functions })).toThrow(
      `AgentIdentityStateless: environment.${name} in functions is a variable of the service`,
    );
  });

  it('rejects a misspelled setting in JavaScript', () => {
    const functions = { tokenExchange: { enviroment: {} } as FunctionSettings };
    expect(() => synthesize({ functions })).toThrow(
      'enviroment is not a member of this configuration. Did you mean environment?',
    );
  });

  it('rejects a name that Lambda rejects', () => {
    const functions = { tokenExchange: { environment: { '1 name': 'x' } } };
    expect(() => synthesize({ functions })).toThrow(
      'environment.1 name in functions must begin with a letter',
    );
  });

  it('stops a function with a reserved concurrency of 0', () => {
    expect(functionOf(set, 'control-plane')).toHaveProperty('ReservedConcurrentExecutions', 0);
  });

  it('provisions concurrency for the alias, which callers invoke', () => {
    const provisioned = resourcesOf(set.stateless, 'AWS::Lambda::Alias')
      .map(([id, { Properties }]) => [withoutHash(id), Properties.ProvisionedConcurrencyConfig])
      .filter(([, configuration]) => configuration !== undefined);
    expect(provisioned).toEqual([
      ['providerclientlive', { ProvisionedConcurrentExecutions: 1 }],
      ['credentialretrievallive', { ProvisionedConcurrentExecutions: 2 }],
    ]);
  });

  it.each<[string, FunctionSettings, string]>([
    [
      'less memory than Lambda has',
      { memorySize: 64 },
      'memorySize must be a whole number from 128 to 10240',
    ],
    ['a fraction of a MiB', { memorySize: 512.5 }, 'memorySize must be a whole number from 128 to 10240'],
    [
      'a negative reserved concurrency',
      { reservedConcurrentExecutions: -1 },
      'reservedConcurrentExecutions must be a whole number',
    ],
    [
      'a provisioned concurrency of 0',
      { provisionedConcurrentExecutions: 0 },
      'provisionedConcurrentExecutions must be a whole number',
    ],
    [
      'more provisioned than reserved',
      { reservedConcurrentExecutions: 1, provisionedConcurrentExecutions: 2 },
      'provisionedConcurrentExecutions must be reservedConcurrentExecutions or less',
    ],
    [
      'a system log level that Lambda does not have',
      { systemLogLevel: 'ERROR' as SystemLogLevel },
      'systemLogLevel must be one of INFO, DEBUG, WARN',
    ],
  ])('%s is rejected', (_what, settings, message) => {
    expect(() => synthesize({ functions: { tokenExchange: settings } })).toThrow(
      `AgentIdentityStateless: functions.tokenExchange.${message}`,
    );
  });
});

describe('the schedules', () => {
  /** No issuer is polled. */
  const unpolled = synthesize({ trustedIssuers: [] });

  it('request due keys every 6 hours, and a sweep of the revocation outbox every minute', () => {
    const rules = resourcesOf(unpolled.stateless, 'AWS::Events::Rule');
    expect(rules.map(([, { Properties }]) => plain(Properties, unpolled))).toEqual([
      {
        Description: expect.any(String) as string,
        ScheduleExpression: 'rate(6 hours)',
        State: 'ENABLED',
        Targets: [
          {
            Arn: '<keyrotationlive>',
            Id: 'Target0',
            Input: '{"prepare":"signing-keys"}',
            RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 2 },
          },
        ],
      },
      {
        Description: expect.any(String) as string,
        ScheduleExpression: 'rate(1 minute)',
        State: 'ENABLED',
        Targets: [
          {
            Arn: '<revocationlive>',
            Id: 'Target0',
            Input: '{"sweep":true}',
            RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
          },
        ],
      },
    ]);
  });

  it('request polled security events every minute, by a rule that only that function allows', () => {
    const rules = resourcesOf(standard.stateless, 'AWS::Events::Rule');
    expect(rules.map(([, { Properties }]) => plain(Properties, standard))).toContainEqual({
      Description: expect.any(String) as string,
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [
        {
          Arn: '<eventpolllive>',
          Id: 'Target0',
          Input: '{"poll":"security-events"}',
          RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
        },
      ],
    });
    expect(permissionsOf(standard, 'events.amazonaws.com')).toContainEqual({
      Action: 'lambda:InvokeFunction',
      FunctionName: '<eventpolllive>',
      Principal: 'events.amazonaws.com',
      SourceArn: '<PollSchedule.Arn>',
    });
  });

  it('include none for security events if no issuer is polled, and there is no function', () => {
    expect(Object.keys(unpolled.stateless.Resources).filter((id) => /^(Poll|eventpoll)/.test(id))).toEqual(
      [],
    );
  });

  it('are the only EventBridge rules that can invoke a function, and the only invoker of key-rotation', () => {
    expect(permissionsOf(unpolled, 'events.amazonaws.com')).toEqual([
      {
        Action: 'lambda:InvokeFunction',
        FunctionName: '<keyrotationlive>',
        Principal: 'events.amazonaws.com',
        SourceArn: '<KeySchedule.Arn>',
      },
      {
        Action: 'lambda:InvokeFunction',
        FunctionName: '<revocationlive>',
        Principal: 'events.amazonaws.com',
        SourceArn: '<RevocationSchedule.Arn>',
      },
    ]);
    const all = resourcesOf(unpolled.stateless, 'AWS::Lambda::Permission').filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes('keyrotation'),
    );
    expect(all).toHaveLength(1);
  });
});
