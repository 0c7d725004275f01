/**
 * A credential provider's secret: where it is in AWS Secrets Manager, never what it is. CloudFormation does not resolve
 * secure references in custom resources, so the function behind them reads the secret; neither the template nor any
 * event of the stack has it.
 *
 * By default the secret is handed on when the stack is deployed, and from then on sealed in the service's own vault:
 * this works with every secret that the function may read, in plain text or JSON, and the service needs no way to
 * Secrets Manager. A new version is handed on when `secretVersion` changes. `ProviderSecret.external` leaves the secret
 * where it is instead; the service reads it when a credential is wanted, so that a rotation needs no deployment.
 */
import { Stack, Tags, Token, type SecretValue } from 'aws-cdk-lib';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { OWNER_TAG } from '../../lambda/contract/encryption';
import type { StatedSecret } from '../../lambda/contract/resource-request';
import type { ResourceFunction } from './resource-function';

/** The secret as the custom resource's properties have it. */
export type BoundSecret = StatedSecret;

/** Which part of a secret, and which version. */
export interface SecretPart {
  /**
   * Member of the JSON object that the secret's text is.
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

/** Stands in the text for a part that is known at deployment only; no secret's name has it. */
const HOLE = '\u0000';

/** A resolved value as text with holes, and what goes into them. */
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
 * A reference is to the complete ARN of a secret that is made or given by it; an ARN that is put together around the
 * account and the region has the secret's name, as that of `Secret.fromSecretNameV2` does.
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
function referenceOf(scope: Construct, value: SecretValue): { secret: ISecret; part: SecretPart } {
  const found = textOf(Stack.of(scope).resolve(value.unsafeUnwrap()));
  const [, text, jsonKey, versionStage, versionId] = SECRETS_MANAGER.exec(found?.text ?? '') ?? [];
  if (!found || text === undefined) {
    throw new Error(
      `${scope.node.path}: the secret must be in AWS Secrets Manager: use secret.secretValueFromJson(…), SecretValue.secretsManager(…) or ProviderSecret. Clear text, parameters and Systems Manager would put it where it can be read.`,
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

/** CDK's class does not fit its own interface for who has `exactOptionalPropertyTypes` on. */
export type AnySecret = ISecret | Secret;

/**
 * The complete ARN or the name: of a partial ARN whose name ends in a hyphen and six characters, Secrets Manager cannot
 * tell that it is partial (AWS Secrets Manager user guide, "Secret ARN").
 */
const idOf = (secret: AnySecret): string => secret.secretFullArn ?? secret.secretName;

export abstract class ProviderSecret {
  /**
   * Hands the secret on when the stack is deployed; the service seals it in its vault.
   *
   * @param secret under the AWS managed key, or a key of this app
   */
  static handedOn(secret: AnySecret, part: SecretPart = {}): ProviderSecret {
    return new HandedOn(() => ({ secret, part }));
  }

  /**
   * Leaves the secret in Secrets Manager; the service reads it when a credential is wanted, at most five minutes old.
   * The secret gets the tag by which it says whose providers may use it. One that is not of this app must have been
   * tagged: `agent-identity:owner` = the provider's `ownerArn`. Under a customer managed key, the key must let the
   * service's functions decrypt.
   *
   * @param jsonKey member of the JSON object that the secret's text is
   */
  static external(secret: AnySecret, jsonKey: string): ProviderSecret {
    return new External(secret, jsonKey);
  }

  /** A `SecretValue` is handed on. */
  static of(secret: SecretValue | ProviderSecret): ProviderSecret {
    return secret instanceof ProviderSecret ? secret : new HandedOn((scope) => referenceOf(scope, secret));
  }

  /** Gives the function the access that the secret needs. */
  abstract bind(scope: Construct, resources: ResourceFunction): BoundSecret;
}

class HandedOn extends ProviderSecret {
  constructor(
    private readonly find: (scope: Construct) => { readonly secret: AnySecret; readonly part: SecretPart },
  ) {
    super();
  }

  bind(scope: Construct, resources: ResourceFunction): BoundSecret {
    const { secret, part } = this.find(scope);
    secret.grantRead(resources.role).assertSuccess();
    return { source: 'MANAGED', secretId: idOf(secret), ...part };
  }
}

class External extends ProviderSecret {
  constructor(
    private readonly secret: AnySecret,
    private readonly jsonKey: string,
  ) {
    super();
  }

  bind(_scope: Construct, resources: ResourceFunction): BoundSecret {
    Tags.of(this.secret).add(OWNER_TAG, resources.role.roleArn);
    return { source: 'EXTERNAL', secretId: idOf(this.secret), jsonKey: this.jsonKey };
  }
}
