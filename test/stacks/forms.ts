/** The constructs in another app, in each of their forms. cdk-nag, cfn-lint, and checkov check the templates. */
import { CfnOutput, Duration, RemovalPolicy, Stack, type App } from 'aws-cdk-lib';
import { IpAddressType } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { LambdaDeploymentConfig } from 'aws-cdk-lib/aws-codedeploy';
import {
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  Vpc,
  VpcEndpointIpAddressType,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { AccountPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Bucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { addTeams } from '../../examples/teams-app/stacks';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentRole,
  AgentTarget,
  ApiKeyCredentialProvider,
  ConsentPortal,
  Gateway,
  GatewayAuthorizer,
  GatewayCredentialProvider,
  EncryptionKeyReplica,
  IdentityServiceStack,
  IdentityStateReplica,
  IdentityStateStack,
  Inbound,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  ProviderSecret,
  WebAcl,
  WorkloadIdentity,
  type IAgentIdentity,
} from '../../lib';

function useEverything(stack: Stack, identity: IAgentIdentity): void {
  const agent = new WorkloadIdentity(stack, 'Agent', { identity });
  const secret = Secret.fromSecretNameV2(stack, 'Secret', 'travel/calendar');
  const calendar = new OAuth2CredentialProvider(stack, 'Calendar', {
    identity,
    vendor: OAuth2Vendor.google({ clientId: 'travel', clientSecret: secret.secretValueFromJson('secret') }),
  });
  const weather = new ApiKeyCredentialProvider(stack, 'Weather', {
    identity,
    apiKey: ProviderSecret.external(Secret.fromSecretNameV2(stack, 'Key', 'travel/weather'), 'key'),
  });
  calendar.allowUseBy(agent);
  weather.allowUseBy(agent);
  agent.grantActAs(
    AgentRole.fromOidc(stack, 'Job', {
      issuer: 'https://token.actions.githubusercontent.com',
      audience: 'sts.amazonaws.com',
      subject: 'repo:acme/travel:environment:prod',
    }),
  );
  agent.grantActAs(
    AgentRole.fromRolesAnywhere(stack, 'Machine', {
      trustAnchorArn: 'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/1234abcd',
      certificate: { commonName: 'travel-agent' },
    }),
  );
}

/** An agent behind a gate for users' tokens, and one behind a gate for IAM callers. */
function useEndpoints(stack: Stack, identity: IAgentIdentity): void {
  const workload = new WorkloadIdentity(stack, 'Behind', { identity });
  const target = AgentTarget.url('https://agent.example/invocations');
  new AgentEndpoint(stack, 'Users', {
    identity,
    workload,
    target,
    inbound: Inbound.jwt({
      discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
      allowedClients: ['travel-app'],
    }),
  });
  const inbound = Inbound.iam();
  const principals = new AgentEndpoint(stack, 'Principals', { identity, workload, target, inbound });
  principals.grantInvoke(new Role(stack, 'Caller', { assumedBy: new AccountPrincipal('111122223333') }));
}

function addOperator(stack: Stack, identity: IAgentIdentity): void {
  identity.grantManageResources(
    new Role(stack, 'Operator', { assumedBy: new AccountPrincipal('111122223333') }),
  );
}

const existingVpc = (stack: Stack): IVpc =>
  Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['a'],
    privateSubnetIds: ['subnet-0123456789abcdef0'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
  });

/** Adds stacks to an app, by what they show. */
export const FORMS: Readonly<Record<string, (app: App) => void>> = {
  'the two stacks of this repository': (app) => {
    const state = new IdentityStateStack(app, 'State');
    new IdentityServiceStack(app, 'Service', { state });
  },

  'the service, its resources, and the roles in one stack': (app) => {
    const stack = new Stack(app, 'Consumer');
    const identity = new AgentIdentity(stack, 'Identity');
    useEverything(stack, identity);
    useEndpoints(new Stack(app, 'Endpoints'), identity);
    addOperator(stack, identity);
    identity.grantRotateKeys(new Role(stack, 'Keys', { assumedBy: new AccountPrincipal('111122223333') }));
  },

  'the service in another stack, or already deployed': (app) => {
    const identity = new AgentIdentity(new Stack(app, 'Service'), 'Identity');
    const consumer = new Stack(app, 'Consumer');
    useEverything(consumer, identity);
    useEndpoints(consumer, identity);
    const other = new Stack(app, 'Other');
    const imported = AgentIdentity.fromAgentIdentityAttributes(other, 'Identity', { restApiId: 'abc123' });
    useEverything(other, imported);
    useEndpoints(other, imported);
    addOperator(other, imported);
  },

  'a service with domain, IPv6, web ACL, and replicas': (app) => {
    const stack = new Stack(app, 'Public');
    const certificateArn =
      'arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
    new AgentIdentity(stack, 'Identity', {
      domain: {
        domainName: 'identity.example.com',
        certificate: Certificate.fromCertificateArn(stack, 'Certificate', certificateArn),
      },
      ipAddressType: IpAddressType.DUAL_STACK,
      webAcl: WebAcl.managed(),
      replicas: [
        {
          region: 'eu-west-1',
          encryptionKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab',
        },
      ],
      removalPolicy: RemovalPolicy.DESTROY,
    });
  },

  'gateways with a domain, an audit trail, and a gradual deployment': (app) => {
    const stack = new Stack(app, 'Gateways');
    const certificateArn =
      'arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
    new AgentIdentity(stack, 'Identity', {
      gateways: {
        jwtDomain: {
          domainName: 'gateways.example.com',
          certificate: Certificate.fromCertificateArn(stack, 'Certificate', certificateArn),
        },
        webAcl: WebAcl.managed(),
      },
      auditTrail: {},
      deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
    });
  },

  'a service and an agent endpoint with callers of other accounts': (app) => {
    const stack = new Stack(app, 'Shared');
    const callers = { accountIds: ['444455556666'], organizationId: 'o-a1b2c3d4e5' };
    const identity = new AgentIdentity(stack, 'Identity', { callers });
    const workload = new WorkloadIdentity(stack, 'Agent', { identity });
    const target = AgentTarget.url('https://agent.example/invocations');
    new AgentEndpoint(stack, 'Backends', { identity, workload, target, inbound: Inbound.iam({ callers }) });
  },

  'a service with an audit trail in a new bucket, and one in an existing bucket': (app) => {
    const stack = new Stack(app, 'New');
    const retention = ObjectLockRetention.compliance(Duration.days(365));
    new AgentIdentity(stack, 'Identity', { auditTrail: { retention }, contributorInsights: true });
    const other = new Stack(app, 'Existing');
    const bucket = Bucket.fromBucketName(other, 'Archive', 'audit-archive');
    new AgentIdentity(other, 'Identity', { auditTrail: { bucket } });
  },

  'consent portals, and trusted issuers in a layer': (app) => {
    const stack = new Stack(app, 'Portals');
    const discoveryUrl = (tenant: number) => `https://idp.example/${tenant}/.well-known/openid-configuration`;
    const identity = new AgentIdentity(stack, 'Identity', {
      trustedIssuers: Array.from({ length: 40 }, (_, tenant) => ({
        discoveryUrl: discoveryUrl(tenant),
        allowedClients: ['portal'],
      })),
    });
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    const clientSecret = ProviderSecret.managed(Secret.fromSecretNameV2(stack, 'Secret', 'portal/client'));
    const signIn = new OAuth2CredentialProvider(stack, 'SignIn', {
      identity,
      vendor: OAuth2Vendor.custom({ discoveryUrl: discoveryUrl(0), clientId: 'portal', clientSecret }),
    });
    const portal = new ConsentPortal(stack, 'Portal', { identity, workloads: [agent], signIn });
    new CfnOutput(stack, 'PortalUrl', { value: portal.portalUrl });
  },

  'gateways, and an agent that calls through one': (app) => {
    const stack = new Stack(app, 'WithGateways');
    const targetRoles = ['arn:aws:iam::111122223333:role/target-*'];
    const identity = new AgentIdentity(stack, 'Identity', { gateways: { targetRoles } });
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    const role = new Role(stack, 'AgentRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const notes = new OAuth2CredentialProvider(stack, 'Notes', {
      identity,
      vendor: OAuth2Vendor.mcp('https://notes.example/mcp'),
    });
    const gateway = new Gateway(stack, 'Gateway', { identity, authorizer: GatewayAuthorizer.usingAwsIam() });
    gateway.addHttpTarget('notes', {
      endpoint: 'https://notes.example/mcp',
      protocol: 'MCP',
      credential: GatewayCredentialProvider.fromOauthIdentity(notes, { grantType: 'AUTHORIZATION_CODE' }),
    });
    notes.allowUseBy(agent);
    gateway.grantInvoke(role, agent);
  },

  'thirty agents of three teams': addTeams,

  'a standby in another Region': (app) => {
    const primaryKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab';
    const env = { account: '111122223333', region: 'eu-west-1' };
    const stack = new Stack(app, 'Standby', { env });
    const { key } = new EncryptionKeyReplica(stack, 'Key', { primaryKeyArn });
    const state = new IdentityStateReplica(stack, 'State', {
      identityRegion: 'eu-central-1',
      tableNames: {
        directory: 'directory',
        keys: 'keys',
        sessions: 'sessions',
        vault: 'vault',
        revocations: 'revocations',
      },
      encryptionKey: key,
    });
    const certificateArn =
      'arn:aws:acm:eu-west-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
    const certificate = Certificate.fromCertificateArn(stack, 'Certificate', certificateArn);
    const domain = { domainName: 'identity.example.com', certificate };
    new IdentityServiceStack(app, 'StandbyService', { state, env, domain });
  },

  'a private service with domain and records': (app) => {
    const stack = new Stack(app, 'PrivateDomain');
    const endpoint = new InterfaceVpcEndpoint(stack, 'Endpoint', {
      vpc: existingVpc(stack),
      service: new InterfaceVpcEndpointAwsService('execute-api'),
      ipAddressType: VpcEndpointIpAddressType.DUALSTACK,
    });
    const certificateArn =
      'arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
    new AgentIdentity(stack, 'Identity', {
      privateApi: { vpcEndpoints: [endpoint], vpcEndpointIdsOfOtherAccounts: ['vpce-0123456789abcdef0'] },
      domain: {
        domainName: 'identity.example.com',
        certificate: Certificate.fromCertificateArn(stack, 'Certificate', certificateArn),
        hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
          hostedZoneId: 'Z0123456789ABCDEFGHIJ',
          zoneName: 'example.com',
        }),
      },
    });
  },

  'a private service with a gradual deployment and without a role for logs': (app) => {
    const closed = new Stack(app, 'Private');
    const vpc = existingVpc(closed);
    const endpoint = InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(closed, 'Endpoint', {
      vpcEndpointId: 'vpce-0123456789abcdef0',
      port: 443,
    });
    const identity = new AgentIdentity(closed, 'Identity', {
      privateApi: { vpcEndpoints: [endpoint] },
      network: { vpc, allFunctions: true, createVpcEndpoints: true },
      privateDestinations: [{ host: 'keycloak.corp.example', port: 8443 }],
      cloudWatchRole: false,
      functions: { tokenExchange: { systemLogLevel: SystemLogLevel.WARN } },
      deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
    });
    useEverything(closed, identity);
    useEndpoints(new Stack(app, 'Endpoints'), identity);
  },
};
