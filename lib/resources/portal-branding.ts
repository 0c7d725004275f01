/** How the pages of a consent portal look: a name, a color, and a logo, which is read when the stack is synthesized. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Token } from 'aws-cdk-lib';
import * as v from 'valibot';
import { SCHEMAS } from '../../lambda/contract/schemas/requests';
import { digestOfLogo } from '../../lambda/contract/resource-definition';
import { invalidProps } from './invalid-props';

export interface PortalBranding {
  /**
   * Name of the portal for people: up to 64 characters.
   * @default - the name at the service
   */
  readonly name?: string;
  /**
   * Color of links and buttons: `#` and six hexadecimal digits. The pages choose a text color with enough contrast.
   * @default - the color of the service
   */
  readonly color?: string;
  /**
   * Path of an image file: PNG, JPEG, WebP, or SVG, of up to 17,900 bytes.
   * @default - none
   */
  readonly logo?: string;
}

/** The branding in a template. */
export interface StatedBranding {
  /** For the definition, with the digest of the logo instead of the logo. */
  readonly branding: { readonly name?: string; readonly color?: string; readonly logo?: string };
  /** The logo as a `data:` URL. */
  readonly logo?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
};

/** Bytes whose base64 fits into the service's limit of 24,000 characters. */
const MAX_LOGO_BYTES = 17_900;

function readLogo(path: string): string {
  const type = TYPES[extname(path).toLowerCase()];
  if (type === undefined) throw new Error(`branding.logo: must be a file ${Object.keys(TYPES).join(', ')}`);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new Error(`branding.logo: the file ${path} cannot be read`, { cause: error });
  }
  if (content.length === 0 || content.length > MAX_LOGO_BYTES) {
    throw new Error(
      `branding.logo: must have 1 to ${MAX_LOGO_BYTES.toLocaleString('en')} bytes; ${path} has ${content.length.toLocaleString('en')}`,
    );
  }
  return `data:${type};base64,${content.toString('base64')}`;
}

const BrandingSchema = v.object({ branding: SCHEMAS.CreateConsentPortal.entries.branding });

/** @throws Error for a branding that the service rejects, or a logo that cannot be read */
export function statedBranding({ name, color, logo: path }: PortalBranding): StatedBranding {
  const logo = path === undefined ? undefined : readLogo(path);
  for (const [member, value] of Object.entries({ name, color })) {
    if (value === undefined || Token.isUnresolved(value)) continue;
    const parsed = v.safeParse(BrandingSchema, { branding: { [member]: value } });
    if (!parsed.success) throw new Error(invalidProps(parsed.issues, []));
  }
  return {
    branding: {
      ...(name !== undefined && { name }),
      ...(color !== undefined && { color }),
      ...(logo !== undefined && { logo: digestOfLogo(logo) }),
    },
    ...(logo !== undefined && { logo }),
  };
}
