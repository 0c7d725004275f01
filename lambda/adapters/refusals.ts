/** Distinguishes an AWS service's refusal of one key or secret from a service that is unreachable. */
import { isAwsError } from './aws/aws-error';

/**
 * @param refusals names of the errors that refuse the key or secret
 * @returns a function that returns undefined for a refusal, and throws any other error again
 */
export const unlessRefusedBy =
  (refusals: readonly string[]) =>
  async <Output>(output: Promise<Output>): Promise<Output | undefined> => {
    try {
      return await output;
    } catch (error) {
      if (isAwsError(error) && refusals.includes(error.name)) return undefined;
      throw error;
    }
  };
