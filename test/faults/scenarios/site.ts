/** Pages and documents for everyone. */
import { createClientMetadataStore } from '../../../lambda/adapters/dynamodb/directory-stores';
import { OPERATIONS, type OperationName } from '../../../lambda/operations';
import type { Route } from '../../../lambda/operations/operation';
import { scenario, type Scenario } from '../scenario';
import { cool } from './agents';
import { open } from './request';

/** A request that makes no call, with its usual status. */
const withoutCalls = (operation: OperationName, path: string, expected: number): Scenario =>
  scenario({
    operation,
    part: 'site',
    prepare({ world }) {
      const { method }: Route = OPERATIONS[operation];
      return Promise.resolve({
        act: () => open(world.local.endpoint + path, { method }),
        isSuccess: ({ status }) => status === expected,
      });
    },
  });

export const SITE: readonly Scenario[] = [
  scenario({
    operation: 'ClientMetadata',
    part: 'site',
    async share(stage) {
      const callbackId = crypto.randomUUID();
      const clients = createClientMetadataStore(stage.role('Directory'));
      await clients.put(callbackId, { refreshes: true }, 1);
      return callbackId;
    },
    prepare({ world }, callbackId) {
      cool();
      const url = `${world.local.endpoint}/identities/oauth2/client-metadata/${callbackId}`;
      return Promise.resolve({ act: () => open(url), repeatable: true });
    },
  }),
  withoutCalls('Home', '/', 200),
  withoutCalls('Favicon', '/favicon.ico', 200),
  withoutCalls('NotFound', '/nothing/here', 404),
  withoutCalls('UnknownOperation', '/identities/Unknown', 404),
  withoutCalls('UnknownPut', '/any', 404),
  withoutCalls('UnknownPatch', '/gateways/any/rules/any', 400),
  withoutCalls('UnknownDelete', '/gateways/any/rules/any', 400),
];
