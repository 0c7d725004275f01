/** Where a provider's secret is kept: AWS's `SecretSourceType` and `SecretReference`. What goes together is the domain's to say. */
import * as v from 'valibot';
import { text } from './constraints';

export const secretSource = v.picklist(['MANAGED', 'EXTERNAL']);

export const secretReference = v.strictObject({ secretId: text(1, 2048), jsonKey: text(1, 128) });
