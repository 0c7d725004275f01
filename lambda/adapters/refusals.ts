/** Distinguishes an AWS service's refusal of one key or secret from a service that is unreachable. */

/** The AWS SDK's class for a service's errors, such as `KMSServiceException`. */
type ServiceErrors = abstract new (...parameters: never[]) => Error;

/**
 * @param errors class of the service's errors
 * @param refusals names of the errors that refuse the key or secret
 * @returns a function that returns undefined for a refusal, and throws any other error again
 */
export const unlessRefusedBy =
  (errors: ServiceErrors, refusals: readonly string[]) =>
  async <Output>(output: Promise<Output>): Promise<Output | undefined> => {
    try {
      return await output;
    } catch (error) {
      if (error instanceof errors && refusals.includes(error.name)) return undefined;
      throw error;
    }
  };
