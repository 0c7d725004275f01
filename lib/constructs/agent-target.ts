/** The agent behind an endpoint. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Alias, Function as LambdaFunction, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Target } from '../../lambda/domain/gate/agent-endpoint';

/** The agent behind an endpoint. */
export class AgentTarget {
  /**
   * A Lambda function. The gate invokes it with response streaming and an event in the format of function URLs. AWS
   * Lambda Web Adapter and functions made by `awslambda.streamifyResponse` work with it. The gate also accepts a
   * buffered response.
   *
   * @param agent the function, or one of its versions or aliases
   */
  static lambda(agent: IFunction | LambdaFunction | Alias): AgentTarget {
    const { functionArn } = agent;
    return new AgentTarget({ kind: 'lambda', functionArn }, [
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] }),
    ]);
  }

  /**
   * An https URL to which the gate sends POST requests, such as `https://agent.example/invocations`. An agent in a private
   * network needs `network` and `privateDestinations` of the endpoint.
   */
  static url(url: string): AgentTarget {
    return new AgentTarget({ kind: 'url', url }, []);
  }

  /**
   * The target in the gate's configuration.
   * @internal
   */
  readonly _configuration: Target;
  /**
   * Statements that the gate's role needs to invoke the agent.
   * @internal
   */
  readonly _statements: readonly PolicyStatement[];

  private constructor(configuration: Target, statements: readonly PolicyStatement[]) {
    this._configuration = configuration;
    this._statements = statements;
  }
}
