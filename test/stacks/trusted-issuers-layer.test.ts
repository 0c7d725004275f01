/** Trusted issuers that could exceed the environment of a function are in a Lambda layer, which the environment pins. */
import { FileSystem, Fn } from 'aws-cdk-lib';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { IdentityServiceStack, IdentityStateStack, type DeployedIssuer } from '../../lib';
import { layerFolders, tenants } from './issuers-layer';
import { newApp } from './new-app';
import { resourcesOf, synthesize, withoutHash } from './synthesis';

/** Nothing is polled, so there is no `event-poll`. */
const VERIFIERS = ['connections', 'tokenexchange', 'credentialretrieval', 'securityevents'];

interface DeployedFunction {
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
  readonly Layers?: readonly { readonly Ref: string }[];
}

/** Returns the layers of the service with these issuers, and the functions by group. */
function serviceWith(trustedIssuers: DeployedIssuer[]) {
  const { stateless } = synthesize({ trustedIssuers });
  const functions = resourcesOf(stateless, 'AWS::Lambda::Function').map(
    ([id, { Properties }]) => [withoutHash(id), Properties as unknown as DeployedFunction] as const,
  );
  return { layers: resourcesOf(stateless, 'AWS::Lambda::LayerVersion').map(([id]) => id), functions };
}

/** Returns the names of the variables that have the issuers. */
const issuerVariables = ({ Environment }: DeployedFunction): string[] =>
  Object.keys(Environment.Variables).filter((name) => name.startsWith('TRUSTED_ISSUERS'));

describe('40 trusted issuers', () => {
  const { layers, functions } = serviceWith(tenants(40));

  it('are in one layer', () => {
    expect(layers).toHaveLength(1);
  });

  it.each(functions)('reach the function %s only if it verifies users', (group, deployed) => {
    const verifies = VERIFIERS.includes(group);
    expect(deployed.Layers).toEqual(verifies ? [{ Ref: layers[0] }] : undefined);
    expect(issuerVariables(deployed)).toEqual(
      verifies ? ['TRUSTED_ISSUERS_FILE', 'TRUSTED_ISSUERS_SHA256'] : [],
    );
  });

  it('are a file that every user can read, with the digest and path of the environment', () => {
    const app = newApp();
    const state = new IdentityStateStack(app, 'State');
    const trustedIssuers = tenants(40);
    const umask = process.umask(0o077);
    const service = new IdentityServiceStack(app, 'Service', { state, trustedIssuers });
    process.umask(umask);
    const [folder = ''] = layerFolders(app, service);
    const [name = '', ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    const content = readFileSync(join(folder, name), 'utf8');
    expect(JSON.parse(content)).toEqual(trustedIssuers);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o644);
    const { Variables } = functions.find(([group]) => group === 'tokenexchange')?.[1].Environment ?? {};
    expect(Variables).toMatchObject({
      TRUSTED_ISSUERS_FILE: `/opt/${name}`,
      TRUSTED_ISSUERS_SHA256: createHash('sha256').update(content).digest('hex'),
    });
  });
});

it.each([
  ['no folder remains', undefined, false],
  ['the folder remains without staging, because the cloud assembly refers to it', true, true],
])('%s in the temporary folder after synthesis', (_what, disabled, remains) => {
  const temporary = jest.spyOn(FileSystem, 'mkdtemp');
  const app = newApp();
  app.node.setContext(DISABLE_ASSET_STAGING_CONTEXT, disabled);
  const state = new IdentityStateStack(app, 'State');
  new IdentityServiceStack(app, 'Service', { state, trustedIssuers: tenants(40) });
  const folders = temporary.mock.results.map(({ value }) => value as string);
  temporary.mockRestore();
  expect(folders.length).toBeGreaterThan(0);
  expect(folders.map((folder) => existsSync(folder))).toEqual(folders.map(() => remains));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

it('few trusted issuers are in the environment, without a layer', () => {
  const { layers, functions } = serviceWith(tenants(5));
  expect(layers).toEqual([]);
  const withIssuers = functions.filter(([, deployed]) => issuerVariables(deployed).length > 0);
  expect(withIssuers.map(([group]) => group)).toEqual(VERIFIERS);
  for (const [, deployed] of withIssuers) {
    expect(issuerVariables(deployed)).toEqual(['TRUSTED_ISSUERS']);
    expect(deployed.Layers).toBeUndefined();
  }
});

it('trusted issuers with a value that is known only at deployment are in the environment, without a layer', () => {
  const [first, ...others] = tenants(10);
  const { layers, functions } = serviceWith([
    { ...first!, allowedClients: [Fn.importValue('client')] },
    ...others,
  ]);
  expect(layers).toEqual([]);
  const withIssuers = functions.filter(([, deployed]) => issuerVariables(deployed).length > 0);
  expect(withIssuers.map(([, deployed]) => issuerVariables(deployed))).toEqual(
    VERIFIERS.map(() => ['TRUSTED_ISSUERS']),
  );
});
