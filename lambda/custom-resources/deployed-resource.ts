/** A type of resource as the lifecycle sees it. Implementations call the operations of their type. */
import type { Properties } from '../model/custom-resources/request';

export interface Described {
  readonly arn: string;
  /** What `Fn::GetAtt` returns, apart from the ARN and the name. */
  readonly attributes: Readonly<Record<string, string>>;
}

export type Tags = Readonly<Record<string, string>>;

/** The resource to create or update, with the text of a secret that the service stores. */
export interface Desired extends Pick<Properties, 'name' | 'portal' | 'agents'> {
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly secret?: DesiredSecret | undefined;
}

export type DesiredSecret =
  | { readonly source: 'MANAGED'; readonly text: string }
  | { readonly source: 'EXTERNAL'; readonly secretId: string; readonly jsonKey: string };

export interface DeployedResource {
  /**
   * @returns undefined if the name is taken
   * @throws Refusal
   */
  create(desired: Desired, tags: Tags): Promise<Described | undefined>;
  /**
   * Checks whether an update can create the resource: under another name, or because it was deleted outside the stack.
   * Omit it if it always can.
   *
   * @throws Refusal
   */
  checkCreationByUpdate?(desired: Desired): void;
  /**
   * @returns `none`; `anothers` if another principal owns it and no resource policy allows this one
   * @throws Refusal
   */
  read(name: string): Promise<Described | 'none' | 'anothers'>;
  /** @throws Refusal */
  update(desired: Desired): Promise<Described>;
  /** Succeeds if there is none. @throws Refusal */
  delete(name: string): Promise<void>;
  /** @throws Refusal */
  tagsOf(arn: string): Promise<Tags>;
  /** @throws Refusal */
  tag(arn: string, tags: Tags): Promise<void>;
  /** @throws Refusal */
  untag(arn: string, keys: readonly string[]): Promise<void>;
  /** @param policy empty for none. @throws Refusal */
  setPolicy(arn: string, policy: string): Promise<void>;
  /** @returns empty for none; undefined if this principal is not allowed to read it. @throws Refusal */
  policyOf(arn: string): Promise<string | undefined>;
}

/** An error that a person can fix. Its message appears in the stack's events, so it contains no secret. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
