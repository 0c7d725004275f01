/** Props that AWS would reject in the middle of a deployment, or would never use: synthesis says what they must be. */
import { Duration, Stack } from 'aws-cdk-lib';
import { IpAddressType } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AgentIdentity, WebAcl } from '../../lib';
import { newApp } from './new-app';

const REGION = 'eu-central-1';
const arnOf = (service: string, resource: string, region = REGION) =>
  `arn:aws:${service}:${region}:111122223333:${resource}`;

/** Returns a function that makes a deployment. */
const make = (props: (stack: Stack) => object) => () => {
  const stack = new Stack(newApp(), 'Stack', { env: { region: REGION } });
  return new AgentIdentity(stack, 'Identity', props(stack));
};

const domain =
  ({ domainName = 'identity.example.com', region = REGION, zoneName = 'example.com.' }) =>
  (stack: Stack) => ({
    domain: {
      domainName,
      certificate: Certificate.fromCertificateArn(
        stack,
        'Certificate',
        arnOf('acm', 'certificate/1', region),
      ),
      hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName }),
    },
  });

it.each<[string, (stack: Stack) => object, string]>([
  [
    'a URL as a domain name',
    domain({ domainName: 'https://identity.example.com' }),
    ': domain.domainName must be a domain name in lowercase',
  ],
  [
    'a domain name outside the hosted zone',
    domain({ zoneName: 'example.org' }),
    ': domain.domainName must be a name of the hosted zone',
  ],
  [
    'a certificate of another Region',
    domain({ region: 'us-east-1' }),
    ': domain.certificate must be in eu-central-1, the Region of the stack',
  ],
  [
    'a web ACL of another Region',
    () => ({ webAcl: WebAcl.fromArn(arnOf('wafv2', 'global/webacl/a/1', 'us-east-1')) }),
    '/Api: webAcl must be in eu-central-1',
  ],
  [
    'a topic of another Region',
    (stack) => ({ alarmsTopic: Topic.fromTopicArn(stack, 'Topic', arnOf('sns', 'topic', 'us-east-1')) }),
    ': alarmsTopic must be in eu-central-1',
  ],
  [
    'a mode of the audit trail, which would be ignored',
    () => ({ auditTrail: { mode: 'COMPLIANCE' } }),
    ': auditTrail.mode must be part of retention',
  ],
  [
    'the name of a bucket for the audit trail, which would be ignored',
    () => ({ auditTrail: { bucketName: 'archive' } }),
    ': auditTrail: bucketName is not a prop',
  ],
  [
    'an audit trail that is switched on',
    () => ({ auditTrail: true }),
    ': auditTrail: the props must be an object',
  ],
  [
    'a duration as the retention of the audit trail',
    () => ({ auditTrail: { retention: Duration.days(30) } }),
    ': auditTrail.retention must be an ObjectLockRetention',
  ],
  [
    'a bucket for the audit trail whose objects cannot be locked',
    (stack) => ({ auditTrail: { bucket: new Bucket(stack, 'Archive', { versioned: true }) } }),
    ': auditTrail.bucket must have objectLockEnabled',
  ],
  [
    'the name of a deployment configuration',
    () => ({ deploymentConfig: 'CodeDeployDefault.LambdaAllAtOnce' }),
    ': deploymentConfig must be a LambdaDeploymentConfig, such as LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES, not "CodeDeployDefault.LambdaAllAtOnce"',
  ],
  ['a burst of no request', () => ({ throttle: { burstLimit: 0 } }), ': throttle.burstLimit must be a whole'],
  ['a rate of no request', () => ({ throttle: { rateLimit: 0 } }), ': throttle.rateLimit must be'],
  [
    'a number as a lifetime',
    () => ({ lifetimes: { workloadAccessToken: 15 } }),
    ': lifetimes.workloadAccessToken must be a Duration',
  ],
  [
    'a function that does not exist',
    () => ({ functions: { tokenExchang: {} } }),
    ': functions.tokenExchang is not a member of this configuration. Did you mean tokenExchange?',
  ],
  [
    'an IP address type that API Gateway does not have',
    () => ({ ipAddressType: 'ipv6' }),
    ': ipAddressType must be ipv4 or dualstack, not "ipv6"',
  ],
  [
    'IPv4 alone for a private API',
    (stack) => ({
      ipAddressType: IpAddressType.IPV4,
      privateApi: {
        vpcEndpoints: [
          InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(stack, 'Endpoint', {
            vpcEndpointId: 'vpce-1',
            port: 443,
          }),
        ],
      },
    }),
    ': ipAddressType must be dualstack with privateApi, not "ipv4"',
  ],
  [
    'a limit of gateways that does not exist',
    () => ({ gateways: { throttle: { rate: 5 } } }),
    '/Gateways: throttle: rate is not a prop',
  ],
  [
    'a replica without its key',
    () => ({ multiRegionKey: true, replicas: [{ region: 'eu-west-1' }] }),
    ': replicas[0]: encryptionKeyArn is required',
  ],
  ...(
    [
      ['privateApi', { vpcEndpoint: [] }, 'vpcEndpoint is not a prop. Did you mean vpcEndpoints?'],
      [
        'privateApi',
        { vpcEndpointIds: ['vpce-1'] },
        'vpcEndpointIds is not a prop. Did you mean vpcEndpoints?',
      ],
      ['privateApi', {}, 'vpcEndpoints is required'],
      ['privateApi', true, 'the props must be an object'],
      ['callers', { manageResource: true }, 'manageResource is not a prop. Did you mean manageResources?'],
      [
        'domain',
        { name: 'a.example' },
        'name is not a prop. The props are domainName, certificate, hostedZone',
      ],
      ['domain', { domainName: 'a.example' }, 'certificate is required'],
      ['domain', 'a.example', 'the props must be an object'],
      ['throttle', { rate: 5 }, 'rate is not a prop. The props are rateLimit, burstLimit'],
      [
        'lifetimes',
        { workloadAccessTokens: 5 },
        'workloadAccessTokens is not a prop. Did you mean workloadAccessToken?',
      ],
    ] as const
  ).map(([prop, value, message]): [string, () => object, string] => [
    `${JSON.stringify(value)} as ${prop}`,
    () => ({ [prop]: value }),
    `: ${prop}: ${message}`,
  ]),
  ['a path as the runbook', () => ({ runbook: 'docs' }), ': runbook must be a URL'],
])('%s is rejected', (_what, props, message) => {
  expect(make(props)).toThrow(`Stack/Identity${message}`);
});

it('a domain name in the hosted zone, with a certificate of the Region, is accepted', () => {
  expect(make(domain({}))).not.toThrow();
});
