/** The layout that the imports are held against. */
import { dirname } from 'node:path';

export const CODE = ['bin', 'lib', 'lambda'];

/** Rooms of the functions' code from the top down: each imports only from rooms below it. */
export const LAMBDA_ROOMS = [
  'lambda/handlers',
  'lambda/gate',
  'lambda/custom-resources',
  'lambda/api',
  'lambda/pages',
  'lambda/adapters',
  'lambda/contract',
  'lambda/domain',
];

/** Rooms of the domain from the top down; the last one is the ground that all of them stand on. */
export const DOMAIN_ROOMS = [
  'lambda/domain/gate',
  'lambda/domain/resource',
  'lambda/domain/credential',
  'lambda/domain/consent',
  'lambda/domain/grant',
  'lambda/domain/workload-token',
  'lambda/domain/policy',
  'lambda/domain/oauth',
  'lambda/domain/provider',
  'lambda/domain/token-vault',
  'lambda/domain/identity',
  'lambda/domain/sealing',
  'lambda/domain',
];

/** The room of functions' code that a file is in, with everything that is below its folder. */
export const lambdaRoomOf = (file: string): string => file.split('/').slice(0, 2).join('/');

export const isIn =
  (folder: string) =>
  ({ from, to }: { readonly from: string; readonly to: string }): boolean =>
    [from, to].every((file) => file.startsWith(`${folder}/`));

export const domainRoomOf = dirname;
