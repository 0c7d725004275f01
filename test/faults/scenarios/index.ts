/** Every scenario. */
import type { Scenario } from '../scenario';
import { CONSENT } from './consent';
import { CONTROL_PLANE } from './control-plane';
import { DATA_PLANE } from './data-plane';
import { EVENTS } from './events';
import { IDENTITY_ASSERTIONS } from './identity-assertions';
import { OPERATORS } from './operators';
import { PORTAL } from './portal';
import { SCHEDULED } from './scheduled';
import { SITE } from './site';
import { TOKEN_EXCHANGE } from './token-exchange';

export const SCENARIOS: readonly Scenario[] = [
  ...DATA_PLANE,
  ...TOKEN_EXCHANGE,
  ...IDENTITY_ASSERTIONS,
  ...CONSENT,
  ...CONTROL_PLANE,
  ...OPERATORS,
  ...PORTAL,
  ...SITE,
  ...EVENTS,
  ...SCHEDULED,
];
