/** Mermaid charts of the modules. They omit arrows that a longer path implies. */
import { betweenModules, withoutShortcuts } from './graph';
import { importsIn, type Import } from './imports';
import { CODE, DOMAIN_MODULES, domainModuleOf, isIn, LAMBDA_MODULES, lambdaModuleOf } from './layout';

const id = (module: string): string => module.replaceAll(/[^a-z]/g, '_');

function chart(
  modules: readonly Import[],
  order: readonly string[],
  nameOf: (module: string) => string,
): string {
  return [
    '```mermaid',
    'flowchart TD',
    ...order.map((module) => `  ${id(module)}["${nameOf(module)}"]`),
    ...withoutShortcuts(modules)
      .map(({ from, to }) => `  ${id(from)} --> ${id(to)}`)
      .sort(),
    '```',
  ].join('\n');
}

/** Returns two charts: one of lambda/ and one of lambda/domain/. */
export function modulesPicture(): string {
  const imports = importsIn(CODE);
  const lambda = betweenModules(imports.filter(isIn('lambda')), lambdaModuleOf);
  const domain = betweenModules(imports.filter(isIn('lambda/domain')), domainModuleOf);
  return [
    'The modules of `lambda/`:',
    chart(lambda, LAMBDA_MODULES, (module) => module.replace('lambda/', '')),
    'The modules of `lambda/domain/`, above the files directly in that folder:',
    chart(domain, DOMAIN_MODULES, (module) => module.replace(/^lambda\/domain\/?/, '') || 'domain'),
  ].join('\n\n');
}
