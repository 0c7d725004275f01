/** An issuer whose key set is a page of a proxy for a moment: no report is lost, and no user token is called invalid. */
import { randomUUID } from 'node:crypto';
import { DISABLED, CLIENT, ENDED, startReportedService } from './support/reported-service';
import { moveClock } from './support/clock';
import { CAEP, now, RISC } from './support/transmitter';

const service = startReportedService();

const bearer = () =>
  service.keys.token(
    'unused',
    {
      sub: undefined,
      aud: `${service.world.local.endpoint}/global-token-revocation/people`,
      jti: randomUUID(),
    },
    { typ: 'global-token-revocation+jwt' },
  );
const logoutToken = (subject: string) =>
  service.world.issuer.token(
    subject,
    {
      aud: CLIENT,
      exp: now() + 120,
      jti: randomUUID(),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    },
    { typ: 'logout+jwt' },
  );

/** Sends one report of each kind. Returns the status of each response. */
async function report([disabled, revoked, loggedOut]: [string, string, string]): Promise<unknown[]> {
  const { transmitter, of } = service;
  const responses = [
    await transmitter.push(`${RISC}account-disabled`, of(disabled)),
    await transmitter.post(
      JSON.stringify({ sub_id: of(revoked) }),
      { 'content-type': 'application/json', authorization: `Bearer ${await bearer()}` },
      '/global-token-revocation/people',
    ),
    await transmitter.post(
      new URLSearchParams({ logout_token: await logoutToken(loggedOut) }).toString(),
      { 'content-type': 'application/x-www-form-urlencoded' },
      '/backchannel-logout/people',
    ),
  ];
  return responses.map(({ status }) => status);
}

it('has every sender send its report again, which then applies', async () => {
  const users: [string, string, string] = [service.newUser(), service.newUser(), service.newUser()];
  const issuers = [service.keys, service.world.issuer];
  for (const issuer of issuers) issuer.keysBody = '<html>We are back soon</html>';
  expect(await report(users)).toEqual([500, 500, 500]);
  expect(await service.lastEntry()).toMatchObject({ outcome: 'failed' });
  await expect(service.mint(users[0])).rejects.toMatchObject({
    name: 'InternalServerException',
    message: expect.stringContaining('Try again shortly.') as string,
  });

  for (const issuer of issuers) issuer.keysBody = undefined;
  moveClock(2);
  expect(await report(users)).toEqual([202, 204, 200]);
  const [disabled, revoked, loggedOut] = users;
  await expect(service.mint(disabled)).rejects.toMatchObject(DISABLED);
  await expect(service.mint(revoked)).rejects.toMatchObject(ENDED);
  await expect(service.mint(loggedOut)).rejects.toMatchObject(ENDED);
});

it('still refuses a report that another key signed', async () => {
  const { status, body } = await service.transmitter.post(
    await service.transmitter.set(`${CAEP}session-revoked`, service.of('ana'), {}, {}, { kid: 'unheard-of' }),
  );
  expect([status, JSON.parse(body)]).toEqual([400, expect.objectContaining({ err: 'invalid_key' })]);
});
