/** After the flow: other parties try to use the tokens of this run. */
import {
  BedrockAgentCoreServiceException,
  CompleteResourceTokenAuthCommand,
  type BedrockAgentCoreClient,
  GetResourceOauth2TokenCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import { createIdentityClient } from '../../lib/client/index';
import type { Stage } from './stage';
import type { Report } from './step';

/** The result of an attempt: the status, and the error type in the AWS format. */
interface Outcome {
  readonly status: number;
  readonly error: string | null;
  readonly challenge: string | null;
}

async function invoke({ world }: Stage, authorization?: string): Promise<Outcome> {
  const response = await fetch(world.agent.invocationUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: '{}',
  });
  await response.body?.cancel();
  return {
    status: response.status,
    error: response.headers.get('x-amzn-errortype'),
    challenge: response.headers.get('www-authenticate'),
  };
}

/** Calls the service as a principal that is authorized to call it. */
async function outcomeOf(
  { service }: Stage,
  principal: 'agent' | 'stranger',
  call: (client: BedrockAgentCoreClient) => Promise<unknown>,
): Promise<Outcome> {
  const { accessKeyId, secretAccessKey } = service.principals[principal];
  const { endpoint, region } = service;
  const client = createIdentityClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  try {
    await call(client);
    return { status: 200, error: null, challenge: null };
  } catch (error) {
    if (!(error instanceof BedrockAgentCoreServiceException)) throw error;
    return { status: error.$metadata.httpStatusCode ?? 0, error: error.name, challenge: null };
  } finally {
    client.destroy();
  }
}

/** Presents the agent's token as another principal that is authorized to call the service. */
const presentAsStranger = (stage: Stage): Promise<Outcome> =>
  outcomeOf(stage, 'stranger', (client) =>
    client.send(
      new GetResourceOauth2TokenCommand({
        workloadIdentityToken: stage.workloadAccessToken,
        resourceCredentialProviderName: stage.world.agent.credentialProviderName,
        scopes: ['calendar.read'],
        oauth2Flow: 'USER_FEDERATION',
      }),
    ),
  );

/** Completes with the URN from the link, as the sender of the link could after another user consents. */
export const completeAsSender = (stage: Stage): Promise<Outcome> =>
  outcomeOf(stage, 'agent', (client) =>
    client.send(
      new CompleteResourceTokenAuthCommand({
        sessionUri: stage.sessionUri,
        userIdentifier: { userToken: stage.userToken },
      }),
    ),
  );

/** Returns the token with another subject and its original signature. */
function forged(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'ben' })).toString('base64url');
  return [header, changed, signature].join('.');
}

const refused = ({ status, error }: Outcome, expected: number): boolean =>
  status === expected && error !== null;

export async function tryOtherHands(stage: Stage, report: Report): Promise<void> {
  const withoutToken = await invoke(stage);
  report.check(
    refused(withoutToken, 401) && withoutToken.challenge?.includes('resource_metadata=') === true,
    `the gate, without a token: ${withoutToken.status}, with a link to the resource metadata (RFC 9728)`,
  );
  const another = await invoke(stage, `Bearer ${forged(stage.userToken)}`);
  report.check(refused(another, 401), `the gate, with Ana's token changed to Ben's: ${another.status}`);
  const calendars = await invoke(stage, `Bearer ${stage.calendarToken}`);
  report.check(refused(calendars, 401), `the gate, with Almanac's token for Ana: ${calendars.status}`);
  const agents = await invoke(stage, `Bearer ${stage.workloadAccessToken}`);
  report.check(refused(agents, 401), `the gate, with the workload access token: ${agents.status}`);
  const stranger = await presentAsStranger(stage);
  report.check(
    refused(stranger, 403),
    `the vault, with the workload access token sent by another role: ${stranger.status} ${stranger.error ?? ''}`,
  );
}
