/** Values for each pattern of the service model, by hand: what matches, grown to a length, and what does not. */

export interface Sample {
  /** One of the shortest values that match. */
  readonly least: string;
  /** Puts this many more characters into it where it may have them; absent where its length is fixed. */
  readonly grown?: (more: number) => string;
  readonly off: readonly string[];
}

/** @param before, and @param after the place where the pattern lets `a` stand any number of times */
const around = (before: string, after: string, off: readonly string[]): Sample => ({
  least: `${before}a${after}`,
  grown: (more) => `${before}${'a'.repeat(more + 1)}${after}`,
  off,
});

const name = around('', '', ['a b', 'a/b', 'ä', 'a\n', '\na', 'a\u0000', 'a%20b', 'a$b']);
const tag = around('', '', ['a#b', 'ä', 'a?', 'a\u0000']);

const KEY_ID = '00000000-0000-0000-0000-000000000000';
const DIGITS_17 = '0'.repeat(17);

const providerArn = around('arn:aws:bedrock-agentcore:us-east-1:000000000000:', '', [
  'arn:aws:bedrock-agentcore:us-east-1:0000:a',
  'arn:aws:bedrock-agentcore:us-east-1:000000000000:',
  'a',
]);

const SAMPLES: Readonly<Record<string, Sample>> = {
  '[a-zA-Z0-9][a-zA-Z0-9\\-_\\.]{0,62}[a-zA-Z0-9]': {
    least: 'aa',
    grown: (more) => 'a'.repeat(more + 2),
    off: ['-a', 'a-', 'a a', 'a/a', 'aa\n', 'ää'],
  },
  "(targetName|toolName|qualifiedModelId|\\$\\.context\\.iam\\.principal|\\$\\.context\\.iam\\.sourceIdentity|\\$\\.context\\.jwt\\.[a-zA-Z_][a-zA-Z0-9_\\-\\.]{0,61}[a-zA-Z0-9_]|\\$\\.context\\.request\\.header\\.[a-zA-Z0-9!#$%&'+\\.\\^_`|~\\-]+|\\$\\.context\\.request\\.body\\.[a-zA-Z_][a-zA-Z0-9_\\-]*(\\.[a-zA-Z_][a-zA-Z0-9_\\-]*)*)":
    {
      least: 'targetName',
      off: ['target', 'targetName ', '$.context.jwt.', '$.context.jwt.a', '$.context.iam', 'x.targetName'],
    },
  '([0-9a-zA-Z][-]?){1,48}': { least: 'a', off: ['-a', 'a--a', 'a_a', 'a a', 'a\n', 'ä', 'a'.repeat(49)] },
  '([0-9a-zA-Z][-]?){1,100}': { least: 'a', off: ['-a', 'a--a', 'a_a', 'a/a', 'a\n', 'ä', 'a'.repeat(101)] },
  '([0-9a-z][-]?){1,100}-[0-9a-z]{10}': {
    least: 'a-0123456789',
    off: [
      'a',
      'a-012345678',
      'A-0123456789',
      'a-012345678A',
      '-0123456789',
      'a/a-0123456789',
      'a-0123456789\n',
    ],
  },
  '([0-9a-z][-]?){1,100}-[0-9a-z]{10}$|^arn:aws(-[a-z-]+)?:bedrock-agentcore:[a-z0-9-]{1,20}:[0-9]{12}:gateway/([0-9a-z][-]?){1,48}-[a-z0-9]{10}':
    {
      least: 'a-0123456789',
      off: ['a', 'arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/a', 'a/a-0123456789'],
    },
  '[0-9a-zA-Z]{10}': { least: '0123456789', off: ['012345678', '01234567890', '01234-6789', '012345678\n'] },
  '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,256}': { ...around('a', '', ['-', 'a-', 'a_a', 'a a']) },
  'arn:aws(-[^:]+)?:iam::([0-9]{12})?:role/.+': around('arn:aws:iam::000000000000:role/', '', [
    'arn:aws:iam::000000000000:role/',
    'arn:aws:iam::000000000000:user/a',
    'arn:aws:iam::0000:role/a',
    'role/a',
  ]),
  '[A-Za-z][A-Za-z0-9_]*': {
    ...around('', '', ['1a', '_a', 'a-b', 'a b', 'a/b', 'ä', 'a\n']),
  },
  '[A-Za-z][A-Za-z0-9_]*-[a-z0-9_]{10}': around('', '-0123456789', [
    'a',
    'a-012345678',
    '1-0123456789',
    'a-012345678A',
    'a-b-0123456789',
    'a/a-0123456789',
    'a-0123456789\n',
  ]),
  'arn:aws(-[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:policy-engine\\/[a-zA-Z][a-zA-Z0-9-_]{0,99}-[a-zA-Z0-9_]{10}':
    around('arn:aws:bedrock-agentcore:us-east-1:000000000000:policy-engine/', '-0123456789', [
      'a-0123456789',
      'arn:aws:bedrock-agentcore:us-east-1:000000000000:policy-engine/a',
      'arn:aws:bedrock-agentcore:us-east-1:0000:policy-engine/a-0123456789',
      'arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/a-0123456789',
    ]),
  '\\S*': { least: '', grown: (more) => 'a'.repeat(more + 1), off: ['a b', ' ', 'a\n'] },
  'https://[a-zA-Z0-9\\-\\.]+(:[0-9]{1,5})?(/.*)?': around('https://api.example/', '', [
    'ftp://api.example/',
    'https://',
    'https://api.example:/',
    'https://api.example:123456/',
    'https://user@api.example/',
    'api.example',
  ]),
  '[a-zA-Z0-9_.-]+': name,
  '[a-zA-Z0-9._-]+': name,
  '[a-zA-Z0-9-]+': { ...name, off: [...name.off, 'a.b', 'a_b'] },
  '[a-zA-Z0-9_-]+': { ...name, off: [...name.off, 'a.b', 'a:b'] },
  '[a-zA-Z0-9\\-_.]+': name,
  '[^\\x00-\\x1F\\x7F]*': {
    least: '',
    grown: (more) => 'a'.repeat(more + 1),
    off: ['a\n', 'a\u0000', 'a\u007f'],
  },
  '[\\x21-\\x7e]+( [\\x21-\\x7e]+)*': around('', '', [' a', 'a ', 'a  a', 'ä', 'a\n']),
  'arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9_-]{1,64}(:[a-zA-Z0-9_$-]+)?': around(
    'arn:aws:lambda:us-east-1:000000000000:function:a:',
    '',
    [
      'arn:aws:lambda:us-east-1:000000000000:function:',
      'arn:aws:lambda:us-east-1:0000:function:a',
      'arn:aws:lambda:us-east-1:000000000000:function:a/b',
      'arn:aws:lambda:us-east-1:000000000000:layer:a',
      'arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/a-0123456789',
      'a',
    ],
  ),
  'arn:([^:]*):([^:]*):([^:]*):([0-9]{12})?:(.+)': providerArn,
  '[a-zA-Z0-9\\-_]+': { ...name, off: [...name.off, 'a.b'] },
  '[A-Za-z0-9_.-]+': { ...around('aa', '', []), off: name.off.map((off) => `aaa${off}`) },
  '[a-zA-Z0-9\\-_\\.]+': name,
  '[A-Za-z0-9_.:#-]+': name,
  '[a-zA-Z0-9\\s._:/=+@-]*': tag,
  '\\w+:(\\/?\\/?)[^\\s]+': around('https://a', '', [
    'a',
    ':a',
    'a:',
    'a: b',
    'a:b c',
    'a:b\n',
    '-:a',
    '//a',
  ]),
  'urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+': around('urn:ietf:params:oauth:request_uri:', '', [
    'urn:ietf:params:oauth:request_uri:',
    'urn:ietf:params:oauth:request_uri:a b',
    'urn:ietf:params:oauth:request_uri:a\n',
    'https://app.example/?request_uri=urn:ietf:params:oauth:request_uri:a',
    'URN:ietf:params:oauth:request_uri:a',
  ]),
  '[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+': around('a.a.', '', [
    'a.a',
    'a.a.',
    '..',
    'a.a.a.',
    'Bearer a.a.a',
    'a.a.a\n',
    'a.b c.d',
  ]),
  'arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+/[^/]+)(?:/[a-z-]+/[^/]+)*': around(
    'arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/',
    '',
    [
      'arn:aws:bedrock-agentcore:us-east-1:0000:memory/a',
      'arn:aws:bedrock-agentcore:us-east-1:000000000000:memory',
      'arn:aws:bedrock-agentcore:us-east-1:000000000000:memory/a/',
      'arn:aws:bedrock-agentcore:us-east-1:000000000000:memory/a/b',
      'arn:aws:iam::000000000000:role/aaaaaaaaaaaaaaaa',
      ' arn:aws:bedrock-agentcore:us-east-1:000000000000:memory/a',
    ],
  ),
  'arn:aws(|-cn|-us-gov):kms:[a-zA-Z0-9-]*:[0-9]{12}:key/[a-zA-Z0-9-]{36}': around(
    'arn:aws:kms:',
    `:000000000000:key/${KEY_ID}`,
    [
      'arn:aws:kms:us-east-1:000000000000:alias/a',
      `arn:aws:kms:us-east-1:000000000000:key/${KEY_ID}0`,
      `arn:aws:kms:us-east-1:0:key/${KEY_ID}`,
      `arn:aws-other:kms:us-east-1:000000000000:key/${KEY_ID}`,
      KEY_ID,
    ],
  ),
  '[^\\s?#]+/\\.well-known/(openid-configuration|oauth-authorization-server)(/[^\\s?#]+)?': around(
    'https://',
    '/.well-known/openid-configuration',
    [
      'https://idp.example/',
      'https://idp.example/.well-known/openid-configuration/',
      'https://idp.example/.well-known/openid-configuration/a?b',
      'https://idp.example/.well-known/openid-configuration/a b',
      'https://idp.example/.well-known/openid-configurationa',
      'https://idp.example/?a=/.well-known/openid-configuration',
      'https://idp.example/.well-known/openid-configuration?a=b',
      'https://idp.example/.well-known/jwks.json',
      '/.well-known/openid-configuration',
      'https://idp.example/well-known/openid-configuration',
    ],
  ),
  '[a-zA-Z0-9_-]{1,50}': { ...name, off: [...name.off, 'a.b'] },
  // The pattern bounds the length.
  '[a-zA-Z0-9\\-_]{1,50}-[A-Za-z0-9]{10}': {
    least: 'a-aaaaaaaaaa',
    off: [
      '-aaaaaaaaaa',
      'a-aaaaaaaaa',
      'a-aaaaaaaaa_',
      'aaaaaaaaaaaa',
      'a.a-aaaaaaaaaa',
      `${'a'.repeat(51)}-aaaaaaaaaa`,
      'a-aaaaaaaaaa\n',
      'a/a-aaaaaaaaaa',
    ],
  },
  'arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/[a-zA-Z0-9+=,.@\\-_/]+': around(
    'arn:aws:iam::000000000000:role/',
    '',
    [
      'arn:aws:iam::000000000000:role/',
      'arn:aws:iam::000000000000:user/a',
      'arn:aws:iam::0000:role/a',
      'arn:aws:sts::000000000000:assumed-role/a/b',
      'arn:aws:iam::000000000000:role/a b',
      'role/a',
    ],
  ),
  '[\\x21\\x23-\\x5B\\x5D-\\x7E]+': around('', '', ['a b', '"a"', 'a\\b', 'ä', 'a\n', '\u{1F511}']),
  'arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):bedrock-agentcore:[a-z0-9-]{1,32}:[0-9]{12}:token-vault/[a-zA-Z0-9_-]{1,64}/oauth2credentialprovider/[a-zA-Z0-9_-]{1,128}':
    {
      least:
        'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/a',
      off: [
        'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/apikeycredentialprovider/a',
        'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/',
        'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/a/b',
        'arn:aws-other:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/a',
        'a',
      ],
    },
  '(client_secret_post|client_secret_basic)': {
    least: 'client_secret_post',
    off: ['client_secret_jwt', 'none', 'client_secret_post ', 'CLIENT_SECRET_POST', ''],
  },
  '[0-9]{12}': { least: '000000000000', off: ['0', 'aaaaaaaaaaaa'] },
  's3://.{1,2043}': { least: 's3://a', off: ['s3://', 'https://a'] },
  'arn:aws(-[^:]+)?:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+': around(
    'arn:aws:secretsmanager:us-east-1:000000000000:secret:',
    '',
    ['arn:aws:secretsmanager:us-east-1:000000000000:secret:', 'a'],
  ),
  'sg-(([0-9a-z]{8})|([0-9a-z]{17}))': { least: 'sg-00000000', off: ['sg-0', '00000000'] },
  'subnet-[0-9a-zA-Z]{8,17}': { least: 'subnet-00000000', off: ['subnet-0', '00000000'] },
  'vpc-(([0-9a-z]{8})|([0-9a-z]{17}))': { least: 'vpc-00000000', off: ['vpc-0', '00000000'] },
  '((rcfg-[0-9a-z]{17})|(arn:[a-z0-9\\-]+:vpc-lattice:[a-zA-Z0-9\\-]+:\\d{12}:resourceconfiguration/rcfg-[0-9a-z]{17}))':
    { least: `rcfg-${DIGITS_17}`, off: [`rcfg-${DIGITS_17}0`, 'https://resource.example/'] },
};

/** Text without a pattern: anything, in any script. */
const PLAIN: Sample = { ...around('', '', []), least: '' };

/** @throws Error for a pattern without an entry: a new pattern needs values by hand */
export function sampleOf(pattern: string | undefined): Sample {
  if (pattern === undefined) return PLAIN;
  const sample = SAMPLES[pattern];
  if (!sample) throw new Error(`pattern-samples.ts has no values for the pattern ${pattern}`);
  return sample;
}
