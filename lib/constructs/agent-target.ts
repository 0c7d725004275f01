/** The agent behind an endpoint. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Target } from '../../lambda/contract/configuration';

export class AgentTarget {
  /**
   * A Lambda function, invoked with response streaming and an event in the form of function URLs, so that AWS's Lambda
   * Web Adapter and functions made by `awslambda.streamifyResponse` run behind it; a buffered answer is taken too.
   *
   * @param agent the function, or a version or alias of it
   */
  static lambda({ functionArn }: Pick<IFunction, 'functionArn'>): AgentTarget {
    return new AgentTarget({ kind: 'lambda', functionArn }, [
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] }),
    ]);
  }

  /**
   * An https address that is POSTed to, whole, such as `https://agent.example/invocations`. It must be public:
   * addresses of private networks are refused.
   */
  static url(url: string): AgentTarget {
    return new AgentTarget({ kind: 'url', url }, []);
  }

  /**
   * @param configuration as the gate has it
   * @param statements what the gate's role needs to reach it
   */
  private constructor(
    readonly configuration: Target,
    readonly statements: readonly PolicyStatement[],
  ) {}
}
