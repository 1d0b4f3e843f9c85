"""An etcd and an API server on loopback, in a folder of their own, for as long as a block lasts."""

import contextlib
import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tools.kube_apiserver.build import built

CONTEXT = "leadflow-dry-run"
_PATIENCE_S = 120


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Path]:
    """Yield a kubeconfig whose one context is CONTEXT. RuntimeError when a server ends or does not answer."""
    etcd, peers, api = _free_port(), _free_port(), _free_port()
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f'{token},tester,tester,"system:masters"\n', encoding="utf-8")
    key = folder / "accounts.key"
    making = ["openssl", "genrsa", "-out", str(key), "2048"]
    subprocess.run(making, check=True, capture_output=True)  # noqa: S603  our own arguments, no shell
    with (
        _process(folder, "etcd", _etcd(folder, etcd, peers)) as store,
        _process(folder, "kube-apiserver", _api_server(folder, key, etcd, api)) as server,
    ):
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(_kubeconfig(api, token), encoding="utf-8")
        _wait(kubeconfig, folder, store, server)
        yield kubeconfig


def _etcd(folder: Path, port: int, peers: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
    return [
        *("etcd", "--data-dir", str(folder / "etcd")),
        *("--listen-client-urls", client, "--advertise-client-urls", client),
        *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"),
    ]


def _api_server(folder: Path, key: Path, etcd: int, port: int) -> list[str]:
    """Everybody with the token may do everything; nobody makes accounts here, so pods need not have one."""
    return [
        str(built()),
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}"),
        *(f"--cert-dir={folder / 'certificates'}", f"--token-auth-file={folder / 'tokens.csv'}"),
        *("--authorization-mode=AlwaysAllow", "--disable-admission-plugins=ServiceAccount"),
        *("--service-cluster-ip-range=10.0.0.0/24", "--service-account-issuer=https://leadflow.invalid"),
        *(f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"),
    ]


def _kubeconfig(port: int, token: str) -> str:
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": cluster}],
            "users": [{"name": CONTEXT, "user": {"token": token}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
            "current-context": CONTEXT,
        }
    )


@contextlib.contextmanager
def _process(folder: Path, name: str, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603  our own arguments
        try:
            yield process
        finally:
            process.terminate()
            process.wait(_PATIENCE_S)


def _wait(kubeconfig: Path, folder: Path, *processes: subprocess.Popen[bytes]) -> None:
    asking = ["kubectl", "--kubeconfig", str(kubeconfig), "get", "--raw", "/readyz"]
    deadline = time.monotonic() + _PATIENCE_S
    while subprocess.run(asking, capture_output=True, check=False).returncode:  # noqa: S603  our own arguments, no shell
        if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
            raise RuntimeError(f"the API server does not answer: see the logs in {folder}")
        time.sleep(0.5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
