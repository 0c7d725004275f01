/**
 * The endpoint of an AWS service, as the AWS SDKs find it: from the environment, or by the Region.
 * Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", "Dual-stack and FIPS endpoints".
 */

export interface ServiceName {
  /** The signing name, which is also the first label of the host name. */
  readonly service: string;
  /** The name in the service model, such as `Secrets Manager`. */
  readonly serviceId: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Domains of the partitions whose Regions begin so, without and with IPv6 (dual stack). */
const PARTITIONS: readonly (readonly [regions: RegExp, domain: string, dualStack: string])[] = [
  [/^cn-/, 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  [/^eusc-/, 'amazonaws.eu', 'api.amazonwebservices.eu'],
  [/^us-iso-/, 'c2s.ic.gov', 'api.aws.ic.gov'],
  [/^us-isob-/, 'sc2s.sgov.gov', 'api.aws.scloud'],
  [/^eu-isoe-/, 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  [/^us-isof-/, 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
];

/** In the Regions of AWS GovCloud (US), the endpoints of DynamoDB without `-fips` comply with FIPS 140. */
const isFipsAlready = (service: string, region: string): boolean =>
  service === 'dynamodb' && region.startsWith('us-gov-');

function configured({ serviceId }: ServiceName, env: Environment): string | undefined {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') return undefined;
  const name = serviceId.toUpperCase().replaceAll(' ', '_');
  return env[`AWS_ENDPOINT_URL_${name}`] ?? env.AWS_ENDPOINT_URL;
}

/** @throws TypeError for an endpoint of the environment that is no URL */
export function endpointOf(name: ServiceName, region: string, env: Environment = process.env): URL {
  const { service } = name;
  const stated = configured(name, env);
  if (stated !== undefined) return new URL(stated);
  const [, domain, dualStack] = PARTITIONS.find(([regions]) => regions.test(region)) ?? [
    undefined,
    'amazonaws.com',
    'api.aws',
  ];
  const isDualStack = env.AWS_USE_DUALSTACK_ENDPOINT === 'true';
  const isFips = env.AWS_USE_FIPS_ENDPOINT === 'true' && (isDualStack || !isFipsAlready(service, region));
  return new URL(`https://${service}${isFips ? '-fips' : ''}.${region}.${isDualStack ? dualStack : domain}`);
}
