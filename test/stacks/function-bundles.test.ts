/** The functions' bundles, as they are deployed. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FUNCTION_GROUPS } from '../../lambda/operations/groups';
import { AgentIdentity } from '../../lib';
import { REFERENCES } from '../../scripts/api-docs/references';
import { bundleOf, FUNCTIONS } from '../../scripts/build/functions';
import { POLLED_ISSUER } from './synthesis';

const NAMES = readdirSync(FUNCTIONS);

const filesOf = (name: string): string[] =>
  readdirSync(join(FUNCTIONS, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name: file }) => join(parentPath, file));

const sourcesOf = (map: string): string[] =>
  (JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] }).sources;

it.each(NAMES)('%s contains its code and the source maps, and nothing else', (name) => {
  const files = filesOf(name);
  const index = bundleOf(name as 'gate');
  const code = files.filter((file) => file === index || /\/parts\/[\w-]+\.(js|wasm)$/.test(file));
  const maps = code.map((file) => `${file}.map`).filter((map) => files.includes(map));
  expect(maps).toContain(`${index}.map`);
  expect(files.sort()).toEqual([...code, ...maps].sort());
});

it.each(NAMES)('%s has source maps that name no folder outside the project', (name) => {
  const sources = filesOf(name)
    .filter((file) => file.endsWith('.map'))
    .flatMap(sourcesOf);
  expect(sources).toContain(`lambda/functions/${name}.ts`);
  // The build adds a module for what Node.js loads later.
  const inProject = /^(lambda|node_modules)\/|\/later-module:node:/;
  expect(sources.filter((source) => !inProject.test(source))).toEqual([]);
});

it.each(NAMES)('%s contains no text of the documentation', (name) => {
  const code = filesOf(name)
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const texts = Object.values(REFERENCES).map((reference) =>
    typeof reference === 'string' ? reference : reference.does,
  );
  expect(texts.filter((text) => code.includes(text))).toEqual([]);
});

it('is deployed as it is, without a bundler', () => {
  const context = { 'aws:cdk:disable-asset-staging': true, 'aws:cdk:enable-asset-metadata': true };
  const stack = new Stack(new App({ context }), 'Consumer');
  new AgentIdentity(stack, 'Identity', { trustedIssuers: [POLLED_ISSUER] });
  const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function')) as {
    Metadata: Readonly<Record<string, unknown>>;
  }[];
  const folders = functions.map(({ Metadata }) => Metadata['aws:asset:path']);
  expect(folders.sort()).toEqual(FUNCTION_GROUPS.map((group) => join(FUNCTIONS, group)).sort());
});
