/**
 * What the load changes: each subject goes through its states, one move after the other. A move that got its response is
 * acknowledged. Without a response, the subject is in the state before or in the one after.
 */
import { GetResourceApiKeyCommand } from '@aws-sdk/client-bedrock-agentcore';
import {
  CreateApiKeyCredentialProviderCommand,
  CreateWorkloadIdentityCommand,
  DeleteApiKeyCredentialProviderCommand,
  UpdateApiKeyCredentialProviderCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { customProvider } from '../../flows/support/custom-provider';
import { RETURN_URL, TestAgent } from '../../flows/support/world';
import type { KillsProvider } from '../provider';
import type { Client } from './client';

/** A state as a read shows it. */
export type State =
  'absent' | 'present' | 'first key' | 'second key' | 'suspended' | 'granted' | 'not granted';

export interface Subject {
  readonly name: string;
  /** The states, in order. */
  readonly path: readonly State[];
  /** Sends the requests that lead from this state of the path to the next one. */
  readonly move: (client: Client, from: number) => Promise<void>;
  /** Whether the next process completes a move that a kill interrupted, at any time after its start. */
  readonly isContinued?: boolean;
  readonly read: (client: Client) => Promise<State | 'broken'>;
  /** Tokens that the provider must not accept after the last state. */
  readonly tokens: string[];
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Returns the result, or undefined if the resource does not exist. */
const found = <T>(call: Promise<T>): Promise<T | undefined> =>
  call.catch((error: unknown) => {
    if (nameOf(error) !== 'ResourceNotFoundException') throw error;
    return undefined;
  });

/** A creation that the killed process completed is not repeated. */
async function created<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: unknown) => {
    if (!(error instanceof Error) || !error.message.includes('already exists')) throw error;
    return undefined;
  });
}

/** The agent that reads API keys. */
const READER = 'reader';

export function apiKey(name: string): Subject {
  const moves = [
    new CreateApiKeyCredentialProviderCommand({ name, apiKey: 'the first key' }),
    new UpdateApiKeyCredentialProviderCommand({ name, apiKey: 'the second key' }),
    new DeleteApiKeyCredentialProviderCommand({ name }),
  ];
  return {
    name,
    tokens: [],
    path: ['absent', 'first key', 'second key', 'absent'],
    move: async ({ control }, from) => {
      await control.send(moves[from] as CreateApiKeyCredentialProviderCommand);
    },
    async read({ data }) {
      const workloadIdentityToken = await new TestAgent(data, READER, '', '').token();
      const command = new GetResourceApiKeyCommand({
        workloadIdentityToken,
        resourceCredentialProviderName: name,
      });
      const response = await found(data.send(command));
      if (!response) return 'absent';
      if (response.apiKey === 'the first key') return 'first key';
      return response.apiKey === 'the second key' ? 'second key' : 'broken';
    },
  };
}

export function identity(name: string): Subject {
  return {
    name,
    tokens: [],
    path: ['absent', 'present', 'suspended', 'present', 'absent'],
    move: async (client, from) => {
      const { control } = client;
      if (from === 0) await control.createWorkloadIdentity({ name });
      else if (from === 1) await client.post('/operator/SuspendWorkloadIdentity', { name }, 'operator');
      else if (from === 2) await client.post('/operator/ResumeWorkloadIdentity', { name }, 'operator');
      else await control.deleteWorkloadIdentity({ name });
    },
    async read({ data }) {
      try {
        return (await found(new TestAgent(data, name, '', '').token())) === undefined ? 'absent' : 'present';
      } catch (error) {
        if (nameOf(error) !== 'AccessDeniedException') throw error;
        return 'suspended';
      }
    },
  };
}

/** The credential provider of the grants. */
const GRANTING = 'granting';

/** Creates what the subjects have in common. The address of the service is another one after each start. */
export async function prepare({ control }: Client, provider: KillsProvider): Promise<void> {
  const { discoveryUrl, clientId, clientSecret } = provider;
  await created(control.createWorkloadIdentity({ name: READER }));
  await created(
    control.createOauth2CredentialProvider({
      name: GRANTING,
      ...customProvider(discoveryUrl, { clientId, clientSecret }),
    }),
  );
  const { callbackUrl = '' } = await control.getOauth2CredentialProvider({ name: GRANTING });
  provider.allowRedirect(callbackUrl);
}

/** @param byOperator whether an operator revokes the grant, and not the user */
export function grant(name: string, provider: KillsProvider, byOperator: boolean): Subject {
  const agentOf = ({ data }: Client) => new TestAgent(data, name, GRANTING, '');
  const tokens: string[] = [];
  let attempts = 0;
  // A user whose consent was interrupted gets another authorization URL only a minute later.
  const userId = () => `${name}-${attempts}`;
  const consent = async (client: Client): Promise<void> => {
    const command = new CreateWorkloadIdentityCommand({
      name,
      allowedResourceOauth2ReturnUrls: [RETURN_URL],
    });
    await created(client.control.send(command));
    attempts += 1;
    tokens.push(await agentOf(client).connect(userId()));
  };
  const revoke = async (client: Client): Promise<void> => {
    if (byOperator) {
      await client.post('/operator/RevokeGrants', { workloadName: name }, 'operator');
      return;
    }
    const workloadIdentityToken = await agentOf(client).token({ userId: userId() });
    await client.post(
      '/identities/RevokeResourceGrant',
      { workloadIdentityToken, resourceCredentialProviderName: GRANTING },
      'agent',
    );
  };
  return {
    name,
    tokens,
    // A revocation is stored before the tokens are deleted.
    isContinued: true,
    path: ['not granted', 'granted', 'not granted'],
    move: (client, from) => (from === 0 ? consent(client) : revoke(client)),
    async read(client) {
      const agent = agentOf(client);
      const token = await found(agent.token({ userId: userId() }));
      const response = token === undefined ? undefined : await found(agent.ask(token));
      if (response?.accessToken === undefined) return 'not granted';
      return (await provider.accepts(response.accessToken)) ? 'granted' : 'broken';
    },
  };
}
