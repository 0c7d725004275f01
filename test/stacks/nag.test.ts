/**
 * cdk-nag's AwsSolutions pack on the constructs in another app, in each of their forms. The constructs themselves fix
 * every finding or acknowledge it with a reason, in every stack of the app.
 */
import { App, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { InterfaceVpcEndpoint, Vpc } from 'aws-cdk-lib/aws-ec2';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks } from 'cdk-nag';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentRole,
  AgentTarget,
  ApiKeyCredentialProvider,
  Inbound,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  ProviderSecret,
  WebAcl,
  WorkloadIdentity,
  type IAgentIdentity,
} from '../../lib';

const { context } = JSON.parse(readFileSync(join(__dirname, '../../cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};

// Here, CDK validates the templates too, unlike in other tests.
process.env.CDK_VALIDATION = 'true';

/** @throws Error with every finding of the pack in the stacks that are made */
function check(make: (app: App) => void): void {
  const outdir = mkdtempSync(join(tmpdir(), 'agent-identity-nag-'));
  const { exitCode } = process;
  try {
    const app = new App({ outdir, context: { ...context, 'aws:cdk:disable-asset-staging': true } });
    make(app);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    app.synth();
  } finally {
    // CDK marks the process as failed when there are findings.
    process.exitCode = exitCode;
    rmSync(outdir, { recursive: true });
  }
}

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

it('cdk-nag reports a problem elsewhere in the app, so an empty report is meaningful', () => {
  const make = (app: App): void => {
    const stack = new Stack(app, 'Consumer');
    new AgentIdentity(stack, 'Identity');
    new Bucket(stack, 'Bucket');
  };
  expect(() => check(make)).toThrow('AwsSolutions-S10');
});

it('cdk-nag reports nothing for the service, its resources, and the roles in one stack', () => {
  const make = (app: App): void => {
    const stack = new Stack(app, 'Consumer');
    const identity = new AgentIdentity(stack, 'Identity');
    useEverything(stack, identity);
    useEndpoints(stack, identity);
    addOperator(stack, identity);
    identity.grantRotateKeys(new Role(stack, 'Keys', { assumedBy: new AccountPrincipal('111122223333') }));
  };
  expect(() => check(make)).not.toThrow();
});

it('cdk-nag reports nothing if the service is in another stack or already deployed', () => {
  const make = (app: App): void => {
    const identity = new AgentIdentity(new Stack(app, 'Service'), 'Identity');
    const consumer = new Stack(app, 'Consumer');
    useEverything(consumer, identity);
    useEndpoints(consumer, identity);
    const other = new Stack(app, 'Other');
    const imported = AgentIdentity.fromAgentIdentityAttributes(other, 'Identity', { restApiId: 'abc123' });
    useEverything(other, imported);
    useEndpoints(other, imported);
    addOperator(other, imported);
  };
  expect(() => check(make)).not.toThrow();
});

it('cdk-nag reports nothing for a service with domain, web ACL, and replicas, or for a private one without a role for logs', () => {
  const make = (app: App): void => {
    const stack = new Stack(app, 'Public');
    const certificateArn =
      'arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
    new AgentIdentity(stack, 'Identity', {
      domain: {
        domainName: 'identity.example.com',
        certificate: Certificate.fromCertificateArn(stack, 'Certificate', certificateArn),
      },
      webAcl: WebAcl.managed(),
      replicas: [
        {
          region: 'eu-west-1',
          encryptionKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab',
        },
      ],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const closed = new Stack(app, 'Private');
    const vpc = Vpc.fromVpcAttributes(closed, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
      privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
    });
    const endpoint = InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(closed, 'Endpoint', {
      vpcEndpointId: 'vpce-0123456789abcdef0',
      port: 443,
    });
    const identity = new AgentIdentity(closed, 'Identity', {
      privateApi: { vpcEndpoints: [endpoint], network: { vpc } },
      cloudWatchRole: false,
    });
    useEverything(closed, identity);
    useEndpoints(closed, identity);
  };
  expect(() => check(make)).not.toThrow();
});
