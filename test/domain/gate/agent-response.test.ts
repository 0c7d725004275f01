/** The response of the agent, as the caller gets it. */
import { ExchangeFailure, type StreamedResponse } from '../../../lambda/domain/streamed-exchange';
import { invokeAgent } from '../../../lambda/domain/gate/invoke';
import { ServiceError } from '../../../lambda/domain/service-error';
import { BY_IAM, endpointOf } from './endpoints';

import { SESSION, headers, body, depsOf, callOf, invoke } from './agent-call';

describe('the response to the caller', () => {
  it("has the status, body, and session of the agent's response, and no unknown headers", async () => {
    const answer = {
      status: 201,
      headers: {
        'content-type': 'text/event-stream',
        'mcp-session-id': 's',
        'set-cookie': 'a=1',
        location: '/x',
      },
      body: body('one', 'two'),
    };
    const call = callOf({ headers: headers({ 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': SESSION }) });
    const got = await invoke(endpointOf(BY_IAM), call, depsOf({ answer }));
    expect(got).toMatchObject({ status: 201, body: answer.body });
    expect(got.headers).toEqual({
      'content-type': 'text/event-stream',
      'mcp-session-id': 's',
      'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': SESSION,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  it('keeps what a stream and a rejected method need: no buffering, no transformation, the allowed methods', async () => {
    const headersOf = async (answer: Partial<StreamedResponse>) =>
      (await invoke(endpointOf(BY_IAM, { protocol: 'MCP' }), callOf(), depsOf({ answer }))).headers;
    expect(
      await headersOf({ headers: { 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' } }),
    ).toMatchObject({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' });
    expect(await headersOf({ headers: { 'cache-control': 'public, max-age=60' } })).toMatchObject({
      'cache-control': 'no-store',
    });
    expect(await headersOf({ status: 405, headers: { allow: 'POST' } })).toMatchObject({ allow: 'POST' });
  });

  it('has a generic content type if the agent states none', async () => {
    const { headers: got } = await invoke(endpointOf(BY_IAM), callOf(), depsOf({ answer: { headers: {} } }));
    expect(got['content-type']).toBe('application/octet-stream');
  });

  it.each([
    ['a line break', 'text/plain\r\na: b'],
    ['a control character', 'text/plain\u0000'],
    ['a character beyond ASCII', 'text/pl\u00e4in'],
  ])('is an error with the header name if the agent sends %s in a header', async (_what, value) => {
    const deps = depsOf({ answer: { headers: { 'content-type': value, 'x-other': value } } });
    const error: unknown = await invoke(endpointOf(BY_IAM), callOf(), deps).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      type: 'RuntimeClientError',
      detail: 'agent: invalid value in header content-type',
    });
    expect(JSON.stringify(error)).not.toContain(value);
  });

  it('is not affected by values in headers that the caller does not get', async () => {
    const deps = depsOf({
      answer: { headers: { 'x-other': 'a\r\nb', 'content-type': 'text/plain\t; a="b"' } },
    });
    const { headers: got } = await invoke(endpointOf(BY_IAM), callOf(), deps);
    expect(got['content-type']).toBe('text/plain\t; a="b"');
    expect(got).not.toHaveProperty('x-other');
  });

  it('is an error after the invocation ended, even if the agent ignores the signal', async () => {
    const end = new AbortController();
    const deps = depsOf();
    const deaf = { invoke: () => new Promise<never>(() => undefined) };
    const called = invokeAgent({ ...deps, agent: deaf }, endpointOf(BY_IAM), callOf(), end.signal);
    end.abort(new ServiceError('RuntimeClientError', 'The invocation is over.', { detail: 'agent: over' }));
    await expect(called).rejects.toMatchObject({ message: 'The invocation is over.' });
  });

  const HTTP = endpointOf(BY_IAM);
  const MCP = endpointOf(BY_IAM, { protocol: 'MCP' });
  it.each([
    ['HTTP', 302, HTTP],
    ['HTTP', 400, HTTP],
    ['HTTP', 404, HTTP],
    ['HTTP', 500, HTTP],
    ['MCP', 302, MCP],
    ['MCP', 500, MCP],
    ['MCP', 503, MCP],
  ])('is an error over %s if the agent returns status %i', async (_protocol, status, endpoint) => {
    const deps = depsOf({ answer: { status } });
    await expect(invoke(endpoint, callOf(), deps)).rejects.toMatchObject({
      type: 'RuntimeClientError',
      message: expect.stringContaining(String(status)) as string,
    });
    expect(deps.entries).toMatchObject([
      { outcome: 'failed', error: 'RuntimeClientError', reason: `agent: status ${status}` },
    ]);
  });

  it.each([202, 400, 404])('has status %i over MCP, because the client reads it', async (status) => {
    expect(await invoke(MCP, callOf(), depsOf({ answer: { status } }))).toMatchObject({ status });
  });

  const failing = (error: Error) => ({ ...depsOf(), agent: { invoke: () => Promise.reject(error) } });

  it('does not reveal why the agent failed', async () => {
    const deps = failing(new ExchangeFailure('no connection to 10.0.0.7'));
    await expect(invoke(HTTP, callOf(), deps)).rejects.toMatchObject({
      type: 'RuntimeClientError',
      message: expect.not.stringContaining('10.0.0.7') as string,
    });
    expect(deps.entries).toMatchObject([{ outcome: 'failed', reason: 'agent: no connection to 10.0.0.7' }]);
  });

  it('is the reason of the signal if the signal ended the invocation', async () => {
    const reason = new ServiceError('RuntimeClientError', 'The time is up.');
    const deps = failing(new ExchangeFailure('aborted'));
    await expect(invokeAgent(deps, HTTP, callOf(), AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(invokeAgent(deps, HTTP, callOf(), AbortSignal.abort())).rejects.toMatchObject({
      message: expect.stringContaining('could not be reached') as string,
    });
  });

  it('is an internal error if the code has a defect', async () => {
    const deps = failing(new TypeError('not foreseen'));
    await expect(invoke(HTTP, callOf(), deps)).rejects.toBeInstanceOf(TypeError);
    expect(deps.entries).toMatchObject([{ outcome: 'failed', reason: 'internal error' }]);
  });
});
