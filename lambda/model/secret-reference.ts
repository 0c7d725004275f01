/**
 * Where a provider's secret is stored: AWS's `SecretSourceType` and `SecretReference`. The domain checks how members
 * combine.
 */
import * as v from 'valibot';
import { text } from './constraints';

export const secretSource = v.picklist(['MANAGED', 'EXTERNAL']);

export const secretReference = v.strictObject({ secretId: text(1, 2048), jsonKey: text(1, 128) });
