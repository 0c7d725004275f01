/**
 * A domain name of one's own for the API. API Gateway's own address is turned off with it: the service has one
 * issuer, and callers have one way in.
 * Source: API Gateway developer guide, "Custom domain name for public REST APIs".
 */
import { DomainName, EndpointType, SecurityPolicy, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { ARecord, RecordTarget, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets';
import { DependencyGroup, type Construct, type IDependable } from 'constructs';

export interface ApiDomain {
  /** Such as `identity.example.com`; nothing else may be served under it. */
  readonly domainName: string;
  /** For that name, in the stack's own Region. */
  readonly certificate: ICertificate;
  /**
   * Zone that gets an alias record for the name.
   * @default - none is made: point the name at the API by hand
   */
  readonly hostedZone?: IHostedZone;
}

/**
 * @param scope gets the children `Domain` and `Alias`
 * @returns what makes the API answer under the name
 */
export function addApiDomain(scope: Construct, api: RestApi, domain: ApiDomain): IDependable {
  const { domainName, certificate, hostedZone } = domain;
  const name = new DomainName(scope, 'Domain', {
    domainName,
    certificate,
    endpointType: EndpointType.REGIONAL,
    securityPolicy: SecurityPolicy.TLS_1_2,
  });
  const ways = new DependencyGroup(name.addBasePathMapping(api, { stage: api.deploymentStage }));
  if (!hostedZone) return ways;
  const alias = new ARecord(scope, 'Alias', {
    zone: hostedZone,
    recordName: `${domainName}.`,
    target: RecordTarget.fromAlias(new ApiGatewayDomain(name)),
  });
  ways.add(alias);
  return ways;
}
