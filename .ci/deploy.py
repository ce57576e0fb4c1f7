"""Checks the compose files and the manifests of deploy/.

    deploy.py BINARY

Schemas, rules of our own (what would be easy to lose in an edit), and whether the program accepts each environment.
"""

import copy
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
BINARY = sys.argv[1]
USER = "65532:65532"
COMBINATIONS = [[], ["gpu"], ["vllm"], ["replicas"], ["gpu", "replicas"], ["vllm", "replicas"]]
KUBERNETES_VERSIONS = ["1.34", "1.37"]
SECRET_NAMES = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY")


class Reset:
    """What the tag !reset leaves: nothing of the earlier files."""


class Loader(yaml.SafeLoader):
    pass


Loader.add_constructor("!reset", lambda loader, node: Reset())


def interpolate(text, variables):
    """Replaces ${NAME} and ${NAME:-DEFAULT}, innermost first."""
    pattern = re.compile(r"\$\{(\w+)(?::-([^${}]*))?\}")
    while True:
        text, count = pattern.subn(lambda m: variables.get(m[1]) or m[2] or "", text)
        if not count:
            return text


def interpolated(value, variables):
    if isinstance(value, dict):
        return {key: interpolated(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item, variables) for item in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    text = interpolate(value, variables)
    return int(text) if text.isdigit() and value.startswith("${") else text


def merge(base, over):
    """Compose's rules, as far as these files use them: maps are merged, lists are joined, the rest is replaced."""
    if isinstance(over, Reset):
        return None
    if isinstance(base, dict) and isinstance(over, dict):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = merge(base.get(key), value)
        return {key: value for key, value in merged.items() if not (value is None and isinstance(over.get(key), Reset))}
    if isinstance(base, list) and isinstance(over, list):
        return base + over
    return over


def compose(overrides, variables):
    names = ["compose.yaml"] + [f"compose.{name}.yaml" for name in overrides]
    merged = {}
    for name in names:
        with open(DEPLOY / name, encoding="utf-8") as file:
            merged = merge(merged, yaml.load(file, Loader))
    return interpolated(merged, variables)


def compose_problems(config, schema):
    """What is wrong with a merged file."""
    problems = [f"{error.json_path}: {error.message}" for error in schema.iter_errors(config)]
    internal = {name for name, network in config["networks"].items() if (network or {}).get("internal")}
    if {"database", "engine"} - internal:
        problems.append("the networks database and engine must be internal")
    for name, service in config["services"].items():
        def check(is_right, text):
            if not is_right:
                problems.append(f"{name}: {text}")

        image, _, tag = service["image"].rpartition(":")
        check(image and tag and tag != "latest", f"the image {service['image']} has no version")
        check(service.get("cap_drop") == ["ALL"], "capabilities are not dropped")
        check("no-new-privileges:true" in service.get("security_opt", []), "it may gain privileges")
        check(service.get("restart"), "it is not started again")
        check(service.get("logging", {}).get("options", {}).get("max-size"), "its log has no bound")
        check(not service.get("privileged"), "it is privileged")
        for variable, value in service.get("environment", {}).items():
            is_file = variable.endswith("_FILE")
            check(is_file or not SECRET_NAMES.search(variable), f"{variable} would be seen by docker inspect")
            check(not is_file or str(value).startswith("/run/secrets/"), f"{variable} is {value}")
            check(not re.search(r"://[^/@]*:[^/@]*@", str(value)), f"{variable} has a password")
        for port in service.get("ports") or []:
            check(str(port).startswith("127.0.0.1:"), f"the port {port} is open to others by default")
        check(not service.get("ports") or name in ("server", "caddy"), "it has a port on the machine")
        for secret in service.get("secrets", []):
            check(str(config["secrets"][secret]["file"]).startswith("./secrets/"), f"the secret {secret} is no file of setup.sh")
        if name not in ("pull", "vllm", "ollama"):
            check(service.get("read_only"), "its root can be written")
        if name != "pull":
            check(service.get("healthcheck", {}).get("test"), "nothing checks it")
    services = config["services"]
    if services["server"].get("user") != USER:
        problems.append(f"server: it must run as {USER}")
    if set(services["database"]["networks"]) != {"database"}:
        problems.append("database: it is in other networks")
    if "caddy" in services and services["server"].get("ports"):
        problems.append("server: it is reached without Caddy")
    return problems


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def image_environment():
    """The variables of Dockerfile."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    line = next(line for line in text.splitlines() if line.startswith("ENV "))
    return dict(pair.split("=", 1) for pair in line.split()[1:])


def settings_problem(environment):
    """What the program says of these variables: its check reads all settings, and then finds nobody on the port."""
    environment = {**image_environment(), **{name: str(value) for name, value in environment.items()}}
    environment["OLLAMA_MCP_SERVE_LISTEN"] = environment["OLLAMA_MCP_SERVE_LISTEN"].replace("4891", str(free_port()))
    ran = subprocess.run([BINARY, "healthcheck"], env=environment, capture_output=True, text=True, timeout=30)
    return None if ran.returncode == 1 and "nothing listens on 127.0.0.1" in ran.stderr else ran.stderr or "it answers"


def without_read_only(config):
    config["services"]["server"]["read_only"] = False


def with_password(config):
    config["services"]["server"]["environment"]["OLLAMA_MCP_DATABASE_URL"] = "postgres://ollama_mcp:secret@database/ollama_mcp"


def with_open_port(config):
    config["services"]["ollama"]["ports"] = ["11434:11434"]


def with_typo(config):
    config["services"]["server"]["read-only"] = True


def with_latest(config):
    config["services"]["ollama"]["image"] = "ollama/ollama:latest"


def check_compose():
    schema = jsonschema.Draft7Validator(json.loads((ROOT / "tests/fixtures/packaging/compose-spec.schema.json").read_text()))
    # As deploy/.env has them once the examples in it are used.
    template = (DEPLOY / "setup.sh").read_text(encoding="utf-8")
    example = dict(re.findall(r'^#?([A-Z_]+)="?([^"\n]*)"?$', template.split("<<'ENV'")[1].split("\nENV")[0], re.M))
    assert {"MODEL", "LISTEN", "DOMAIN", "SERVERS"} <= example.keys(), example
    for variables in ({}, {**example, "HTTP_LISTEN": "", "HTTPS_LISTEN": ""}):
        for overrides in COMBINATIONS:
            config = compose(overrides, variables)
            problems = compose_problems(config, schema)
            problem = settings_problem(config["services"]["server"]["environment"])
            problems += [f"server: {problem}"] if problem else []
            assert not problems, f"compose with {overrides}: " + "; ".join(problems)
            public = config["services"]["server"]["environment"]["OLLAMA_MCP_SERVE_PUBLIC_URL"]
            # Browsers reach the proxy, whatever address the server alone would have.
            assert public.startswith("https://" if "replicas" in overrides else "http://localhost"), (overrides, public)
            running = [name for name, service in config["services"].items() if not service.get("profiles")]
            assert ("ollama" in running) == ("vllm" not in overrides), running
    broken = [without_read_only, with_password, with_open_port, with_typo, with_latest]
    for spoil in broken:
        config = copy.deepcopy(compose([], {}))
        spoil(config)
        assert compose_problems(config, schema), f"{spoil.__name__} is not noticed"
    config = compose([], {})
    config["services"]["server"]["environment"]["OLLAMA_MCP_BANANA"] = "1"
    assert "OLLAMA_MCP_BANANA" in settings_problem(config["services"]["server"]["environment"])
    print(f"deploy: compose files in {len(COMBINATIONS)} combinations, {len(broken) + 1} faults are noticed")


def manifests():
    """The documents that kustomization.yaml lists."""
    folder = DEPLOY / "kubernetes"
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    listed = kustomization["resources"]
    present = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml", "secret.example.yaml"}
    assert present == set(listed), f"kustomization.yaml lists {listed}, there are {present}"
    documents = []
    for name in listed:
        documents += list(yaml.safe_load_all((folder / name).read_text(encoding="utf-8")))
    assert any(image["name"] == "ollama-mcp" and image["newTag"] for image in kustomization["images"])
    return documents


def pod_problems(name, pod, labels):
    problems = []

    def check(is_right, text):
        if not is_right:
            problems.append(f"{name}: {text}")

    context = pod.get("securityContext", {})
    check(context.get("runAsNonRoot") and context.get("runAsUser"), "it may run as root")
    check(context.get("seccompProfile") == {"type": "RuntimeDefault"}, "no seccomp profile")
    check(pod.get("automountServiceAccountToken") is False, "it has a token of the cluster")
    check(pod.get("enableServiceLinks") is False, "variables of services are added")
    check(labels.get("app.kubernetes.io/name"), "no name")
    volumes, missing = {volume["name"] for volume in pod.get("volumes", [])}, set()
    for container in pod["containers"]:
        own = container.get("securityContext", {})
        check(own.get("allowPrivilegeEscalation") is False, "it may gain privileges")
        check(own.get("readOnlyRootFilesystem") is True, "its root can be written")
        check(own.get("capabilities") == {"drop": ["ALL"]}, "capabilities are not dropped")
        resources = container.get("resources", {})
        check(resources.get("requests") and resources.get("limits", {}).get("memory"), "no resources")
        check(container["image"] == "ollama-mcp" or re.search(r":\d", container["image"]), "the image has no version")
        for variable in container.get("env", []):
            is_file = variable["name"].endswith("_FILE")
            check(is_file or not SECRET_NAMES.search(variable["name"]), f"{variable['name']} is a secret in the environment")
            check("secretKeyRef" not in variable.get("valueFrom", {}), f"{variable['name']} is a secret in the environment")
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            path = container.get(probe, {}).get("httpGet", {}).get("path")
            check(path != "/health/ready", f"{probe} takes all replicas out when the engine is down")
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        check(pod.get("terminationGracePeriodSeconds", 30) > pause + 5, "it is killed before it ends")
        missing |= {mount["name"] for mount in container.get("volumeMounts", [])} - volumes
    return problems, missing


def check_kubernetes():
    documents = manifests()
    example = yaml.safe_load((DEPLOY / "kubernetes/secret.example.yaml").read_text(encoding="utf-8"))
    for version in KUBERNETES_VERSIONS:
        for document in [*documents, example]:
            kubernetes_validate.validate(document, version, strict=True)
    broken = copy.deepcopy(documents[1])
    broken["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Always"
    try:
        kubernetes_validate.validate(broken, KUBERNETES_VERSIONS[0], strict=True)
    except kubernetes_validate.ValidationError:
        pass
    else:
        raise AssertionError("the schema lets everything pass")
    problems, pods = [], {}
    for document in documents:
        template = document.get("spec", {}).get("template")
        if not template:
            continue
        name, labels = document["metadata"]["name"], template["metadata"]["labels"]
        pods[labels["app.kubernetes.io/name"]] = template["spec"]
        found, missing = pod_problems(name, template["spec"], labels)
        claims = {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
        problems += found + [f"{name}: no volume {volume}" for volume in missing - claims]
        selector = document["spec"].get("selector", {}).get("matchLabels", labels)
        if selector != labels:
            problems.append(f"{name}: it selects other pods than its own")
        # Only the names of the secret that exist are mounted.
        for volume in template["spec"]["volumes"]:
            for item in volume.get("secret", {}).get("items", []):
                if item["key"] not in example["stringData"]:
                    problems.append(f"{name}: the secret has no {item['key']}")
    for document in documents:
        text = json.dumps(document)
        for selected in re.findall(r'"app.kubernetes.io/name": "([^"]*)"', text):
            if selected not in pods:
                problems.append(f"{document['metadata']['name']}: there is no pod {selected}")
        if document["kind"] == "Service":
            ports = [port["name"] for port in pods[document["spec"]["selector"]["app.kubernetes.io/name"]]["containers"][0]["ports"]]
            problems += [f"no port {port}" for port in document["spec"]["ports"] if port["targetPort"] not in ports]
    server = pods["server"]["containers"][0]
    environment = {variable["name"]: variable.get("value", "server-1") for variable in server["env"]}
    problem = settings_problem(environment)
    problems += [f"server: {problem}"] if problem else []
    # As for a service named ollama-mcp, which the pod of somebody else may have.
    links = {"OLLAMA_MCP_SERVICE_HOST": "10.96.0.7", "OLLAMA_MCP_PORT": "tcp://10.96.0.7:80", "OLLAMA_MCP_PORT_80_TCP": "tcp://10.96.0.7:80"}
    problem = settings_problem({**environment, **links})
    problems += [f"server beside a service ollama-mcp: {problem}"] if problem else []
    assert not problems, "kubernetes: " + "; ".join(problems)
    print(f"deploy: {len(documents)} manifests fit the schemas of Kubernetes {' and '.join(KUBERNETES_VERSIONS)}")


check_compose()
check_kubernetes()
