/** Amazon Resource Names: `arn:{partition}:{service}:{region}:{account}:{resource}`. */

export interface ArnParts {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** All that follows the fifth colon. */
  readonly resource: string;
}

/** Returns the parts of an ARN, or of its beginning; a part that is missing is empty. */
export function arnParts(arn: string): ArnParts {
  const [, partition = '', service = '', region = '', account = '', ...resource] = arn.split(':');
  return { partition, service, region, account, resource: resource.join(':') };
}

/** Returns the name of a resource, which its ARN ends with. */
export const nameInArn = (arn: string | undefined): string | undefined => arn?.split('/').at(-1);
