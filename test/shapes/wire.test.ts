/**
 * One rejected request for each operation over the wire, with the AWS SDK client. The client validates nothing
 * itself, and it reads `reason` and `fieldList` as it does with AWS.
 */
import * as data from '@aws-sdk/client-bedrock-agentcore';
import * as control from '@aws-sdk/client-bedrock-agentcore-control';
import { World } from '../flows/support/world';
import { OPERATIONS } from '../../lambda/operations';
import { REFUSED_OPERATIONS } from '../../lambda/operations/refused-operations';
import { casesOfOperation, type Case } from '../../scripts/aws-model/cases';
import { MODELLED_OPERATIONS, type ModelledOperation } from '../../scripts/aws-model/service-model';

const world = World.ofFile();

type Commands = Record<string, new (input: object) => control.ListWorkloadIdentitiesCommand>;

const commandsOf = ({ plane }: ModelledOperation): Commands =>
  (plane === 'data_plane' ? data : control) as unknown as Commands;

const isInSdk = (operation: ModelledOperation): boolean =>
  `${operation.name}Command` in commandsOf(operation);

/** Sends the SDK command for the operation through the client of its plane. */
function send(operation: ModelledOperation, request: object): Promise<unknown> {
  const { name, plane } = operation;
  const commands = commandsOf(operation);
  const client = plane === 'data_plane' ? world.data() : world.control();
  return (client as control.BedrockAgentCoreControlClient).send(new commands[`${name}Command`]!(request));
}

/** Returns the first case with a member outside its limits whose value the client sends unchanged. */
const beyondBounds = (operation: ModelledOperation): Case | undefined =>
  casesOfOperation(operation).find(
    ({ verdict, what, place }) =>
      verdict === 'refused' && /^(above maximum|off pattern)/.test(what) && !place.includes('.'),
  );

const served = MODELLED_OPERATIONS.filter(({ name }) => name in OPERATIONS);

it('knows the operations of botocore that the SDK does not have yet; tests send them with boto3 or without a client', () => {
  const missing = served.filter((operation) => !isInSdk(operation));
  expect(missing.map(({ name }) => name)).toEqual(['ResetTokenVaultKeyMaterial']);
});

it.each(served.filter(isInSdk).map((operation) => [operation.name, operation] as const))(
  '%s rejects a member outside its limits',
  async (_name, operation) => {
    const refused = beyondBounds(operation);
    if (!refused) throw new Error('no case to send');
    await expect(send(operation, refused.request as object)).rejects.toMatchObject({
      name: 'ValidationException',
      reason: 'FieldValidationFailed',
      fieldList: [{ name: refused.place, message: expect.stringMatching(/^must /) as string }],
      $metadata: { httpStatusCode: 400 },
    });
  },
);

describe('an operation that is refused by name', () => {
  const refused = MODELLED_OPERATIONS.flatMap((operation) => {
    const refusal = REFUSED_OPERATIONS[operation.name];
    return refusal ? [[operation.name, operation, refusal] as const] : [];
  });

  it.each(refused)('%s returns the reason, without a signature', async (name, { method, path }, { why }) => {
    const { endpoint } = world.local;
    const body = method === 'GET' ? null : '{}';
    const response = await fetch(endpoint + path.replaceAll(/[{}]/g, ''), { method, body });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-errortype')).toBe('ValidationException');
    expect(await response.json()).toEqual({
      __type: 'ValidationException',
      message: `${name} is not supported by this service: ${why}.`,
      reason: 'FieldValidationFailed',
    });
  });

  it('reaches the user of an AWS client, which does not retry', async () => {
    const command = new control.ListPaymentCredentialProvidersCommand({});
    await expect(world.control().send(command)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('makes no payments') as string,
      $metadata: { httpStatusCode: 400, attempts: 1 },
    });
  });

  it.each(['constructor', 'GetResourcePaymentToken', 'identities/payment/token/more'])(
    'has only the path of the model: /%s does not exist',
    async (path) => {
      const response = await fetch(`${world.local.endpoint}/${path}`, { method: 'POST', body: '{}' });
      expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([
        404,
        'ResourceNotFoundException',
      ]);
    },
  );
});

it('a body that is not JSON causes CannotParse', async () => {
  const client = world.control();
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { body: unknown }).body = '{"name":';
      return next(args);
    },
    { step: 'build', priority: 'high' },
  );
  await expect(client.send(new control.GetWorkloadIdentityCommand({ name: 'any' }))).rejects.toMatchObject({
    name: 'ValidationException',
    reason: 'CannotParse',
  });
});
