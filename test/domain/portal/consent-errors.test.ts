/**
 * The provider's errors in a session of a portal: the browser returns to the portal, which says what happened and leads
 * on.
 */
import { PROVIDER, PUSH_ENDPOINT } from '../authorization-server';
import { createConsentService, RETURN_URL, type ConsentService } from '../consent-service';

let service: ConsentService;
beforeEach(async () => {
  service = await createConsentService();
});

const ofPortal = { page: { portalId: 'portal-0123456789' } };

/** Returns the address to which the browser is redirected. */
function locationOf(outcome: Awaited<ReturnType<ConsentService['authorize']>>): URL {
  if (outcome.kind !== 'redirect') throw new Error(`a page instead: ${outcome.page.name}`);
  return new URL(outcome.location);
}

/** The person confirms on the consent page. */
async function confirmed(requestUri: string) {
  const { cookies, confirmation } = await service.question(requestUri);
  return service.authorize(requestUri, cookies, confirmation);
}

describe('an error response', () => {
  async function respondedWith(error: string) {
    const requestUri = await service.begin(ofPortal);
    const outcome = await confirmed(requestUri);
    const state = locationOf(outcome).searchParams.get('state') ?? '';
    const cookies = new Map(outcome.cookie && [[outcome.cookie.name, outcome.cookie.value]]);
    const { callbackId } = service.provider;
    const query = new URLSearchParams({ error, state, iss: PROVIDER });
    return { requestUri, input: { callbackId, query, cookies } };
  }

  it.each([
    ['access_denied', 'access_denied'],
    ['server_error', 'server_error'],
    ['temporarily_unavailable', 'temporarily_unavailable'],
    ['invalid_scope', 'invalid_scope'],
    ['<script>"', 'invalid_response'],
  ])('%s returns to the portal as %s, also when it is repeated', async (error, shown) => {
    const { requestUri, input } = await respondedWith(error);
    for (const outcome of [await service.callback(input), await service.callback(input)]) {
      const location = locationOf(outcome);
      expect(location.origin + location.pathname).toBe(RETURN_URL);
      expect(location.searchParams.get('error')).toBe(shown);
    }
    expect(await service.session(requestUri)).toMatchObject({ state: 'FAILED', failure: shown });
  });

  it('of another browser does not return to the portal', async () => {
    const { requestUri, input } = await respondedWith('server_error');
    expect(await service.callback({ ...input, cookies: new Map() })).toMatchObject({
      page: { name: 'response-rejected' },
    });
    expect((await service.session(requestUri)).state).toBe('STARTED');
  });
});

describe('a request that cannot be pushed to the provider', () => {
  beforeEach(() => {
    service.server.metadata = { pushed_authorization_request_endpoint: PUSH_ENDPOINT };
  });

  it('returns to the portal while the provider is unavailable, and the session continues', async () => {
    const requestUri = await service.begin(ofPortal);
    service.server.instead.push(new Response('down', { status: 503 }));
    expect(locationOf(await confirmed(requestUri)).href).toBe(`${RETURN_URL}?error=temporarily_unavailable`);
    expect(await service.begin(ofPortal)).toBe(requestUri);
    expect(locationOf(await confirmed(requestUri)).origin).toBe(PROVIDER);
  });

  it('returns to the portal after a rejection, which ends the session', async () => {
    const requestUri = await service.begin(ofPortal);
    service.server.instead.push(Response.json({ error: 'invalid_scope' }, { status: 400 }));
    expect(locationOf(await confirmed(requestUri)).href).toBe(`${RETURN_URL}?error=invalid_scope`);
    expect(await service.session(requestUri)).toMatchObject({ state: 'FAILED', failure: 'invalid_scope' });
  });
});
