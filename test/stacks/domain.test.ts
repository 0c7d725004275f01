/** A custom domain name, and the IP versions over which the API and the name can be called. */
import type { Stack } from 'aws-cdk-lib';
import { IpAddressType } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { AgentIdentity, type ApiDomain } from '../../lib';
import { consumerStack, propertiesOf, templateOf, type ConsumerTemplate } from './consumer';
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
