/** The layout that the imports must follow. */
import { dirname } from 'node:path';

export const CODE = ['bin', 'lib', 'lambda'];

/** The modules of the functions' code, from top to bottom. Each imports only from modules below it. */
export const LAMBDA_MODULES = [
  'lambda/functions',
  'lambda/gate',
  'lambda/custom-resources',
  'lambda/api',
  'lambda/pages',
  'lambda/adapters',
  'lambda/operations',
  'lambda/domain',
  'lambda/model',
];

/** The modules of the domain, from top to bottom. All of them can import from the last one. */
export const DOMAIN_MODULES = [
  'lambda/domain/gateway/mcp',
  'lambda/domain/gateway',
  'lambda/domain/gate',
  'lambda/domain/operator',
  'lambda/domain/security-event',
  'lambda/domain/audit-trail',
  'lambda/domain/resource',
  'lambda/domain/portal',
  'lambda/domain/gateway/manage',
  'lambda/domain/credential',
  'lambda/domain/consent',
  'lambda/domain/revocation',
  'lambda/domain/grant',
  'lambda/domain/workload-token',
  'lambda/domain/oauth',
  'lambda/domain/provider',
  'lambda/domain/token-vault',
  'lambda/domain/restriction',
  'lambda/domain/identity',
  'lambda/domain/policy',
  'lambda/domain/sealing',
  'lambda/domain',
];

/** Returns the module of a file. A module of `lambda/` includes its subfolders. */
export const lambdaModuleOf = (file: string): string => file.split('/').slice(0, 2).join('/');

export const isIn =
  (folder: string) =>
  ({ from, to }: { readonly from: string; readonly to: string }): boolean =>
    [from, to].every((file) => file.startsWith(`${folder}/`));

export const domainModuleOf = dirname;
