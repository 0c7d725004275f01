/** What passes between a caller and a target: the URL, the query, the headers, and the place of the credential. */
import { credentialPlace, placed } from '../../../lambda/domain/gateway/manage/credential-placement';
import { requestHeaders, responseHeaders } from '../../../lambda/domain/gateway/forwarded-headers';
import { targetQuery } from '../../../lambda/domain/gateway/target-query';
import { gatewayLocation, targetUrl } from '../../../lambda/domain/gateway/target-url';
import { apiKey, targetOf } from './targets';

describe('the URL of a request', () => {
  it.each([
    ['https://api.example/v1', '', 'https://api.example/v1'],
    ['https://api.example', '', 'https://api.example/'],
    ['https://api.example/v1/', '/users/7', 'https://api.example/v1/users/7'],
    ['https://api.example/v1', '/users/', 'https://api.example/v1/users/'],
    ['https://api.example', '/a%20b/%C3%A9', 'https://api.example/a%20b/%C3%A9'],
    ['https://api.example/v1', '/@evil.example', 'https://api.example/v1/@evil.example'],
  ])('%s and "%s" is %s', (endpoint, path, url) => {
    expect(targetUrl(endpoint, path).href).toBe(url);
  });

  it.each([
    '/..',
    '/a/../../admin',
    '/./a',
    '/%2e%2e/admin',
    '/%2E%2E%2fadmin',
    '/a%2fb',
    '/a%5cb',
    '/a\\..\\b',
    '/a;b',
    '/a%3bb',
    '/a%252e',
    '/a//b',
    '//evil.example/a',
    '/a%3fadmin=1',
    '/a?admin=1',
    '/a#b',
    '/a%00',
    '/a\tb',
    '/a b',
    '/%c0%ae%c0%ae/a',
    '/%zz',
    '.evil.example/a',
    '@evil.example/a',
  ])('is refused for the path "%s"', (path) => {
    expect(() => targetUrl('https://api.example/v1', path)).toThrow(/^path: must be normalized/);
  });
});

describe('a redirect of a target', () => {
  const at = (location: string) =>
    gatewayLocation(location, {
      requested: new URL('https://api.example/v1/users/7'),
      endpoint: 'https://api.example/v1',
      publicUrl: 'https://gw.example/travel-abcdefghij/calendar',
    });

  it.each([
    ['https://api.example/v1/users/8?x=1', 'https://gw.example/travel-abcdefghij/calendar/users/8?x=1'],
    ['8', 'https://gw.example/travel-abcdefghij/calendar/users/8'],
    ['/v1', 'https://gw.example/travel-abcdefghij/calendar'],
  ])('to %s leads through the gateway', (location, rewritten) => {
    expect(at(location)).toBe(rewritten);
  });

  it.each([
    'https://evil.example/v1/users',
    '//evil.example/v1',
    '/v2/users',
    '/v1x',
    'http://api.example/v1/users',
    'https://api.example:8443/v1/users',
    'https://user:password@api.example/v1/users',
    '/v1/%2e%2e%2fadmin',
    'javascript:alert(1)',
    'https://',
  ])('to %s has no Location', (location) => {
    expect(at(location)).toBeUndefined();
  });
});

describe('the query', () => {
  const allowing = (names: string[], passthrough = {}) =>
    targetOf(passthrough, { metadataConfiguration: { allowedQueryParameters: names } });

  it('has allowed parameters, with each of their values', () => {
    expect(targetQuery({ q: ['a b', 'ü&='], page: ['2'] }, allowing(['q', 'page']), undefined, [])).toBe(
      '?q=a%20b&q=%C3%BC%26%3D&page=2',
    );
    expect(targetQuery({}, targetOf(), undefined, [])).toBe('');
  });

  it('is refused with another parameter, which the message names', () => {
    expect(() => targetQuery({ Q: ['a'] }, allowing(['q']), undefined, [])).toThrow(
      'query parameter "Q": must be omitted, or be in allowedQueryParameters of the target "calendar"',
    );
  });

  it('has static parameters, and by default the value of the caller for the same name', () => {
    const parameters = { staticQueryParameters: { v: '1', q: 'all' } };
    expect(targetQuery({ q: ['mine'] }, allowing(['q'], parameters), undefined, [])).toBe('?q=mine&v=1');
  });

  it('has the static value for the same name with STATIC_OVERRIDE', () => {
    const parameters = {
      staticQueryParameters: { v: '1', q: 'all' },
      staticQueryParameterConflictResolution: 'STATIC_OVERRIDE',
    } as const;
    expect(targetQuery({ q: ['mine'] }, allowing(['q'], parameters), undefined, [])).toBe('?v=1&q=all');
  });

  it('has the credential, which neither the caller nor a static parameter replaces', () => {
    const target = allowing(['api_key'], { staticQueryParameters: { api_key: 'other' } });
    const place = credentialPlace(apiKey({ credentialLocation: 'QUERY_PARAMETER' }));
    if (!place) throw new Error('no place');
    expect(targetQuery({}, target, place, placed(place, 'k&y').query)).toBe('?api_key=k%26y');
    expect(() => targetQuery({ api_key: ['mine'] }, target, place, [])).toThrow('sets it to the credential');
  });
});

describe('the place of an API key', () => {
  it.each([
    [{}, { authorization: 'Bearer key' }],
    [{ credentialPrefix: 'Token' }, { authorization: 'Token key' }],
    [{ credentialParameterName: 'X-Api-Key' }, { 'x-api-key': 'key' }],
    [{ credentialParameterName: 'X-Api-Key', credentialPrefix: 'v1' }, { 'x-api-key': 'v1 key' }],
  ])('with %j is %j', (credential, headers) => {
    const place = credentialPlace(apiKey(credential));
    expect(place && placed(place, 'key').headers).toEqual(headers);
  });

  it('is no header for a key with a line break', () => {
    const place = credentialPlace(apiKey());
    expect(() => place && placed(place, 'key\r\nhost: evil.example')).toThrow('not printable ASCII');
  });
});

describe('headers of a request', () => {
  const sent = (lines: Record<string, string>, target = targetOf(), credential = apiKey()) =>
    requestHeaders(
      new Map(Object.entries(lines).map(([name, value]) => [name, [value]])),
      target,
      credentialPlace(credential),
    );
  const OURS = { 'user-agent': 'agent-identity', 'accept-encoding': 'identity' };

  it('describe the content and the conditions, and never ask for a part, which could not be searched', () => {
    const passing = { accept: '*/*', 'content-type': 'text/plain', 'if-match': '"a"' };
    expect(sent({ ...passing, range: 'bytes=0-9' })).toEqual({ ...passing, ...OURS });
  });

  it('have the origin only for an MCP server, which must validate it', () => {
    const origin = { origin: 'https://evil.example' };
    expect(sent(origin, targetOf({ protocolType: 'MCP' }))).toEqual({ ...origin, ...OURS });
    expect(sent(origin)).toEqual(OURS);
  });

  /** Even if the target allows them. */
  const REFUSED = [
    'authorization',
    'cookie',
    'host',
    'x-amz-bedrock-agentcore-identity-wat',
    'x-amzn-trace-id',
    'x-forwarded-for',
    'forwarded',
    'proxy-authorization',
    'transfer-encoding',
    'connection',
    'content-length',
    'oauth2callbackurl',
    'dpop',
  ];
  it.each(REFUSED)('never contain %s of the caller', (name) => {
    const target = targetOf({}, { metadataConfiguration: { allowedRequestHeaders: [name] } });
    expect(sent({ [name]: 'mine' }, target)).toEqual(OURS);
  });

  it('never ask for an encoding that cannot be searched', () => {
    const target = targetOf({}, { metadataConfiguration: { allowedRequestHeaders: ['accept-encoding'] } });
    expect(sent({ 'accept-encoding': 'gzip' }, target)).toEqual(OURS);
  });

  it('contain those that the target allows, except for that of the credential', () => {
    const target = targetOf(
      {},
      { metadataConfiguration: { allowedRequestHeaders: ['X-Tenant', 'X-Api-Key'] } },
    );
    const credential = apiKey({ credentialParameterName: 'X-Api-Key' });
    expect(sent({ 'x-tenant': 'a', 'x-api-key': 'mine', 'x-other': 'b' }, target, credential)).toEqual({
      'x-tenant': 'a',
      ...OURS,
    });
  });

  it('contain those of the protocol of the target only', () => {
    const lines = { 'mcp-session-id': 's', 'mcp-param-a': 'b', 'last-event-id': '7', 'a2a-version': '1' };
    expect(sent(lines)).toEqual(OURS);
    const { 'a2a-version': version, ...mcp } = lines;
    expect(sent(lines, targetOf({ protocolType: 'MCP' }))).toEqual({ ...mcp, ...OURS });
    expect(sent(lines, targetOf({ protocolType: 'A2A' }))).toEqual({
      'a2a-version': version,
      'last-event-id': '7',
      ...OURS,
    });
  });
});

describe('headers of a response', () => {
  const returned = (headers: Record<string, string>, target = targetOf()) =>
    responseHeaders(headers, target, credentialPlace(apiKey({ credentialParameterName: 'X-Api-Key' })));
  const OURS = {
    'content-type': 'application/octet-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };

  it('describe the content and its age', () => {
    const headers = {
      'content-type': 'text/plain',
      etag: '"a"',
      'cache-control': 'max-age=5',
      'retry-after': '3',
    };
    expect(returned(headers)).toEqual({ ...headers, 'x-content-type-options': 'nosniff' });
  });

  it.each([
    'set-cookie',
    'www-authenticate',
    'x-api-key',
    'transfer-encoding',
    'x-amzn-errortype',
    'location',
    'access-control-allow-origin',
  ])('never contain %s', (name) => {
    const target = targetOf({}, { metadataConfiguration: { allowedResponseHeaders: [name] } });
    expect(returned({ [name]: 'theirs' }, target)).toEqual(OURS);
  });

  it('let no cache serve the response of one user to another one', () => {
    expect(returned({ 'cache-control': 'public, max-age=60' })['cache-control']).toBe('no-store');
    expect(returned({ 'cache-control': 'max-age=60, s-maxage=60' })['cache-control']).toBe('no-store');
  });

  it('contain those that the target allows', () => {
    const target = targetOf(
      {},
      { metadataConfiguration: { allowedResponseHeaders: ['X-RateLimit-Remaining'] } },
    );
    expect(returned({ 'x-ratelimit-remaining': '9', 'x-other': 'b' }, target)).toEqual({
      'x-ratelimit-remaining': '9',
      ...OURS,
    });
  });
});
