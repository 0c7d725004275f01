/** Each time limit is longer than those of the work that it waits for, so that the reason of a failure gets to the caller. */
import * as limits from '../../lambda/model/time-limits';

it.each<[keyof typeof limits, keyof typeof limits]>([
  ['DISCOVERY_TIMEOUT_MS', 'PROVIDER_CLIENT_TIMEOUT_MS'],
  ['REGISTRATION_TIMEOUT_MS', 'PROVIDER_CLIENT_TIMEOUT_MS'],
  ['SELECTION_MS', 'SELECTION_RESPONSE_MS'],
  ['SELECTION_RESPONSE_MS', 'STEP_RESPONSE_MS'],
  ['STEP_RESPONSE_MS', 'GATEWAY_TIMEOUT_MS'],
  ['KEY_MOVE_MS', 'GATEWAY_TIMEOUT_MS'],
  ['GATEWAY_TIMEOUT_MS', 'CLIENT_TIMEOUT_MS'],
  ['CLIENT_TIMEOUT_MS', 'LONGEST_REQUEST_MS'],
])('%s is less than %s', (shorter, longer) => {
  expect(limits[shorter]).toBeLessThan(limits[longer]);
});

it('a discovery and then a registration take less than API Gateway waits', () => {
  const { DISCOVERY_TIMEOUT_MS, REGISTRATION_TIMEOUT_MS, COLD_START_ALLOWANCE_MS, GATEWAY_TIMEOUT_MS } =
    limits;
  const waits = DISCOVERY_TIMEOUT_MS + REGISTRATION_TIMEOUT_MS + 2 * COLD_START_ALLOWANCE_MS;
  expect(waits).toBeLessThan(GATEWAY_TIMEOUT_MS);
});
