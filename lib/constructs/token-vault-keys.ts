/** The KMS keys to which the token vault can move from the key of the deployment. */
import { Token } from 'aws-cdk-lib';
import { checkArnRegion } from './regions';

/** The ARN of a KMS key, and not of an alias. */
export const KMS_KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-zA-Z0-9-]{36}$/;

/**
 * Returns the ARNs unchanged.
 *
 * @throws Error for anything other than the ARN of a key in that Region, such as the ARN of an alias or a pattern
 */
export function checkTokenVaultKeys(arns: readonly string[], region: string): readonly string[] {
  const invalid = arns.findIndex((arn) => !Token.isUnresolved(arn) && !KMS_KEY_ARN.test(arn));
  if (invalid >= 0) {
    throw new Error(`tokenVaultKeys[${invalid}] must be the ARN of a KMS key (arn:aws:kms:…:key/…)`);
  }
  for (const [index, arn] of arns.entries()) checkArnRegion(`tokenVaultKeys[${index}]`, arn, region);
  return arns;
}
