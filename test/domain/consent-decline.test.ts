/** Declining on the consent page of the service: only the browser that saw the page, and only once. */
import { decline } from '../../lambda/domain/consent/decline';
import { createConsentService, type ConsentService } from './consent-service';

let service: ConsentService;
beforeEach(async () => {
  service = await createConsentService();
});

const nameOf = (outcome: Awaited<ReturnType<typeof decline>>): string =>
  outcome.kind === 'page' ? outcome.page.name : outcome.location;

const declined = async (
  requestUri: string | undefined,
  {
    cookies = new Map<string, string>(),
    confirmation,
  }: { cookies?: Map<string, string>; confirmation?: string } = {},
) =>
  nameOf(
    await decline(service.deps, { requestUri, cookies, ...(confirmation !== undefined && { confirmation }) }),
  );

it.each([undefined, 'https://evil.example', 'urn:ietf:params:oauth:request_uri:unknown'])(
  'no session: %s',
  async (requestUri) => {
    expect(await declined(requestUri)).toBe('link-ended');
    expect(service.entries.at(-1)).toMatchObject({ outcome: 'denied', reason: 'no such session' });
  },
);

it('an expired session stays as it is', async () => {
  const requestUri = await service.begin({ page: { portalId: 'portal-0123456789' } });
  const browser = await service.question(requestUri);
  service.system.advance(601);
  expect(await declined(requestUri, browser)).toBe('link-ended');
  expect(service.entries.at(-1)).toMatchObject({ outcome: 'denied', reason: 'session expired' });
});

it('a session without a consent page cannot be declined', async () => {
  const requestUri = await service.begin();
  const { cookies } = await service.open(requestUri);
  expect(await declined(requestUri, { cookies: new Map(cookies), confirmation: 'x' })).toBe(
    'response-rejected',
  );
  expect((await service.session(requestUri)).state).toBe('STARTED');
});

it('a browser that has not seen the page changes nothing', async () => {
  const requestUri = await service.begin({ page: { portalId: 'portal-0123456789' } });
  const { cookies, confirmation } = await service.question(requestUri);
  expect(await declined(requestUri, { confirmation })).toBe('response-rejected');
  expect(await declined(requestUri, { cookies })).toBe('response-rejected');
  expect((await service.session(requestUri)).state).toBe('CREATED');
});

it('the browser that saw the page ends the session and returns to the portal, even if it sends the form again', async () => {
  const requestUri = await service.begin({ page: { portalId: 'portal-0123456789' } });
  const browser = await service.question(requestUri);
  const returned = /^https:\/\/app\.example\/back\?session_id=[^&]+&error=access_denied$/;
  expect(await declined(requestUri, browser)).toMatch(returned);
  expect(await service.session(requestUri)).toMatchObject({ state: 'FAILED', failure: 'access_denied' });
  expect(await declined(requestUri, browser)).toMatch(returned);
  expect(service.entries.at(-1)).toMatchObject({ outcome: 'denied', reason: 'session is FAILED' });
});
