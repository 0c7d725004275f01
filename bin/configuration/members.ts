/**
 * The members of the configuration file: what each must be, and the props that it stands for. A prop that is stated as it
 * is needs only its line in `MEMBERS`; TypeScript misses the line until it is there.
 */
import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import { IpAddressType } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { LambdaDeploymentConfig } from 'aws-cdk-lib/aws-codedeploy';
import { InterfaceVpcEndpoint, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Bucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import * as v from 'valibot';
import { LimitPolicySchema } from '../../lambda/domain/gateway/limit-policy';
import { QuotasSchema } from '../../lambda/domain/quotas';
import { DeployedIssuersSchema as TrustedIssuersSchema } from '../../lambda/domain/identity/trusted-issuer';
import { WebAcl, type ApiDomain } from '../../lib';
import { FunctionSettingsSchema } from '../../lib/constructs/function-settings';
import { DOMAIN_NAME } from '../../lib/constructs/api-domain';
import { KMS_KEY_ARN } from '../../lib/constructs/token-vault-keys';
import { LatticeResourcesSchema, PrivateDestinationsSchema } from '../../lambda/model/private-endpoint';
import { REGION } from '../../lambda/model/regions';
import type { DeploymentConfiguration, DeploymentProps, DomainConfiguration } from '.';

type Name = keyof DeploymentConfiguration;
type Value<Member extends Name> = NonNullable<DeploymentConfiguration[Member]>;

interface Member<Of extends Name> {
  readonly schema: v.GenericSchema;
  /** Returns the props; by default, the prop has the name and the value of the member. */
  readonly props?: (value: Value<Of>, scope: Construct) => DeploymentProps;
}

const text = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const flag = v.boolean();
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Text of a form, or a value that is known only at deployment. */
const formed = (form: RegExp, must: string) =>
  v.pipe(
    v.string(),
    v.check((value) => Token.isUnresolved(value) || form.test(value), `must be ${must}`),
  );

const arn = (service: string, of: string) =>
  formed(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:.+$`), `${of} (arn:aws:${service}:…)`);

const keyArn = formed(KMS_KEY_ARN, 'the ARN of a KMS key (arn:aws:kms:…:key/…)');
const vpcEndpointId = formed(/^vpce-[0-9a-f]+$/, 'the ID of a VPC endpoint (vpce-…)');
const region = formed(REGION, 'a Region, such as eu-central-1');

function isDuration(value: string): boolean {
  try {
    return Duration.parse(value).toSeconds() > 0;
  } catch {
    return false;
  }
}

/** `Duration.parse` reads days, hours, minutes, and seconds. */
const DURATION =
  'must be an ISO 8601 duration, such as PT15M (15 minutes) or P90D (90 days), without years, months, and weeks';

const duration = v.pipe(v.string(DURATION), v.check(isDuration, DURATION));

const WHOLE_DAYS =
  'must be an ISO 8601 duration of whole days, such as P365D, without years, months, and weeks';

/** Object Lock counts days. */
const wholeDays = v.pipe(
  v.string(WHOLE_DAYS),
  v.check(
    (value) => isDuration(value) && Number.isInteger(Duration.parse(value).toDays({ integral: false })),
    WHOLE_DAYS,
  ),
);

const lockOf = (held: Duration, mode: 'GOVERNANCE' | 'COMPLIANCE' = 'GOVERNANCE'): ObjectLockRetention =>
  mode === 'COMPLIANCE' ? ObjectLockRetention.compliance(held) : ObjectLockRetention.governance(held);

/** The deployment configurations of CodeDeploy for AWS Lambda. Source: CodeDeploy user guide, "Deployment configurations". */
const DEPLOYMENT_CONFIGS = [
  'AllAtOnce',
  ...[5, 10, 15, 30].map((minutes) => `Canary10Percent${minutes}Minutes`),
  'Linear10PercentEvery1Minute',
  ...[2, 3, 10].map((minutes) => `Linear10PercentEvery${minutes}Minutes`),
].map((name) => `CodeDeployDefault.Lambda${name}`);

/**
 * A name of CodeDeploy without its prefix, or the name of a constant of CDK, with or without a mistake. Other names are the
 * account's own.
 */
const OF_CODEDEPLOY = /^(CodeDeployDefault|Lambda(AllAtOnce|Canary|Linear)|(CANARY|LINEAR)_\d|ALL_AT_ONCE$)/i;

const deploymentConfig = v.pipe(
  text,
  v.check(
    (name) => DEPLOYMENT_CONFIGS.includes(name) || !OF_CODEDEPLOY.test(name),
    `must be one of ${DEPLOYMENT_CONFIGS.join(', ')}, or the name of a deployment configuration of the account`,
  ),
);

const tags = v.pipe(
  v.record(v.string(), v.string()),
  v.check(
    (pairs) => !Object.keys(pairs).some((key) => /^aws:/i.test(key)),
    'must not have a name that begins with "aws:", because AWS reserves these names',
  ),
);

const DAYS = Object.values(RetentionDays).filter((days) => typeof days === 'number');
const retention = v.picklist(
  DAYS,
  `must be one of ${DAYS.join(', ')} (days; ${RetentionDays.INFINITE} keeps logs)`,
);

const members = <Entries extends v.ObjectEntries>(entries: Entries) => v.strictObject(entries);
const optional = v.exactOptional;

const domain = members({
  domainName: formed(DOMAIN_NAME, 'a domain name in lowercase, such as identity.example.com'),
  certificateArn: arn('acm', 'the ARN of a certificate'),
  hostedZone: optional(members({ hostedZoneId: text, zoneName: text })),
});

/** @param scope gets the children `Certificate` and `HostedZone` */
const domainOf = (
  { domainName, certificateArn, hostedZone }: DomainConfiguration,
  scope: Construct,
): ApiDomain => ({
  domainName,
  certificate: Certificate.fromCertificateArn(scope, 'Certificate', certificateArn),
  ...(hostedZone && {
    hostedZone: HostedZone.fromHostedZoneAttributes(scope, 'HostedZone', hostedZone),
  }),
});

const throttle = members({ rateLimit: optional(v.number()), burstLimit: optional(count) });

export const MEMBERS: { readonly [Of in keyof Required<DeploymentConfiguration>]: Member<Of> } = {
  alarmsTopicArn: {
    schema: arn('sns', 'the ARN of a topic'),
    props: (topic, scope) => ({ alarmsTopic: Topic.fromTopicArn(scope, 'AlarmsTopic', topic) }),
  },
  auditRetention: { schema: retention },
  auditTrail: {
    schema: members({
      retention: optional(wholeDays),
      mode: optional(v.picklist(['GOVERNANCE', 'COMPLIANCE'], 'must be GOVERNANCE or COMPLIANCE')),
      bucketName: optional(formed(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket')),
    }),
    props: ({ retention: held = 'P365D', mode, bucketName }, scope) => ({
      auditTrail: {
        retention: lockOf(Duration.parse(held), mode),
        ...(bucketName !== undefined && {
          bucket: Bucket.fromBucketName(scope, 'AuditTrailBucket', bucketName),
        }),
      },
    }),
  },
  callers: {
    schema: members({
      accountIds: optional(v.array(formed(/^\d{12}$/, 'the 12 digits of an account'))),
      organizationId: optional(formed(/^o-[a-z0-9]{10,32}$/, 'the ID of an organization (o-…)')),
      manageResources: optional(flag),
    }),
  },
  cloudWatchRole: { schema: flag },
  consentPage: { schema: flag },
  contributorInsights: { schema: flag },
  deploymentConfig: {
    schema: deploymentConfig,
    props: (name, scope) => ({
      deploymentConfig: LambdaDeploymentConfig.fromLambdaDeploymentConfigName(
        scope,
        'DeploymentConfig',
        name,
      ),
    }),
  },
  deploymentName: { schema: text },
  domain: { schema: domain, props: (named, scope) => ({ domain: domainOf(named, scope) }) },
  encryptionKeyArn: {
    schema: keyArn,
    props: (key, scope) => ({ encryptionKey: Key.fromKeyArn(scope, 'EncryptionKey', key) }),
  },
  env: {
    schema: members({
      account: optional(formed(/^\d{12}$/, 'the 12 digits of an account')),
      region: optional(region),
    }),
    props: () => ({}),
  },
  functions: { schema: FunctionSettingsSchema },
  gateways: {
    schema: members({
      jwtDomain: optional(domain),
      iamDomain: optional(domain),
      throttle: optional(throttle),
      allowedOrigins: optional(v.array(text)),
      targetRoles: optional(v.array(text)),
      jwtPassthrough: optional(flag),
      limits: optional(LimitPolicySchema),
    }),
    props: ({ jwtDomain, iamDomain, ...stated }, scope) => ({
      gateways: {
        ...stated,
        ...(jwtDomain && { jwtDomain: domainOf(jwtDomain, new Construct(scope, 'JwtDomain')) }),
        ...(iamDomain && { iamDomain: domainOf(iamDomain, new Construct(scope, 'IamDomain')) }),
      },
    }),
  },
  latticeResources: { schema: LatticeResourcesSchema },
  ipAddressType: {
    schema: v.picklist(Object.values(IpAddressType)),
    props: (type) => ({ ipAddressType: type as IpAddressType }),
  },
  lifetimes: {
    schema: members({
      workloadAccessToken: optional(duration),
      consentSession: optional(duration),
      vaultKey: optional(duration),
    }),
    props: (lifetimes) => ({
      lifetimes: Object.fromEntries(
        Object.entries(lifetimes).map(([name, value]) => [name, Duration.parse(value as string)]),
      ),
    }),
  },
  logRetention: { schema: retention },
  multiRegionKey: { schema: flag },
  namesInMetrics: { schema: flag },
  network: {
    schema: members({
      vpcId: formed(/^vpc-[0-9a-f]+$/, 'the ID of a VPC (vpc-…)'),
      subnetIds: v.pipe(
        v.array(formed(/^subnet-[0-9a-f]+$/, 'the ID of a subnet (subnet-…)')),
        v.minLength(1),
      ),
      securityGroupIds: optional(
        v.pipe(v.array(formed(/^sg-[0-9a-f]+$/, 'the ID of a security group (sg-…)')), v.minLength(1)),
      ),
      ipv6AllowedForDualStack: optional(flag),
      internalRanges: optional(v.array(text)),
      allFunctions: optional(flag),
    }),
    props: ({ vpcId, subnetIds, securityGroupIds, ...network }, scope) => ({
      network: {
        ...network,
        // Functions name their subnets. CDK requires an Availability Zone, and does not use it.
        vpc: Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId, availabilityZones: ['unused'] }),
        vpcSubnets: { subnets: subnetIds.map((id) => Subnet.fromSubnetId(scope, id, id)) },
        ...(securityGroupIds && {
          securityGroups: securityGroupIds.map((id) => SecurityGroup.fromSecurityGroupId(scope, id, id)),
        }),
      },
    }),
  },
  privateApi: {
    schema: members({
      vpcEndpointIds: v.pipe(v.array(vpcEndpointId), v.minLength(1)),
      vpcEndpointIdsOfOtherAccounts: optional(v.array(vpcEndpointId)),
    }),
    props: ({ vpcEndpointIds, ...others }, scope) => ({
      privateApi: {
        ...others,
        vpcEndpoints: vpcEndpointIds.map((id, index) =>
          InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(scope, `VpcEndpoint${index}`, {
            vpcEndpointId: id,
            port: 443,
          }),
        ),
      },
    }),
  },
  privateDestinations: { schema: PrivateDestinationsSchema },
  quotas: { schema: QuotasSchema },
  removalPolicy: {
    schema: v.picklist(['retain', 'destroy']),
    props: (policy) => (policy === 'destroy' ? { removalPolicy: RemovalPolicy.DESTROY } : {}),
  },
  replicas: { schema: v.array(members({ region, encryptionKeyArn: keyArn })) },
  runbook: { schema: text },
  tags: { schema: tags, props: () => ({}) },
  terminationProtection: { schema: flag, props: () => ({}) },
  throttle: { schema: throttle },
  securityPolicy: { schema: text },
  tokenVaultKeys: { schema: v.array(keyArn) },
  trustedIssuers: { schema: TrustedIssuersSchema },
  webAcl: {
    schema: v.union(
      [
        members({ arn: arn('wafv2', 'the ARN of a web ACL') }),
        members({ requestsPerFiveMinutes: optional(v.pipe(v.number(), v.integer(), v.minValue(10))) }),
      ],
      'must have arn, requestsPerFiveMinutes, or no member',
    ),
    props: (acl) => ({ webAcl: 'arn' in acl ? WebAcl.fromArn(acl.arn) : WebAcl.managed(acl) }),
  },
};

/** The whole configuration. */
export const ConfigurationSchema = v.strictObject(
  Object.fromEntries(Object.entries(MEMBERS).map(([name, { schema }]) => [name, optional(schema)])),
);

/**
 * Returns the props of both stacks.
 *
 * @param scope gets the constructs that the configuration names: none of them is a resource of the template
 */
export function propsOf(configuration: DeploymentConfiguration, scope: Construct): DeploymentProps {
  const all = Object.entries(configuration).map(([name, value]) => {
    // TypeScript does not relate the member's name in the two objects.
    const { props } = MEMBERS[name as Name] as Member<never>;
    return props ? props(value as never, scope) : { [name]: value as unknown };
  });
  return Object.assign({}, ...all) as DeploymentProps;
}
