/** The CloudWatch namespace of all metrics: those that begin with `AWS/` belong to AWS. */
export const METRICS_NAMESPACE = 'AgentIdentity';

/** The dimension of all metrics in the namespace that separates the deployments of one account and Region. */
export const DEPLOYMENT_DIMENSION = 'Deployment';
