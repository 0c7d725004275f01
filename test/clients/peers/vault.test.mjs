/**
 * The vault written by hand, to which `npm run bench -- --peers` compares the service, does the work that its figures are
 * for: it validates tokens, and returns a credential only to its owner. Nothing is measured.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, before, test } from 'node:test';
import { URL } from 'node:url';
import { Connections } from '../../../scripts/bench/peers/load.ts';
import { WORK } from '../../../scripts/bench/peers/peer.ts';
import { findPostgres, startPostgres } from '../../../scripts/bench/peers/postgres.ts';
import { startVault, vaultPeer } from '../../../scripts/bench/peers/vault.ts';
import { installVault } from '../../../scripts/bench/peers/vault/installation.mjs';
import { startIssuer } from '../../flows/support/issuer.ts';

const CLIENT = 'app';
const programs = findPostgres();
const skip = programs === undefined && 'There is no PostgreSQL server.';

const closers = [];
let [issuer, peer, connections] = [];

before(async () => {
  if (skip) return;
  installVault();
  issuer = await startIssuer();
  closers.push(() => issuer.close());
  const postgres = await startPostgres(programs);
  closers.push(postgres.stop);
  const { jwks_uri: jwksUri } = await (await globalThis.fetch(issuer.discoveryUrl)).json();
  const vault = await startVault(postgres, { issuer: issuer.issuer, jwksUri, client: CLIENT });
  closers.push(vault.stop);
  const userTokens = new Map();
  for (const user of ['ana', 'bea']) userTokens.set(user, await issuer.token(user, { azp: CLIENT }));
  const storedTokens = new Map([...userTokens.keys()].map((user) => [user, `token-of-${user}`]));
  const credentials = { apiKey: 'the-api-key', ownToken: 'own-token', storedTokens };
  peer = await vaultPeer(vault, postgres, userTokens, credentials);
  connections = new Connections(2);
  closers.push(async () => connections.close());
});

after(async () => {
  for (const close of closers.reverse()) await close();
});

const send = async ({ url, ...request }) => {
  const response = await globalThis.fetch(url, request);
  return { status: response.status, body: await response.json() };
};

for (const work of WORK) {
  test(`the vault answers each request of the work ${work}`, { skip }, async () => {
    const { prepare, expected } = peer.work[work];
    const { waits, bytes } = await connections.send(await prepare(), expected);
    assert.equal(waits.length, work === 'ownToken' ? 1 : 2);
    assert.ok(bytes.sent > 0 && bytes.received > 0);
  });
}

test('each user gets their own token', { skip }, async () => {
  const answers = await Promise.all((await peer.work.storedToken.prepare()).map(send));
  assert.deepEqual(
    answers.map(({ body }) => body.value),
    ['token-of-ana', 'token-of-bea'],
  );
});

test('a token of the agent alone does not read an API key of a user', { skip }, async () => {
  const [own] = await peer.work.ownToken.prepare();
  const { status } = await send({ ...own, url: new URL('maps', own.url) });
  assert.equal(status, 404);
});

const minting = async (userToken, change = {}) => {
  const [{ headers, ...request }] = await peer.work.mint.prepare();
  return send({ ...request, headers: { ...headers, ...change }, body: JSON.stringify({ userToken }) });
};

test('a user token with a forged signature is rejected', { skip }, async () => {
  const { status } = await minting(await issuer.forged('signed with another key', 'ana', { azp: CLIENT }));
  assert.equal(status, 401);
});

test('a user token of another client is rejected', { skip }, async () => {
  assert.equal((await minting(await issuer.token('ana', { azp: 'other' }))).status, 401);
});

test('an agent with a wrong secret gets no token', { skip }, async () => {
  const authorization = `Basic ${Buffer.from('bench-agent:wrong').toString('base64')}`;
  assert.equal((await minting(undefined, { authorization })).status, 401);
});

test('a work that returns anything else than expected ends the comparison', { skip }, async () => {
  const requests = await peer.work.apiKey.prepare();
  await assert.rejects(
    connections.send(requests, () => false),
    /unexpected response with status 200/,
  );
});
