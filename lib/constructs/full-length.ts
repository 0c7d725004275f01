/**
 * Estimates at synthesis how long a text is at deployment. Values that are known only then are measured at their full
 * length.
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
import type { Construct, IConstruct } from 'constructs';

/** The longest name of a Region. */
export const LONGEST_REGION = 'ap-southeast-1';

/** The longest values of pseudo parameters. */
const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws-us-gov',
  'AWS::Region': LONGEST_REGION,
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

/** Attributes of resources whose full length is known, with a value of that length, by resource. */
const STAND_INS = new WeakMap<IConstruct, Readonly<Record<string, string>>>();

/** Has references to attributes of a resource measured as these values. */
export function measureAs(resource: CfnResource, attributes: Readonly<Record<string, string>>): void {
  STAND_INS.set(resource, attributes);
}

/** Returns the maximum number of characters that a reference has at deployment. */
function referenceLength({ target, displayName }: Reference): number {
  if (displayName.startsWith('AWS::')) return pseudoParameterLength(target, displayName);
  if (!CfnResource.isCfnResource(target)) return UNKNOWN_LENGTH;
  const isArn =
    displayName === 'Ref' ? REFERENCED_BY_ARN.includes(target.cfnResourceType) : displayName.endsWith('Arn');
  return nameLength(target) + (isArn ? arnOverhead(target) : 0);
}

export const isObject = (value: unknown): value is object =>
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
    if (Reference.isReference(token)) {
      const standIn = STAND_INS.get(token.target)?.[token.displayName];
      return standIn === undefined
        ? placeholder(referenceLength(token))
        : atFullLength(token.target, standIn);
    }
    const resolved: unknown = super.resolveToken(token, context, postProcessor);
    if (!isObject(resolved)) return resolved;
    const [[key, argument] = ['']] = Object.entries(resolved) as [string, unknown][];
    // CDK's class Aws has references without a target.
    if (key === 'Ref') return placeholder(pseudoParameterLength(context.scope, String(argument)));
    return key.startsWith('Fn::') ? placeholder(UNKNOWN_LENGTH) : resolved;
  }
}

/** Returns a value in which everything that is known only at deployment is a text of its full length. */
export const atFullLength = (scope: IConstruct, value: unknown): unknown =>
  Tokenization.resolve(value, { scope, resolver: new FullLengthResolver(), preparing: false });
