/** The encodings in which a secret is planted. Only its own part of the text is looked for, at each alignment of base64. */
export const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  'in clear': (text) => Buffer.from(text).toString('latin1'),
  'as JSON': (text) => Buffer.from(JSON.stringify({ text })).toString('latin1'),
  'in a URL': encodeURIComponent,
  'in a form': (text) => new URLSearchParams({ text }).toString(),
  'in hex': (text) => Buffer.from(text).toString('hex'),
  'in uppercase hex': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'in base64': (text) => Buffer.from(text).toString('base64'),
  'in base64url': (text) => Buffer.from(text).toString('base64url'),
  'in base64 after 1 byte': (text) => Buffer.from(`:${text}:`).toString('base64'),
  'in base64 after 2 bytes': (text) => Buffer.from(`a:${text}:`).toString('base64'),
  'in base64url after 4 bytes': (text) => Buffer.from(`abc:${text}:`).toString('base64url'),
};
