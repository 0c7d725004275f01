/**
 * The two stacks as CloudFormation sees them. Their intrinsic functions are written as plain text, so that expectations are
 * readable.
 */
import { Template } from 'aws-cdk-lib/assertions';
import {
  IdentityStateStack,
  IdentityServiceStack,
  type IdentityServiceStackProps,
  type DeployedIssuer,
} from '../../lib';
import { newApp } from './new-app';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

interface StackTemplate {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { Value: unknown; Export?: { Name: string } }>>;
}

export interface Synthesis {
  readonly stateful: StackTemplate;
  readonly stateless: StackTemplate;
}

/** An issuer whose security events are polled, so that every function exists. */
export const POLLED_ISSUER: DeployedIssuer = {
  discoveryUrl: 'https://id.example.com/.well-known/openid-configuration',
  allowedClients: ['app'],
  securityEvents: {
    id: 'people',
    transmitter: {
      ...{ issuer: 'https://id.example.com', jwksUri: 'https://id.example.com/keys', audience: ['us'] },
      poll: {
        endpoint: 'https://id.example.com/poll',
        authorization: { secretId: 'stream', jsonKey: 'token' },
      },
    },
  },
};

/** Synthesizes both stacks; `props` are the stateless one's. By default, with every function. */
export function synthesize(given: Omit<IdentityServiceStackProps, 'state'> = {}): Synthesis {
  const props = { trustedIssuers: [POLLED_ISSUER], ...given };
  const app = newApp();
  const state = new IdentityStateStack(app, 'AgentIdentityStateful');
  const stateless = new IdentityServiceStack(app, 'AgentIdentityStateless', { ...props, state });
  return {
    stateful: Template.fromStack(state).toJSON() as StackTemplate,
    stateless: Template.fromStack(stateless).toJSON() as StackTemplate,
  };
}

let standard: Synthesis | undefined;

/** Returns both stacks without further props. They are synthesized once in each test file. */
export const standardSynthesis = (): Synthesis => (standard ??= synthesize());

/** Resources of one type, by logical id. */
export const resourcesOf = (template: StackTemplate, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

/** Returns a logical ID without the hash that CDK appends. */
export const withoutHash = (logicalId: string): string =>
  logicalId.startsWith('AWS::') ? logicalId : logicalId.replace(/[0-9A-F]{8}$/, '');

/**
 * Returns any part of a template with its references as text: `<DirectoryTable.Arn>` for an attribute of any stack,
 * and `<AWS::Region>` for a reference.
 */
export function plain(value: unknown, { stateful }: Synthesis): unknown {
  const write = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(write);
    if (typeof part !== 'object' || part === null) return part;
    const [only, ...others] = Object.entries(part as Record<string, unknown>);
    if (only && others.length === 0) {
      const [name, argument] = only;
      if (name === 'Ref') return `<${withoutHash(String(argument))}>`;
      if (name === 'Fn::GetAtt') {
        const [logicalId, attribute] = argument as [string, string];
        return `<${withoutHash(logicalId)}.${attribute}>`;
      }
      if (name === 'Fn::Join') {
        const [separator, parts] = argument as [string, unknown[]];
        return parts.map((each) => String(write(each))).join(separator);
      }
      if (name === 'Fn::ImportValue') {
        return write(
          Object.values(stateful.Outputs ?? {}).find(({ Export }) => Export?.Name === argument)?.Value,
        );
      }
    }
    return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, write(each)]));
  };
  return write(value);
}
