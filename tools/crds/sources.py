"""Where the definitions come from: Go modules that ship them, and Strimzi's generator over Strimzi's types."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
_PATIENCE_S = 600


@dataclass(frozen=True)
class GoModule:
    """A module at a version, and the files in it that are wanted; `licence` names the terms of the schemas."""

    path: str
    version: str
    files: tuple[str, ...]
    licence: str = "Apache-2.0"

    def __str__(self) -> str:
        """Return what the header of a schema says of its source."""
        return f"Go module {self.path} {self.version} ({self.licence})"

    def definitions(self) -> Iterator[dict[str, Any]]:
        """Yield each definition. Needs Go and the network once; then the module cache answers."""
        command = ["go", "mod", "download", "-json", f"{self.path}@{self.version}"]
        with tempfile.TemporaryDirectory() as elsewhere:  # no go.mod may have a say
            folder = Path(json.loads(_output(command, cwd=elsewhere))["Dir"])
        for name in self.files:
            yield yaml.safe_load((folder / name).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class StrimziTypes:
    """Java types at the version that pom.xml names, by the generator that Strimzi makes its own files with."""

    types: tuple[str, ...]
    version: str = "1.2.0"

    def __str__(self) -> str:
        """Return what the header of a schema says of its source."""
        return f"Maven io.strimzi:api {self.version} by io.strimzi:crd-generator (Apache-2.0)"

    def definitions(self) -> Iterator[dict[str, Any]]:
        """Yield each definition. Needs Maven, the network once, and Java 21 or newer: PATH's or that of `JAVA`."""
        java = os.environ.get("JAVA", "java")
        with tempfile.TemporaryDirectory() as folder:
            jars = Path(folder) / "jars"
            _output(["mvn", "-q", "-B", "-C", "-f", str(HERE / "pom.xml"), *self._copying(jars)])
            for name in self.types:
                made = Path(folder) / "definition.yaml"
                wanted = f"io.strimzi.api.kafka.model.{name}={made}"
                options = ["--target-kube", "1.25+", "--crd-api-version", "v1", "--yaml", wanted]
                _output([java, "-cp", f"{jars}/*", "io.strimzi.crdgenerator.CrdGenerator", *options])
                yield yaml.safe_load(made.read_text(encoding="utf-8"))

    def _copying(self, jars: Path) -> list[str]:
        return [
            "dependency:copy-dependencies",
            f"-Dstrimzi.version={self.version}",
            "-DincludeGroupIds=io.strimzi",
            f"-DoutputDirectory={jars}",
        ]


SOURCES = (
    GoModule(
        "github.com/kedacore/keda/v2",
        "v2.21.0",
        ("config/crd/bases/keda.sh_scaledobjects.yaml", "config/crd/bases/keda.sh_triggerauthentications.yaml"),
    ),
    GoModule(
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        (
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
        ),
    ),
    GoModule(
        "sigs.k8s.io/gateway-api",
        "v1.3.0",
        ("config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",),
    ),
    StrimziTypes(("kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser")),
)


def _output(command: list[str], cwd: str | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
