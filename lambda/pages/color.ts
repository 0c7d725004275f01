/**
 * The operator's color on the pages. Text on it and text in it is legible in both color schemes, whatever the color is:
 * WCAG 2.2 requires a contrast of 4.5:1 for text (1.4.3), and 3:1 for the edges of controls (1.4.11).
 */

type Rgb = readonly [number, number, number];

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/** @param color `#rrggbb` */
function parse(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
}

const hex = (color: Rgb): string =>
  `#${color.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;

/** Relative luminance, 0 to 1. Source: WCAG 2.2, "relative luminance". */
function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratio(one: Rgb, other: Rgb): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** Returns the contrast of two colors, 1 to 21. Source: WCAG 2.2, "contrast ratio". */
export const contrast = (one: string, other: string): number => ratio(parse(one), parse(other));

/** Returns black or white, whichever is easier to read on the color. One of both always has 4.5:1. */
export const textOn = (color: string): '#000000' | '#ffffff' =>
  ratio(parse(color), WHITE) >= ratio(parse(color), BLACK) ? '#ffffff' : '#000000';

const STEPS = 20;

/**
 * Returns the color, or the nearest mix with black or white that has a contrast against every background.
 *
 * @param backgrounds all light, or all dark
 */
export function legible(color: string, backgrounds: readonly string[], least: number): string {
  const towards = textOn(backgrounds[0] ?? hex(WHITE)) === '#000000' ? BLACK : WHITE;
  const from = parse(color);
  for (let step = 0; step <= STEPS; step += 1) {
    const mixed = hex(
      from.map((channel, index) => channel + ((towards[index]! - channel) * step) / STEPS) as unknown as Rgb,
    );
    if (backgrounds.every((background) => contrast(mixed, background) >= least)) return mixed;
  }
  return hex(towards);
}
