/** Text is legible in and on every color that an operator can choose. */
import fc from 'fast-check';
import { contrast, legible, textOn } from '../../lambda/pages/color';
import { BACKGROUNDS, brandStyle } from '../../lambda/pages/style-sheet';

const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);

/** The value of a property in each color scheme. */
const valuesOf = (style: string, name: string): string[] =>
  [...style.matchAll(new RegExp(`--${name}:(#[0-9a-f]{6})`, 'g'))].map(([, value = '']) => value);

it.each([
  ['#000000', '#ffffff', 21],
  ['#ffffff', '#ffffff', 1],
  ['#767676', '#ffffff', 4.54],
  // Source: the luminance coefficients of WCAG 2.2.
  ['#ff0000', '#000000', 5.25],
])('the contrast of %s and %s is %s', (one, other, expected) => {
  expect(contrast(one, other)).toBeCloseTo(expected, 2);
  expect(contrast(other, one)).toBeCloseTo(expected, 2);
});

it('text on any color has a contrast of 4.5', () => {
  fc.assert(fc.property(color, (brand) => contrast(brand, textOn(brand)) >= 4.5));
});

it.each(Object.entries(BACKGROUNDS))(
  'any color has a legible form on the %s backgrounds',
  (_scheme, scheme) => {
    fc.assert(
      fc.property(color, fc.constantFrom(3, 4.5), (brand, least) => {
        const backgrounds = Object.values(scheme);
        const legibleColor = legible(brand, backgrounds, least);
        return backgrounds.every((background) => contrast(legibleColor, background) >= least);
      }),
    );
  },
);

it('keeps a color that is legible as it is', () => {
  expect(legible('#1f7a4d', Object.values(BACKGROUNDS.light), 4.5)).toBe('#1f7a4d');
});

it('the style has a legible link and edge for both color schemes', () => {
  fc.assert(
    fc.property(color, (brand) => {
      const style = brandStyle(brand);
      const schemes = [BACKGROUNDS.light, BACKGROUNDS.dark];
      for (const [place, { paper, ground }] of schemes.entries()) {
        for (const background of [paper, ground]) {
          expect(contrast(valuesOf(style, 'link')[place] ?? '', background)).toBeGreaterThanOrEqual(4.5);
          expect(contrast(valuesOf(style, 'edge')[place] ?? '', background)).toBeGreaterThanOrEqual(3);
        }
      }
    }),
  );
});

it.each(['red', '#fff', '#12345g', '#123456;}body{display:none', '</style>'])(
  'ignores %s, which is not a color',
  (given) => {
    expect(brandStyle(given)).toBe(brandStyle(undefined));
  },
);
