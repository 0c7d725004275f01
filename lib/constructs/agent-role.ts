/**
 * Roles for agents that run outside AWS. They prove who they are by what their own platform gives them, and get
 * short-lived AWS credentials for it, with which they sign: a token of an OpenID provider (a Kubernetes service
 * account, a CI job, a workload in another cloud), or an X.509 certificate (IAM Roles Anywhere). No access key lies
 * about.
 *
 * The trust policy is the whole of the protection. An issuer such as a CI platform signs for all its customers, so it
 * pins for whom the token is (`aud`) and, exactly, whose it is (`sub`).
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

interface AgentRoleProps {
  /**
   * How long credentials are good for; 15 minutes to 12 hours.
   * @default Duration.hours(1)
   */
  readonly maxSessionDuration?: Duration;
}

export interface OidcAgentProps extends AgentRoleProps {
  /**
   * Issuer of the agent's tokens, https, as its `iss` has it: `https://token.actions.githubusercontent.com`, the
   * issuer of a Kubernetes cluster, `https://accounts.google.com`.
   */
  readonly issuer: string;
  /** For whom the tokens must be (`aud`), such as `sts.amazonaws.com`. */
  readonly audience: string;
  /**
   * Whose the tokens must be (`sub`), exactly: `system:serviceaccount:{namespace}:{name}`,
   * `repo:{owner}/{repository}:environment:{name}`. Several stand for any of them.
   * @default - `subjectPattern`
   */
  readonly subject?: string | readonly string[];
  /**
   * A pattern in place of the subject, where `*` and `?` stand for anything, such as
   * `repo:{owner}/{repository}:ref:refs/tags/*`. Its first two parts between colons (for a Kubernetes service account
   * the first three) must be without: what follows them is within somebody's own hands, what they say is not.
   * @default - none: subjects are compared exactly
   */
  readonly subjectPattern?: string;
  /**
   * ARN of the issuer's IAM OIDC provider. An account has one for each issuer.
   * @default - one is made
   */
  readonly providerArn?: string;
}

/** What a certificate's subject must say; all of it must match. */
export interface CertificateSubject {
  /** `CN` */
  readonly commonName?: string;
  /** `OU` */
  readonly organizationalUnit?: string;
  /** `O` */
  readonly organization?: string;
}

export interface RolesAnywhereAgentProps extends AgentRoleProps {
  /** ARN of the trust anchor: the certificate authority whose certificates count. */
  readonly trustAnchorArn: string;
  /** Whose certificate it must be. A certificate authority signs for others too, so something must be said. */
  readonly certificate: CertificateSubject;
}

const hasWildcard = (text: string): boolean => /[*?]/.test(text);

/** @throws Error for what is not an https issuer that IAM takes */
function checkIssuer(issuer: string): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const plain = url && !url.port && !url.search && !url.hash && !url.username && !url.password;
  if (Token.isUnresolved(issuer) || url?.protocol !== 'https:' || !plain || hasWildcard(issuer)) {
    throw new Error(
      `issuer: must be an https URL without port, query and fragment, known when the app is synthesized: the names of the conditions are made of it`,
    );
  }
}

function checkExact(member: string, value: string): void {
  if (value === '' || hasWildcard(value)) {
    throw new Error(`${member}: must be the exact value, without wildcards`);
  }
}

/** @throws Error for a pattern that others than the agent's own people can bring a token for */
function checkPattern(pattern: string): void {
  const parts = pattern.split(':');
  const fixed = pattern.startsWith('system:serviceaccount:') ? 3 : 2;
  const named = parts.slice(0, fixed);
  if (parts.length <= fixed || named.some((part) => part === '' || hasWildcard(part))) {
    throw new Error(
      `subjectPattern: "${pattern}" would let in others; its first ${fixed} parts between colons must be exact, and more must follow`,
    );
  }
}

/** The conditions on `sub`: exact, or a pattern that was checked. */
function subjectConditions(key: string, { subject, subjectPattern }: OidcAgentProps): Conditions {
  if ((subject === undefined) === (subjectPattern === undefined)) {
    throw new Error('give exactly one of subject and subjectPattern');
  }
  if (subjectPattern !== undefined) {
    checkPattern(subjectPattern);
    return { StringLike: { [key]: subjectPattern } };
  }
  const subjects = [subject ?? []].flat();
  if (subjects.length === 0) throw new Error('subject: must name somebody');
  for (const each of subjects) checkExact('subject', each);
  return { StringEquals: { [key]: subjects.length === 1 ? subjects[0] : subjects } };
}

/** Google's issuer is built into IAM, and its tokens' audience is in a condition key of another name. */
const GOOGLE = 'accounts.google.com';

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
  if (providerArn !== undefined) return providerArn;
  if (name === GOOGLE) return GOOGLE;
  return new OidcProviderNative(scope, 'Issuer', { url: issuer, clientIds: [audience] }).oidcProviderArn;
}

/** `aws:PrincipalTag` of the parts of a certificate's subject. */
const SUBJECT_TAGS: Readonly<Record<keyof CertificateSubject, string>> = {
  commonName: 'x509Subject/CN',
  organizationalUnit: 'x509Subject/OU',
  organization: 'x509Subject/O',
};

/**
 * Source: IAM Roles Anywhere user guide, "Trust model": who may assume the role, and why it is tagged with the
 * certificate's fields.
 */
function certificatePrincipal({ trustAnchorArn, certificate }: RolesAnywhereAgentProps): IPrincipal {
  const stated = Object.entries(certificate) as [keyof CertificateSubject, string | undefined][];
  const conditions = stated.flatMap(([part, value]) => {
    if (value === undefined) return [];
    checkExact(`certificate.${part}`, value);
    return [[`aws:PrincipalTag/${SUBJECT_TAGS[part]}`, value] as const];
  });
  if (conditions.length === 0) {
    throw new Error('certificate: say whose it must be; every certificate of the authority would do');
  }
  if (
    !Token.isUnresolved(trustAnchorArn) &&
    !/^arn:aws[a-z-]*:rolesanywhere:[^*?]+:trust-anchor\/[^*?]+$/.test(trustAnchorArn)
  ) {
    throw new Error('trustAnchorArn: must be the ARN of one trust anchor');
  }
  return new PrincipalWithConditions(new ServicePrincipal('rolesanywhere.amazonaws.com'), {
    StringEquals: Object.fromEntries(conditions),
    ArnEquals: { 'aws:SourceArn': trustAnchorArn },
  });
}

export class AgentRole extends Role {
  /**
   * For an agent with a token of an OpenID provider.
   *
   * @throws Error in plain words for a trust that would let in others
   * @example
   * const role = AgentRole.fromOidc(this, 'Agent', {
   *   issuer: 'https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE',
   *   audience: 'sts.amazonaws.com',
   *   subject: 'system:serviceaccount:travel:agent',
   * });
   * workload.grantExchange(role);
   */
  static fromOidc(scope: Construct, id: string, props: OidcAgentProps): AgentRole {
    const parts = new Construct(scope, `${id}Trust`);
    return new AgentRole(scope, id, oidcPrincipal(parts, props), props);
  }

  /**
   * For an agent with an X.509 certificate: IAM Roles Anywhere gives it credentials. Made with it is the profile that
   * the agent names when it asks.
   *
   * @throws Error in plain words for a trust that would let in others
   */
  static fromRolesAnywhere(scope: Construct, id: string, props: RolesAnywhereAgentProps): AgentRole {
    const role = new AgentRole(scope, id, certificatePrincipal(props), props);
    // Roles Anywhere says in the session which certificate it was.
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
