/**
 * The definition of a credential provider or a consent portal: the properties that decide where a secret goes, and what
 * users see and connect on the rights of the stack. The template states it in the function's environment, beyond the reach
 * of a principal that can only invoke the function.
 */
import { createHash } from 'node:crypto';
import type { CustomResourceType } from './types';

/** The properties as CloudFormation delivers them; the configuration is JSON text. */
export type Definition = readonly [type: CustomResourceType, name: string, configuration: string];

/** 128 bits: to forge a request, an attacker needs a second preimage of a digest that someone else chose. */
const DIGEST_CHARACTERS = 22;

/** Returns the digest of a consent portal's logo, a `data:` URL. */
export const digestOfLogo = (logo: string): string =>
  createHash('sha256').update(logo).digest('base64url').slice(0, DIGEST_CHARACTERS);

/** Returns the digest of a definition without references, because the environment is too small for whole definitions. */
export const digestOf = (definition: Definition): string =>
  createHash('sha256').update(JSON.stringify(definition)).digest('base64url').slice(0, DIGEST_CHARACTERS);
