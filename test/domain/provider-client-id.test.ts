/** The client ID of a provider of a protected resource. */
import {
  discoveredClient,
  type RegistrationDependencies,
} from '../../lambda/domain/provider/client-registration';
import { sampleProvider } from './samples';

it('is required for each method but the assertion of AWS, before a request is sent', async () => {
  const { id, arn } = sampleProvider();
  const find = jest.fn().mockRejectedValue(new Error('a request'));
  const deps = {
    protectedResources: { find, register: find },
    baseUrl: 'https://identity.example',
  } as unknown as RegistrationDependencies;
  const configured = (clientAuthenticationMethod: 'CLIENT_SECRET_BASIC' | 'AWS_IAM_ID_TOKEN_JWT') =>
    discoveredClient(
      deps,
      {
        clientId: '',
        clientAuthenticationMethod,
        secret: { kind: 'none', source: undefined },
        discovery: { discoveryUrl: 'https://mcp.example/.well-known/oauth-protected-resource' },
        onBehalfOf: undefined,
      },
      { id, arn, callbackId: 'callback', byOwner: true },
    );
  await expect(configured('CLIENT_SECRET_BASIC')).rejects.toThrow(
    /clientId: is required for CLIENT_SECRET_BASIC/,
  );
  expect(find).not.toHaveBeenCalled();
  await expect(configured('AWS_IAM_ID_TOKEN_JWT')).rejects.toThrow('a request');
});
