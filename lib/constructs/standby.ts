/**
 * The services of one deployment in several Regions: they must have the same domain name, and only the identity Region
 * serves without a record of the writing Region (docs/another-region.md). Services of one app are compared with each other.
 */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct, type IConstruct } from 'constructs';
import type { ApiDomain } from './api-domain';
import { checkedAt } from './construct-error';
import { multiRegionKeyId } from './encryption-key-replica';
import { checkArnRegion } from './regions';
import type { IIdentityState } from './state';
import type { TableReplica } from './state-table';

/** The replicas of a state by its key, which only one deployment has. */
const REPLICAS = new WeakMap<IKey, readonly TableReplica[]>();

/** Registers the replicas of a state. */
export function registerReplicas(encryptionKey: IKey, replicas: readonly TableReplica[]): void {
  REPLICAS.set(encryptionKey, replicas);
}

interface RegionalService {
  readonly scope: Construct;
  readonly state: IIdentityState;
  readonly domain: ApiDomain | undefined;
}

/** The services of replicated deployments, by the root of their app. */
const SERVICES = new WeakMap<IConstruct, RegionalService[]>();

const regionOf = ({ scope }: RegionalService): string => Stack.of(scope).region;

const isKnown = (value: string | undefined): value is string =>
  value !== undefined && !Token.isUnresolved(value);

/** Returns whether a replica is under this key, or under one with the same key material. */
function isUnderKey({ encryptionKeyArn }: TableReplica, key: IKey): boolean {
  const id = multiRegionKeyId(encryptionKeyArn);
  return encryptionKeyArn === key.keyArn || (id !== undefined && id === multiRegionKeyId(key));
}

/** Returns what the standby has that is not as in the first Region's service of the same deployment. */
function differences(standby: RegionalService, home: RegionalService): string[] {
  const replicas = REPLICAS.get(home.state.encryptionKey) ?? [];
  if (!replicas.some((replica) => isUnderKey(replica, standby.state.encryptionKey))) return [];
  const { path } = home.scope.node;
  const homeRegion = regionOf(home);
  const [domainName, homeName] = [standby.domain?.domainName, home.domain?.domainName];
  const regions = replicas.map(({ region }) => region);
  return [
    ...(isKnown(homeRegion) && homeRegion !== standby.state.identityRegion
      ? [`identityRegion of the state must be ${homeRegion}, the Region of ${path}`]
      : []),
    ...(regions.every(isKnown) && !regions.includes(regionOf(standby))
      ? [`the stack must be in a Region of the replicas of ${path}: ${regions.join(', ')}`]
      : []),
    ...(isKnown(domainName) && (homeName === undefined || isKnown(homeName)) && domainName !== homeName
      ? [`domain.domainName must be the same as the name of ${path}`]
      : []),
  ];
}

/**
 * @throws Error for a standby that is not known to be outside the identity Region, or whose tokens and callback URLs would
 *   differ from those of the first Region
 */
function checkStandby({ scope, state, domain }: RegionalService): void {
  const { region } = Stack.of(scope);
  if (!isKnown(region) || region === state.identityRegion) {
    throw new Error(
      "the stack of a standby must have a Region (env.region) other than the state's identityRegion",
    );
  }
  checkArnRegion('state', state.tables.directory.tableArn, region);
  if (!domain) {
    throw new Error(
      'domain must be set, and be the domain name of the service in the first Region: a standby has the same issuer and callback URLs',
    );
  }
  if (domain.hostedZone) {
    throw new Error(
      'domain.hostedZone must not be set for a standby. Point the record of the name at the writing Region yourself.',
    );
  }
}

/**
 * The state of a first Region is of the stack of its key. In another stack of the app, the service of another Region or
 * account would consider itself the writing one, too.
 *
 * @throws Error for a service whose Region or account is known to differ from that of its state
 */
function checkPlace(scope: Construct, { tables: { directory }, identityRegion }: IIdentityState): void {
  if (identityRegion !== undefined || !Construct.isConstruct(directory)) return;
  const [service, state] = [Stack.of(scope), Stack.of(directory)];
  if (isKnown(service.region) && isKnown(state.region) && service.region !== state.region) {
    throw new Error(
      `state is in ${state.region}, so the service must be in that Region, not in ${service.region}. Otherwise, two Regions would write. For a standby, use an IdentityStateReplica as the state (docs/another-region.md).`,
    );
  }
  if (isKnown(service.account) && isKnown(state.account) && service.account !== state.account) {
    throw new Error(
      `state is in the account ${state.account}, so the service must be in that account, not in ${service.account}`,
    );
  }
}

/**
 * Checks the Region and the account of a service, and a service whose state is in several Regions.
 *
 * @throws Error for a service elsewhere than its state, and for a standby in the identity Region, or without a domain name. If the service of the first Region is in
 *   this app, synthesis fails for a standby that differs from it.
 */
export function checkReplication(scope: Construct, state: IIdentityState, domain?: ApiDomain): void {
  checkedAt(scope.node.path, () => {
    checkPlace(scope, state);
  });
  if (!state.replicated) return;
  const service: RegionalService = { scope, state, domain };
  const services = SERVICES.get(scope.node.root) ?? [];
  SERVICES.set(scope.node.root, [...services, service]);
  if (state.identityRegion !== undefined) {
    checkedAt(scope.node.path, () => {
      checkStandby(service);
    });
    scope.node.addValidation({
      validate: () =>
        (SERVICES.get(scope.node.root) ?? [])
          .filter((other) => other.state.identityRegion === undefined)
          .flatMap((home) => differences(service, home)),
    });
    return;
  }
  if (domain) return;
  Annotations.of(scope).addWarningV2(
    '@agent-identity/cdk:replicasWithoutDomain',
    'replicas: a failover to another Region needs a custom domain name, because the issuer and the callback URLs contain it. Set domain (docs/another-region.md).',
  );
}
