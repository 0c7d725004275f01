/**
 * Checks at synthesis that the environment of a function fits into Lambda. CloudFormation would find out in the middle
 * of a deployment. Lambda measures the JSON of all variables, in which the quotes of JSON values are escaped. Values that
 * are known only at deployment are measured at their full length.
 * Source: AWS Lambda developer guide, "Lambda quotas": 4 KB for all environment variables.
 */
import {
  CfnResource,
  DefaultTokenResolver,
  Reference,
  Stack,
  StringConcat,
  Token,
  Tokenization,
  type IPostProcessor,
  type IResolvable,
  type IResolveContext,
} from 'aws-cdk-lib';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct, IConstruct } from 'constructs';

/** Below Lambda's 4,096 bytes, for values that turn out longer than estimated here. */
const MAX_ENVIRONMENT_BYTES = 4000;

/** The error message lists up to this many parts of a value. */
const LISTED_PARTS = 4;

/** An object with more members is listed as one part. */
const LARGE_OBJECT = 12;

/** What determines the value of a variable that contains JSON, for the error message. */
export interface VariableSource {
  /** The setting, such as `trustedIssuers`. */
  readonly setting: string;
  /** How to make it smaller, as a sentence. */
  readonly advice: string;
}

/** Sources by the name of the variable. */
export type VariableSources = Readonly<Record<string, VariableSource>>;

/** The longest values of pseudo parameters. */
const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws-us-gov',
  'AWS::Region': 'ap-southeast-1',
  'AWS::AccountId': '123456789012',
  'AWS::URLSuffix': 'amazonaws.com.cn',
};

const MAX_STACK_NAME = 128;

/** A stack's ID without its name: an ARN with a UUID. */
const STACK_ID_OVERHEAD = 110;

/** The longest text before a name in an ARN, such as `user-pool/`. */
const RESOURCE_PREFIX = 10;

/** Names that CloudFormation generates end with a hyphen and up to 13 random characters. */
const GENERATED_SUFFIX = 14;

/** Characters of identifiers that a service generates. */
const GENERATED_IDENTIFIERS: Readonly<Record<string, number>> = {
  'AWS::ApiGateway::RestApi': 10,
  'AWS::Cognito::UserPool': 24,
  'AWS::Cognito::UserPoolClient': 26,
  'AWS::KMS::Key': 36,
};

/** The longest names that CloudFormation generates, by type; 255 for all others. */
const MAX_NAMES: Readonly<Record<string, number>> = { 'AWS::Lambda::Function': 64, 'AWS::IAM::Role': 64 };

/** Resources whose reference is an ARN. */
const REFERENCED_BY_ARN = ['AWS::SecretsManager::Secret', 'AWS::SNS::Topic'];

/** Characters of a value of which nothing is known, such as a parameter: most are ARNs. */
const UNKNOWN_LENGTH = 128;

const known = (value: string): string | undefined => (Token.isUnresolved(value) ? undefined : value);

function pseudoParameterLength(scope: Construct, name: string): number {
  const stack = Stack.of(scope);
  const stackName = known(stack.stackName)?.length ?? MAX_STACK_NAME;
  const value = {
    'AWS::AccountId': known(stack.account),
    'AWS::Region': known(stack.region),
  }[name];
  if (name === 'AWS::StackName') return stackName;
  if (name === 'AWS::StackId') return STACK_ID_OVERHEAD + stackName;
  return (value ?? PSEUDO_PARAMETERS[name])?.length ?? UNKNOWN_LENGTH;
}

function nameLength(resource: CfnResource): number {
  const type = resource.cfnResourceType;
  const stackName = known(resource.stack.stackName)?.length ?? MAX_STACK_NAME;
  const logicalId = String(resource.stack.resolve(resource.logicalId));
  return (
    GENERATED_IDENTIFIERS[type] ??
    Math.min(stackName + 1 + logicalId.length + GENERATED_SUFFIX, MAX_NAMES[type] ?? 255)
  );
}

/** Returns the length of the ARN up to the name. The service is in the type: `AWS::KMS::Key`. */
function arnOverhead({ stack, cfnResourceType }: CfnResource): number {
  const [, service = ''] = cfnResourceType.split('::');
  const pseudoParameters = ['AWS::Partition', 'AWS::Region', 'AWS::AccountId']
    .map((name) => pseudoParameterLength(stack, name))
    .reduce((sum, length) => sum + length, 0);
  return 'arn:::::'.length + service.length + pseudoParameters + RESOURCE_PREFIX;
}

/** Returns the maximum number of characters that a reference has at deployment. */
function referenceLength({ target, displayName }: Reference): number {
  if (displayName.startsWith('AWS::')) return pseudoParameterLength(target, displayName);
  if (!CfnResource.isCfnResource(target)) return UNKNOWN_LENGTH;
  const isArn =
    displayName === 'Ref' ? REFERENCED_BY_ARN.includes(target.cfnResourceType) : displayName.endsWith('Arn');
  return nameLength(target) + (isArn ? arnOverhead(target) : 0);
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const placeholder = (characters: number): string => 'x'.repeat(characters);

/** Resolves each value that is known only at deployment to a text of its full length. */
class FullLengthResolver extends DefaultTokenResolver {
  constructor() {
    super(new StringConcat());
  }

  override resolveToken(
    token: IResolvable,
    context: IResolveContext,
    postProcessor: IPostProcessor,
  ): unknown {
    if (Reference.isReference(token)) return placeholder(referenceLength(token));
    const resolved: unknown = super.resolveToken(token, context, postProcessor);
    if (!isObject(resolved)) return resolved;
    const [[key, argument] = ['']] = Object.entries(resolved) as [string, unknown][];
    // CDK's class Aws has references without a target.
    if (key === 'Ref') return placeholder(pseudoParameterLength(context.scope, String(argument)));
    return key.startsWith('Fn::') ? placeholder(UNKNOWN_LENGTH) : resolved;
  }
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const figure = (bytes: number): string => bytes.toLocaleString('en-US');

interface Part {
  readonly name: string;
  readonly bytes: number;
}

/** Returns the members of an object with few members, such as conditions, and the whole of a larger one. */
function partsOf(name: string, value: unknown): Part[] {
  const members = isObject(value) ? Object.entries(value) : [];
  if (members.length > LARGE_OBJECT) return [{ name: `${members.length} ${name}`, bytes: bytesOf(value) }];
  if (members.length === 0) return [{ name, bytes: bytesOf(value) }];
  return members.map(([member, inner]) => ({ name: `${name}.${member}`, bytes: bytesOf(inner) }));
}

/** Returns what is large in a JSON value, without repeating the value. */
function contentOf(value: string): string {
  const content: unknown = JSON.parse(value);
  if (Array.isArray(content)) return `${content.length} entries`;
  const parts = isObject(content)
    ? Object.entries(content).flatMap(([name, member]) => partsOf(name, member))
    : [];
  parts.sort((one, other) => other.bytes - one.bytes);
  return parts
    .slice(0, LISTED_PARTS)
    .map(({ name, bytes }) => `${name} ${figure(bytes)}`)
    .join(', ');
}

/**
 * Returns what is wrong with an environment.
 *
 * @param variables with values of full length
 */
function environmentFault(
  variables: Readonly<Record<string, string>>,
  sources: VariableSources,
): string | undefined {
  const bytes = bytesOf(variables);
  if (bytes <= MAX_ENVIRONMENT_BYTES) return undefined;
  const sized = Object.entries(variables)
    .map(([name, value]) => ({ name, value, bytes: bytesOf({ [name]: value }) - 1 }))
    .sort((one, other) => other.bytes - one.bytes);
  const parts = sized.map(({ name, value, bytes: size }) => {
    const source = sources[name];
    return `${name} ${figure(size)}${source ? ` (${source.setting}: ${contentOf(value)})` : ''}`;
  });
  const advice = sized.flatMap(({ name }) => sources[name]?.advice ?? []);
  return [
    `The environment of this function can have ${figure(bytes)} bytes at deployment, but ${figure(MAX_ENVIRONMENT_BYTES)} is the maximum, because Lambda accepts 4 KB for all variables together.`,
    `In bytes: ${parts.join('; ')}.`,
    ...advice,
  ].join(' ');
}

/** The sources of the variables of the functions that are validated. */
const SOURCES = new WeakMap<IConstruct, VariableSources>();

/** Returns what is wrong with the environment of a function; undefined also for other constructs. */
function faultOf(deployed: IConstruct): string | undefined {
  const sources = SOURCES.get(deployed);
  if (!sources) return undefined;
  const { environment } = deployed.node.defaultChild as CfnFunction;
  const { variables = {} } = Tokenization.resolve(environment ?? {}, {
    scope: deployed,
    resolver: new FullLengthResolver(),
    preparing: false,
  }) as { variables?: Record<string, string> };
  return environmentFault(variables, sources);
}

/**
 * Makes synthesis fail if the environment of the function does not fit into Lambda. The functions of a scope have most
 * variables in common, so the first one that does not fit has the message, with the names of the others.
 *
 * @param sources of variables whose size depends on settings
 */
export function validateEnvironment(deployed: Construct, sources: VariableSources): void {
  SOURCES.set(deployed, sources);
  deployed.node.addValidation({
    validate: () => {
      const fault = faultOf(deployed);
      if (fault === undefined) return [];
      const siblings = deployed.node.scope?.node.children ?? [];
      const [first, ...others] = siblings.filter((sibling) => faultOf(sibling) !== undefined);
      if (first !== deployed) return [];
      if (others.length === 0) return [fault];
      return [`${fault} It is also too large for ${others.map(({ node }) => node.id).join(', ')}.`];
    },
  });
}
