/**
 * A custom domain name for an API. It disables API Gateway's own address, so that the service has one issuer and one
 * address.
 * Source: API Gateway developer guide, "Custom domain name for public REST APIs".
 */
import { DomainName, EndpointType, SecurityPolicy, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { ARecord, RecordTarget, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets';
import { DependencyGroup, type Construct, type IDependable } from 'constructs';

/** A custom domain name for an API. */
export interface ApiDomain {
  /** The name, such as `identity.example.com`. Nothing else can be served under it. */
  readonly domainName: string;
  /** Certificate for that name, in the stack's Region. */
  readonly certificate: ICertificate;
  /**
   * Hosted zone that gets an alias record for the name.
   * @default - no record: point the name at the API yourself
   */
  readonly hostedZone?: IHostedZone;
}

/**
 * @param scope gets the children `Domain` and `Alias`
 * @returns the resources that the API needs to respond under the name
 */
export function addApiDomain(scope: Construct, api: RestApi, domain: ApiDomain): IDependable {
  const { domainName, certificate, hostedZone } = domain;
  const name = new DomainName(scope, 'Domain', {
    domainName,
    certificate,
    endpointType: EndpointType.REGIONAL,
    securityPolicy: SecurityPolicy.TLS_1_2,
  });
  const resources = new DependencyGroup(name.addBasePathMapping(api, { stage: api.deploymentStage }));
  if (!hostedZone) return resources;
  const alias = new ARecord(scope, 'Alias', {
    zone: hostedZone,
    recordName: `${domainName}.`,
    target: RecordTarget.fromAlias(new ApiGatewayDomain(name)),
  });
  resources.add(alias);
  return resources;
}
