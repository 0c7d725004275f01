import json
import subprocess

import oidc_provider_mock
import pytest

COMMAND = "node_modules/@agent-identity/cli/dist/bin/agent-identity.js"


@pytest.fixture(scope="session")
def authorization_server():
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="session", autouse=True)
def identity_service(tmp_path_factory):
    arguments = ["node", COMMAND, "local", "--no-examples", "--port", "0", "--json"]
    arguments += ["--data-dir", str(tmp_path_factory.mktemp("identity"))]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as service:
        try:
            line = next((line for line in service.stdout if line.startswith('{"ready":true')), None)
            assert line, "agent-identity did not start."
            ready = json.loads(line)
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", ready["endpoint"])
                environment.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", ready["endpoint"])
                environment.setenv("AWS_DEFAULT_REGION", ready["region"])
                agent = ready["principals"]["agent"]
                environment.setenv("AWS_ACCESS_KEY_ID", agent["accessKeyId"])
                environment.setenv("AWS_SECRET_ACCESS_KEY", agent["secretAccessKey"])
                yield
        finally:
            service.terminate()
