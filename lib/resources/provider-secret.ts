/**
 * A credential provider's secret: its place in AWS Secrets Manager, never its value. CloudFormation does not resolve
 * secure references in custom resources, so the function behind them reads the secret. Neither the template nor any
 * event of the stack contains it.
 *
 * By default the secret is managed: the deployment passes it to the service, which seals it in its own vault. This
 * works with every secret that the function can read, in plain text or JSON, and the service needs no access to
 * Secrets Manager. When `secretVersion` changes, the deployment passes the new version. `ProviderSecret.external`
 * leaves the secret in Secrets Manager. The service then reads it for each credential, so a rotation needs no
 * deployment.
 */
import { Stack, Tags, Token, type SecretValue } from 'aws-cdk-lib';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { OWNER_TAG } from '../../lambda/domain/ownership';
import type { StatedSecret } from '../../lambda/model/custom-resources/request';
import type { ResourceFunction } from './resource-function';

/** The secret in the custom resource's properties. */
export type BoundSecret = StatedSecret;

/** A part of a secret, and its version. */
export interface SecretPart {
  /**
   * Member of the JSON object in the secret.
   * @default - the whole text
   */
  readonly jsonKey?: string;
  /**
   * @default - the version with the staging label
   */
  readonly versionId?: string;
  /**
   * @default AWSCURRENT
   */
  readonly versionStage?: string;
}

/** `{{resolve:secretsmanager:{id}:SecretString:{json key}:{version stage}:{version id}}}` */
const SECRETS_MANAGER =
  /^\{\{resolve:secretsmanager:(.+):SecretString:([^:]*)(?::([^:]*))?(?::([^:]*))?\}\}$/s;

/** A complete ARN ends in six random characters. */
const COMPLETE_ARN = /^arn:.*-[A-Za-z0-9]{6}$/;

/** Replaces a part of the text that is known only at deployment; no secret's name contains it. */
const HOLE = '\u0000';

/** A resolved value as text with holes, and the values of the holes. */
interface HoledText {
  readonly text: string;
  readonly holes: readonly unknown[];
}

function textOf(resolved: unknown): HoledText | undefined {
  if (typeof resolved === 'string') return { text: resolved, holes: [] };
  const join = (resolved as { 'Fn::Join'?: [string, unknown[]] } | undefined)?.['Fn::Join'];
  if (join?.[0] !== '') return undefined;
  const [, parts] = join;
  return {
    text: parts.map((part) => (typeof part === 'string' ? part : HOLE)).join(''),
    holes: parts.filter((part) => typeof part !== 'string'),
  };
}

/** The end of a text, with its holes filled. */
function filled({ text, holes }: HoledText, end: string): string {
  const before = text.slice(0, text.length - end.length).split(HOLE).length - 1;
  const pieces = end.split(HOLE);
  return pieces
    .flatMap((piece, index) => (index === 0 ? [piece] : [Token.asString(holes[before + index - 1]), piece]))
    .join('');
}

/**
 * A reference resolves to the complete ARN of the secret. An ARN that is assembled from account and Region ends in the
 * secret's name, as `Secret.fromSecretNameV2` does it.
 */
function secretOf(scope: Construct, id: HoledText): ISecret {
  const { text, holes } = id;
  if (text === HOLE || (holes.length === 0 && COMPLETE_ARN.test(text))) {
    return Secret.fromSecretCompleteArn(scope, 'Secret', filled(id, text));
  }
  if (holes.length === 0 && text.startsWith('arn:')) {
    return Secret.fromSecretPartialArn(scope, 'Secret', text);
  }
  const name = /^arn:.*:secret:(.+)$/s.exec(text)?.[1] ?? text;
  return Secret.fromSecretNameV2(scope, 'Secret', filled(id, name));
}

/** @throws Error for a value that is not a reference to Secrets Manager; the value itself is not in the message */
function referenceOf(scope: Construct, value: SecretValue): ManagedSecret {
  const found = textOf(Stack.of(scope).resolve(value.unsafeUnwrap()));
  const [, text, jsonKey, versionStage, versionId] = SECRETS_MANAGER.exec(found?.text ?? '') ?? [];
  if (!found || text === undefined) {
    throw new Error(
      `${scope.node.path}: the secret must be in AWS Secrets Manager: use secret.secretValueFromJson(…), SecretValue.secretsManager(…), or ProviderSecret. Clear text, parameters, and Systems Manager would expose it.`,
    );
  }
  return {
    secret: secretOf(scope, { text, holes: found.holes }),
    part: {
      ...(jsonKey && { jsonKey }),
      ...(versionStage && { versionStage }),
      ...(versionId && { versionId }),
    },
  };
}

/** Under `exactOptionalPropertyTypes`, CDK's class does not fit its own interface. */
export type AnySecret = ISecret | Secret;

/**
 * Returns the complete ARN or the name. Secrets Manager cannot recognize a partial ARN whose name ends in a hyphen and
 * six characters (AWS Secrets Manager user guide, "Secret ARN").
 */
const idOf = (secret: AnySecret): string => secret.secretFullArn ?? secret.secretName;

/** A secret, and how the service gets it. */
export class ProviderSecret {
  /**
   * The deployment reads the secret and passes it to the service, which seals it in its vault.
   *
   * @param secret under the AWS managed key, or a key of this app
   * @param part of the secret; the whole text by default
   */
  static managed(secret: AnySecret, part: SecretPart = {}): ProviderSecret {
    return new ProviderSecret((_, resources) => managed({ secret, part }, resources));
  }

  /**
   * The deployment reads the secret that the value refers to, and passes it to the service. A `SecretValue` that a
   * provider gets directly is used in this way.
   */
  static fromSecretValue(value: SecretValue): ProviderSecret {
    return new ProviderSecret((scope, resources) => managed(referenceOf(scope, value), resources));
  }

  /**
   * The secret stays in Secrets Manager, and the service reads it when it needs it; a value is kept for up to 5 minutes.
   * The secret gets the tag that names the owner of the providers that can use it. For a secret of another app, set
   * this tag yourself: `agent-identity:owner` = the provider's `ownerArn`. A customer managed key must allow the
   * service's functions to decrypt.
   *
   * @param jsonKey member of the JSON object in the secret
   */
  static external(secret: AnySecret, jsonKey: string): ProviderSecret {
    return new ProviderSecret((_, resources) => {
      Tags.of(secret).add(OWNER_TAG, resources.ownerArn);
      return { source: 'EXTERNAL', secretId: idOf(secret), jsonKey };
    });
  }

  private constructor(
    private readonly bind: (scope: Construct, resources: ResourceFunction) => BoundSecret,
  ) {}

  /**
   * Gives the function the access that the secret needs.
   *
   * @internal
   */
  _bind(scope: Construct, resources: ResourceFunction): BoundSecret {
    return this.bind(scope, resources);
  }
}

interface ManagedSecret {
  readonly secret: AnySecret;
  readonly part: SecretPart;
}

function managed({ secret, part }: ManagedSecret, resources: ResourceFunction): BoundSecret {
  secret.grantRead(resources.role).assertSuccess();
  return { source: 'MANAGED', secretId: idOf(secret), ...part };
}

/** Gives the function the access that the secret needs, and returns the secret for the resource's properties. */
export const bindSecret = (
  source: SecretValue | ProviderSecret,
  scope: Construct,
  resources: ResourceFunction,
): BoundSecret =>
  (source instanceof ProviderSecret ? source : ProviderSecret.fromSecretValue(source))._bind(
    scope,
    resources,
  );
