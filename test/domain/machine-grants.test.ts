/** The grants of an agent for itself: they end with their tokens, and their number at each provider is limited. */
import { MAX_MACHINE_GRANTS } from '../../lambda/domain/credential/machine-token';
import { pagesOf } from '../../lambda/domain/grant/selection';
import { sampleDetails } from './samples';
import { createRetrievalService, type RetrievalService } from './retrieval-service';

let service: RetrievalService;
beforeEach(async () => {
  service = await createRetrievalService();
});

const HOUR = 3600;
const DAY = 24 * HOUR;

const ask = (scope: string) => service.ask({ oauth2Flow: 'M2M', scopes: [scope] });
const stored = (scope: string) => service.stored(service.idOf('M2M', [scope]));

function respond(body: object, status = 200): void {
  service.endpoint.before = () => {
    service.endpoint.instead.push(Response.json(body, { status }));
    return Promise.resolve();
  };
}

/** The provider issues tokens with these members. */
const issue = (members: object = { expires_in: HOUR }): void => {
  respond({ access_token: 'machine', token_type: 'Bearer', ...members });
};

describe('the end of a grant', () => {
  it('is that of its token', async () => {
    issue();
    await ask('a');
    expect((await stored('a')).endsAt).toBe(service.system.seconds() + HOUR);
  });

  it('stays when the token is returned again, also on another day', async () => {
    issue({ expires_in: 2 * DAY });
    await ask('a');
    const { endsAt } = await stored('a');
    service.system.advance(DAY);
    expect(await ask('a')).toMatchObject({ outcome: 'cached' });
    expect(await stored('a')).toMatchObject({ endsAt });
  });

  it('moves with each renewal, by a request and in the background', async () => {
    issue();
    await ask('a');
    service.system.advance(2 * HOUR);
    expect(await ask('a')).toMatchObject({ outcome: 'exchanged' });
    expect((await stored('a')).endsAt).toBe(service.system.seconds() + HOUR);
    service.system.advance(HOUR - 200);
    expect(await ask('a')).toMatchObject({ outcome: 'cached' });
    expect((await stored('a')).endsAt).toBe(service.system.seconds() + DAY);
    await service.catchUp();
    expect((await stored('a')).endsAt).toBe(service.system.seconds() + HOUR);
  });

  it('comes a day after a failure', async () => {
    respond({ error: 'invalid_scope' }, 400);
    await expect(ask('a')).rejects.toThrow('invalid_scope');
    expect((await stored('a')).endsAt).toBe(service.system.seconds() + DAY);
  });

  it('is that of its token, even if the provider returns a refresh token, which is not stored', async () => {
    issue({ expires_in: HOUR, refresh_token: 'refresh' });
    await ask('a');
    expect(await stored('a')).toMatchObject({
      endsAt: service.system.seconds() + HOUR,
      tokens: { refreshable: false },
    });
  });

  it('does not come for a grant whose token has no stated end', async () => {
    issue({});
    await ask('a');
    expect(await stored('a')).not.toHaveProperty('endsAt');
    service.system.advance(2 * HOUR);
    await ask('a');
    expect(await stored('a')).not.toHaveProperty('endsAt');
  });
});

/** Returns the number of grants that the agent has for itself. */
async function countStored(): Promise<number> {
  const { workloadId, userHash } = service.idOf('M2M');
  let count = 0;
  for await (const grants of pagesOf(service.stores.grantIndex, { workloadId, userHash })) {
    count += grants.length;
  }
  return count;
}

it('failures at the provider keep no agent from a token, and are not stored without end', async () => {
  respond({ error: 'temporarily_unavailable' }, 503);
  for (let number = 0; number <= MAX_MACHINE_GRANTS; number += 1) {
    await expect(ask(`s${number}`)).rejects.toThrow('temporarily_unavailable');
    service.system.advance(1);
  }
  expect(await countStored()).toBe(MAX_MACHINE_GRANTS);
  await expect(stored('s0')).rejects.toThrow('no grant');
  issue();
  expect(await ask('another')).toMatchObject({ outcome: 'exchanged' });
});

describe('an agent with the maximum of grants for itself at a provider', () => {
  beforeEach(async () => {
    issue();
    for (let number = 0; number < MAX_MACHINE_GRANTS; number += 1) await ask(`s${number}`);
  });

  it('gets no token for another combination, and learns what to do', async () => {
    await expect(ask('another')).rejects.toMatchObject({
      type: 'ValidationException',
      message: expect.stringMatching(
        /^The agent has 100 tokens for itself at the credential provider .* or revoke tokens with RevokeResourceGrant\. A token that expires also makes room\.$/,
      ) as string,
    });
    await expect(stored('another')).rejects.toThrow('no grant');
    expect(await ask('s0')).toMatchObject({ outcome: 'cached' });
  });

  it('gets one after others have expired, whose records are removed', async () => {
    service.system.advance(HOUR);
    expect(await ask('another')).toMatchObject({ outcome: 'exchanged' });
    expect(await stored('another')).toHaveProperty('tokens');
    expect(await countStored()).toBe(MAX_MACHINE_GRANTS);
  });

  it('gets one in place of an expired one whose renewal was abandoned, but not of one that is being renewed', async () => {
    service.system.advance(HOUR);
    const { grants } = service.stores;
    for (let number = 0; number < MAX_MACHINE_GRANTS; number += 1) {
      const seen = await stored(`s${number}`);
      const lease = { holder: 'interrupted', deadline: service.system.now() };
      const taken = { providerId: seen.providerId, details: sampleDetails(), seen, lease };
      await grants.takeLease(service.idOf('M2M', [`s${number}`]), taken);
    }
    await expect(ask('another')).rejects.toThrow('The agent has 100 tokens');
    service.system.advance(HOUR);
    expect(await ask('another')).toMatchObject({ outcome: 'exchanged' });
  });

  it('gets one after one was revoked', async () => {
    const id = service.idOf('M2M', ['s7']);
    await service.stores.grants.revoke(id, await stored('s7'));
    expect(await ask('another')).toMatchObject({ outcome: 'exchanged' });
    await expect(stored('s7')).rejects.toThrow('no grant');
  });
});
