/** A stack of someone else's app, as CloudFormation will see it. */
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AgentIdentity } from '../../lib';
import { newApp } from './new-app';
import { plain, type Resource } from './synthesis';

export interface ConsumerTemplate {
  readonly Resources: Readonly<Record<string, Resource & { readonly DependsOn?: readonly string[] }>>;
  readonly Outputs?: Readonly<Record<string, { Value: unknown; Description?: string }>>;
}

export const consumerStack = (): Stack => new Stack(newApp(), 'Consumer');

/** The role that owns the resources of the stack, as `written` writes its ARN. */
export const OWNER =
  'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/Consumer-AgentIdentityResources-A841694E-<AWS::Region>';

/** Returns a text with references as it is in an account, for the service's own code. */
export const deployed = (text: string): string =>
  text
    .replaceAll('<AWS::AccountId>', '123456789012')
    .replaceAll('<AWS::Region>', 'eu-central-1')
    .replaceAll('<AWS::Partition>', 'aws');

export const templateOf = (stack: Stack): ConsumerTemplate =>
  Template.fromStack(stack).toJSON() as ConsumerTemplate;

let standard: ConsumerTemplate | undefined;

/** Returns the template of the service without props. It is synthesized once in each test file. */
export function standardTemplate(): ConsumerTemplate {
  if (standard) return standard;
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity');
  return (standard = templateOf(stack));
}

/** Returns any part of a template with its references as text, as `plain` of synthesis.ts writes them. */
export const written = (value: unknown): unknown =>
  plain(value, { stateful: { Resources: {} }, stateless: { Resources: {} } });

/** Returns the properties of the only resource of a type, with references as text. */
export function propertiesOf(template: ConsumerTemplate, type: string): Record<string, unknown> {
  const found = Object.values(template.Resources).filter((resource) => resource.Type === type);
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}`);
  return written(found[0]?.Properties) as Record<string, unknown>;
}

export interface WrittenStatement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: string | string[];
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

/** Returns the statements of a role's own policies, with references as text. */
export function statementsOf(template: ConsumerTemplate, role: string): WrittenStatement[] {
  return Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Policy')
    .map(({ Properties }) => written(Properties) as { Roles: string[]; PolicyDocument: object })
    .filter(({ Roles }) => Roles.includes(`<${role}>`))
    .flatMap(({ PolicyDocument }) => (PolicyDocument as { Statement: WrittenStatement[] }).Statement);
}
