/** Every scenario. */
import type { Scenario } from '../scenario';
import { CONSENT } from './consent';
import { CONTROL_PLANE } from './control-plane';
import { DATA_PLANE } from './data-plane';
import { OPERATORS } from './operators';

export const SCENARIOS: readonly Scenario[] = [...DATA_PLANE, ...CONSENT, ...CONTROL_PLANE, ...OPERATORS];
