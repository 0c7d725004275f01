/**
 * Cookies of portals. A person's browser that was led through the portals of another owner can still use a portal: all
 * portals of a deployment share a host, and API Gateway rejects requests with headers of more than 10,240 bytes. And only
 * this host can set a cookie that counts.
 */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { portalCookies, type PortalCookies } from '../../lambda/api/portal-cookies';

const baseUrl = 'https://identity.example.com';
const SECRET = 'S'.repeat(43);

/** The browser's cookies, the oldest first. */
type Kept = Map<string, string>;

const cookiesOf = (kept: Kept, portalId: string): PortalCookies =>
  portalCookies(
    {
      multiValueHeaders: { Cookie: [[...kept].map((pair) => pair.join('=')).join('; ')] },
    } as unknown as APIGatewayProxyEvent,
    { baseUrl, portalId, path: `/portals/${portalId}` },
  );

function keep(kept: Kept, lines: readonly string[]): void {
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
    if (line.includes('Max-Age=0')) kept.delete(name);
    else kept.set(name, value);
  }
}

it('keeps the newest cookies of portals, far below the limit, and ends those of no other kind', () => {
  const kept: Kept = new Map([
    ['agent-identity-portal-of-another-application', 'value'],
    ['__Host-agent-identity-consent-0000000000000000', 'value'],
  ]);
  const resume = `urn:ietf:params:oauth:request_uri:${'x'.repeat(200)}`;
  // The longest name that a sign-in stores.
  const personName = '\u{1f600}'.repeat(50);
  for (let portal = 1; portal <= 50; portal += 1) {
    const portalId = `portal-${String(portal).padStart(10, '0')}`;
    keep(kept, cookiesOf(kept, portalId).setSignIn({ secret: SECRET, resume }));
    keep(kept, cookiesOf(kept, portalId).setSession({ secret: SECRET, personName }, 3600));
    expect(cookiesOf(kept, portalId)).toMatchObject({
      signIn: { secret: SECRET, resume },
      session: { secret: SECRET, personName },
    });
  }
  expect([...kept].map((pair) => pair.join('=')).join('; ').length).toBeLessThan(6_000);
  expect([...kept.keys()]).toEqual(
    expect.arrayContaining([
      'agent-identity-portal-of-another-application',
      '__Host-agent-identity-consent-0000000000000000',
    ]),
  );
});

it('ends no cookie when the same portal sets its cookies again', () => {
  const kept: Kept = new Map();
  for (let time = 1; time <= 20; time += 1) {
    const cookies = cookiesOf(kept, 'portal-0000000001');
    const lines = [...cookies.setSignIn({ secret: SECRET }), ...cookies.setSession({ secret: SECRET }, 3600)];
    expect(lines).toHaveLength(2);
    keep(kept, lines);
  }
});

/** Browsers let every host of a domain set these names for all others, because they do not begin with the prefix. */
const SIMILAR_NAMES = ['\u2000', '\u00a0', '\u3000', '\ufeff', '\v', '\f', '=', '$'].map(
  (before) => [before] as const,
);

it.each(SIMILAR_NAMES)('reads no cookie whose name has %j before the prefix', (before) => {
  const kept: Kept = new Map();
  const portalId = 'portal-0000000001';
  keep(kept, cookiesOf(kept, portalId).setSession({ secret: SECRET }, 3600));
  keep(kept, cookiesOf(kept, portalId).setSignIn({ secret: SECRET }));
  for (const [name, value] of [...kept]) kept.set(before + name, value.replace(SECRET, 'E'.repeat(43)));
  expect(cookiesOf(kept, portalId)).toMatchObject({
    session: { secret: SECRET },
    signIn: { secret: SECRET },
  });

  for (const name of [...kept.keys()].filter((each) => !each.startsWith(before))) kept.delete(name);
  expect(cookiesOf(kept, portalId)).toMatchObject({ session: undefined, signIn: undefined });
});
