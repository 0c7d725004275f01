/** The service under test: `npm start` in its own process, which trusts one transmitter, and a stream to it. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { startLocalService } from '../clients/local-service.mjs';

/** `aud` of the SETs. */
export const AUDIENCE = 'https://agents.example.com';

/** `state` of the verification events that the administrator requests. */
export const STATE = 'requested';

/** `id` of `securityEvents`. */
const ID = 'people';

const SECRET = 'stream';

const hashOf = (text) => createHash('sha256').update(text).digest('base64url');

export class Receiver {
  constructor({ ready, dataDir, stop }) {
    this.ready = ready;
    this.dataDir = dataDir;
    this.stop = stop;
  }

  static async start(users, { metadata }, settings) {
    const transmitter = {
      issuer: metadata.issuer,
      jwksUri: metadata.jwks_uri,
      audience: [AUDIENCE],
      verificationState: STATE,
      ...settings,
    };
    const issuer = {
      discoveryUrl: users.discoveryUrl,
      allowedAudience: [users.audience],
      securityEvents: { id: ID, transmitter },
    };
    const env = { EXAMPLES: 'off', TRUSTED_ISSUERS: JSON.stringify([issuer]) };
    return new Receiver(await startLocalService(env));
  }

  /** Starts the service, and then creates a stream that is pushed to it. */
  static async pushed(users, administrator, events) {
    const authorization = `Bearer ${randomBytes(32).toString('hex')}`;
    const settings = { authorizationHash: hashOf(authorization) };
    const receiver = await Receiver.start(users, administrator, settings);
    const endpoint = `${receiver.ready.endpoint}/events/${ID}`;
    const delivery = {
      method: 'urn:ietf:rfc:8935',
      endpoint_url: endpoint,
      authorization_header: authorization,
    };
    try {
      return { receiver, stream: await administrator.create({ events_requested: events, delivery }) };
    } catch (error) {
      await receiver.stop();
      throw error;
    }
  }

  /** Creates a stream, and then starts the service, which polls it. */
  static async polling(users, administrator, events) {
    const delivery = { method: 'urn:ietf:rfc:8936' };
    const stream = await administrator.create({ events_requested: events, delivery });
    const poll = {
      endpoint: stream.delivery.endpoint_url,
      authorization: { secretId: SECRET, jsonKey: 'token' },
    };
    const settings = { streamId: stream.stream_id, poll };
    const receiver = await Receiver.start(users, administrator, settings);
    await receiver.putSecret({ token: administrator.token });
    return { receiver, stream };
  }

  async putSecret(members) {
    const { awsEndpoints, region, principals } = this.ready;
    const { accessKeyId, secretAccessKey } = principals.operator;
    const client = new SecretsManager({
      endpoint: awsEndpoints.secretsManager,
      region,
      credentials: { accessKeyId, secretAccessKey },
    });
    await client.createSecret({
      Name: SECRET,
      SecretString: JSON.stringify(members),
      Tags: [{ Key: 'agent-identity:owner', Value: `securityEvents/${ID}` }],
    });
  }

  /** The audit entries of events so far. A poll before the secret is stored fails, and has another operation. */
  async audit() {
    return (await readFile(join(this.dataDir, 'service.log'), 'utf8'))
      .split('\n')
      .filter((line) => line.includes('"audit"'))
      .map((line) => JSON.parse(line).audit)
      .filter(({ operation }) => operation === 'ReceiveSecurityEvents');
  }
}
