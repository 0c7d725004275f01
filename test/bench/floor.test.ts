/**
 * The floor of the benchmark returns what the service returns, with the same requests. Otherwise, it would be too low. Nothing
 * here asserts a time.
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import {
  calculateJwkThumbprint,
  compactDecrypt,
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  jwtVerify,
  type JWK,
} from 'jose';
import { sealed } from '../../scripts/bench/floor/jose';
import { buildFloors, FLOORS, type Floor, type FloorGroup } from '../../scripts/bench/floor-bundles';
import { FunctionProcess, type Call } from '../../scripts/bench/function-process';
import { PARTS, PART_NAMES } from '../../scripts/bench/parts';
import { parseSettings } from '../../scripts/bench/settings';
import { prepareStage, startWorld, type Measured, type Stage } from '../../scripts/bench/stage';
import { bundleOf } from '../../scripts/build/functions';
import { itWithAllCases } from '../all-cases';
import { temporaryFolder } from '../environment/temporary-folder';

type Body = Readonly<Record<string, string>>;

/** The responses to one call of each operation, first cold and then warm, and the requests of the warm calls. */
interface Answers {
  readonly bodies: readonly Body[];
  readonly requests: readonly string[];
}

const folder = temporaryFolder('bench');
let stage: Stage;
let floorOf: (group: FloorGroup, floor: Floor) => string;

beforeAll(async () => {
  floorOf = await buildFloors(folder);
  stage = await prepareStage(await startWorld());
});
afterAll(() => stage.world.stop());

async function answersOf(bundle: string, calls: readonly Call[]): Promise<Answers> {
  const called = await FunctionProcess.start({ node: process.execPath, bundle, calls });
  const bodies: Body[] = [];
  while (bodies.length < calls.length) {
    const { response } = await called.run(1);
    bodies.push(JSON.parse((response as { body: string }).body) as Body);
  }
  await called.run(calls.length);
  const requests = await called.requested(calls.length);
  await called.stop();
  return { bodies, requests };
}

/** Calls each operation of a group in both processes. */
async function bothOf(group: Measured['group'], clients: Floor) {
  const measured = stage.measured.filter((each) => each.group === group);
  const calls = measured.map(({ call }) => call);
  const [ours, floor] = [
    await answersOf(bundleOf(group), calls),
    await answersOf(floorOf(group, clients), calls),
  ];
  expect(floor.requests).toEqual(measured.map(() => 'BatchGetItem'));
  expect(ours.requests).toEqual(floor.requests);
  return measured.map(({ operation }, index) => ({
    operation,
    ours: ours.bodies[index] ?? {},
    floor: floor.bodies[index] ?? {},
  }));
}

/** Returns the header and the claims of a JWT, without those that differ between any two tokens. */
function comparable(token: string) {
  const { iat = 0, exp = 0, subject_token, ...claims } = decodeJwt(token);
  delete claims.jti;
  const { sealed: jwe, ...carried } = { ...(subject_token as { sealed: string } | undefined) };
  return {
    header: decodeProtectedHeader(token),
    claims,
    lifetime: exp - iat,
    carried,
    key: jwe === undefined ? undefined : decodeProtectedHeader(jwe).kid,
  };
}

describe.each(FLOORS)('the floor with the clients %s', (clients) => {
  it('issues workload access tokens with the claims and the signing key of the service', async () => {
    const response = await fetch(`${stage.world.local.endpoint}/.well-known/jwks.json`);
    const { keys } = (await response.json()) as { keys: JWK[] };
    const answers = await bothOf('token-exchange', clients);
    expect(answers).toHaveLength(3);
    for (const { ours, floor } of answers) {
      const token = floor.workloadAccessToken ?? '';
      expect(comparable(token)).toEqual(comparable(ours.workloadAccessToken ?? ''));
      const jwk = keys.find(({ kid }) => kid === decodeProtectedHeader(token).kid) ?? {};
      await jwtVerify(token, await importJWK(jwk, 'ES256'));
    }
  });

  it('returns the credentials of the service', async () => {
    const answers = await bothOf('credential-retrieval', clients);
    expect(answers).toHaveLength(4);
    for (const { ours, floor } of answers) {
      const { dpopProof: expected, ...credential } = ours;
      const { dpopProof: proof, ...others } = floor;
      expect(Object.values(credential)).not.toContain('');
      expect(others).toEqual(credential);
      expect(proof === undefined).toBe(expected === undefined);
      if (proof === undefined || expected === undefined) continue;
      const { jwk = { kty: '' } } = decodeProtectedHeader(proof);
      const { payload } = await jwtVerify(proof, await importJWK(jwk, 'ES256'), { typ: 'dpop+jwt' });
      const { htm, htu, ath } = decodeJwt(expected);
      expect(payload).toMatchObject({ htm, htu, ath });
      const { jwk: expectedJwk = { kty: '' } } = decodeProtectedHeader(expected);
      expect(await calculateJwkThumbprint(jwk)).toBe(await calculateJwkThumbprint(expectedJwk));
    }
  });

  it('publishes the keys of the service, and lists the grants of the service', async () => {
    const answers = await Promise.all(
      stage.starts
        .filter(({ group }) => group === 'grants' || group === 'oauth-callback')
        .map(async ({ group, call }) => ({
          group,
          ours: (await answersOf(bundleOf(group), [call])).bodies[0],
          floor: (await answersOf(floorOf(group, clients), [call])).bodies[0],
        })),
    );
    const keyIdsOf = (body: unknown) => (body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
    const countOf = (body: unknown) => (body as { grants: unknown[] }).grants.length;
    for (const { group, ours, floor } of answers) {
      const of = group === 'grants' ? countOf : keyIdsOf;
      expect(of(floor)).toEqual(of(ours));
    }
    expect(answers).toHaveLength(2);
  });
});

itWithAllCases('runs every part with a few calls', async () => {
  const settings = parseSettings(['--quick', '--operation', 'GetResourceApiKey']);
  for (const name of PART_NAMES) {
    const report = await PARTS[name]({ stage, settings, folder });
    expect(report.trim().split('\n').length).toBeGreaterThan(2);
    expect(report).not.toMatch(/NaN|undefined/);
  }
  expect(settings.parts).toEqual(['operations']);
  expect(parseSettings([]).parts).toEqual(PART_NAMES);
});

it('rejects a text that no operation has', async () => {
  const settings = parseSettings(['--quick', '--operation', 'Nonsense']);
  await expect(PARTS.operations({ stage, settings, folder })).rejects.toThrow(
    '--operation must be in the name of a measured operation. These are measured:\n  ',
  );
});

it.each([
  [['--only', 'nothing'], '--only "nothing" is no part of the benchmark. The parts are:\n  operations\n  '],
  [['--quick', '--peers'], '--peers must be the first option'],
  [['--unknown'], "Unknown option '--unknown'"],
])('rejects the options %j', (args, message) => {
  expect(() => parseSettings(args)).toThrow(message);
});

it('runs one part by its name', () => {
  expect(parseSettings(['--only', 'starts']).parts).toEqual(['starts']);
});

it('seals a user token that jose opens', async () => {
  const key = createSecretKey(randomBytes(32));
  const { plaintext, protectedHeader } = await compactDecrypt(sealed({ kid: 'one' }, 'a token', key), key);
  expect(new TextDecoder().decode(plaintext)).toBe('a token');
  expect(protectedHeader).toMatchObject({ alg: 'A256GCMKW', enc: 'A256GCM', kid: 'one' });
});
