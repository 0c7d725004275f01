/** What an AWS service refuses for one key or secret, told from that the service cannot be reached at all. */

/** The class of a service's errors in AWS's SDK, such as `KMSServiceException`. */
type ServiceErrors = abstract new (...parameters: never[]) => Error;

/**
 * @param errors class of the service's errors
 * @param refusals names of those that mean: not this one
 * @returns a reader of answers: undefined for what is refused, and whatever else was thrown is thrown on
 */
export const unlessRefusedBy =
  (errors: ServiceErrors, refusals: readonly string[]) =>
  async <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof errors && refusals.includes(error.name)) return undefined;
      throw error;
    }
  };
