/** The exports of a part of a bundle, as another part reads them. */
import Module from 'node:module';
import { transformSync } from 'esbuild';
import { withExportedValues } from '../../scripts/build/exported-values';

/** Runs an ES module as the CommonJS that a bundle has. */
function load(text: string): Record<string, unknown> {
  const { code } = transformSync(withExportedValues(text), { format: 'cjs', minify: true });
  const module = new Module(__filename) as Module & { _compile(code: string, path: string): void };
  module._compile(code, __filename);
  return module.exports as Record<string, unknown>;
}

const isValue = (exports: object, name: string) =>
  'value' in (Object.getOwnPropertyDescriptor(exports, name) ?? {});

it('are values, if only the top level of the module writes them', () => {
  const exports = load('var a;a=1;function f(){return a}class C{}export{a as x,f as y,C as default};');
  expect(exports).toMatchObject({ __esModule: true, x: 1 });
  expect((exports.y as () => number)()).toBe(1);
  expect(['x', 'y', 'default'].map((name) => isValue(exports, name))).toEqual([true, true, true]);
});

it('follow a binding that changes later', () => {
  const exports = load('var a=1,b=1;function change(){a=2;[b]=[3]}export{a,b,change};');
  (exports.change as () => void)();
  expect(exports).toMatchObject({ a: 2, b: 3 });
});

it('follow the binding of another module', () => {
  const exports = load('import{sep as s}from"node:path";export{s as separator};');
  expect(exports.separator).toBe('/');
  expect(isValue(exports, 'separator')).toBe(false);
});

it('are none without an export statement', () => {
  expect(withExportedValues('var a=1;')).toBe('var a=1;');
});

it.each([
  'export default 1;',
  'export*from"node:path";',
  'export var a=1;',
  'var a;export{a};export{a as b};',
])('are rejected in another form: %s', (text) => {
  expect(() => withExportedValues(text)).toThrow('unknown form of export');
});
