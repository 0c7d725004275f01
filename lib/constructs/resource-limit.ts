/** The number of resources in a stack, which CDK checks without saying what to do. */
import { CfnResource, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Source: CloudFormation user guide, "Understand CloudFormation quotas". */
const MAX_RESOURCES = 500;

const LIMITED = new WeakSet<Stack>();

/** Makes synthesis fail if the stack of an API has more resources than AWS CloudFormation accepts. */
export function limitResources(scope: Construct): void {
  const stack = Stack.of(scope);
  if (LIMITED.has(stack)) return;
  LIMITED.add(stack);
  stack.node.addValidation({
    validate: () => {
      const { length } = stack.node
        .findAll()
        .filter((construct) => CfnResource.isCfnResource(construct) && construct.stack === stack);
      if (length <= MAX_RESOURCES) return [];
      return [
        `The stack has ${length} resources, and AWS CloudFormation accepts ${MAX_RESOURCES}. Put the agents, providers, portals, and endpoints that are not deployed yet into another stack of the app. Before the first deployment, you can also move the service into its own stack.`,
      ];
    },
  });
}
