/**
 * The gateways of a deployment: one function behind two REST APIs, for gateways with user tokens and for gateways with IAM.
 * The function is a caller of the identity service. It cannot open the vault, sign a token, or write the directory.
 */
import { CfnOutput, Duration, Stack, Token, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import type { IpAddressType, ThrottleSettings } from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import * as v from 'valibot';
import { AllowedOriginsSchema } from '../../lambda/domain/gate/allowed-origins';
import { LimitPolicySchema } from '../../lambda/domain/gateway/limit-policy';
import { validConfiguration } from '../../lambda/domain/configuration';
import { invalidFields } from '../../lambda/domain/invalid-fields';
import { RoleArnPatternSchema } from '../../lambda/model/gateway/gateway-configuration';
import type { OperationName } from '../../lambda/operations';
import { auditLogGroupIdOf } from '../../lambda/operations/groups';
import { addAgentsRole } from './agents-role';
import type { ApiDomain } from './api-domain';
import type { CallerNetwork } from './caller-network';
import { checkedAt } from './construct-error';
import { MAX_STREAM_DURATION } from './endpoint-api';
import { functionAccess } from './function-access';
import { functionCode } from './function-code';
import { checkFunctions, type FunctionSettings } from './function-settings';
import { GatewayApi } from './gateway-api';
import { operationArn } from './invocation';
import type { InvokedApi } from './invoked-api';
import type { LogKey } from './log-key';
import { GATEWAY_PERMISSIONS } from './permissions';
import type { PropNames } from './prop-names';
import { PublishedFunction } from './service-function';
import { STAGE, type ServiceApi } from './service-api';
import { outboundVariables, type PrivateDestination } from './service-network';
import type { SharedStageSecret } from './stage-secret';
import type { IIdentityState } from './state';
import type { WebAcl } from './web-acl';

/** Settings of the functions of gateways. */
export interface GatewayFunctionSettings {
  /**
   * Forwards requests, and streams the responses.
   * @default - 512 MiB; no reserved and no provisioned concurrency
   */
  readonly gateway?: FunctionSettings;
  /**
   * Validates the user tokens of requests to gateways with `CUSTOM_JWT`.
   * @default - 1024 MiB; no reserved and no provisioned concurrency
   */
  readonly authorizer?: FunctionSettings;
}

/** Limits of all gateways, in addition to the rate limits that their owners set. */
export interface GatewayLimits {
  /**
   * What happens to a request whose limits cannot be counted, because the table is unavailable or throttled: `ALLOW`, as in
   * AWS, or `DENY`, with a 503.
   * @default ALLOW
   */
  readonly onFailure?: 'ALLOW' | 'DENY';
  /**
   * Responses that one user of one agent can have open at the same time, over all gateways of one owner: 1 to 1000.
   * @default 10
   */
  readonly openResponsesPerCaller?: number;
  /**
   * Responses that can be open at the same time at the gateways of one owner: 1 to 1000. Each holds one execution of the
   * function, and owners share the concurrency of the account.
   * @default 100
   */
  readonly openResponsesPerOwner?: number;
}

/** The APIs and functions that serve gateways. */
export interface GatewaysProps {
  /**
   * A custom domain name for the gateways with user tokens (`CUSTOM_JWT`).
   * @default - API Gateway's own address
   */
  readonly jwtDomain?: ApiDomain;
  /**
   * A custom domain name for the gateways with IAM (`AWS_IAM`).
   * @default - API Gateway's own address
   */
  readonly iamDomain?: ApiDomain;
  /**
   * Limits of each method of each API, over all gateways.
   * @default - a `rateLimit` of 100 requests per second, and a `burstLimit` of 200
   */
  readonly throttle?: ThrottleSettings;
  /**
   * A web ACL (AWS WAF) in front of both APIs.
   * @default - none
   */
  readonly webAcl?: WebAcl;
  /**
   * The origins of web pages whose scripts can call the gateways with user tokens, exactly as browsers send them in `Origin`:
   * https, or http on a loopback host, such as `https://app.example` and `http://localhost:5173`. Up to 10, without wildcards.
   * @default - none: scripts of other origins can read no response
   */
  readonly allowedOrigins?: string[];
  /**
   * ARNs of the IAM roles with which gateways can sign requests to their targets (`GATEWAY_IAM_ROLE`). `*` and `?` are
   * wildcards. The trust policy of a role decides which owners of gateways can use it (docs/gateways.md). Up to 30.
   * @default - none: gateways sign no requests
   */
  readonly targetRoles?: string[];
  /**
   * Whether targets of gateways can get the user tokens of their callers (`JWT_PASSTHROUGH`). Such a target can use the token
   * as the user, also at the gateway and at this service.
   * @default false
   */
  readonly jwtPassthrough?: boolean;
  /**
   * Limits of all gateways: the responses that are open at the same time, and what happens if nothing can be counted.
   * @default - those of {@link GatewayLimits}
   */
  readonly limits?: GatewayLimits;
  /**
   * Memory, concurrency, environment, layers, and tracing of the functions.
   * @default - those of each function
   */
  readonly functions?: GatewayFunctionSettings;
}

export const GATEWAYS_PROPS: PropNames<GatewaysProps> = {
  jwtDomain: 'optional',
  iamDomain: 'optional',
  throttle: 'optional',
  webAcl: 'optional',
  allowedOrigins: 'optional',
  targetRoles: 'optional',
  jwtPassthrough: 'optional',
  limits: 'optional',
  functions: 'optional',
};

/** As for private destinations: the roles are in the environment of functions. */
const MAX_TARGET_ROLES = 30;

/** @throws Error for roles that cannot be in a policy */
function checkTargetRoles(roles: readonly string[]): void {
  if (roles.length > MAX_TARGET_ROLES) {
    throw new Error(`gateways.targetRoles: must be up to ${MAX_TARGET_ROLES}; use wildcards for more`);
  }
  roles.forEach((role, index) => {
    const parsed = v.safeParse(RoleArnPatternSchema, role);
    if (!Token.isUnresolved(role) && !parsed.success) {
      throw new Error(`gateways.targetRoles[${index}]: ${parsed.issues[0].message}`);
    }
  });
}

/** The operations with which the gateway gets a token for each call, and the credential of the target. */
const CALLED: readonly OperationName[] = [
  'GetWorkloadAccessToken',
  'GetWorkloadAccessTokenForJWT',
  'GetWorkloadAccessTokenForUserId',
  'GetResourceOauth2Token',
  'RejectResourceOauth2Token',
  'GetResourceDpopProof',
  'GetResourceApiKey',
];

/** MiB, as for an agent endpoint: the gateway is billed while it waits and streams, and the authorizer only computes. */
export const MEMORY_SIZE = { gateway: 512, authorizer: 1024 } as const;

/** The issuer's metadata and keys, up to 5 seconds each, and a read. */
const AUTHORIZER_TIMEOUT = Duration.seconds(15);

/** The API of the gateways with IAM, as grants name it. */
export class InvokedGatewayApi extends Construct implements InvokedApi {
  readonly stage = STAGE;

  constructor(
    scope: Construct,
    id: string,
    readonly restApiId: string,
  ) {
    super(scope, id);
  }
}

/** @throws Error for an origin that no browser sends */
function checkAllowedOrigins(origins: readonly string[]): void {
  const parsed = v.safeParse(AllowedOriginsSchema, origins);
  if (parsed.success) return;
  const [fault] = invalidFields(parsed.issues);
  const where = fault?.name ? `.${fault.name}` : '';
  throw new Error(`gateways.allowedOrigins${where}: ${fault?.message}`);
}

/** @throws Error that names the member */
function checkLimits(limits: GatewayLimits): void {
  validConfiguration(LimitPolicySchema, 'gateways.limits', limits);
}

/** Tells cdk-nag why the policy of the gateway function names roles by patterns. */
function acknowledgeRoles({ executionRole }: PublishedFunction, roles: readonly string[]): void {
  for (const role of roles.filter((pattern) => !Token.isUnresolved(pattern) && /[*]/.test(pattern))) {
    Validations.of(executionRole).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${role}]`,
      reason: 'The operator states the pattern, and each role decides by its trust policy.',
    });
  }
}

export interface GatewaysDefinition extends GatewaysProps {
  readonly deployment: string;
  readonly state: IIdentityState;
  /** The service's API, which the gateway function calls. */
  readonly service: Pick<ServiceApi, 'baseUrl' | 'restApiId'>;
  readonly stageSecret: SharedStageSecret;
  readonly logKey: LogKey;
  readonly logRetention: RetentionDays;
  readonly auditRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
  readonly securityPolicy?: string;
  readonly ipAddressType?: IpAddressType;
  readonly network: CallerNetwork | 'internet';
  readonly privateDestinations: readonly PrivateDestination[];
  readonly namesInMetrics: boolean;
}

/** Children: `Jwt` and `Iam`, the APIs; for each function `{name}`, `{name}-role`, and `{name}-logs`. */
export class Gateways extends Construct {
  /** Addresses under which the IDs of gateways follow. */
  readonly jwtUrl: string;
  readonly iamUrl: string;
  /** The API of the gateways with IAM. */
  readonly iam: InvokedApi;
  /** ARN of the role of the gateway function, which the roles of gateways trust. */
  readonly roleArn: string;
  /** ARN of the role with which the gateway function invokes agents, which the functions of agents allow. */
  readonly agentsRoleArn: string;
  /** JSON of the roles that gateways can assume; undefined for none. */
  readonly targetRoles?: string;
  /** Whether targets can get user tokens. */
  readonly jwtPassthrough: boolean;
  readonly functions: {
    readonly gateway: PublishedFunction;
    readonly 'gateway-authorizer': PublishedFunction;
  };

  constructor(scope: Construct, id: string, props: GatewaysDefinition) {
    super(scope, id);
    const {
      functions: settings = {},
      allowedOrigins,
      targetRoles = [],
      limits,
      stageSecret,
      webAcl,
      securityPolicy,
      service,
    } = props;
    checkedAt(scope.node.path, () => {
      checkFunctions('gateways.functions', Object.keys(MEMORY_SIZE), settings);
      checkTargetRoles(targetRoles);
      if (allowedOrigins) checkAllowedOrigins(allowedOrigins);
      if (limits) checkLimits(limits);
    });
    if (targetRoles.length > 0) this.targetRoles = Stack.of(this).toJsonString(targetRoles);
    const apiSettings = {
      deployment: props.deployment,
      logKey: props.logKey,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
      throttle: props.throttle ?? {},
      ...(webAcl && { webAcl }),
      ...(securityPolicy !== undefined && { securityPolicy }),
      ...(props.ipAddressType && { ipAddressType: props.ipAddressType }),
    };
    const withDomain = (domain: ApiDomain | undefined) => ({ ...apiSettings, ...(domain && { domain }) });
    const jwt = new GatewayApi(this, 'Jwt', 'CUSTOM_JWT', withDomain(props.jwtDomain), allowedOrigins);
    const iam = new GatewayApi(this, 'Iam', 'AWS_IAM', withDomain(props.iamDomain));
    this.jwtPassthrough = props.jwtPassthrough ?? false;
    this.jwtUrl = jwt.baseUrl;
    this.iamUrl = iam.baseUrl;

    const addFunction = (
      name: 'gateway' | 'gateway-authorizer',
      setting: keyof GatewayFunctionSettings,
      timeout: Duration,
      statements: readonly PolicyStatement[],
    ): PublishedFunction => {
      const access = functionAccess(GATEWAY_PERMISSIONS[name], { state: props.state, tokenVaultKeys: [] });
      return new PublishedFunction(this, name, {
        code: functionCode(name),
        description: `agent-identity: ${name}`,
        deployment: props.deployment,
        roleId: `${name}-role`,
        logGroupId: auditLogGroupIdOf(name),
        policy: { name, statements: [...access.statements, ...statements] },
        memorySize: MEMORY_SIZE[setting],
        settings: settings[setting] ?? {},
        timeout,
        logRetention: props.auditRetention,
        logKey: props.logKey,
        removalPolicy: props.removalPolicy,
        network: props.network,
        environment: {
          ...access.environment,
          ...checkedAt(scope.node.path, () =>
            outboundVariables(this, props.network, props.privateDestinations),
          ),
          GATEWAY_JWT_URL: this.jwtUrl,
          GATEWAY_IAM_URL: this.iamUrl,
          STAGE_SECRET_HASH: stageSecret.hash,
          ...(name === 'gateway' && {
            IDENTITY_ENDPOINT: service.baseUrl,
            ...(this.targetRoles !== undefined && { GATEWAY_TARGET_ROLES: this.targetRoles }),
            ...(allowedOrigins && { GATEWAY_ALLOWED_ORIGINS: JSON.stringify(allowedOrigins) }),
            ...(this.jwtPassthrough && { GATEWAY_JWT_PASSTHROUGH: 'true' }),
            ...(limits && { GATEWAY_LIMITS: JSON.stringify(limits) }),
          }),
          ...(props.namesInMetrics && { NAMES_IN_METRICS: 'true' }),
        },
      });
    };
    const gateway = addFunction('gateway', 'gateway', MAX_STREAM_DURATION, [
      new PolicyStatement({
        actions: ['execute-api:Invoke'],
        resources: CALLED.map((operation) =>
          operationArn(this, { restApiId: service.restApiId, stage: STAGE }, operation),
        ),
      }),
      ...(targetRoles.length > 0
        ? [new PolicyStatement({ actions: ['sts:AssumeRole'], resources: targetRoles })]
        : []),
    ]);
    acknowledgeRoles(gateway, targetRoles);
    this.agentsRoleArn = addAgentsRole(this, gateway.executionRole.roleArn).roleArn;
    gateway.addEnvironment('GATEWAY_AGENTS_ROLE_ARN', this.agentsRoleArn);
    const authorizer = addFunction('gateway-authorizer', 'authorizer', AUTHORIZER_TIMEOUT, []);
    this.functions = { gateway, 'gateway-authorizer': authorizer };
    jwt.connect(this.functions, stageSecret.secret);
    iam.connect({ gateway }, stageSecret.secret);
    this.iam = new InvokedGatewayApi(this, 'Invoked', iam.restApiId);
    this.roleArn = gateway.executionRole.roleArn;
    this.addOutput('GatewaysJwtUrl', this.jwtUrl, 'user tokens');
    this.addOutput('GatewaysIamUrl', this.iamUrl, 'IAM');
    new CfnOutput(this, 'GatewaysIamRestApiId', {
      value: iam.restApiId,
      description: 'Gateways with IAM: gatewaysIamRestApiId of AgentIdentity.fromAgentIdentityAttributes',
    });
    new CfnOutput(this, 'GatewayAgentsRoleArn', {
      value: this.agentsRoleArn,
      description:
        'Role that the functions of agents allow: gatewayAgentsRoleArn of fromAgentIdentityAttributes',
    });
    new CfnOutput(this, 'GatewaysRoleArn', {
      value: this.roleArn,
      description: 'Role that the roles of gateways trust: gatewaysRoleArn of fromAgentIdentityAttributes',
    });
  }

  private addOutput(id: string, value: string, callers: string): void {
    new CfnOutput(this, id, { value, description: `Gateways with ${callers}: the ID of a gateway follows` });
  }
}
