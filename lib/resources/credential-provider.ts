/**
 * The part that OAuth2 and API-key credential providers share: which workload identities can use them.
 *
 * The service lets the workload identities of one owner use all providers of that owner, and all resources of a stack
 * have one owner. So the resource policy allows the workload identities that are named, and denies all others, also
 * those of the same stack. Without a named workload identity, no agent can use the provider.
 */
import { Resource, Stack, type SecretValue } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { PropNames } from '../constructs/prop-names';
import {
  actions,
  RESOURCE_PROPS,
  type GovernedResourceKind,
  type IdentityResourceProps,
  type PolicyStatementJson,
} from './identity-resource';
import type { ProviderSecret } from './provider-secret';
import { arnInPolicyOf, type IWorkloadIdentity } from './workload-identity';

/** A secret in AWS Secrets Manager: as CDK refers to it, or with more settings. */
export type SecretSource = SecretValue | ProviderSecret;

export interface CredentialProviderProps extends IdentityResourceProps {
  /**
   * Name at the service, by which agents request its credentials: 1 to 128 letters, digits, `_` and `-`. A new name
   * creates a new provider, without the grants at the old one.
   * @default - generated from the construct's path
   */
  readonly credentialProviderName?: string;
  /**
   * Name for people, which the pages of the service show with the technical name: 1 to 64 letters, digits, spaces, and
   * the characters `. _ : / = + @ -`. It is the tag `displayName`.
   * @default - the pages show the technical name
   */
  readonly displayName?: string;
  /**
   * A value that changes when the secret changes, such as its version. A new value makes the deployment read the
   * secret again. Every other change of the provider does too.
   * @default - a new secret is read at the next change of the provider
   */
  readonly secretVersion?: string;
}

export const PROVIDER_PROPS: PropNames<CredentialProviderProps> = {
  ...RESOURCE_PROPS,
  credentialProviderName: 'optional',
  displayName: 'optional',
  secretVersion: 'optional',
};

/** A credential provider of this account and Region that is not a resource of the stack. */
export class ExistingProvider extends Resource {
  readonly credentialProviderArn: string;

  /** @param credentialProviderName at the service */
  constructor(
    scope: Construct,
    id: string,
    { noun }: GovernedResourceKind,
    readonly credentialProviderName: string,
  ) {
    super(scope, id);
    this.credentialProviderArn = Stack.of(scope).formatArn({
      service: 'bedrock-agentcore',
      resource: `token-vault/default/${noun}`,
      resourceName: credentialProviderName,
    });
  }
}

/** What can use a provider, and its owner: a workload identity, also of a gateway, or a portal that signs users in with it. */
export interface ProviderUser {
  /** ARN, which can have wildcards. */
  readonly arn: string;
  readonly ownerArn: string;
}

/** The workload identities, gateways, and portals that can use a credential provider, and the resource policy that says so. */
export class ProviderUse {
  private readonly workloads: IWorkloadIdentity[] = [];
  private readonly others: ProviderUser[] = [];

  /**
   * @param provider that has the policy
   * @param operation that returns the provider's credentials
   */
  constructor(
    private readonly provider: Construct,
    private readonly operation: 'GetResourceOauth2Token' | 'GetResourceApiKey',
  ) {}

  allow(workload: IWorkloadIdentity): void {
    if (!this.workloads.includes(workload)) this.workloads.push(workload);
  }

  allows(workload: IWorkloadIdentity): boolean {
    return this.workloads.includes(workload);
  }

  /** Allows a portal to sign users in, or a gateway to attach the credential. */
  allowUser(user: ProviderUser): void {
    this.others.push(user);
  }

  statements(): PolicyStatementJson[] {
    const Action = actions([this.operation]);
    const agents = this.workloads.map((workload): ProviderUser => ({
      arn: arnInPolicyOf(this.provider, workload),
      ownerArn: workload.ownerArn,
    }));
    const arnsOfOwner = new Map<string, Set<string>>();
    for (const { ownerArn, arn } of [...agents, ...this.others]) {
      arnsOfOwner.set(ownerArn, (arnsOfOwner.get(ownerArn) ?? new Set<string>()).add(arn));
    }
    const arns = [...new Set([...arnsOfOwner.values()].flatMap((ofOwner) => [...ofOwner]))];
    const key = 'bedrock-agentcore:WorkloadIdentityArn';
    return [
      ...[...arnsOfOwner].map(([ownerArn, ofOwner], index): PolicyStatementJson => ({
        Sid: `Use${index + 1}`,
        Effect: 'Allow',
        Principal: { AWS: [ownerArn] },
        Action,
        Resource: '*',
        Condition: { ArnEquals: { [key]: [...ofOwner] } },
      })),
      {
        Sid: 'DenyOtherWorkloads',
        Effect: 'Deny',
        Principal: '*',
        Action,
        Resource: '*',
        ...(arns.length > 0 && { Condition: { ArnNotEquals: { [key]: arns } } }),
      },
    ];
  }
}
