"""The gateways that are compared: how each is configured, started and asked. Each runs with one worker."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks._machine import revision
from benchmarks._programs import Cores, Program, answers, free_port
from benchmarks.gateway import peers
from benchmarks.gateway.wire import BREAKING_MODEL, CUT_MODEL, FAILING_MODEL, GOOD_MODEL
from scripts.project import PYTHON, VENV

FAULTS = (FAILING_MODEL, BREAKING_MODEL, CUT_MODEL)
SENTINEL, LITELLM, PORTKEY, NGINX, DIRECT = "Sentinel", "LiteLLM proxy", "Portkey gateway", "nginx", "direct"
_PRELOAD = Path(__file__).with_name("portkey_preload.mjs")


@dataclass(frozen=True, kw_only=True)
class Address:
    """How one thing is asked for: by a model's name and by headers."""

    model: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A gateway that runs. `after` says how to ask for an answer that needs a failover, if it can do that."""

    name: str
    version: str
    port: int
    plain: Address
    program: Program | None = None
    after: Callable[[str], Address] | None = None
    note: str = ""

    def stop(self) -> None:
        """End it."""
        if self.program is not None:
            self.program.stop()

    def cpu_seconds(self) -> float:
        """The processor time it has used so far."""
        return self.program.cpu_seconds() if self.program is not None else 0.0

    def megabytes(self) -> float:
        """The memory it holds now."""
        return self.program.resident_megabytes() if self.program is not None else 0.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where contestants are set up: a folder, the mock provider's port, and the cores they get."""

    folder: Path
    upstream_port: int
    cores: Cores

    @property
    def upstream(self) -> str:
        """The mock provider's address, without its version."""
        return f"http://127.0.0.1:{self.upstream_port}"

    def start(self, name: str, *command: str | Path, ready: str, env: Mapping[str, str] | None = None) -> Program:
        """Start a program and wait until `ready` answers.

        Raises:
            CannotStartError: it does not.
        """
        log = self.folder / f"{name}.log"
        program = Program(command, log=log, cores=self.cores.measured, env=env, cwd=self.folder)
        try:
            program.wait_for(lambda: answers(ready))
        except BaseException:
            program.stop()
            raise
        return program


def direct(place: Place) -> Contestant:
    """No gateway at all: what the load generator and the mock provider cost by themselves."""
    return Contestant(name=DIRECT, version="", port=place.upstream_port, plain=Address(model=GOOD_MODEL, headers={}))


def nginx(place: Place) -> Contestant:
    """A plain reverse proxy in C: the floor, which neither looks at requests nor could fail over in mid-stream."""
    program, version = peers.nginx()
    port = free_port()
    config = place.folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=place.folder, port=port, upstream=place.upstream_port), encoding="utf-8")
    command = (program, "-p", place.folder, "-e", place.folder / "nginx-error.log", "-c", config)
    running = place.start("nginx", *command, ready=f"http://127.0.0.1:{port}/asked")
    return Contestant(
        name=NGINX,
        version=version,
        port=port,
        plain=Address(model=GOOD_MODEL, headers={}),
        program=running,
        note="a reverse proxy, no gateway: it does not look at what it passes on",
    )


_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_buffer_size 64k;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  keepalive_requests 1000000;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


def sentinel(place: Place, *, program: Sequence[str | Path] = (VENV / "bin" / "sentinel", "serve")) -> Contestant:
    """This project as `sentinel serve` runs it, with its database, breakers and records."""
    port = free_port()
    broken = {"kind": "openai", "base_url": f"{place.upstream}/v1"}
    routes = {f"after-{fault}": {"targets": [f"broken/{fault}", f"mock/{GOOD_MODEL}"]} for fault in FAULTS}
    config = {
        "providers": {"mock": broken, "broken": broken},
        "routes": {"default": {"targets": [f"mock/{GOOD_MODEL}"]}, **routes},
        "models": {f"mock/{GOOD_MODEL}": {"prefill": True}},
        "breaker": {"failure_threshold": 1_000_000},  # or the circuit would open, and nothing be left to fail over from
        "mcpServers": {},
    }
    file = place.folder / "sentinel.yaml"
    file.write_bytes(orjson.dumps(config))  # JSON is YAML
    env = {
        "SENTINEL_CONFIG": str(file),
        "SENTINEL_DATA_DIR": str(place.folder / "sentinel-data"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    ready = f"http://127.0.0.1:{port}/health/ready"
    return Contestant(
        name=SENTINEL,
        version=revision(),
        port=port,
        plain=Address(model="default", headers={}),
        program=place.start("sentinel", *program, ready=ready, env=env),
        after=lambda fault: Address(model=f"after-{fault}", headers={}),
    )


def litellm(place: Place) -> Contestant:
    """LiteLLM's proxy without a database, as its documentation starts it, quiet, and without retries."""
    program = peers.litellm()
    port, key = free_port(), f"sk-{secrets.token_hex(16)}"
    names = {"good": GOOD_MODEL} | {f"after-{fault}": fault for fault in FAULTS}
    config = {
        "model_list": [
            {
                "model_name": name,
                "litellm_params": {"model": f"openai/{model}", "api_base": f"{place.upstream}/v1", "api_key": "none"},
            }
            for name, model in names.items()
        ],
        "router_settings": {
            "num_retries": 0,
            "disable_cooldowns": True,
            "fallbacks": [{f"after-{fault}": ["good"]} for fault in FAULTS],
        },
        "general_settings": {"master_key": key},
    }
    file = place.folder / "litellm.yaml"
    file.write_bytes(orjson.dumps(config))
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"}
    command = (program, "--config", file, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1")
    ready = f"http://127.0.0.1:{port}/health/liveliness"
    headers = {"authorization": f"Bearer {key}"}
    return Contestant(
        name=LITELLM,
        version=peers.LITELLM,
        port=port,
        plain=Address(model="good", headers=headers),
        program=place.start("litellm", *command, ready=ready, env=env),
        after=lambda fault: Address(model=f"after-{fault}", headers=headers),
    )


def portkey(place: Place) -> Contestant:
    """Portkey's open gateway; requests carry their configuration, as its documentation shows."""
    node, script = peers.portkey()
    port = free_port()
    command = (node, "--import", _PRELOAD.as_uri(), script, "--headless", f"--port={port}")
    target = {"provider": "openai", "api_key": "none", "custom_host": f"{place.upstream}/v1"}

    def after(fault: str) -> Address:
        targets = [{**target, "override_params": {"model": model}} for model in (fault, GOOD_MODEL)]
        config = orjson.dumps({"strategy": {"mode": "fallback"}, "targets": targets}).decode()
        return Address(model=fault, headers={"x-portkey-config": config})

    headers = {
        "authorization": "Bearer none",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"{place.upstream}/v1",
    }
    return Contestant(
        name=PORTKEY,
        version=peers.PORTKEY,
        port=port,
        plain=Address(model=GOOD_MODEL, headers=headers),
        program=place.start("portkey", *command, ready=f"http://127.0.0.1:{port}/", env={"NODE_ENV": "production"}),
        after=after,
        note="with a preload that makes its streams work and binds it to loopback (`portkey_preload.mjs`)",
    )


ALL: dict[str, Callable[[Place], Contestant]] = {
    "direct": direct,
    "nginx": nginx,
    "sentinel": sentinel,
    "portkey": portkey,
    "litellm": litellm,
}


def load_generator(place: Place) -> Program:
    """Start the load generator."""
    command = (PYTHON, "-m", "benchmarks._load")
    return Program(command, log=place.folder / "load.log", cores=place.cores.others, talks=True)


def upstream(folder: Path, cores: Cores) -> tuple[Program, int]:
    """Start the mock provider and give its port."""
    command = (PYTHON, "-m", "benchmarks.gateway.upstream")
    program = Program(command, log=folder / "upstream.log", cores=cores.others, talks=True)
    return program, int(program.hear()["port"])
