"""MiniStack, with additions that this project's roles need.

MiniStack evaluates IAM policies (AUTH=true), but without these conditions and operations of this project's roles:

* ``dynamodb:LeadingKeys``, the partition keys that a request names
  (DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control");
* ``kms:EncryptionContext:{name}``, the pairs of a request's encryption context
  (KMS developer guide, "AWS KMS condition keys");
* ``secretsmanager:ResourceTag/{key}``, the tags of the secret that a request names
  (Service authorization reference, "Condition keys for AWS Secrets Manager");
* ``aws:SourceVpce``, the VPC endpoint of a request to a private API. Functions in a VPC have one, and no other caller
  (IAM user guide, "AWS global condition context keys");
* ``ReEncrypt``, which MiniStack lacks: two permissions, ``kms:ReEncryptFrom`` on one key and ``kms:ReEncryptTo`` on the
  other (KMS API reference, "ReEncrypt"). Here it is a Decrypt and an Encrypt;
* the deletion of a KMS key, which MiniStack only schedules. A day of the waiting period lasts a second here.

It does not stream responses of functions: ``InvokeWithResponseStream`` returns the whole response, and is no action of
IAM (``lambda:InvokeFunction``, Lambda API reference). Its API Gateway invokes streaming integrations like others.

Its API Gateway imports the methods and authorizers of an OpenAPI document, but not its gateway responses, and its
CloudFormation replaces the API for another document. Here, the document has all that it states, and replaces what the same
API had. It also puts stage variables into the URIs of functions, and the context of an authorizer into gateway responses
(API Gateway developer guide, "Gateway responses": ``context.authorizer`` as for access logs).

Its CloudFormation rejects alarms on an expression or a query, so such an alarm gets one metric instead.

Its CloudFormation omits the network of a function, which it gets here. It rejects an update of a custom resource with
another function, as AWS CloudFormation does ("Modifying service token is not allowed").

Its CloudFormation takes responses on loopback, which the function that creates the stage secret rejects in Lambda. Here,
this function gets the variables of local-providers.ts.

Its CloudFormation ignores the replicas of a global table, and has no replica keys. Here, they are made by the API that
MiniStack has for them: UpdateTable with ReplicaUpdates, and ReplicateKey. It would also replace an updated global table.

Its CloudWatch Logs returns events without the ``eventId`` that FilterLogEvents returns in AWS (CloudWatch Logs API
reference, "FilteredLogEvent"), so they get one here.

Requests over loopback pass as encrypted in transit, because the bucket of ``cdk bootstrap`` accepts no others.
"""

import json
import os
import re
import time
import uuid
from contextvars import ContextVar
from pathlib import Path

import ministack.app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import apigateway_v1, cloudwatch_logs, dynamodb, kms, lambda_svc, secretsmanager
from ministack.services.cloudformation import custom_resource, provisioners

PARTITION_KEY = "pk"

# The form that the service writes: first the partition key of the table or index, with placeholders.
PARTITION_CONDITION = re.compile(r"^#\w+ = (:\w+)")

# Variables for all functions, for runs in which they use the addresses of AWS and of public hosts (test/docs/aws).
VARIABLES = json.loads(os.environ.get("FUNCTION_VARIABLES", "{}"))

# The function that creates the stage secret of the service, and its additional variables.
STAGE_SECRET_CREATOR = "agent-identity: key-rotation"
LOCAL_RESPONSES = {
    "LOOPBACK_PROVIDERS": "allowed",
    "NODE_OPTIONS": f"--require {Path(__file__).parent.parent / 'function' / 'on-this-machine.cjs'}",
}

# The host of an API in AWS. MiniStack's Node.js runtime sends such requests to MiniStack, which knows only its own host.
EXECUTE_API_HOST = re.compile(r"^([a-f0-9]{8})\.execute-api\.[\w.-]+(?::\d+)?$")

# A stage variable in the URI of a function.
STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")

# Of an API whose methods are resources of CloudFormation, as in the last release.
NO_DOCUMENT = {"paths": {}}

# ARN of the destination key of the current ReEncrypt request.
destination_key = ContextVar("destination_key")

# What the authorizer of the current request returned for gateway responses, and their mapping expression.
authorizer_context = ContextVar("authorizer_context")
AUTHORIZER_VALUE = "context.authorizer."

ENCRYPTION_CONTEXTS = ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext")


def leading_keys(request):
    """Partition keys in a request for an item, a batch, or a query, in all its tables."""
    if "KeyConditionExpression" in request:
        partition = PARTITION_CONDITION.match(request["KeyConditionExpression"])
        values = [request["ExpressionAttributeValues"][partition.group(1)]] if partition else []
    elif "RequestItems" in request:
        values = [key[PARTITION_KEY] for table in request["RequestItems"].values() for key in table["Keys"]]
    else:
        item = request.get("Key") or request.get("Item") or {}
        values = [item[PARTITION_KEY]] if PARTITION_KEY in item else []
    return [value["S"] for value in values]


def encryption_context(request):
    """The condition keys of all contexts of a request; source and destination of ReEncrypt must have the same."""
    contexts = [request[name] for name in ENCRYPTION_CONTEXTS if request.get(name)]
    if any(context != contexts[0] for context in contexts):
        return {}
    return {f"kms:EncryptionContext:{name}": value for name, value in (contexts[0] if contexts else {}).items()}


def tags_of_secret(request):
    _, secret = secretsmanager._resolve(request["SecretId"]) if "SecretId" in request else (None, None)
    return {f"secretsmanager:ResourceTag/{tag['Key']}": tag["Value"] for tag in (secret or {}).get("Tags", [])}


CONTEXTS = {"kms": encryption_context, "secretsmanager": tags_of_secret}


def source_vpc_endpoint(access_key, resource_arn):
    """The condition key for a request to a private API from the role of a function in a VPC."""
    api = apigateway_v1._rest_apis.get(resource_arn.split(":", 5)[-1].split("/")[0]) or {}
    endpoints = (api.get("endpointConfiguration") or {}).get("VpcEndpointIds") or []
    role = getattr(iam_evaluator.resolve_principal(access_key, get_account_id()), "arn", "").split("/")[1:2]
    functions = [lambda_svc._functions[name]["config"] for name in lambda_svc._functions]
    in_vpc = any(
        config.get("VpcConfig", {}).get("SubnetIds") and config["Role"].split("/")[-1:] == role for config in functions
    )
    return {"aws:SourceVpce": endpoints[0]} if endpoints and in_vpc else {}


def re_encrypt(request):
    """The response to ReEncrypt, from the responses of Decrypt and Encrypt."""
    source = {"KeyId": request.get("SourceKeyId"), "EncryptionContext": request.get("SourceEncryptionContext")}
    opened = kms._decrypt({"CiphertextBlob": request["CiphertextBlob"], **{k: v for k, v in source.items() if v}})
    if opened[0] != 200:
        return opened
    plain = json.loads(opened[2])
    sealed = kms._encrypt({
        "KeyId": request["DestinationKeyId"],
        "Plaintext": plain["Plaintext"],
        "EncryptionContext": request.get("DestinationEncryptionContext") or {},
    })
    if sealed[0] != 200:
        return sealed
    return sealed[0], sealed[1], json.dumps({**json.loads(sealed[2]), "SourceKeyId": plain["KeyId"]}).encode()


def delete_due_keys():
    """Deletes the KMS keys whose waiting period is over."""
    for name, record in list(kms._keys._data.items()):
        if record["KeyState"] == "PendingDeletion" and record.get("due", float("inf")) <= time.time():
            del kms._keys._data[name]


def schedule_deletion(request):
    """The response to ScheduleKeyDeletion, after which the key is deleted when it is due."""
    response = kms._schedule_key_deletion(request)
    if response[0] == 200:
        kms._resolve_key(request["KeyId"])["due"] = time.time() + request.get("PendingWindowInDays", 30)
    return response


# Operations of KMS that differ from MiniStack's.
OPERATIONS = {"TrentService.ReEncrypt": re_encrypt, "TrentService.ScheduleKeyDeletion": schedule_deletion}


def alarm_on_one_metric(properties):
    """An alarm's properties without metric math or a query; no check here depends on its state."""
    if not properties.get("Metrics"):
        return properties
    metrics = [query["MetricStat"] for query in properties["Metrics"] if "MetricStat" in query]
    kept = {name: value for name, value in properties.items() if name != "Metrics"}
    if not metrics:
        return {**kept, "MetricName": "Query", "Namespace": "Metrics Insights"}
    return {**kept, **metrics[0]["Metric"], "Period": metrics[0]["Period"], "Statistic": metrics[0]["Stat"]}


def in_its_network(handle):
    """Creates or updates a function of CloudFormation with its `VpcConfig`; the properties are the last mapping."""

    def handle_with_network(*arguments, **keywords):
        properties = [argument for argument in arguments if isinstance(argument, dict)][-1]
        name, attributes = handle(*arguments, **keywords)
        lambda_svc._functions[name]["config"]["VpcConfig"] = properties.get("VpcConfig", {})
        return name, attributes

    return handle_with_network


def with_variables(handle):
    """Creates or updates a function of CloudFormation with the additional variables of this run."""

    def extended(properties):
        more = VARIABLES or (LOCAL_RESPONSES if properties.get("Description") == STAGE_SECRET_CREATOR else {})
        if not more:
            return properties
        own = properties.get("Environment", {}).get("Variables", {})
        options = " ".join(filter(None, [own.get("NODE_OPTIONS"), more.get("NODE_OPTIONS")]))
        return {**properties, "Environment": {"Variables": {**own, **more, "NODE_OPTIONS": options}}}

    def handle_with_variables(*arguments, **keywords):
        return handle(*[extended(a) if isinstance(a, dict) else a for a in arguments], **keywords)

    return handle_with_variables


def content_of(response):
    """The content of a service's response; an error fails the stack."""
    status, _headers, body = response
    if status != 200:
        raise RuntimeError(body.decode() if isinstance(body, bytes) else body)
    return json.loads(body)


def replicate(name, properties):
    """Gives a table its replicas in other Regions, and removes the others."""
    wanted = {replica["Region"] for replica in properties["Replicas"]} - {get_region()}
    existing = set(dynamodb._replica_group(dynamodb._tables[name])) - {get_region()}
    updates = [{"Create": {"RegionName": region}} for region in sorted(wanted - existing)]
    updates += [{"Delete": {"RegionName": region}} for region in sorted(existing - wanted)]
    if updates:
        content_of(dynamodb._update_table({"TableName": name, "ReplicaUpdates": updates}))


def with_replicas(handlers):
    """The handlers of global tables, with their replicas. An update would create another table if it has no name."""

    def create(logical_id, properties, stack_name):
        name, attributes = handlers["create"](logical_id, properties, stack_name)
        replicate(name, properties)
        return name, attributes

    def update(name, old, new, stack_name):
        result = handlers["update"](name, {**old, "TableName": name}, {**new, "TableName": name}, stack_name)
        replicate(name, new)
        return result

    return {**handlers, "create": create, "update": update}


def create_replica_key(_logical_id, properties, _stack_name):
    """AWS::KMS::ReplicaKey. ReplicateKey is called in the Region of the primary key."""
    region, primary_region = get_region(), properties["PrimaryKeyArn"].split(":")[3]
    with request_scope(get_account_id(), primary_region):
        replica = content_of(
            kms._replicate_key({
                "KeyId": properties["PrimaryKeyArn"],
                "ReplicaRegion": region,
                "Policy": json.dumps(properties["KeyPolicy"]),
                "Description": properties.get("Description", ""),
            })
        )["ReplicaKeyMetadata"]
    return replica["KeyId"], {"Arn": replica["Arn"], "KeyId": replica["KeyId"]}


def buffered(path):
    """The path of an invocation without streaming, for the path of a streaming one."""
    return path.replace("/response-streaming-invocations", "/invocations")


def with_variables_of(stage_variables, uri):
    """The URI of a function with stage variables in place of their names; an unknown one leaves a function without a name."""
    return STAGE_VARIABLE.sub(lambda name: (stage_variables or {}).get(name.group(1), ""), uri or "")


def import_document(api_id, document):
    """Replaces the methods, authorizers, and gateway responses of an API with those of an OpenAPI document."""
    resources = apigateway_v1._resources[api_id]
    root = next(resource for resource in resources.values() if resource["path"] == "/")
    resources.clear()
    resources[root["id"]] = {**root, "resourceMethods": {}}
    apigateway_v1._authorizers_v1[api_id].clear()
    apigateway_v1._gateway_responses[api_id].clear()
    schemes = apigateway_v1._import_security_schemes(api_id, document)
    for path, item in document["paths"].items():
        apigateway_v1._import_path_item(api_id, path, item, schemes)
    for response_type, response in document.get("x-amazon-apigateway-gateway-responses", {}).items():
        status, _headers, body = apigateway_v1._put_gateway_response(api_id, response_type, response)
        if status != 201:
            raise RuntimeError(body.decode())


def with_document(handlers):
    """The handlers of REST APIs, which import the document in place."""

    def without(properties):
        return {name: value for name, value in properties.items() if name != "Body"}

    def create(logical_id, properties, stack_name):
        api_id, attributes = handlers["create"](logical_id, without(properties), stack_name)
        import_document(api_id, properties.get("Body") or NO_DOCUMENT)
        return api_id, attributes

    def update(api_id, old, new, *rest, **keywords):
        result = handlers["update"](api_id, without(old), without(new), *rest, **keywords)
        if new.get("Body") != old.get("Body"):
            import_document(api_id, new.get("Body") or NO_DOCUMENT)
        return result

    return {**handlers, "create": create, "update": update}


def extend():
    known_of_dynamodb = iam_actions.dynamodb_service_context
    known_of_tags = iam_actions.request_tag_context
    known_resource_arn = iam_actions.extract_resource_arn
    known_enforce = iam_evaluator.enforce
    known_custom_resource = custom_resource.invoke_custom_resource
    known_kms = kms.handle_request
    known_alarm = provisioners._cw_metric_alarm_record
    known_pin = ministack.app.pin_request_origin
    known_lambda_action = iam_actions._lambda_action
    known_append = cloudwatch_logs._append_log_events
    known_integration = apigateway_v1._extract_lambda_ref_from_integration_uri
    known_proxy = apigateway_v1._invoke_lambda_proxy_v1
    known_authorizer = apigateway_v1._invoke_authorizer_lambda
    known_context = apigateway_v1._stringify_context
    known_value = apigateway_v1._gateway_request_value

    def dynamodb_service_context(body):
        keys = leading_keys(json.loads(body or b"{}"))
        return {**known_of_dynamodb(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}

    def request_tag_context(service, action, body, params):
        known = known_of_tags(service, action, body, params)
        return {**known, **CONTEXTS[service](json.loads(body or b"{}"))} if service in CONTEXTS else known

    def extract_resource_arn(service, method, path, headers, body, *rest):
        def arn_of(key):
            named = json.dumps({**json.loads(body), **({"KeyId": key} if key else {})}).encode()
            return known_resource_arn(service, method, path, headers, named, *rest)

        request = json.loads(body or b"{}") if service == "kms" else {}
        if "DestinationKeyId" not in request:
            return known_resource_arn(service, method, path, headers, body, *rest)
        destination_key.set(arn_of(request["DestinationKeyId"]))
        return arn_of(request.get("SourceKeyId"))

    def enforce(access_key, action, *rest, **keywords):
        if action == "execute-api:Invoke":
            context = source_vpc_endpoint(access_key, keywords.get("resource_arn", ""))
            keywords["service_context"] = {**(keywords.get("service_context") or {}), **context}
        if action != "kms:ReEncrypt":
            return known_enforce(access_key, action, *rest, **keywords)
        to = {**keywords, "resource_arn": destination_key.get()}
        return known_enforce(access_key, "kms:ReEncryptFrom", *rest, **keywords) or known_enforce(
            access_key, "kms:ReEncryptTo", *rest, **to
        )

    def invoke_custom_resource(request_type, logical_id, props, *rest, old_props=None, **keywords):
        if old_props and old_props.get("ServiceToken") != props.get("ServiceToken"):
            raise RuntimeError("Modifying service token is not allowed.")
        return known_custom_resource(request_type, logical_id, props, *rest, old_props=old_props, **keywords)

    async def handle_kms(method, path, headers, body, query_params):
        delete_due_keys()
        operation = OPERATIONS.get(headers.get("x-amz-target", ""))
        if operation:
            return operation(json.loads(body))
        return await known_kms(method, path, headers, body, query_params)

    async def invoke_proxy(integration, api_id, stage_name, stage, *rest, **keywords):
        uri = with_variables_of(stage.get("variables"), integration.get("uri"))
        return await known_proxy({**integration, "uri": uri}, api_id, stage_name, stage, *rest, **keywords)

    async def invoke_authorizer(authorizer, event, *rest):
        uri = with_variables_of(event.get("stageVariables"), authorizer.get("authorizerUri"))
        return await known_authorizer({**authorizer, "authorizerUri": uri}, event, *rest)

    def stringify_context(context):
        values = known_context(context)
        authorizer_context.set(values)
        return values

    def gateway_request_value(source, request):
        if source.startswith(AUTHORIZER_VALUE):
            return authorizer_context.get({}).get(source[len(AUTHORIZER_VALUE) :])
        return known_value(source, request)

    def append_log_events(stream, events):
        known_append(stream, [{**event, "eventId": uuid.uuid4().hex} for event in events])

    cloudwatch_logs._append_log_events = append_log_events
    kms.handle_request = handle_kms
    iam_actions.dynamodb_service_context = dynamodb_service_context
    iam_actions.request_tag_context = request_tag_context
    iam_actions.extract_resource_arn = extract_resource_arn
    iam_evaluator.enforce = enforce
    custom_resource.invoke_custom_resource = invoke_custom_resource
    provisioners._cw_metric_alarm_record = lambda name, properties: known_alarm(name, alarm_on_one_metric(properties))
    functions = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    functions.update({name: in_its_network(with_variables(functions[name])) for name in ("create", "update")})
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::DynamoDB::GlobalTable"] = with_replicas(handlers["AWS::DynamoDB::GlobalTable"])
    handlers["AWS::KMS::ReplicaKey"] = {
        "create": create_replica_key,
        "delete": handlers["AWS::KMS::Key"]["delete"],
    }
    handlers["AWS::ApiGateway::RestApi"] = with_document(handlers["AWS::ApiGateway::RestApi"])
    apigateway_v1._invoke_lambda_proxy_v1 = invoke_proxy
    apigateway_v1._invoke_authorizer_lambda = invoke_authorizer
    apigateway_v1._stringify_context = stringify_context
    apigateway_v1._gateway_request_value = gateway_request_value
    iam_actions._lambda_action = lambda method, path: known_lambda_action(method, buffered(path))
    apigateway_v1._extract_lambda_ref_from_integration_uri = lambda uri: known_integration(buffered(uri))
    if VARIABLES:
        ministack.app._EXECUTE_API_RE = EXECUTE_API_HOST
    ministack.app.pin_request_origin = lambda source_ip, _secure: known_pin(source_ip, True)


if __name__ == "__main__":
    extend()
    ministack.app.main()
