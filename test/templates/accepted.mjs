/**
 * Findings of cfn-lint and checkov that are accepted, and why. A finding that is not listed fails the check, and so does an
 * entry that no longer accepts any.
 */

export const ACCEPTED_OF_CFN_LINT = [
  {
    check: 'W3660',
    resource:
      /^\w+ApiRestApi[0-9A-F]{8}\/Properties\/Body: .*'\w+Api(UNAUTHORIZED|ACCESSDENIED)\w+' of type 'AWS::ApiGateway::GatewayResponse'/,
    why: "The challenge of an agent endpoint has the address of the API, so the API's own document cannot have it. An import of the document might remove the challenge, so it changes with the API, and is written again.",
  },
];

export const ACCEPTED = [
  {
    check: 'CKV_AWS_26',
    resource: /^AWS::SNS::Topic\.Alarms/,
    why: 'The example of several teams: the messages have names of alarms and agents, and CloudWatch cannot publish to a topic under the AWS managed key.',
  },
  {
    check: 'CKV_AWS_18',
    resource: /^AWS::S3::Bucket\.\w*AuditTrailBucket/,
    why: 'Server access logs are delivered on a best-effort basis, and prove nothing.',
  },
  {
    check: 'CKV_AWS_73',
    resource: /^AWS::ApiGateway::Stage\./,
    why: "X-Ray would record the query strings of callbacks, which contain authorization codes. The functions' own traces are a prop.",
  },
  {
    check: 'CKV_AWS_111',
    resource: /^AWS::IAM::Policy\.(AgentIdentityResources|\w+Gate|\w+Authorizer)\w*RoleDefaultPolicy/,
    why: 'Lambda creates network interfaces for a function in a VPC, and EC2 has no narrower resource for that.',
  },
  {
    check: 'CKV_AWS_111',
    resource: /^AWS::IAM::Role\.Identity\w+role/,
    file: /\/Private\.template\.json$/,
    why: 'The same, for a service in a VPC. The code of the functions cannot use this permission.',
  },
  {
    check: 'CKV_AWS_115',
    resource: /^AWS::Lambda::Function\./,
    why: 'Reserved concurrency takes from the limit of the account, which is 10 in a new one, so the operator decides: the prop `functions`.',
  },
  {
    check: 'CKV_AWS_116',
    resource: /^AWS::Lambda::Function\./,
    why: 'What must not get lost is in the table Revocations, and a schedule tries it again. An event in a queue would say less, and would contain data of people.',
  },
  {
    check: 'CKV_AWS_117',
    resource: /^AWS::Lambda::Function\./,
    why: 'The functions call authorization servers on the internet, and IAM guards the tables and keys, so a VPC would add a NAT gateway and no protection. Only what calls a private API is in a VPC.',
  },
  {
    check: 'CKV_AWS_120',
    resource: /^AWS::ApiGateway::Stage\./,
    why: 'A cache would keep tokens, and would answer for grants that were revoked.',
  },
  {
    check: 'CKV_AWS_158',
    resource: /^AWS::Logs::LogGroup\.Agent\d+Logs/,
    why: 'The logs of the agents in the example of several teams, which log nothing. CloudWatch Logs encrypts with its own key.',
  },
  {
    check: 'CKV_AWS_158',
    resource: /^AWS::Logs::LogGroup\.AgentIdentityResources\w*Logs/,
    why: 'The function that creates the resources of a stack logs no secrets. A key costs a dollar a month in each stack, and CloudWatch Logs encrypts with its own.',
  },
  {
    check: 'CKV_AWS_173',
    resource: /^AWS::Lambda::Function\./,
    why: 'The variables are names and ARNs; secrets are in Secrets Manager and the vault. Lambda encrypts variables with its own key.',
  },
];
