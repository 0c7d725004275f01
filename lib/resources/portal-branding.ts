/** How the pages of a consent portal look: a name, a color, and a logo, which is read when the stack is synthesized. */
import { Token } from 'aws-cdk-lib';
import * as v from 'valibot';
import { OPERATIONS } from '../../lambda/operations';
import { digestOfLogo } from '../../lambda/model/custom-resources/definition';
import { invalidProps } from './invalid-props';
import { readLogo } from './portal-logo';

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

/** @throws Error that names the member */
function brandingLogo(path: string): string {
  try {
    return readLogo(path);
  } catch (error) {
    throw new Error(`branding.logo ${error instanceof Error ? error.message : 'cannot be read'}`, {
      cause: error,
    });
  }
}

const BrandingSchema = v.object({ branding: OPERATIONS.CreateConsentPortal.input.entries.branding });

/** @throws Error for a branding that the service rejects, or a logo that cannot be read */
export function statedBranding({ name, color, logo: path }: PortalBranding): StatedBranding {
  const logo = path === undefined ? undefined : brandingLogo(path);
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
