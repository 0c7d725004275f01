/**
 * A custom domain name for an API that can be reached from the internet. It disables API Gateway's own address, so that the
 * service has one issuer and one address.
 * Source: API Gateway developer guide, "Custom domain name for public REST APIs".
 */
import { Token } from 'aws-cdk-lib';
import {
  DomainName,
  EndpointType,
  IpAddressType,
  type CfnDomainName,
  type SpecRestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AaaaRecord, ARecord, RecordTarget, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets';
import { DependencyGroup, type Construct, type IDependable } from 'constructs';
import { checkPropNames, type PropNames } from './prop-names';
import { checkArnRegion } from './regions';
import { setSecurityPolicy } from './security-policy';

/** A custom domain name for an API. */
export interface ApiDomain {
  /** The name, such as `identity.example.com`. Nothing else can be served under it. */
  readonly domainName: string;
  /** Certificate for that name, in the stack's Region. */
  readonly certificate: ICertificate;
  /**
   * Hosted zone that gets an alias record for the name, and one for IPv6 if the API accepts it.
   * @default - no record: point the name at the API yourself
   */
  readonly hostedZone?: IHostedZone;
}

const API_DOMAIN_PROPS: PropNames<ApiDomain> = {
  domainName: 'required',
  certificate: 'required',
  hostedZone: 'optional',
};

/** The form of a name that the issuer and callback URLs can have: API Gateway accepts it only in lowercase. */
export const DOMAIN_NAME =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/**
 * @param region of the API
 * @throws Error for a prop that does not exist, and for what API Gateway or Amazon Route 53 would reject in the middle of a deployment
 */
export function checkDomain(domain: ApiDomain, region: string): void {
  checkPropNames('domain', domain, API_DOMAIN_PROPS);
  const { domainName, certificate, hostedZone } = domain;
  checkArnRegion('domain.certificate', certificate.certificateArn, region);
  if (Token.isUnresolved(domainName)) return;
  if (!DOMAIN_NAME.test(domainName)) {
    throw new Error('domain.domainName must be a domain name in lowercase, such as identity.example.com');
  }
  const zoneName = hostedZone?.zoneName.replace(/\.$/, '');
  if (zoneName === undefined || Token.isUnresolved(zoneName)) return;
  if (domainName !== zoneName && !domainName.endsWith(`.${zoneName}`)) {
    throw new Error('domain.domainName must be a name of the hosted zone');
  }
}

/** Settings that the domain name has in common with its API. */
export interface ApiDomainSettings {
  readonly securityPolicy: string;
  readonly ipAddressType: IpAddressType | undefined;
}

/**
 * @param scope gets the children `Domain`, `Alias`, and `Ipv6Alias`
 * @returns the resources that the API needs to respond under the name
 */
export function addApiDomain(
  scope: Construct,
  api: SpecRestApi,
  domain: ApiDomain,
  { securityPolicy, ipAddressType }: ApiDomainSettings,
): IDependable {
  const { domainName, certificate, hostedZone } = domain;
  const name = new DomainName(scope, 'Domain', {
    domainName,
    certificate,
    endpointType: EndpointType.REGIONAL,
  });
  setSecurityPolicy(name, securityPolicy);
  // CDK's DomainName has no such prop.
  if (ipAddressType) {
    (name.node.defaultChild as CfnDomainName).addPropertyOverride(
      'EndpointConfiguration.IpAddressType',
      ipAddressType,
    );
  }
  const resources = new DependencyGroup(name.addBasePathMapping(api, { stage: api.deploymentStage }));
  if (!hostedZone) return resources;
  const record = {
    zone: hostedZone,
    recordName: `${domainName}.`,
    target: RecordTarget.fromAlias(new ApiGatewayDomain(name)),
  };
  resources.add(new ARecord(scope, 'Alias', record));
  if (ipAddressType === IpAddressType.DUAL_STACK) resources.add(new AaaaRecord(scope, 'Ipv6Alias', record));
  return resources;
}
