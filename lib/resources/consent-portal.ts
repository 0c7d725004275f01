/** A consent portal as a resource of a stack: pages on which users connect their accounts to agents, and disconnect them. */
import { Annotations, Resource, Stack, Token, type ITaggableV2, type TagManager } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';
import * as v from 'valibot';
import { OPERATIONS } from '../../lambda/operations';
import { checkedAt } from '../constructs/construct-error';
import { checkConstructProps, type PropNames } from '../constructs/prop-names';
import { warnOfSignIn } from '../constructs/issuer-trust';
import { connectionOf } from '../constructs/service-connection';
import {
  addIdentityResource,
  RESOURCE_PROPS,
  type IdentityResourceKind,
  type IdentityResourceProps,
} from './identity-resource';
import { invalidProps } from './invalid-props';
import { OAuth2CredentialProvider, type IOAuth2CredentialProvider } from './oauth2-credential-provider';
import { statedBranding, type PortalBranding } from './portal-branding';
import { WorkloadIdentity, type IWorkloadIdentity } from './workload-identity';

/** A connection that users can make on the page before the agent asks for it. */
export interface PortalConnection {
  /** One of the portal's workload identities. */
  readonly workload: IWorkloadIdentity;
  /** The provider, which the workload identity can use (`allowUseBy`). */
  readonly credentialProvider: IOAuth2CredentialProvider;
  /**
   * Scopes that the user grants. Use those that the agent requests.
   * @default - the default scopes of the authorization server
   */
  readonly scopes?: string[];
  /**
   * Parameters of the authorization request, as the agent's `customParameters`.
   * @default - none
   */
  readonly customParameters?: Readonly<Record<string, string>>;
  /**
   * What the agent uses the access for, in words for the user: up to 256 characters.
   * @default - none
   */
  readonly purpose?: string;
}

export interface ConsentPortalProps extends IdentityResourceProps {
  /**
   * Name at the service: 1 to 50 letters, digits, `_`, and `-`. A new name creates a new portal, with another address.
   * @default - generated from the construct's path
   */
  readonly portalName?: string;
  /**
   * A text for the owners of the portal, which no page shows: up to 512 characters.
   * @default - none
   */
  readonly description?: string;
  /** The agents that the portal shows: 1 to 20. They must trust the issuer at which users sign in. */
  readonly workloads: IWorkloadIdentity[];
  /**
   * The client with which users sign in to the portal: an OAuth2 credential provider with a discovery URL. Register the
   * portal's `callbackUrl` at the identity provider as a redirect URI of this client.
   */
  readonly signIn: IOAuth2CredentialProvider;
  /**
   * Scopes of the sign-in.
   * @default ['openid', 'profile']
   */
  readonly scopes?: string[];
  /**
   * The parameter `audience` of the sign-in, for identity providers that require it.
   * @default - none
   */
  readonly audience?: string;
  /**
   * How the pages look.
   * @default - the name at the service, and the look of the service
   */
  readonly branding?: PortalBranding;
  /**
   * What users can connect before an agent asks for it.
   * @default - none: the page lists what agents were granted
   */
  readonly connections?: PortalConnection[];
  /**
   * IDs of resources of other owners that were created again under their names, and that the portal accepts. The
   * `statusReason` of the portal has them. An entry can stay: it accepts this resource only.
   * @default - none: such resources are left out
   */
  readonly acceptedResourceIds?: string[];
}

const { entries: SCHEMA } = OPERATIONS.CreateConsentPortal.input;

const PROPS: PropNames<ConsentPortalProps> = {
  ...RESOURCE_PROPS,
  portalName: 'optional',
  description: 'optional',
  workloads: 'required',
  signIn: 'required',
  scopes: 'optional',
  audience: 'optional',
  branding: 'optional',
  connections: 'optional',
  acceptedResourceIds: 'optional',
};

const KIND: IdentityResourceKind = {
  type: 'Custom::AgentIdentityConsentPortal',
  longestName: 50,
  nameSchema: SCHEMA.name,
};

const DEFAULT_SCOPES = ['openid', 'profile'];

/** A name that is known only at deployment is checked there. */
const checkable = (name: string): string => (Token.isUnresolved(name) ? 'known-later' : name);

const workloadNameOf = (workload: IWorkloadIdentity): string =>
  workload instanceof WorkloadIdentity ? workload._givenName : workload.workloadIdentityName;

const providerNameOf = (provider: IOAuth2CredentialProvider): string =>
  provider instanceof OAuth2CredentialProvider ? provider._givenName : provider.credentialProviderName;

/** The props of a connection have the constructs instead of their names. */
const RENAMED: Parameters<typeof invalidProps>[1] = [
  [/\bworkloadName$/, 'workload'],
  [/\bcredentialProviderName$/, 'credentialProvider'],
];

/** @throws Error that names the prop */
function check(member: string, schema: v.GenericSchema, value: unknown): void {
  const parsed = v.safeParse(v.object({ [member]: schema }), { [member]: value });
  if (!parsed.success) throw new Error(invalidProps(parsed.issues, RENAMED));
}

function connectionsOf({ workloads, connections = [] }: ConsentPortalProps) {
  const unlisted = connections.findIndex(({ workload }) => !workloads.includes(workload));
  if (unlisted >= 0) throw new Error(`connections.${unlisted}.workload must be one of workloads`);
  const stated = connections.map(({ workload, credentialProvider, scopes, customParameters, purpose }) => ({
    workloadName: workloadNameOf(workload),
    credentialProviderName: providerNameOf(credentialProvider),
    scopes: scopes ?? [],
    ...(customParameters && { customParameters }),
    ...(purpose !== undefined && { purpose }),
  }));
  const checked = stated.map(({ workloadName, credentialProviderName, ...rest }) => ({
    workloadName: checkable(workloadName),
    credentialProviderName: checkable(credentialProviderName),
    ...rest,
  }));
  check('connections', SCHEMA.connections.wrapped, checked);
  return stated;
}

/** Users sign in with OpenID Connect, whose issuer and keys the discovery document names. */
function checkSignIn(signIn: IOAuth2CredentialProvider): void {
  if (!(signIn instanceof OAuth2CredentialProvider)) return;
  if (signIn._vendor._discoveredClient.discoveryUrl !== undefined) return;
  throw new Error(
    `signIn must have a discovery URL, because users sign in with it, and ${signIn.node.path} has none. Use OAuth2Vendor.custom with the discoveryUrl of the identity provider.`,
  );
}

/** @throws Error for props that the service rejects */
function definitionOf(props: ConsentPortalProps) {
  const { workloads, description, scopes = DEFAULT_SCOPES, audience, signIn, acceptedResourceIds } = props;
  const names = workloads.map(workloadNameOf);
  if (names.length < 1 || names.length > 20) {
    throw new Error(`workloads must have 1 to 20 entries, not ${names.length}`);
  }
  if (new Set(names).size < names.length) throw new Error('workloads must not have an entry twice');
  checkSignIn(signIn);
  check('scopes', SCHEMA.idpConfig.entries.scopes, scopes);
  if (audience !== undefined) check('audience', SCHEMA.idpConfig.entries.audience.wrapped, audience);
  if (description !== undefined) check('description', SCHEMA.description.wrapped, description);
  if (acceptedResourceIds) {
    check(
      'acceptedResourceIds',
      OPERATIONS.UpdateConsentPortal.input.entries.acceptedResourceIds.wrapped,
      acceptedResourceIds,
    );
  }
  const { branding, logo } = statedBranding(props.branding ?? {});
  return {
    logo,
    configuration: {
      ...(description !== undefined && { description }),
      workloads: names,
      signIn: { provider: providerNameOf(signIn), scopes, ...(audience !== undefined && { audience }) },
      branding,
      connections: connectionsOf(props),
      ...(acceptedResourceIds && { acceptedResourceIds }),
    },
  };
}

/**
 * Pages on which the users of some agents see what these agents can access for them, and connect and disconnect their
 * accounts. The deployment waits until the service verified that users can sign in. The portal acts with the rights of the
 * role that owns the resources of this stack.
 *
 * @example
 * const portal = new ConsentPortal(this, 'Portal', {
 *   identity,
 *   workloads: [agent],
 *   signIn: companyLogin,
 *   branding: { name: 'Example Assistants', color: '#0b5fff' },
 *   connections: [{ workload: agent, credentialProvider: calendar, scopes: ['calendar.read'] }],
 * });
 * new CfnOutput(this, 'RegisterThisAtTheIdentityProvider', { value: portal.callbackUrl });
 */
export class ConsentPortal extends Resource implements ITaggableV2 {
  /** Name at the service. */
  readonly portalName: string;
  readonly portalArn: string;
  /** ID at the service, which the address contains. */
  readonly portalId: string;
  /** Address of the first page, with its scheme. */
  readonly portalUrl: string;
  /** Redirect URI to register at the identity provider, for the client of `signIn`. */
  readonly callbackUrl: string;
  /** ARN of the IAM role that owns the portal, and with whose rights it acts. */
  readonly ownerArn: string;
  readonly cdkTagManager: TagManager;

  constructor(scope: Construct, id: string, props: ConsentPortalProps) {
    super(scope, id);
    checkConstructProps(this.node.path, props, PROPS);
    const { signIn, workloads, connections = [] } = props;
    const { configuration, logo } = checkedAt(this.node.path, () => definitionOf(props));
    const created = addIdentityResource(this, props, {
      kind: KIND,
      name: props.portalName,
      configuration,
      properties: ({ ownerArn }) => ({
        portal: {
          credentialProviderArn: signIn.credentialProviderArn,
          // The service requires a role, and never uses it.
          executionRoleArn: ownerArn,
          ...(logo !== undefined && { logo }),
        },
      }),
    });
    this.portalName = created.name;
    this.portalArn = created.arn;
    this.portalId = created.attribute('PortalId');
    this.portalUrl = created.attribute('PortalUrl');
    this.callbackUrl = created.attribute('CallbackUrl');
    this.ownerArn = created.ownerArn;
    this.cdkTagManager = created.tags;
    const providers = connections.map(({ credentialProvider }) => credentialProvider);
    this.dependOn([...workloads, signIn, ...providers]);
    this.allowUse(props, this.arnPattern(props.identity.account, created.givenName));
    this.checkClient(props);
    this.node.addValidation({ validate: () => this.connectionFaults(connections) });
  }

  /** Waits for the resources of this app, which the portal names, and warns of others. */
  private dependOn(resources: readonly (IWorkloadIdentity | IOAuth2CredentialProvider)[]): void {
    for (const resource of new Set<IConstruct>(resources)) {
      if (resource instanceof WorkloadIdentity || resource instanceof OAuth2CredentialProvider) {
        this.node.addDependency(resource);
      } else {
        Annotations.of(this).addWarningV2(
          '@agent-identity/cdk:importedPortalResource',
          `${resource.node.path} is not part of the app. Its resource policy must allow the owner of this portal to use it.`,
        );
      }
    }
  }

  /** Allows the portal's owner to use the resources of this app: those of other stacks have another owner. */
  private allowUse({ workloads, signIn }: ConsentPortalProps, arn: string): void {
    const { ownerArn } = this;
    if (signIn instanceof OAuth2CredentialProvider) signIn._allowUser({ ownerArn, arn });
    for (const workload of workloads) {
      if (workload instanceof WorkloadIdentity && workload.ownerArn !== ownerArn) {
        workload._allowPortal(ownerArn);
      }
    }
  }

  /** Warns of agents that probably reject everyone who signs in, as far as the app states their trusted issuers. */
  private checkClient({ identity, workloads, signIn, audience }: ConsentPortalProps): void {
    if (!(signIn instanceof OAuth2CredentialProvider)) return;
    const { discoveryUrl, clientId } = signIn._vendor._discoveredClient;
    if (discoveryUrl === undefined || clientId === undefined) return;
    const { trustedIssuers } = connectionOf(identity);
    for (const workload of workloads) {
      if (!(workload instanceof WorkloadIdentity)) continue;
      const client = { discoveryUrl, clientId, audience };
      warnOfSignIn(this, workload, client, { authorizer: workload._authorizer, trustedIssuers });
    }
  }

  /** The ID is the name and 10 random characters. A provider's policy is written before the portal exists. */
  private arnPattern(account: string, name: string): string {
    return Stack.of(this).formatArn({
      service: 'bedrock-agentcore',
      account,
      resource: 'consent-portal',
      resourceName: `${name}-??????????`,
    });
  }

  /** Returns the connections that the service would reject, after the whole app was defined. */
  private connectionFaults(connections: readonly PortalConnection[]): string[] {
    return connections.flatMap(({ workload, credentialProvider: provider }, index) =>
      provider instanceof OAuth2CredentialProvider && !provider._allows(workload)
        ? [
            `connections.${index}: ${workload.node.path} cannot use ${provider.node.path}. Call allowUseBy of the provider with the workload identity.`,
          ]
        : [],
    );
  }
}
