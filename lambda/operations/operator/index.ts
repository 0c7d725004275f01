import { grants } from './grants';
import { resources } from './resources';
import { suspensions } from './suspensions';

/**
 * The operators' plane, beyond AWS. IAM on the path is its only authorization: no owner and no resource policy gives or
 * takes it.
 */
export const OPERATOR = { ...grants, ...resources, ...suspensions };
