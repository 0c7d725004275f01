/** The KMS keys to which the token vault can move from the key of the deployment. */
import { Token } from 'aws-cdk-lib';
import { checkMultiRegionKey } from './encryption-key-replica';
import { checkArnRegion } from './regions';

/** The ARN of a KMS key, and not of an alias. */
export const KMS_KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-zA-Z0-9-]{36}$/;

/**
 * Returns the ARNs unchanged.
 *
 * @param region of the stack
 * @param replicated whether the tables have replicas, whose Regions need replicas of each key
 * @throws Error for anything other than the ARN of a key in that Region, such as the ARN of an alias or a pattern, and for a
 *   single-Region key of a replicated deployment
 */
export function checkTokenVaultKeys(
  arns: readonly string[],
  region: string,
  replicated = false,
): readonly string[] {
  const invalid = arns.findIndex((arn) => !Token.isUnresolved(arn) && !KMS_KEY_ARN.test(arn));
  if (invalid >= 0) {
    throw new Error(`tokenVaultKeys[${invalid}] must be the ARN of a KMS key (arn:aws:kms:…:key/…)`);
  }
  for (const [index, arn] of arns.entries()) {
    checkArnRegion(`tokenVaultKeys[${index}]`, arn, region);
    if (replicated) checkMultiRegionKey(`tokenVaultKeys[${index}]`, arn);
  }
  return arns;
}
