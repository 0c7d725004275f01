/** Where a provider's external secret is, as the records of both kinds of provider hold it. */
import * as v from 'valibot';

export const ExternalSecretRecord = v.object({ arn: v.string(), jsonKey: v.string() });
