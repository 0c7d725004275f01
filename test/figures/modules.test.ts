/** The imports follow the layout in docs/engineering/architecture.md. */
import { withFigures } from '../../scripts/figures';
import { backArrows, betweenModules, filesInCycles } from '../../scripts/modules/graph';
import { importsIn } from '../../scripts/modules/imports';
import {
  CODE,
  DOMAIN_MODULES,
  domainModuleOf,
  isIn,
  LAMBDA_MODULES,
  lambdaModuleOf,
} from '../../scripts/modules/layout';
import { modulesPicture } from '../../scripts/modules/picture';
import sharedWithLib from '../../scripts/modules/shared-with-lib.json';

const imports = importsIn(CODE);

it('reads all imports, including imports of types', () => {
  expect(imports.length).toBeGreaterThan(1000);
  expect(imports).toContainEqual({ from: 'lambda/domain/audit.ts', to: 'lambda/domain/principal.ts' });
});

it('no file imports itself indirectly', () => {
  expect(filesInCycles(imports)).toEqual([]);
});

it('each module of lambda/ imports only from modules below it', () => {
  expect(backArrows(betweenModules(imports.filter(isIn('lambda')), lambdaModuleOf), LAMBDA_MODULES)).toEqual(
    [],
  );
});

it('each module of lambda/domain/ imports only from modules below it', () => {
  expect(
    backArrows(betweenModules(imports.filter(isIn('lambda/domain')), domainModuleOf), DOMAIN_MODULES),
  ).toEqual([]);
});

it('infrastructure and clients import the model, the operations, and the listed files of the functions', () => {
  const outside = imports.filter(
    ({ from, to }) =>
      from.startsWith('lib/') &&
      !from.startsWith('lib/local/') &&
      to.startsWith('lambda/') &&
      !/^lambda\/(model|operations)\//.test(to),
  );
  const shared = new Set(outside.map(({ to }) => to.slice('lambda/'.length, -'.ts'.length)));
  expect([...shared].sort()).toEqual(sharedWithLib);
});

it('the charts in docs/engineering/architecture.md are current; if not, run `npm run docs:modules`', () => {
  const { is, should } = withFigures('engineering/architecture.md', modulesPicture());
  expect(is).toBe(should);
});

describe('the import graph', () => {
  const cycle = [
    { from: 'a/one.ts', to: 'b/two.ts' },
    { from: 'b/two.ts', to: 'a/one.ts' },
    { from: 'a/one.ts', to: 'c/three.ts' },
  ];

  it('lists the files of a cycle, without the files that they import', () => {
    expect(filesInCycles(cycle)).toEqual(['a/one.ts', 'b/two.ts']);
  });

  it('lists the imports against the order', () => {
    expect(backArrows(betweenModules(cycle), ['a', 'b', 'c'])).toEqual(['b -> a']);
  });

  it('rejects a module that is not in the order', () => {
    expect(() => backArrows(betweenModules(cycle), ['a', 'b'])).toThrow('c is not in the order of modules');
  });
});
