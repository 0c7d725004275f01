/** What `agent-identity grants` makes of answers that a real service gives only in unusual cases. */
import { createServer } from 'node:http';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

describe('operators', () => {
  it('must set a filter for JSON', async () => {
    const { error } = JSON.parse((await local.run(['grants', 'list', '--json'])).stderr) as {
      error: { name: string };
    };
    expect(error.name).toBe('UsageError');
  });

  it('see that a count has stopped after 100 pages', async () => {
    let pages = 0;
    const server = createServer((request, response) => {
      const isListing = request.url?.endsWith('ListGrants') === true;
      if (isListing) pages += 1;
      const arn = (kind: string) => `arn:aws:bedrock-agentcore:us-east-1:000000000000:${kind}/busy`;
      const grant = { workloadIdentityArn: arn('agent'), credentialProviderArn: arn('provider') };
      const listed =
        request.url?.endsWith('ListWorkloadIdentities') === true
          ? 'workloadIdentities'
          : 'credentialProviders';
      response.end(
        JSON.stringify(
          isListing
            ? { grants: [grant, grant], nextToken: 'next' }
            : { [listed]: [{ name: 'busy', credentialProviderVendor: 'CustomOauth2' }] },
        ),
      );
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const env = { AGENT_IDENTITY_ENDPOINT: `http://127.0.0.1:${port}` };
    const { stdout } = await local.run(['grants', 'list'], { env });
    await close();
    expect({ pages, stdout }).toEqual({
      pages: 100,
      stdout: 'AGENT  GRANTS\nbusy   200+\nPROVIDER  GRANTS\nbusy      200+\n',
    });
  });

  it('learn what each provider said about the end of the access', async () => {
    const ended = (provider: string, state: string, lastError?: string) => ({ provider, state, lastError });
    const grants = [
      ended('here', 'CONFIRMED'),
      ended('here', 'CONFIRMED'),
      ended('deleted', 'CONFIRMED'),
      ended('quiet', 'NOT_PROVABLE', 'accepted'),
      ended('fixed', 'NOT_PROVABLE', 'the provider has no revocation endpoint'),
      ended('down', 'UNCONFIRMED', 'slow_responses'),
    ];
    const counts = { matched: 6, revoked: 6, confirmed: 3, unconfirmed: 1, notProvable: 2 };
    const credentialProviders = [{ name: 'here', credentialProviderVendor: 'CustomOauth2' }];
    const revocationId = '11111111-2222-4333-8444-555555555555';
    const server = createServer((_, response) => {
      response.end(
        JSON.stringify({ revocationId, matched: 6, status: 'DONE', counts, grants, credentialProviders }),
      );
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const env = { AGENT_IDENTITY_ENDPOINT: `http://127.0.0.1:${port}` };
    const outcome = await local.run(['grants', 'revoke', '--user-id', 'alice', '--yes'], { env });
    await close();
    expect(outcome).toEqual({
      status: 3,
      stdout: [
        "here confirmed that alice's access (2 grants) ended.",
        "deleted confirmed that alice's access ended. Access tokens can stay valid there until they expire.",
        "quiet accepted the revocation of alice's access, without a proof that it ended.",
        "There is no way to end alice's access at fixed (the provider has no revocation endpoint): tokens can stay valid there until they expire.",
        "down did not confirm that alice's access ended (slow_responses).",
        '',
      ].join('\n'),
      stderr: `Follow the revocation: agent-identity grants revocation ${revocationId}\nA provider did not confirm. Run agent-identity grants revocation ${revocationId} for the reason.\n`,
    });
  });
});
