/** A custom domain name, and the IP versions over which the API and the name can be called. */
import type { Stack } from 'aws-cdk-lib';
import { IpAddressType } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  Vpc,
  VpcEndpointIpAddressType,
  type IInterfaceVpcEndpoint,
} from 'aws-cdk-lib/aws-ec2';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { AgentIdentity, type ApiDomain } from '../../lib';
import { documentOf } from './api-document';
import { consumerStack, propertiesOf, templateOf, written, type ConsumerTemplate } from './consumer';
import { endpointTemplate } from './endpoint';
import { resourcesOf } from './synthesis';

const domainIn = (stack: Stack): Required<ApiDomain> => ({
  domainName: 'identity.example.com',
  certificate: Certificate.fromCertificateArn(
    stack,
    'Certificate',
    'arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab',
  ),
  hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
    hostedZoneId: 'Z1',
    zoneName: 'example.com',
  }),
});

const recordsOf = (template: ConsumerTemplate) =>
  resourcesOf(template, 'AWS::Route53::RecordSet').map(([, { Properties }]) => Properties);

describe('ipAddressType', () => {
  const templateWith = (ipAddressType?: IpAddressType) => {
    const stack = consumerStack();
    new AgentIdentity(stack, 'Identity', {
      domain: domainIn(stack),
      ...(ipAddressType && { ipAddressType }),
    });
    return templateOf(stack);
  };

  it('has the API and its domain name accept IPv6, and adds an AAAA record', () => {
    const template = templateWith(IpAddressType.DUAL_STACK);
    const EndpointConfiguration = { Types: ['REGIONAL'], IpAddressType: 'dualstack' };
    expect(propertiesOf(template, 'AWS::ApiGateway::RestApi')).toMatchObject({ EndpointConfiguration });
    expect(propertiesOf(template, 'AWS::ApiGateway::DomainName')).toMatchObject({ EndpointConfiguration });
    const [a, aaaa, ...others] = recordsOf(template);
    expect([a?.Type, aaaa?.Type, others]).toEqual(['A', 'AAAA', []]);
    expect({ ...aaaa, Type: 'A' }).toEqual(a);
  });

  it('is that of API Gateway by default, with an A record', () => {
    const template = templateWith();
    for (const type of ['AWS::ApiGateway::RestApi', 'AWS::ApiGateway::DomainName']) {
      expect(propertiesOf(template, type).EndpointConfiguration).toEqual({ Types: ['REGIONAL'] });
    }
    expect(recordsOf(template)).toMatchObject([{ Type: 'A' }]);
  });

  it('is a prop of an agent endpoint, too', () => {
    const template = endpointTemplate({ ipAddressType: IpAddressType.DUAL_STACK });
    expect(propertiesOf(template, 'AWS::ApiGateway::RestApi')).toMatchObject({
      EndpointConfiguration: { IpAddressType: 'dualstack' },
    });
  });
});

describe('a private API with a domain', () => {
  const importedEndpoint = (stack: Stack, vpcEndpointId: string) =>
    InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(stack, vpcEndpointId, {
      vpcEndpointId,
      port: 443,
    });

  /** Returns the template of a service behind imported endpoints, without records. */
  const behind = (endpointIds: string[], idsOfOtherAccounts?: string[]) => {
    const stack = consumerStack();
    const { domainName, certificate } = domainIn(stack);
    const identity = new AgentIdentity(stack, 'Identity', {
      domain: { domainName, certificate },
      privateApi: {
        vpcEndpoints: endpointIds.map((id) => importedEndpoint(stack, id)),
        ...(idsOfOtherAccounts && { vpcEndpointIdsOfOtherAccounts: idsOfOtherAccounts }),
      },
    });
    return { identity, template: templateOf(stack) };
  };

  /** Returns the template of a service behind a new endpoint, with records. */
  const behindNew = (ipAddressType?: VpcEndpointIpAddressType) => {
    const stack = consumerStack();
    const vpc = new Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false });
    const endpoint = vpc.addInterfaceEndpoint('Endpoint', {
      service: new InterfaceVpcEndpointAwsService('execute-api'),
      ...(ipAddressType && { ipAddressType }),
    });
    new AgentIdentity(stack, 'Identity', {
      domain: domainIn(stack),
      privateApi: { vpcEndpoints: [endpoint] },
    });
    return templateOf(stack);
  };

  const associationsOf = (template: ConsumerTemplate) =>
    resourcesOf(template, 'AWS::ApiGateway::DomainNameAccessAssociation');

  it('has the domain name as its only address, and is private', () => {
    const { identity, template } = behind(['vpce-1']);
    expect(identity.endpoint).toBe('https://identity.example.com');
    expect(propertiesOf(template, 'AWS::ApiGateway::RestApi')).toMatchObject({
      DisableExecuteApiEndpoint: true,
      EndpointConfiguration: { Types: ['PRIVATE'], VpcEndpointIds: ['vpce-1'] },
    });
    expect(documentOf(template).servers).toEqual([
      {
        url: 'https://identity.example.com',
        'x-amazon-apigateway-endpoint-configuration': {
          disableExecuteApiEndpoint: true,
          vpcEndpointIds: ['vpce-1'],
        },
      },
    ]);
    expect(resourcesOf(template, 'AWS::ApiGateway::DomainName')).toEqual([]);
  });

  it('serves the stage at the root of a private name, which denies all other endpoints', () => {
    const { template } = behind(['vpce-1', 'vpce-2'], ['vpce-3']);
    const name = propertiesOf(template, 'AWS::ApiGateway::DomainNameV2');
    expect(name).toMatchObject({
      DomainName: 'identity.example.com',
      EndpointConfiguration: { Types: ['PRIVATE'] },
      SecurityPolicy: 'TLS_1_2',
    });
    const allow = {
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: 'execute-api:Invoke',
      Resource: 'execute-api:/*',
    };
    const deny = {
      ...allow,
      Sid: 'DenyOtherVpcEndpoints',
      Effect: 'Deny',
      Condition: { StringNotEquals: { 'aws:SourceVpce': ['vpce-1', 'vpce-2', 'vpce-3'] } },
    };
    expect(name.Policy).toEqual({ Version: '2012-10-17', Statement: [allow, deny] });
    const { Statement: ofApi } = propertiesOf(template, 'AWS::ApiGateway::RestApi').Policy as {
      Statement: unknown[];
    };
    expect(ofApi[0]).toEqual(deny);
    const mapping = propertiesOf(template, 'AWS::ApiGateway::BasePathMappingV2');
    expect(mapping).toMatchObject({ Stage: '<IdentityApiRestApiDeploymentStageprod>' });
    expect(mapping).not.toHaveProperty('BasePath');
  });

  it('associates the endpoints of the account, under IDs that do not depend on their order', () => {
    const { template } = behind(['vpce-1', 'vpce-2'], ['vpce-3']);
    expect(associationsOf(template).map(([, { Properties }]) => written(Properties))).toEqual(
      ['vpce-1', 'vpce-2'].map((id) => ({
        AccessAssociationSource: id,
        AccessAssociationSourceType: 'VPCE',
        DomainNameArn: '<IdentityApiPrivateDomain.DomainNameArn>',
      })),
    );
    const turned = associationsOf(behind(['vpce-2', 'vpce-1']).template);
    expect(turned.map(([id]) => id).sort()).toEqual(associationsOf(template).map(([id]) => id));
  });

  it.each([
    [undefined, ['A']],
    [VpcEndpointIpAddressType.IPV4, ['A']],
    [VpcEndpointIpAddressType.DUALSTACK, ['A', 'AAAA']],
    [VpcEndpointIpAddressType.IPV6, ['AAAA']],
  ])('adds records of the kinds that a new endpoint has: %s', (ipAddressType, kinds) => {
    const records = recordsOf(behindNew(ipAddressType)).map((record) => written(record));
    expect(records).toMatchObject(
      kinds.map((Type) => ({ Type, Name: 'identity.example.com.', HostedZoneId: 'Z1' })),
    );
    for (const record of records) {
      expect(JSON.stringify(record)).toMatch(/AliasTarget.*VpcEndpoint\w*\.DnsEntries/);
    }
  });

  it.each<[string, (stack: Stack) => IInterfaceVpcEndpoint[]]>([
    ['an imported endpoint', (stack) => [importedEndpoint(stack, 'vpce-1')]],
    [
      'several endpoints',
      (stack) => {
        const vpc = new Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false });
        const service = new InterfaceVpcEndpointAwsService('execute-api');
        return [vpc.addInterfaceEndpoint('A', { service }), vpc.addInterfaceEndpoint('B', { service })];
      },
    ],
  ])('rejects a hosted zone with %s', (_, endpointsIn) => {
    const stack = consumerStack();
    const [domain, vpcEndpoints] = [domainIn(stack), endpointsIn(stack)];
    expect(() => new AgentIdentity(stack, 'Identity', { domain, privateApi: { vpcEndpoints } })).toThrow(
      /^Consumer\/Identity\/Api: domain\.hostedZone needs one VPC endpoint in privateApi\.vpcEndpoints/,
    );
  });
});
