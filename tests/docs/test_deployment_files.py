"""The files that deploy Sentinel are valid, agree with the product, and hold all that an image needs to run."""

import fnmatch
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import kubernetes_validate  # type: ignore[import-untyped]  # it has none
import pytest
import yaml

from sentinel.cli import app
from sentinel.settings import load_settings
from tests.docs.pages import ROOT
from tests.support.doc_tables import table_rows
from tests.support.server import Serve

MANIFEST_FILES = sorted((ROOT / "deploy/kubernetes").glob("[!k]*.yaml"))
SCHEMAS = {"docker-compose.yml": "vendor.compose-spec", ".github/workflows/ci.yml": "vendor.github-workflows"}
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "backend/Dockerfile").read_text(encoding="utf-8")
MANIFESTS = [each for path in MANIFEST_FILES for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
_METRIC = re.compile(r"\bsentinel_\w+")
_SERIES = re.compile(r"_(bucket|sum|count)$")


def of_kind(kind: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [each for each in MANIFESTS if each["kind"] == kind]
    assert len(found) == 1
    return found[0]


def copied() -> list[str]:
    """Name what the Dockerfile takes from the project, stage to stage copies apart."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source.rstrip("/") for line in lines for source in line.split()[:-1]]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_of_others_tools_keeps_to_its_schema(name: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[name], str(ROOT / name)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_every_manifest_keeps_to_the_schema_of_kubernetes(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_every_manifest_is_applied() -> None:
    listed = yaml.safe_load((ROOT / "deploy/kubernetes/kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert sorted(listed) == [path.name for path in MANIFEST_FILES]


def test_the_pods_carry_the_label_that_protects_them() -> None:
    pods = [each["spec"]["template"] for each in MANIFESTS if "template" in each.get("spec", {})]
    protected = of_kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert len(pods) == 3
    for pod in pods:
        assert protected.items() <= pod["metadata"]["labels"].items()
        assert pod["spec"]["securityContext"]["runAsNonRoot"]


def test_every_command_of_a_container_exists() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    ours = [service["command"][0] for service in COMPOSE["services"].values() if "sentinel" in service["image"]]
    containers = [
        container
        for each in MANIFESTS
        for container in each.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    ]
    assert {*ours, *(container["args"][0] for container in containers)} == {"migrate", "serve", "worker"} <= commands


def test_what_the_parts_find_each_other_by_is_not_left_to_the_environment_of_an_operator() -> None:
    ours = [service for service in COMPOSE["services"].values() if "sentinel" in service["image"]]
    for service in ours:
        assert {"HOST", "PORT", "WORKER_PORT", "SENTINEL_AUTH", "SENTINEL_DATA_DIR"} <= service["environment"].keys()


def test_the_file_of_kubernetes_is_one_that_a_server_takes(tmp_path: Path) -> None:
    (held,) = [each["data"] for each in MANIFESTS if each["kind"] == "ConfigMap" and "sentinel.yaml" in each["data"]]
    (tmp_path / "sentinel.yaml").write_text(held["sentinel.yaml"], encoding="utf-8")
    given = next(each["data"] for each in MANIFESTS if each["kind"] == "ConfigMap" and "HOST" in each["data"])
    settings = load_settings({**given, "SENTINEL_CONFIG": "sentinel.yaml"}, tmp_path)
    assert settings.unused_sections == ()


def test_ports_are_published_on_loopback_alone() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_files_that_containers_mount_exist() -> None:
    mounted = [volume for service in COMPOSE["services"].values() for volume in service.get("volumes", [])]
    files = [volume.split(":")[0] for volume in mounted if volume.startswith("./")]
    assert files
    assert [name for name in files if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", ["alerts.yml", "dashboard.json"])
def test_every_metric_that_is_watched_is_exposed(name: str) -> None:
    text = (ROOT / "deploy/observability" / name).read_text(encoding="utf-8")
    known = {row[0] for row in table_rows("metrics.md", "Metric")}
    used = {_SERIES.sub("", metric) for metric in _METRIC.findall(text)}
    assert used
    assert used <= known


def test_workers_are_scaled_by_a_metric_that_is_exposed() -> None:
    scaler = of_kind("HorizontalPodAutoscaler")
    names = {metric["external"]["metric"]["name"] for metric in scaler["spec"]["metrics"]}
    assert names <= {row[0] for row in table_rows("metrics.md", "Metric")}


def test_the_dashboard_shows_every_panel_in_a_place_of_its_own() -> None:
    board = json.loads((ROOT / "deploy/observability/dashboard.json").read_text(encoding="utf-8"))
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len(set(places)) == len(places) > 10
    assert all(panel["targets"] for panel in board["panels"])


def test_what_goes_into_the_image_is_let_into_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = [line[1:] for line in lines if line.startswith("!")]
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, name) or source.startswith(f"{name}/") for name in let_in), source


async def test_what_goes_into_the_image_is_all_that_a_server_needs(tmp_path: Path, serve: Serve) -> None:
    """A rehearsal of the last stage without a container: only what is copied, beside the installed packages."""
    for source in copied():
        if source.startswith("frontend"):
            continue
        target = tmp_path / "app" / source
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, target)
    server = await serve({"PYTHONPATH": f"{tmp_path}/app/backend:{tmp_path}/app"}, with_tools=True)
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http:
        answer = await http.post("/api/chat", json={"messages": [{"role": "user", "content": "What is 17 * 23?"}]})
        assert "not built" in (await http.get("/")).text  # so it is the copy that runs: the console is of another stage
    assert "391" in answer.json()["response_text"]
