/** Returns the target, and whether a figure meets it. */
export const verdict = (figure: number, most: number, unit = ''): string =>
  `≤ ${most}${unit}: ${figure <= most ? 'met' : 'missed'}`;
