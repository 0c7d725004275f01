/** A kind of resource as the lifecycle sees it; each kind's own operations of the service are behind it. */
import type { Properties } from '../contract/resource-request';

export interface Described {
  readonly arn: string;
  /** What `Fn::GetAtt` gives beside the ARN and the name. */
  readonly attributes: Readonly<Record<string, string>>;
}

export type Tags = Readonly<Record<string, string>>;

/** What is wanted, the secret's text included where one is handed on. */
export interface Desired extends Pick<Properties, 'name'> {
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly secret?: DesiredSecret | undefined;
}

export type DesiredSecret =
  | { readonly source: 'MANAGED'; readonly text: string }
  | { readonly source: 'EXTERNAL'; readonly secretId: string; readonly jsonKey: string };

export interface DeployedResource {
  /**
   * @returns undefined when the name is taken
   * @throws Refusal
   */
  create(desired: Desired, tags: Tags): Promise<Described | undefined>;
  /**
   * @returns `none`, or `anothers` when it belongs to another principal and no resource policy lets this one in
   * @throws Refusal
   */
  read(name: string): Promise<Described | 'none' | 'anothers'>;
  /** @throws Refusal */
  update(desired: Desired): Promise<Described>;
  /** One that is not there is no error. @throws Refusal */
  delete(name: string): Promise<void>;
  /** @throws Refusal */
  tagsOf(arn: string): Promise<Tags>;
  /** @throws Refusal */
  tag(arn: string, tags: Tags): Promise<void>;
  /** @throws Refusal */
  untag(arn: string, keys: readonly string[]): Promise<void>;
  /** @param policy empty for none. @throws Refusal */
  setPolicy(arn: string, policy: string): Promise<void>;
  /** @returns empty for none; undefined when this principal may not read it. @throws Refusal */
  policyOf(arn: string): Promise<string | undefined>;
}

/** Something that a person can put right: the message stands in the stack's events, so no secret is in it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
