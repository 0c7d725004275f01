/**
 * A custom domain name for a private API. Only VPC endpoints that are associated with it reach it, and only those that its
 * policy and the API's allow.
 * Source: API Gateway developer guide, "Custom domain names for private APIs in API Gateway".
 */
import { Names, Token } from 'aws-cdk-lib';
import {
  CfnBasePathMappingV2,
  CfnDomainNameAccessAssociation,
  CfnDomainNameV2,
  EndpointType,
  type SpecRestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { InterfaceVpcEndpoint, type CfnVPCEndpoint, type IInterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { AaaaRecord, ARecord, RecordTarget, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { InterfaceVpcEndpointTarget } from 'aws-cdk-lib/aws-route53-targets';
import { DependencyGroup, type Construct, type IDependable } from 'constructs';
import type { ApiDomain } from './api-domain';
import { checkedAt } from './construct-error';
import { vpcEndpointStatement, type PrivateApi } from './private-api';

/** The policy denies everything without an Allow. It applies in addition to the API's, which has none for signed methods. */
const domainPolicy = (privateApi: PrivateApi): PolicyDocument =>
  new PolicyDocument({
    statements: [
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['execute-api:Invoke'],
        resources: ['execute-api:/*'],
      }),
      vpcEndpointStatement(privateApi),
    ],
  });

/** @throws Error if the stack does not know the address of the endpoint, or if there are several */
function endpointOfRecords({ vpcEndpoints }: PrivateApi): InterfaceVpcEndpoint {
  const [endpoint, ...others] = vpcEndpoints;
  if (endpoint instanceof InterfaceVpcEndpoint && others.length === 0) return endpoint;
  throw new Error(
    'domain.hostedZone needs one VPC endpoint in privateApi.vpcEndpoints, which is a new InterfaceVpcEndpoint of the app: the record leads to it. Otherwise, remove hostedZone, and create the record yourself (docs/private-networks.md).',
  );
}

function addRecords(
  scope: Construct,
  domainName: string,
  zone: IHostedZone,
  endpoint: InterfaceVpcEndpoint,
): IDependable[] {
  const record = {
    zone,
    recordName: `${domainName}.`,
    target: RecordTarget.fromAlias(new InterfaceVpcEndpointTarget(endpoint)),
  };
  const { ipAddressType = 'ipv4' } = endpoint.node.defaultChild as CfnVPCEndpoint;
  return [
    ...(ipAddressType === 'ipv6' ? [] : [new ARecord(scope, 'Alias', record)]),
    ...(ipAddressType === 'ipv4' ? [] : [new AaaaRecord(scope, 'Ipv6Alias', record)]),
  ];
}

/** Returns an ID that stays if the list of endpoints changes: an endpoint cannot be associated twice, not even in an update. */
const associationId = ({ vpcEndpointId, node }: IInterfaceVpcEndpoint): string =>
  `Access-${Token.isUnresolved(vpcEndpointId) ? Names.nodeUniqueId(node) : vpcEndpointId}`;

/**
 * @param scope gets the children `PrivateDomain`, `Mapping`, `Access-…` for each VPC endpoint, `Alias`, and `Ipv6Alias`
 * @throws Error for a hosted zone that cannot be used
 * @returns the resources that the API needs to respond under the name
 */
export function addPrivateApiDomain(
  scope: Construct,
  api: SpecRestApi,
  domain: ApiDomain,
  privateApi: PrivateApi,
): IDependable {
  const { domainName, certificate, hostedZone } = domain;
  const endpointInZone = hostedZone && checkedAt(scope.node.path, () => endpointOfRecords(privateApi));
  const name = new CfnDomainNameV2(scope, 'PrivateDomain', {
    domainName,
    certificateArn: certificate.certificateArn,
    endpointConfiguration: { types: [EndpointType.PRIVATE] },
    policy: domainPolicy(privateApi),
    // API Gateway accepts no other one for the name, and uses the API's for the handshake.
    securityPolicy: 'TLS_1_2',
  });
  const domainNameArn = name.attrDomainNameArn;
  const mapping = new CfnBasePathMappingV2(scope, 'Mapping', {
    domainNameArn,
    restApiId: api.restApiId,
    stage: api.deploymentStage.stageName,
  });
  const associations = privateApi.vpcEndpoints.map(
    (endpoint) =>
      new CfnDomainNameAccessAssociation(scope, associationId(endpoint), {
        domainNameArn,
        accessAssociationSource: endpoint.vpcEndpointId,
        accessAssociationSourceType: 'VPCE',
      }),
  );
  const records =
    hostedZone && endpointInZone ? addRecords(scope, domainName, hostedZone, endpointInZone) : [];
  return new DependencyGroup(mapping, ...associations, ...records);
}
