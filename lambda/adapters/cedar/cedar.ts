/** Decisions and validation by Cedar (WebAssembly), which is loaded with the first one. */
import type {
  AuthorizationCall,
  DetailedError,
  PolicyJson,
  SchemaJson,
  ValidationError,
} from '@cedar-policy/cedar-wasm/nodejs';
import {
  GATEWAY,
  NAMESPACE,
  type ActionType,
  type Cedar,
  type CedarRequest,
  type PolicySet,
  type StatementScope,
} from '../../domain/gateway/cedar';

/** Its functions are in the default export, which is all that an ES module gets of a CommonJS module in a bundle. */
const load = async () => (await import('@cedar-policy/cedar-wasm/nodejs')).default;
type Library = Awaited<ReturnType<typeof load>>;

const texts = (errors: readonly DetailedError[]): readonly string[] =>
  errors.map(({ message, help }) => (help ? `${message} (${help})` : message));

/** Keeps no statement: an error is logged. */
const failed = (what: string): Error => new Error(`Cedar failed: ${what}`);

/** Sets that are kept parsed. The library forgets none, so a new set takes the name of the one that was unused longest. */
const MAX_PARSED = 20;

/** A set in the library. */
interface ParsedSet {
  /** In the library. */
  readonly name: string;
  /** For lists of tools: the policies by ID. */
  policies?: ReadonlyMap<string, PolicyJson>;
}

/** Returns the request as the library takes it. */
const asked = ({ principal, action, resource, context, entities }: CedarRequest) =>
  ({ principal, action, resource, context, entities }) as unknown as Omit<AuthorizationCall, 'policies'>;

/** Returns the texts of the actions and gateways in the scope of a policy. */
function scopeOf({ action, resource }: PolicyJson): StatementScope {
  const named =
    action.op === 'All'
      ? []
      : 'entities' in action
        ? action.entities
        : 'entity' in action
          ? [action.entity]
          : [];
  const of = (resource.op === '==' || resource.op === 'in') && 'entity' in resource ? [resource.entity] : [];
  const uids = (entities: typeof named) => entities.map((uid) => ('__entity' in uid ? uid.__entity : uid));
  return {
    actions: uids(named).map(({ id }) => id),
    gateways: uids(of).flatMap(({ type, id }) => (type === GATEWAY ? [id] : [])),
  };
}

function parsedPolicy({ policyToJson }: Library, statement: string): PolicyJson {
  const parsed = policyToJson(statement);
  if (parsed.type === 'failure') throw failed('a stored policy is not valid');
  return parsed.json;
}

/** Returns whether a policy can apply to an action, by its scope. */
function concerns({ action }: PolicyJson, { entities, action: called }: CedarRequest): boolean {
  if (action.op === 'All') return true;
  const parents = entities.flatMap(({ uid, parents: its }) =>
    uid.type === called.type && uid.id === called.id ? its.map(({ id }) => id) : [],
  );
  return scopeOf({ action, resource: { op: 'All' } } as PolicyJson).actions.some(
    (id) => id === called.id || parents.includes(id),
  );
}

const principalTypes = ['OAuthUser', 'IamEntity'];

const schemaOf = (actions: Readonly<Record<string, ActionType>>): SchemaJson<string> =>
  ({
    [NAMESPACE]: {
      entityTypes: {
        OAuthUser: { tags: { type: 'String' } },
        IamEntity: { shape: { type: 'Record', attributes: { id: { type: 'String' } } } },
        Gateway: {},
      },
      actions: Object.fromEntries(
        Object.entries(actions).map(([id, { memberOf, context }]) => [
          id,
          {
            memberOf,
            ...(context && { appliesTo: { principalTypes, resourceTypes: ['Gateway'], context } }),
          },
        ]),
      ),
    },
  }) as unknown as SchemaJson<string>;

export function createCedar(): Cedar {
  /** By key, first the one that was unused longest. */
  const sets = new Map<string, ParsedSet>();
  const freeNames = Array.from({ length: MAX_PARSED }, (_, at) => `set-${at}`);

  function freeName(): string {
    const [oldest] = sets;
    if (freeNames.length === 0 && oldest) {
      sets.delete(oldest[0]);
      freeNames.push(oldest[1].name);
    }
    const name = freeNames.pop();
    if (name === undefined) throw new Error('each name is free or in use');
    return name;
  }

  function parsed({ preparsePolicySet }: Library, statements: PolicySet['statements']): ParsedSet {
    const name = freeName();
    const answer = preparsePolicySet(name, { staticPolicies: { ...statements } });
    if (answer.type === 'success') return { name };
    freeNames.push(name);
    throw failed('a stored policy is not valid');
  }

  function prepared(library: Library, { key, statements }: PolicySet): ParsedSet {
    const set = sets.get(key) ?? parsed(library, statements);
    sets.delete(key);
    sets.set(key, set);
    return set;
  }

  return {
    async evaluate(policies, request) {
      const library = await load();
      const { name: preparsedPolicySetId } = prepared(library, policies);
      const answer = library.statefulIsAuthorized({ ...asked(request), preparsedPolicySetId });
      if (answer.type === 'failure') throw failed('the request is not valid');
      const { decision, diagnostics } = answer.response;
      return {
        decision,
        determining: diagnostics.reason,
        failed: diagnostics.errors.map(({ policyId }) => policyId),
      };
    },
    async couldPermit(policies, requests) {
      const library = await load();
      const set = prepared(library, policies);
      set.policies ??= new Map(
        Object.entries(policies.statements).map(([id, statement]) => [id, parsedPolicy(library, statement)]),
      );
      const { policies: its } = set;
      return requests.map((request) => {
        const staticPolicies = Object.fromEntries([...its].filter(([, policy]) => concerns(policy, request)));
        const answer = library.isAuthorizedPartial({ ...asked(request), policies: { staticPolicies } });
        if (answer.type === 'failure') throw failed('the request is not valid');
        const { decision, errored } = answer.response;
        return decision !== 'deny' && errored.length === 0;
      });
    },
    async parse(statement) {
      const parsed = (await load()).policyToJson(statement);
      return parsed.type === 'failure' ? { faults: texts(parsed.errors) } : { scope: scopeOf(parsed.json) };
    },
    async validate(statement, actions) {
      const { validate } = await load();
      const answer = validate({
        schema: schemaOf(actions),
        policies: { staticPolicies: { policy: statement } },
      });
      if (answer.type === 'failure') return texts(answer.errors);
      const found: readonly ValidationError[] = [...answer.validationErrors, ...answer.validationWarnings];
      return texts(found.map(({ error }) => error)).map((text) => text.replace(/^for policy `policy`, /, ''));
    },
  };
}
