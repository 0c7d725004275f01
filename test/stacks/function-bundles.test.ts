/** The functions' bundles, as they are deployed. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FUNCTION_GROUPS } from '../../lambda/contract/operations';
import { AgentIdentity } from '../../lib';
import { bundleOf, FUNCTIONS } from '../../scripts/build/functions';

const NAMES = readdirSync(FUNCTIONS);

it.each(NAMES)('%s contains its code and a source map, and nothing else', (name) => {
  expect(readdirSync(join(FUNCTIONS, name)).sort()).toEqual(['index.js', 'index.js.map']);
});

it.each(NAMES)('%s has a source map that names no folder outside the project', (name) => {
  const { sources } = JSON.parse(readFileSync(`${bundleOf(name as 'gate')}.map`, 'utf8')) as {
    sources: string[];
  };
  expect(sources).toContain(`lambda/handlers/${name}.ts`);
  expect(sources.filter((source) => !/^(lambda|node_modules)\//.test(source))).toEqual([]);
});

it('is deployed as it is, without a bundler', () => {
  const context = { 'aws:cdk:disable-asset-staging': true, 'aws:cdk:enable-asset-metadata': true };
  const stack = new Stack(new App({ context }), 'Consumer');
  new AgentIdentity(stack, 'Identity');
  const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function')) as {
    Metadata: Readonly<Record<string, unknown>>;
  }[];
  const folders = functions.map(({ Metadata }) => Metadata['aws:asset:path']);
  expect(folders.sort()).toEqual(FUNCTION_GROUPS.map((group) => join(FUNCTIONS, group)).sort());
});
