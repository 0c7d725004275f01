/**
 * Roles for agents that run outside AWS. Such an agent authenticates with its platform's credential, and gets
 * short-lived AWS credentials to sign requests. Its platform credential is a token of an OpenID provider (a Kubernetes
 * service account, a CI job, a workload in another cloud), or an X.509 certificate (IAM Roles Anywhere). No access keys
 * are stored.
 *
 * The trust policy is the only protection. An issuer such as a CI platform signs tokens for all its customers. So the
 * policy requires the audience (`aud`) and the exact subject (`sub`).
 */
import { Duration, Names, Token } from 'aws-cdk-lib';
import {
  OidcProviderNative,
  PolicyStatement,
  PrincipalWithConditions,
  Role,
  ServicePrincipal,
  WebIdentityPrincipal,
  type Conditions,
  type IPrincipal,
} from 'aws-cdk-lib/aws-iam';
import { CfnProfile } from 'aws-cdk-lib/aws-rolesanywhere';
import { Construct } from 'constructs';
import { checkedAt, mustBe } from './construct-error';
import { checkPropNames, type PropNames } from './prop-names';

/** What all roles for agents outside AWS have in common. */
export interface AgentRoleProps {
  /**
   * Lifetime of the credentials, from 15 minutes to 12 hours.
   * @default Duration.hours(1)
   */
  readonly maxSessionDuration?: Duration;
}

/** An agent with a token of an OpenID provider. */
export interface OidcAgentProps extends AgentRoleProps {
  /**
   * The https issuer of the agent's tokens, as in `iss`: for example `https://token.actions.githubusercontent.com`, the
   * issuer of a Kubernetes cluster, or `https://accounts.google.com`.
   */
  readonly issuer: string;
  /** The audience of the tokens (`aud`), such as `sts.amazonaws.com`. */
  readonly audience: string;
  /**
   * The exact subject of the tokens (`sub`): for example `system:serviceaccount:{namespace}:{name}` or
   * `repo:{owner}/{repository}:environment:{name}`. State exactly one of `subject`, `subjects`, and `subjectPattern`.
   * @default - `subjects` or `subjectPattern`
   */
  readonly subject?: string;
  /**
   * Several exact subjects, any of which is valid.
   * @default - `subject` or `subjectPattern`
   */
  readonly subjects?: string[];
  /**
   * A pattern for the subject with the wildcards `*` and `?`, such as `repo:{owner}/{repository}:ref:refs/tags/*`. The
   * first two parts between colons must not contain wildcards (the first three for a Kubernetes service account). These
   * parts name the agent's owner, who controls only the parts after them.
   * @default - none: subjects are compared exactly
   */
  readonly subjectPattern?: string;
  /**
   * ARN of the issuer's IAM OIDC provider. An account has one provider for each issuer.
   * @default - a new provider
   */
  readonly providerArn?: string;
}

/** Fields of a certificate's subject. All stated fields must match. */
export interface CertificateSubject {
  /**
   * `CN`
   * @default - any
   */
  readonly commonName?: string;
  /**
   * `OU`
   * @default - any
   */
  readonly organizationalUnit?: string;
  /**
   * `O`
   * @default - any
   */
  readonly organization?: string;
}

/** An agent with an X.509 certificate. */
export interface RolesAnywhereAgentProps extends AgentRoleProps {
  /** ARN of the trust anchor: the certificate authority whose certificates are valid. */
  readonly trustAnchorArn: string;
  /** The subject of the certificate. A certificate authority also signs for others, so state at least one field. */
  readonly certificate: CertificateSubject;
}

const OIDC_PROPS: PropNames<OidcAgentProps> = {
  maxSessionDuration: 'optional',
  issuer: 'required',
  audience: 'required',
  subject: 'optional',
  subjects: 'optional',
  subjectPattern: 'optional',
  providerArn: 'optional',
};

const ROLES_ANYWHERE_PROPS: PropNames<RolesAnywhereAgentProps> = {
  maxSessionDuration: 'optional',
  trustAnchorArn: 'required',
  certificate: 'required',
};

const CERTIFICATE: PropNames<CertificateSubject> = {
  commonName: 'optional',
  organizationalUnit: 'optional',
  organization: 'optional',
};

/** Returns the path of a construct that does not exist yet. */
const pathOf = ({ node }: Construct, id: string): string => [...(node.path ? [node.path] : []), id].join('/');

const hasWildcard = (text: string): boolean => /[*?]/.test(text);

/** @throws Error for anything other than an https issuer that IAM accepts */
function checkIssuer(issuer: string): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const plain = url && !url.port && !url.search && !url.hash && !url.username && !url.password;
  if (Token.isUnresolved(issuer) || url?.protocol !== 'https:' || !plain || hasWildcard(issuer)) {
    throw new Error(
      mustBe(
        'issuer',
        'an https URL without port, query, and fragment that is known at synthesis, because condition keys contain it',
        issuer,
      ),
    );
  }
}

function checkExact(member: string, value: string): void {
  if (value === '' || hasWildcard(value)) {
    throw new Error(mustBe(member, 'the exact value, without wildcards', value));
  }
}

/** @throws Error for a pattern that also matches subjects of other owners */
function checkPattern(pattern: string): void {
  const parts = pattern.split(':');
  const fixed = pattern.startsWith('system:serviceaccount:') ? 3 : 2;
  const named = parts.slice(0, fixed);
  if (parts.length <= fixed || named.some((part) => part === '' || hasWildcard(part))) {
    throw new Error(
      `subjectPattern must not be "${pattern}", which would match subjects of other owners. Its first ${fixed} parts between colons must be exact, and at least one part must follow them.`,
    );
  }
}

/** Returns the conditions on `sub`: exact subjects, or a pattern that was checked. */
function subjectConditions(key: string, { subject, subjects, subjectPattern }: OidcAgentProps): Conditions {
  const stated = [subject, subjects, subjectPattern].filter((member) => member !== undefined);
  if (stated.length !== 1) {
    throw new Error('State exactly one of subject, subjects, and subjectPattern');
  }
  if (subjectPattern !== undefined) {
    checkPattern(subjectPattern);
    return { StringLike: { [key]: subjectPattern } };
  }
  const exact = subjects ?? [subject ?? ''];
  if (exact.length === 0) throw new Error('subjects must name at least one subject');
  for (const each of exact) checkExact('subject', each);
  return { StringEquals: { [key]: exact.length === 1 ? exact[0] : exact } };
}

/** Google's issuer is built into IAM. The condition key for the audience of its tokens has a different name. */
const GOOGLE = 'accounts.google.com';

const OIDC_PROVIDER_ARN = /^arn:[^:/*?]+:iam::\d{12}:oidc-provider\/[^*?]+$/;

/**
 * Source: IAM user guide, "Create a role for OpenID Connect federation" and "Available keys for AWS OIDC federation".
 */
function oidcPrincipal(scope: Construct, props: OidcAgentProps): IPrincipal {
  checkIssuer(props.issuer);
  checkExact('audience', props.audience);
  const name = props.issuer.replace(/^https:\/\//, '').replace(/\/$/, '');
  const { StringEquals = {}, ...others } = subjectConditions(`${name}:sub`, props);
  const audienceKey = name === GOOGLE ? `${name}:oaud` : `${name}:aud`;
  return new WebIdentityPrincipal(providerOf(scope, name, props), {
    StringEquals: { [audienceKey]: props.audience, ...(StringEquals as object) },
    ...others,
  });
}

function providerOf(
  scope: Construct,
  name: string,
  { issuer, audience, providerArn }: OidcAgentProps,
): string {
  if (providerArn !== undefined) {
    if (!Token.isUnresolved(providerArn) && !OIDC_PROVIDER_ARN.test(providerArn)) {
      throw new Error(
        mustBe('providerArn', 'the ARN of one OIDC provider (arn:aws:iam::…:oidc-provider/…)', providerArn),
      );
    }
    return providerArn;
  }
  if (name === GOOGLE) return GOOGLE;
  return new OidcProviderNative(scope, 'Issuer', { url: issuer, clientIds: [audience] }).oidcProviderArn;
}

/** The principal tags (`aws:PrincipalTag`) that contain the fields of a certificate's subject. */
const SUBJECT_TAGS: Readonly<Record<keyof CertificateSubject, string>> = {
  commonName: 'x509Subject/CN',
  organizationalUnit: 'x509Subject/OU',
  organization: 'x509Subject/O',
};

/**
 * Returns the principal that can assume the role, which is tagged with the certificate's fields.
 * Source: IAM Roles Anywhere user guide, "Trust model".
 */
function certificatePrincipal({ trustAnchorArn, certificate }: RolesAnywhereAgentProps): IPrincipal {
  checkPropNames('certificate', certificate, CERTIFICATE);
  const stated = Object.entries(certificate) as [keyof CertificateSubject, string | undefined][];
  const conditions = stated.flatMap(([part, value]) => {
    if (value === undefined) return [];
    checkExact(`certificate.${part}`, value);
    return [[`aws:PrincipalTag/${SUBJECT_TAGS[part]}`, value] as const];
  });
  if (conditions.length === 0) {
    throw new Error(
      'certificate must have at least one field, because the role would otherwise accept every certificate of the authority',
    );
  }
  if (
    !Token.isUnresolved(trustAnchorArn) &&
    !/^arn:aws[a-z-]*:rolesanywhere:[^*?]+:trust-anchor\/[^*?]+$/.test(trustAnchorArn)
  ) {
    throw new Error(
      mustBe(
        'trustAnchorArn',
        'the ARN of one trust anchor (arn:aws:rolesanywhere:…:trust-anchor/…)',
        trustAnchorArn,
      ),
    );
  }
  return new PrincipalWithConditions(new ServicePrincipal('rolesanywhere.amazonaws.com'), {
    StringEquals: Object.fromEntries(conditions),
    ArnEquals: { 'aws:SourceArn': trustAnchorArn },
  });
}

/** A role for an agent that runs outside AWS. */
export class AgentRole extends Role {
  /**
   * A role for an agent with a token of an OpenID provider.
   *
   * @throws Error for a trust policy that would allow other principals
   * @example
   * const role = AgentRole.fromOidc(this, 'Agent', {
   *   issuer: 'https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE',
   *   audience: 'sts.amazonaws.com',
   *   subject: 'system:serviceaccount:travel:agent',
   * });
   * workload.grantActAs(role);
   */
  static fromOidc(scope: Construct, id: string, props: OidcAgentProps): AgentRole {
    checkPropNames(pathOf(scope, id), props, OIDC_PROPS);
    const parts = new Construct(scope, `${id}Trust`);
    const principal = checkedAt(pathOf(scope, id), () => oidcPrincipal(parts, props));
    return new AgentRole(scope, id, principal, props);
  }

  /**
   * A role for an agent with an X.509 certificate, which gets credentials from IAM Roles Anywhere. It includes the profile
   * that the agent names in its requests.
   *
   * @throws Error for a trust policy that would allow other principals
   */
  static fromRolesAnywhere(scope: Construct, id: string, props: RolesAnywhereAgentProps): AgentRole {
    checkPropNames(pathOf(scope, id), props, ROLES_ANYWHERE_PROPS);
    const principal = checkedAt(pathOf(scope, id), () => certificatePrincipal(props));
    const role = new AgentRole(scope, id, principal, props);
    // IAM Roles Anywhere records the certificate in the session.
    role.assumeRolePolicy?.addStatements(
      new PolicyStatement({
        actions: ['sts:TagSession', 'sts:SetSourceIdentity'],
        principals: [certificatePrincipal(props)],
      }),
    );
    const { maxSessionDuration = Duration.hours(1) } = props;
    new CfnProfile(role, 'Profile', {
      name: Names.uniqueResourceName(role, { maxLength: 255, separator: '-' }),
      enabled: true,
      roleArns: [role.roleArn],
      durationSeconds: maxSessionDuration.toSeconds(),
    });
    return role;
  }

  private constructor(scope: Construct, id: string, assumedBy: IPrincipal, props: AgentRoleProps) {
    super(scope, id, {
      description: 'agent-identity: an agent outside AWS',
      assumedBy,
      maxSessionDuration: props.maxSessionDuration ?? Duration.hours(1),
    });
  }
}
