/** Tags of workload identities and credential providers: from props and from CDK's `Tags`, checked at synthesis. */
import { CfnParameter, Lazy, Tags, type Stack } from 'aws-cdk-lib';
import { AgentIdentity, WorkloadIdentity, type IAgentIdentity } from '../../lib';
import { consumerStack, propertiesOf, templateOf } from './consumer';
import { API_KEY, IDENTITY, weatherIn } from './resources';

let stack: Stack;
let identity: IAgentIdentity;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
});

const agentWith = (tags: Record<string, string>) => new WorkloadIdentity(stack, 'Agent', { identity, tags });

it("tags come from the props, from the resource's aspects, and from its scope", () => {
  const agent = agentWith({ team: 'travel', stage: 'test' });
  weatherIn(stack, identity);
  Tags.of(agent).add('stage', 'prod');
  Tags.of(stack).add('cost-center', '42');
  Tags.of(stack).remove('team');
  const template = templateOf(stack);
  expect(propertiesOf(template, IDENTITY).tags).toEqual({ stage: 'prod', 'cost-center': '42' });
  expect(propertiesOf(template, API_KEY).tags).toEqual({ 'cost-center': '42' });
});

it('tags can be limited to a type of the template', () => {
  agentWith({});
  weatherIn(stack, identity);
  Tags.of(stack).add('kind', 'agent', { includeResourceTypes: [IDENTITY] });
  Tags.of(stack).add('kind', 'key', { excludeResourceTypes: [IDENTITY] });
  const template = templateOf(stack);
  expect(propertiesOf(template, IDENTITY).tags).toEqual({ kind: 'agent' });
  expect(propertiesOf(template, API_KEY).tags).toEqual({ kind: 'key' });
});

it('a resource without tags has no property for them', () => {
  agentWith({});
  expect(propertiesOf(templateOf(stack), IDENTITY)).not.toHaveProperty('tags');
});

it('a tag can have a value that is known only at deployment', () => {
  agentWith({ stage: new CfnParameter(stack, 'Stage').valueAsString });
  expect(propertiesOf(templateOf(stack), IDENTITY).tags).toEqual({ stage: '<Stage>' });
});

it('synthesis rejects a key that is known only later, even if the value is too', () => {
  const key = Lazy.string({ produce: () => 'agent-identity:trusted-provider-owner' });
  agentWith({ [key]: new CfnParameter(stack, 'Owner').valueAsString });
  expect(() => templateOf(stack)).toThrow('Consumer/Agent: The key of each tag must be known');
});

it.each<[string, Record<string, string>, string]>([
  ['a key of the service', { 'agent-identity:stack': 'other' }, 'must not begin with agent-identity:'],
  ['a key of AWS', { 'aws:stack': 'other' }, 'must not begin with aws:'],
  ['a value that the service rejects', { team: 'süd' }, 'Consumer/Agent: tags.team must '],
  [
    'more tags than a resource has room for',
    Object.fromEntries(Array.from({ length: 48 }, (_, index) => [`tag-${index}`, ''])),
    'must have up to 46 entries',
  ],
])('synthesis rejects %s', (_, tags, message) => {
  agentWith(tags);
  expect(() => templateOf(stack)).toThrow(message);
});

describe('the name that pages show', () => {
  const nameOf = () => {
    const { tags } = propertiesOf(templateOf(stack), IDENTITY) as { tags?: Record<string, string> };
    return tags?.displayName;
  };

  it.each([{ displayName: 'Travel agent' }, { tags: { displayName: 'Travel agent' } }])(
    'comes from %j',
    (props) => {
      new WorkloadIdentity(stack, 'Agent', { identity, ...props });
      expect(nameOf()).toBe('Travel agent');
    },
  );

  it.each([{}, { displayName: 'Travel agent' }])(
    'must not come from a tag of the stack, with the props %j',
    (props) => {
      new WorkloadIdentity(stack, 'Agent', { identity, ...props });
      Tags.of(stack).add('displayName', 'Payroll');
      expect(() => templateOf(stack)).toThrow('Consumer/Agent: tags.displayName must not come from Tags.of');
    },
  );

  it('keeps its value if the tag excludes the type', () => {
    new WorkloadIdentity(stack, 'Agent', { identity, displayName: 'Travel agent' });
    Tags.of(stack).add('displayName', 'Payroll', { excludeResourceTypes: [IDENTITY] });
    expect(nameOf()).toBe('Travel agent');
  });
});

it('a tag of the stack cannot make a workload identity trust the owner of a provider', () => {
  agentWith({});
  Tags.of(stack).add('agent-identity:trusted-provider-owner', 'arn:aws:iam::111122223333:role/other');
  expect(() => templateOf(stack)).toThrow('must not begin with agent-identity:');
});
