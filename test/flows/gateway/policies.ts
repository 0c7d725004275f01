/** Policy engines for the gateways of tests. */
import type { World } from '../support/world';
import type { TestGateway } from './gateways';

let names = 0;

export class TestEngine {
  private constructor(
    readonly control: ReturnType<World['control']>,
    readonly id: string,
    readonly arn: string,
  ) {}

  static async create({ control }: Pick<TestGateway, 'control'>): Promise<TestEngine> {
    const name = `engine_${(names += 1)}`;
    const { policyEngineId = '', policyEngineArn = '' } = await control.createPolicyEngine({ name });
    return new TestEngine(control, policyEngineId, policyEngineArn);
  }

  /** Adds a policy. @returns its ID */
  async add(
    statement: string,
    modes: { enforcementMode?: 'LOG_ONLY'; validationMode?: 'IGNORE_ALL_FINDINGS' } = {},
  ): Promise<string> {
    const { policyId = '' } = await this.control.createPolicy({
      policyEngineId: this.id,
      name: `policy_${(names += 1)}`,
      definition: { cedar: { statement } },
      ...modes,
    });
    return policyId;
  }
}

/** Has the engine decide what the gateway forwards; without an engine, nothing is decided. */
export async function decideWith(
  gateway: TestGateway,
  engine: TestEngine | undefined,
  mode: 'ENFORCE' | 'LOG_ONLY' = 'ENFORCE',
): Promise<void> {
  const { control, id: gatewayIdentifier } = gateway;
  const present = await control.getGateway({ gatewayIdentifier });
  await control.updateGateway({
    gatewayIdentifier,
    name: present.name,
    roleArn: present.roleArn,
    authorizerType: present.authorizerType,
    authorizerConfiguration: present.authorizerConfiguration,
    protocolType: present.protocolType,
    ...(engine && { policyEngineConfiguration: { arn: engine.arn, mode } }),
  });
}
