/** The location of a provider's external secret, in the records of both kinds of provider. */
import * as v from 'valibot';

export const ExternalSecretRecord = v.object({ arn: v.string(), jsonKey: v.string() });
