/**
 * AWS STS of the embedded cloud: AssumeRole of the one role for agents behind gateways, GetWebIdentityToken, by which the
 * service proves its identity, and the issuer of these tokens with its public keys. The operations accept only this run's credentials (AWS query protocol, XML responses).
 * Every program on this machine can read the issuer's documents, as everyone on the internet can read those of AWS.
 * Source: AWS STS API reference, AssumeRole and GetWebIdentityToken; IAM user guide, "Understanding token claims".
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import * as v from 'valibot';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { isAddressedToLoopback, listenOnLoopback, LOOPBACK, type Listening } from './loopback-server';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';
import { readBody } from './request-body';
import { AGENTS_ROLE_ARN, sessionToken } from './role-session';

/** The role of all functions of the embedded cloud. */
const ROLE_ARN = `arn:aws:iam::${LOCAL_ACCOUNT}:role/agent-identity-local`;

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const JWKS_PATH = '/.well-known/jwks.json';
const MAX_REQUEST_BYTES = 64 * 1024;

const ALGORITHMS = ['RS256', 'ES384'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

interface IssuerKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

type IssuerKeys = Awaited<ReturnType<typeof newIssuerKeys>>;

/** Letters, separators, and numbers of every script, and a few other characters. */
const tagText = (shortest: number, longest: number) =>
  v.pipe(v.string(), v.minLength(shortest), v.maxLength(longest), v.regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u));

const RequestSchema = v.object({
  Audience: v.pipe(
    v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(1000))),
    v.minLength(1),
    v.maxLength(10),
  ),
  DurationSeconds: v.pipe(v.number(), v.integer(), v.minValue(60), v.maxValue(3600)),
  SigningAlgorithm: v.picklist(ALGORITHMS),
  Tags: v.pipe(v.array(v.object({ Key: tagText(1, 128), Value: tagText(0, 256) })), v.maxLength(50)),
});

/** An error with the code that STS gives it. */
class StsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

export interface LocalSts extends Pick<Listening, 'close'> {
  /** Address of the operation, and `iss` of the tokens. */
  readonly endpoint: string;
  /** Whether outbound web identity federation is enabled for the account; `true` unless a test changes it. */
  federation: boolean;
}

/** @param credentials that callers of the operation must present */
export async function startSts(credentials: EmulatorCredentials): Promise<LocalSts> {
  let created: Promise<IssuerKeys> | undefined;
  /** Creates the keys when they are first used, because an RSA key takes time, and few runs use these tokens. */
  const issuerKeys = (): Promise<IssuerKeys> => (created ??= newIssuerKeys());
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const endpoint = `http://${LOOPBACK}:${port}`;
  const sts: LocalSts = { endpoint, close, federation: true };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const document = request.method === 'GET' ? await documentAt(request) : undefined;
      if (document) {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
        return;
      }
      if (!mayCallEmulator(request, credentials)) throw new StsError('AccessDenied', 'Access denied.', 403);
      sendXml(response, 200, await operate(await readForm(request)));
    } catch (error) {
      const known =
        error instanceof StsError ? error : new StsError('InternalFailure', 'The request failed.', 500);
      sendXml(response, known.status, errorXml(known));
    }
  }

  async function operate(form: URLSearchParams): Promise<string> {
    if (form.get('Action') === 'AssumeRole') return sessionXml(form);
    if (form.get('Action') !== 'GetWebIdentityToken') {
      throw new StsError('InvalidAction', 'The local service does not have this operation.');
    }
    const parsed = v.safeParse(RequestSchema, {
      Audience: listOf(form, 'Audience.member.'),
      DurationSeconds: Number(form.get('DurationSeconds') ?? 300),
      SigningAlgorithm: form.get('SigningAlgorithm'),
      Tags: tagsOf(form),
    });
    if (!parsed.success) {
      const where = v.getDotPath(parsed.issues[0]) ?? 'request';
      throw new StsError('ValidationError', `${where} is not valid.`);
    }
    if (!sts.federation) {
      throw new StsError(
        'OutboundWebIdentityFederationDisabledException',
        'Outbound web identity federation is not enabled for this account.',
        403,
      );
    }
    return tokenXml(parsed.output);
  }

  function sessionXml(form: URLSearchParams): string {
    if (form.get('RoleArn') !== AGENTS_ROLE_ARN) {
      throw new StsError('AccessDenied', 'The local service has no such role.', 403);
    }
    const tags = Object.fromEntries(tagsOf(form).map(({ Key, Value }) => [Key, Value]));
    // The characters of the parts need no escapes in XML.
    const token = sessionToken(tags, credentials);
    const { accessKeyId, secretAccessKey } = credentials;
    const expiration = new Date(
      Date.now() + Number(form.get('DurationSeconds') ?? 3600) * 1000,
    ).toISOString();
    return `<AssumeRoleResponse xmlns="${NAMESPACE}"><AssumeRoleResult><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  }

  async function tokenXml(request: v.InferOutput<typeof RequestSchema>): Promise<string> {
    const { kid, privateKey } = (await issuerKeys())[request.SigningAlgorithm];
    const issuedAt = Math.floor(Date.now() / 1000);
    const expiresAt = issuedAt + request.DurationSeconds;
    const [audience = '', ...others] = request.Audience;
    const token = await new SignJWT({
      'https://sts.amazonaws.com/': {
        aws_account: LOCAL_ACCOUNT,
        source_region: LOCAL_REGION,
        principal_id: ROLE_ARN,
        ...(request.Tags.length > 0 && {
          request_tags: Object.fromEntries(request.Tags.map(({ Key, Value }) => [Key, Value])),
        }),
      },
    })
      .setProtectedHeader({ alg: request.SigningAlgorithm, kid, typ: 'JWT' })
      .setIssuer(endpoint)
      .setSubject(ROLE_ARN)
      .setAudience(others.length > 0 ? request.Audience : audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .setJti(randomUUID())
      .sign(privateKey);
    const expiration = new Date(expiresAt * 1000).toISOString();
    return `<GetWebIdentityTokenResponse xmlns="${NAMESPACE}"><GetWebIdentityTokenResult><WebIdentityToken>${token}</WebIdentityToken><Expiration>${expiration}</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`;
  }

  async function documentAt(request: IncomingMessage): Promise<object | undefined> {
    if (!isAddressedToLoopback(request)) return undefined;
    if (request.url === JWKS_PATH) {
      return { keys: Object.values(await issuerKeys()).map(({ publicJwk }) => publicJwk) };
    }
    if (request.url !== '/.well-known/openid-configuration') return undefined;
    return {
      issuer: endpoint,
      jwks_uri: `${endpoint}${JWKS_PATH}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ALGORITHMS,
    };
  }

  return sts;
}

async function newIssuerKeys() {
  return { RS256: await newIssuerKey('RS256'), ES384: await newIssuerKey('ES384') };
}

async function newIssuerKey(alg: Algorithm): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const kid = randomUUID();
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Members of a list, which the query protocol counts from one. */
function listOf(form: URLSearchParams, prefix: string): string[] {
  const values: string[] = [];
  for (let at = 1; form.has(`${prefix}${at}`); at += 1) values.push(form.get(`${prefix}${at}`) ?? '');
  return values;
}

function tagsOf(form: URLSearchParams): { Key: string; Value: string }[] {
  const tags: { Key: string; Value: string }[] = [];
  for (let at = 1; form.has(`Tags.member.${at}.Key`); at += 1) {
    const [Key, Value] = ['Key', 'Value'].map((name) => form.get(`Tags.member.${at}.${name}`) ?? '');
    tags.push({ Key: Key ?? '', Value: Value ?? '' });
  }
  return tags;
}

/** All codes and messages are in this file, and contain nothing that XML must escape. */
const errorXml = ({ code, message, status }: StsError): string =>
  `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;

function sendXml(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const body = await readBody(request, MAX_REQUEST_BYTES);
  if (!body) throw new StsError('ValidationError', 'The request is too large.');
  return new URLSearchParams(body.toString('utf8'));
}
