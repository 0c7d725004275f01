/**
 * Loaded before `npm run demo` by its test: records every secret that an HTTP server of the process receives or sends,
 * and writes them to the file DEMO_SECRETS when the process ends, as JSON: lists of values by name.
 */
'use strict';

const { Buffer } = require('node:buffer');
const { subscribe } = require('node:diagnostics_channel');
const { writeFileSync } = require('node:fs');
const { URLSearchParams } = require('node:url');

const NAMES = new Set([
  ...['access_token', 'refresh_token', 'id_token', 'code', 'state', 'nonce', 'code_verifier', 'request_uri'],
  ...['password', 'csrf_token', 'session_id', 'workloadAccessToken', 'workloadIdentityToken', 'accessToken'],
  ...['userToken', 'clientSecret', 'authorizationUrl', 'customState', 'sessionUri'],
]);

const secrets = {};

function note(name, value) {
  if (typeof value === 'string' && value.length >= 8) (secrets[name] ??= new Set()).add(value);
}

function noteParameters(query) {
  for (const [name, value] of new URLSearchParams(query)) if (NAMES.has(name)) note(name, value);
}

function noteMembers(value) {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (NAMES.has(name)) note(name, member);
    noteMembers(member);
  }
}

function noteBody(text) {
  try {
    noteMembers(JSON.parse(text));
  } catch {
    noteParameters(text);
    for (const [, json] of text.matchAll(/^data: (.*)$/gm)) noteBody(json);
  }
}

function noteCookies(header, lines) {
  for (const line of [lines ?? []].flat()) {
    for (const pair of header === 'cookie' ? line.split(';') : [line.split(';')[0]]) {
      note('cookie', pair.trim().replace(/^[^=]*=/, ''));
    }
  }
}

/** Calls `see` with all data of a method that takes chunks, after the last chunk. */
function tap(object, method, chunks) {
  const original = object[method];
  object[method] = function (chunk, ...rest) {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    return original.call(this, chunk, ...rest);
  };
}

subscribe('http.server.request.start', ({ request, response }) => {
  const { authorization = '', cookie, workloadaccesstoken } = request.headers;
  note('bearer', /^Bearer (\S+)$/i.exec(authorization)?.[1]);
  note('basic', /^Basic (\S+)$/i.exec(authorization)?.[1]);
  note('WorkloadAccessToken', workloadaccesstoken);
  noteCookies('cookie', cookie);
  noteParameters(request.url.split('?')[1]);

  const [received, sent] = [[], []];
  tap(request, 'push', received);
  tap(response, 'write', sent);
  tap(response, 'end', sent);
  response.on('close', () => {
    noteBody(Buffer.concat(received).toString());
    noteBody(Buffer.concat(sent).toString());
    noteCookies('set-cookie', response.getHeader('set-cookie'));
    noteParameters(String(response.getHeader('location') ?? '').split('?')[1]);
  });
});

process.on('exit', () => {
  const lists = Object.entries(secrets).map(([name, values]) => [name, [...values]]);
  writeFileSync(process.env.DEMO_SECRETS, JSON.stringify(Object.fromEntries(lists)));
});
