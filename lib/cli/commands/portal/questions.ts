/** The questions of `portal add`, and which of them the service's errors are about. */
import type { CliContext } from '../../context';
import { CliError, usageError, type ServiceFailure } from '../../failure';
import { printAside } from '../../output';
import { ask, askOptional, isInteractive } from '../../prompt';
import { logoOf, wordsOf, type Connection } from './config';

/** What the portal will be: options and answers. A rejected answer is replaced, and the others stay. */
export interface Draft {
  name?: string | undefined;
  agents?: readonly string[] | undefined;
  /** Names, IDs, or ARNs. */
  gateways?: readonly string[] | undefined;
  /** Name or ARN of the credential provider. */
  signIn?: string | undefined;
  scopes?: readonly string[] | undefined;
  audience?: string | undefined;
  description?: string | undefined;
  displayName?: string | undefined;
  color?: string | undefined;
  /** A `data:` URL. */
  logo?: string | undefined;
  /** Undefined: removed by a correction. */
  connections: (Connection | undefined)[];
}

interface Question {
  readonly text: string;
  /** How a script states it; only for what a portal must have. */
  readonly option?: string;
  /** @throws CliError if the answer cannot be right; undefined: the person left it out */
  readonly accept: (draft: Draft, answer: string | undefined) => void;
}

const onlyWord = (answer = ''): string => {
  const [word = '', ...others] = wordsOf(answer);
  if (others.length > 0) throw usageError('There can be only one name here.');
  return word;
};

const QUESTIONS = {
  name: {
    text: 'Name of the portal',
    option: 'the name of the portal',
    accept: (draft, answer) => (draft.name = onlyWord(answer)),
  },
  agents: {
    text: 'Agents (names, separated by spaces)',
    option: '--agent',
    accept: (draft, answer) => (draft.agents = wordsOf(answer ?? '')),
  },
  signIn: {
    text: 'Credential provider of the sign-in',
    option: '--sign-in',
    accept: (draft, answer) => (draft.signIn = onlyWord(answer)),
  },
  scopes: {
    text: 'Scopes of the sign-in (such as profile)',
    option: '--scope',
    accept: (draft, answer) => (draft.scopes = wordsOf(answer ?? '')),
  },
  audience: {
    text: 'Audience of the sign-in (Enter for none)',
    accept: (draft, answer) => (draft.audience = answer),
  },
  description: {
    text: 'Description for the owner (Enter for none)',
    accept: (draft, answer) => (draft.description = answer),
  },
  displayName: {
    text: 'Name on the pages (Enter for the name of the portal)',
    accept: (draft, answer) => (draft.displayName = answer),
  },
  color: {
    text: 'Color of links and buttons, such as #0b5fff (Enter for the usual one)',
    accept: (draft, answer) => (draft.color = answer),
  },
  logo: {
    text: 'Path of a logo (Enter for none)',
    accept: (draft, answer) => (draft.logo = answer === undefined ? undefined : logoOf(answer)),
  },
} as const satisfies Readonly<Record<string, Question>>;

type SingleAnswer = keyof typeof QUESTIONS;

export type Answer = SingleAnswer | `connections.${number}`;

const REQUIRED = ['name', 'agents', 'signIn', 'scopes'] as const satisfies readonly SingleAnswer[];
const OFFERED = ['displayName', 'color', 'logo'] as const satisfies readonly SingleAnswer[];

/** Returns the texts as a sentence has them. */
const inWords = (texts: readonly string[]): string =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(texts);

/** Asks until the answer can be right. */
async function put(context: CliContext, draft: Draft, answer: SingleAnswer): Promise<void> {
  const { text, option, accept }: Question = QUESTIONS[answer];
  for (;;) {
    const typed = option === undefined ? await askOptional(context, text) : await ask(context, text);
    try {
      accept(draft, typed);
      return;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      printAside(context, error.message);
    }
  }
}

async function askConnection(context: CliContext, position: number): Promise<Connection | undefined> {
  const workloadName = await askOptional(context, `Connection ${position}: agent (Enter for none)`);
  if (workloadName === undefined) return undefined;
  const credentialProviderName = await ask(context, `Connection ${position}: credential provider`);
  const scopes = await askOptional(context, `Connection ${position}: scopes, separated by spaces`);
  const purpose = await askOptional(
    context,
    `Connection ${position}: what the agent uses it for (Enter to leave it out)`,
  );
  return {
    ...{ workloadName, credentialProviderName, scopes: wordsOf(scopes ?? '') },
    ...(purpose !== undefined && { purpose }),
  };
}

async function putConnections(context: CliContext, draft: Draft): Promise<void> {
  printAside(context, 'Users can make connections on the page before an agent requests access.');
  for (;;) {
    const connection = await askConnection(context, draft.connections.length + 1);
    if (!connection) return;
    draft.connections.push(connection);
  }
}

/**
 * Asks for what the options do not state. A person who is asked for a necessary answer is offered the others, too.
 *
 * @throws CliError if a necessary one is missing, and there is no person
 */
export async function complete(context: CliContext, draft: Draft): Promise<void> {
  const missing = REQUIRED.filter(
    (answer) => draft[answer] === undefined && !(answer === 'agents' && draft.gateways),
  );
  if (missing.length === 0) return;
  if (!isInteractive(context)) {
    const options = missing.map((answer) => QUESTIONS[answer].option);
    throw usageError(`Set ${inWords(options)}.`);
  }
  for (const answer of missing) await put(context, draft, answer);
  for (const answer of OFFERED) if (draft[answer] === undefined) await put(context, draft, answer);
  if (draft.connections.length === 0) await putConnections(context, draft);
}

/** The members of the request that an answer sets. */
const MEMBERS: readonly (readonly [member: RegExp, answer: SingleAnswer])[] = [
  [/^name$/, 'name'],
  [/^sources/, 'agents'],
  [/^idpConfig\.credentialProviderArn$/, 'signIn'],
  [/^idpConfig\.scopes/, 'scopes'],
  [/^idpConfig\.audience$/, 'audience'],
  [/^description$/, 'description'],
  [/^branding\.name$/, 'displayName'],
  [/^branding\.color$/, 'color'],
  [/^branding\.logo$/, 'logo'],
];

function answerFor(member: string): Answer[] {
  const connection = /^connections\.(\d+)/.exec(member)?.[1];
  if (connection !== undefined) return [`connections.${Number(connection)}`];
  return MEMBERS.flatMap(([pattern, answer]) => (pattern.test(member) ? [answer] : []));
}

/** Returns the answers with the name of a resource that does not exist. */
function answersNaming({ agents, signIn, connections }: Draft, missing: string): Answer[] {
  const isNamed = (name: string | undefined): boolean => name === missing;
  return [
    ...(agents?.some(isNamed) ? (['agents'] as const) : []),
    ...(isNamed(signIn?.split('/').at(-1)) ? (['signIn'] as const) : []),
    ...connections.flatMap((connection, index): Answer[] =>
      isNamed(connection?.credentialProviderName) ? [`connections.${index}`] : [],
    ),
  ];
}

/** Returns the answers that the service rejects. */
export function rejectedAnswers(draft: Draft, { fields, problem }: ServiceFailure): Answer[] {
  if (problem?.code === 'NameTaken') return ['name'];
  if (problem?.code === 'ResourceNotFound') return answersNaming(draft, problem.values.name);
  return fields.flatMap(({ name }) => answerFor(name));
}

/** Replaces an answer. */
export async function askAgain(context: CliContext, draft: Draft, answer: Answer): Promise<void> {
  const connection = /^connections\.(\d+)$/.exec(answer)?.[1];
  if (connection === undefined) await put(context, draft, answer as SingleAnswer);
  else draft.connections[Number(connection)] = await askConnection(context, Number(connection) + 1);
}
