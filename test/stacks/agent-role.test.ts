/** Roles for agents outside AWS: the whole trust policy, and the trust policies that synthesis rejects. */
import { Duration, Fn } from 'aws-cdk-lib';
import { AgentIdentity, AgentRole, WorkloadIdentity, type OidcAgentProps } from '../../lib';
import { consumerStack, propertiesOf, templateOf, written, type WrittenStatement } from './consumer';
import { resourcesOf } from './synthesis';

const GITHUB = {
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'sts.amazonaws.com',
  subject: 'repo:acme/travel:environment:prod',
};

const CLUSTER = {
  issuer: 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF',
  audience: 'sts.amazonaws.com',
  subject: 'system:serviceaccount:travel:agent',
};

const trustOf = (props: OidcAgentProps): WrittenStatement[] => {
  const stack = consumerStack();
  AgentRole.fromOidc(stack, 'Agent', props);
  const role = propertiesOf(templateOf(stack), 'AWS::IAM::Role');
  return (role.AssumeRolePolicyDocument as { Statement: WrittenStatement[] }).Statement;
};

describe('AgentRole.fromOidc', () => {
  const github = { issuer: GITHUB.issuer, audience: GITHUB.audience };
  const cluster = { issuer: CLUSTER.issuer, audience: CLUSTER.audience };

  it('trusts one subject for one audience, and creates an IAM provider for the issuer', () => {
    const stack = consumerStack();
    AgentRole.fromOidc(stack, 'Agent', CLUSTER);
    const template = templateOf(stack);
    const host = 'oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF';
    expect(propertiesOf(template, 'AWS::IAM::OIDCProvider')).toMatchObject({
      Url: CLUSTER.issuer,
      ClientIdList: ['sts.amazonaws.com'],
    });
    expect(propertiesOf(template, 'AWS::IAM::Role')).toMatchObject({ MaxSessionDuration: 3600 });
    expect(trustOf(CLUSTER)).toEqual([
      {
        Effect: 'Allow',
        Principal: { Federated: '<AgentTrustIssuer>' },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            [`${host}:aud`]: 'sts.amazonaws.com',
            [`${host}:sub`]: 'system:serviceaccount:travel:agent',
          },
        },
      },
    ]);
  });

  it('trusts each of several subjects, at an existing IAM provider', () => {
    const providerArn = 'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com';
    const subjects = ['repo:acme/travel:environment:prod', 'repo:acme/travel:environment:stage'];
    expect(trustOf({ ...github, subjects, providerArn })).toMatchObject([
      {
        Principal: { Federated: providerArn },
        Condition: {
          StringEquals: {
            'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
            'token.actions.githubusercontent.com:sub': subjects,
          },
        },
      },
    ]);
  });

  it('trusts Google without an IAM provider, with the audience in a separate condition key', () => {
    const google = { issuer: 'https://accounts.google.com', audience: 'my-audience', subject: '104512345' };
    expect(trustOf(google)).toMatchObject([
      {
        Principal: { Federated: 'accounts.google.com' },
        Condition: {
          StringEquals: { 'accounts.google.com:oaud': 'my-audience', 'accounts.google.com:sub': '104512345' },
        },
      },
    ]);
  });

  it.each([
    ['tags of one repository', { ...github, subjectPattern: 'repo:acme/travel:ref:refs/tags/*' }],
    ['accounts of one namespace', { ...cluster, subjectPattern: 'system:serviceaccount:travel:*' }],
  ])('trusts a pattern: %s', (_, props) => {
    expect(trustOf(props)).toMatchObject([
      {
        Condition: {
          StringEquals: { [`${props.issuer.replace('https://', '')}:aud`]: 'sts.amazonaws.com' },
          StringLike: { [`${props.issuer.replace('https://', '')}:sub`]: props.subjectPattern },
        },
      },
    ]);
  });

  it.each<[string, OidcAgentProps, string]>([
    ['every subject', { ...github, subjectPattern: '*' }, 'would match subjects of other owners'],
    ['every repository', { ...github, subjectPattern: 'repo:*' }, 'would match subjects of other owners'],
    [
      'every repository of an owner',
      { ...github, subjectPattern: 'repo:acme/*:ref:x' },
      'would match subjects of other owners',
    ],
    [
      'owners with the same prefix',
      { ...github, subjectPattern: 'repo:acme*/travel:x' },
      'would match subjects of other owners',
    ],
    [
      'a repository without more',
      { ...github, subjectPattern: 'repo:acme/travel*' },
      'would match subjects of other owners',
    ],
    [
      'every namespace',
      { ...cluster, subjectPattern: 'system:serviceaccount:*:agent' },
      'would match subjects of other owners',
    ],
    [
      'every account',
      { ...cluster, subjectPattern: 'system:serviceaccount:*' },
      'would match subjects of other owners',
    ],
    ['a pattern as a subject', { ...GITHUB, subject: 'repo:acme/*' }, 'must be the exact value'],
    ['a pattern in a list of subjects', { ...github, subjects: ['a', 'repo:?'] }, 'must be the exact value'],
    ['an empty subject', { ...GITHUB, subject: '' }, 'must be the exact value'],
    ['no subject', github, 'State exactly one'],
    ['an empty list of subjects', { ...github, subjects: [] }, 'must name at least one'],
    ['subject and pattern', { ...GITHUB, subjectPattern: 'repo:acme/travel:*' }, 'State exactly one'],
    ['any audience', { ...GITHUB, audience: '*' }, 'must be the exact value'],
    ['no audience', { ...GITHUB, audience: '' }, 'must be the exact value'],
    ['an http issuer', { ...GITHUB, issuer: 'http://issuer.example' }, 'must be an https URL'],
    ['an issuer with a port', { ...GITHUB, issuer: 'https://issuer.example:8443' }, 'must be an https URL'],
    ['an issuer that is not a URL', { ...GITHUB, issuer: 'issuer.example' }, 'must be an https URL'],
    [
      'any provider',
      { ...GITHUB, providerArn: 'arn:aws:iam::111122223333:oidc-provider/*' },
      'providerArn must be the ARN of one OIDC provider (arn:aws:iam::…:oidc-provider/…), not "arn:aws:iam::111122223333:oidc-provider/*"',
    ],
    [
      'an issuer that is known only at deployment',
      { ...GITHUB, issuer: Fn.importValue('Issuer') },
      'because condition keys contain it. Its value is known only at deployment.',
    ],
    ['any issuer', { ...GITHUB, issuer: 'https://*.example' }, 'must be an https URL'],
  ])('rejects %s', (_, props, message) => {
    expect(() => trustOf(props)).toThrow(/^Consumer\/Agent: /);
    expect(() => trustOf(props)).toThrow(message);
  });
});

describe('AgentRole.fromRolesAnywhere', () => {
  const trustAnchorArn = 'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/1234abcd';

  it('trusts one subject of one trust anchor, and creates a profile', () => {
    const stack = consumerStack();
    AgentRole.fromRolesAnywhere(stack, 'Agent', {
      trustAnchorArn,
      certificate: { commonName: 'travel-agent', organizationalUnit: 'agents', organization: 'Acme' },
      maxSessionDuration: Duration.hours(2),
    });
    const template = templateOf(stack);
    const role = propertiesOf(template, 'AWS::IAM::Role');
    const whose = {
      Effect: 'Allow',
      Principal: { Service: 'rolesanywhere.amazonaws.com' },
      Condition: {
        StringEquals: {
          'aws:PrincipalTag/x509Subject/CN': 'travel-agent',
          'aws:PrincipalTag/x509Subject/OU': 'agents',
          'aws:PrincipalTag/x509Subject/O': 'Acme',
        },
        ArnEquals: { 'aws:SourceArn': trustAnchorArn },
      },
    };
    expect((role.AssumeRolePolicyDocument as { Statement: unknown }).Statement).toEqual([
      { ...whose, Action: 'sts:AssumeRole' },
      { ...whose, Action: ['sts:SetSourceIdentity', 'sts:TagSession'] },
    ]);
    expect(propertiesOf(template, 'AWS::RolesAnywhere::Profile')).toMatchObject({
      RoleArns: ['<Agent.Arn>'],
      Enabled: true,
      DurationSeconds: 7200,
    });
  });

  it.each([
    ['any certificate', {}, trustAnchorArn, 'every certificate'],
    ['a pattern', { commonName: '*' }, trustAnchorArn, 'must be the exact value'],
    ['an empty name', { organization: '' }, trustAnchorArn, 'must be the exact value'],
    ['any trust anchor', { commonName: 'a' }, '*', 'one trust anchor'],
    [
      'every anchor of the account',
      { commonName: 'a' },
      trustAnchorArn.replace('1234abcd', '*'),
      'one trust anchor',
    ],
  ])('rejects %s', (_, certificate, anchor, message) => {
    const stack = consumerStack();
    const make = () => AgentRole.fromRolesAnywhere(stack, 'Agent', { trustAnchorArn: anchor, certificate });
    expect(make).toThrow(/^Consumer\/Agent: /);
    expect(make).toThrow(message);
  });
});

it('an agent role can get grants like any other role', () => {
  const stack = consumerStack();
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  new WorkloadIdentity(stack, 'Travel', { identity }).grantActAs(AgentRole.fromOidc(stack, 'Agent', CLUSTER));
  const [resource] = resourcesOf(templateOf(stack), 'Custom::AgentIdentityWorkloadIdentity');
  expect(JSON.stringify(written(resource?.[1].Properties))).toContain('<Agent.Arn>');
});
