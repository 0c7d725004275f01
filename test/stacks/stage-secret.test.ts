/** Each API adds its secret to events, and its functions have the digest. */
import type { CfnResource } from 'aws-cdk-lib';
import { ROUTED_GROUPS } from '../../lambda/operations/groups';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import { consumerStack, standardTemplate, templateOf, written, type ConsumerTemplate } from './consumer';
import { endpointTemplate } from './endpoint';

const TYPE = 'Custom::AgentIdentityStageSecret';

const resourcesOf = ({ Resources }: ConsumerTemplate, type: string) =>
  Object.entries(Resources).filter(([, { Type }]) => Type === type);

interface FunctionProperties {
  readonly Description?: string;
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
}

/** Returns the digests in the environments, by the functions' descriptions. */
const digestsOf = (template: ConsumerTemplate): Record<string, string | undefined> =>
  Object.fromEntries(
    resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) => {
      const { Description = '', Environment } = written(Properties) as FunctionProperties;
      return [Description, Environment?.Variables.STAGE_SECRET_HASH];
    }),
  );

const secretsOf = (template: ConsumerTemplate): unknown[] =>
  resourcesOf(template, 'AWS::ApiGateway::Stage').map(
    ([, { Properties }]) =>
      (written(Properties) as { Variables: { stageSecret?: unknown } }).Variables.stageSecret,
  );

/** The secret in a template is one reference: that of the stage. */
const expectSecretOnlyInStage = (template: ConsumerTemplate, name: string): void => {
  expect(JSON.stringify(written(template)).split(`<${name}.Secret>`)).toHaveLength(2);
};

describe('the service', () => {
  const template = standardTemplate();

  it('has the secret in the stage alone, and the digest in the functions of the API alone', () => {
    expect(secretsOf(template)).toEqual(['<IdentityStageSecret.Secret>']);
    expectSecretOnlyInStage(template, 'IdentityStageSecret');
    for (const [description, digest] of Object.entries(digestsOf(template))) {
      const group = description.replace('agent-identity: ', '');
      const isRouted = ROUTED_GROUPS.some((routed) => routed === group);
      expect([group, digest]).toEqual([group, isRouted ? '<IdentityStageSecret.Hash>' : undefined]);
    }
  });

  it('never updates or deletes the secret, which would reject every request during a deployment', () => {
    const [[, secret] = []] = resourcesOf(template, TYPE);
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(Object.keys(secret?.Properties ?? {}).sort()).toEqual(['ServiceTimeout', 'ServiceToken']);
  });
});

it('another logical ID replaces the secret everywhere, and publishes new versions, as docs/runbook.md says', () => {
  const stack = consumerStack();
  const identity = new AgentIdentity(stack, 'Identity');
  const secret = identity.node.findChild('StageSecret').node.defaultChild as CfnResource;
  secret.overrideLogicalId('StageSecret2');
  const template = templateOf(stack);
  const text = JSON.stringify(template);
  expect(text).not.toContain('"IdentityStageSecret');
  expect(text.split('["StageSecret2","Hash"]')).toHaveLength(ROUTED_GROUPS.length + 1);
  const versionsOf = (of: ConsumerTemplate) => resourcesOf(of, 'AWS::Lambda::Version').map(([id]) => id);
  const before = versionsOf(standardTemplate());
  const changed = versionsOf(template).filter((id) => !before.includes(id));
  expect(changed).toHaveLength(ROUTED_GROUPS.length);
});

describe('an endpoint', () => {
  it('has its own secret, with the digest in the gate and the authorizer', () => {
    const template = endpointTemplate();
    expect(secretsOf(template)).toEqual(['<TravelStageSecret.Secret>']);
    expectSecretOnlyInStage(template, 'TravelStageSecret');
    const digests = Object.values(digestsOf(template)).filter((digest) => digest !== undefined);
    expect(digests).toEqual(['<TravelStageSecret.Hash>', '<TravelStageSecret.Hash>']);
    expect(resourcesOf(template, TYPE)).toHaveLength(1);
  });

  it('has another secret than the service in its stack, from the function for custom resources', () => {
    const stack = consumerStack();
    const identity = new AgentIdentity(stack, 'Identity');
    new AgentEndpoint(stack, 'Notes', {
      identity,
      workload: new WorkloadIdentity(stack, 'NotesAgent', { identity }),
      inbound: Inbound.iam(),
      target: AgentTarget.url('https://agent.example/invocations'),
    });
    const template = templateOf(stack);
    const names = ['IdentityStageSecret', 'NotesStageSecret'];
    expect(secretsOf(template)).toEqual(names.map((name) => `<${name}.Secret>`));
    for (const name of names) expectSecretOnlyInStage(template, name);
    const creators = resourcesOf(template, TYPE).map(
      ([, { Properties }]) => (written(Properties) as { ServiceToken: string }).ServiceToken,
    );
    expect(new Set(creators).size).toBe(2);
    // The function takes requests only with an address of a service.
    const functions = resourcesOf(template, 'AWS::Lambda::Function').map(
      ([, { Properties }]) => (written(Properties) as FunctionProperties).Environment?.Variables.STACK,
    );
    expect(functions.filter((stated) => stated !== undefined)).toEqual([
      expect.stringContaining('"endpoints":["https://') as string,
    ]);
  });
});
