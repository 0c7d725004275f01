/** The owner of a provider gets the reason of a failure, although servers are slow: the requests end before the function. */
import {
  COLD_START_ALLOWANCE_MS,
  DISCOVERY_TIMEOUT_MS,
  PROVIDER_CLIENT_TIMEOUT_MS,
  REGISTRATION_TIMEOUT_MS,
} from '../../lambda/model/provider-client-timeouts';

it.each(Object.entries({ DISCOVERY_TIMEOUT_MS, REGISTRATION_TIMEOUT_MS }))(
  '%s is less than the timeout of the function',
  (_name, milliseconds) => {
    expect(milliseconds).toBeLessThan(PROVIDER_CLIENT_TIMEOUT_MS);
  },
);

it('a discovery and then a registration take less than API Gateway waits', () => {
  const waits = DISCOVERY_TIMEOUT_MS + REGISTRATION_TIMEOUT_MS + 2 * COLD_START_ALLOWANCE_MS;
  expect(waits).toBeLessThan(29_000);
});
