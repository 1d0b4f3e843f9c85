"""A Dockerfile as data: stages and their instructions, with variables put in as Docker does."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_FLAG = re.compile(r"--([a-z-]+)=(\S+)\s+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step: `COPY --from=wheel a b` is word COPY, flags {from: wheel}, rest `a b`."""

    word: str
    flags: Mapping[str, str]
    rest: str

    def pairs(self) -> dict[str, str]:
        """What ENV, LABEL and ARG set; an ARG without a default sets nothing."""
        words = [word.partition("=") for word in shlex.split(self.rest)]
        return {name: value for name, equals, value in words if equals}

    def command(self) -> list[str]:
        """What CMD, ENTRYPOINT and HEALTHCHECK run. ValueError unless it is in the exec form: a shell eats signals."""
        text = self.rest.removeprefix("CMD").strip()
        try:
            command = json.loads(text)
        except ValueError:
            raise ValueError(f"{self.word} {text}: write it as a JSON list") from None
        return [str(word) for word in command]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage and what it goes on from: another stage, or an image."""

    name: str
    base: str
    steps: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """Stages by name, in order; `arguments` are those before the first one."""

    arguments: Mapping[str, str]
    stages: Mapping[str, Stage]

    def lineage(self, name: str) -> Iterator[Stage]:
        """A stage and those that it goes on from, the first one first."""
        stage = self.stages[name]
        if stage.base in self.stages:
            yield from self.lineage(stage.base)
        yield stage

    def steps(self, name: str, *words: str) -> list[Instruction]:
        """All instructions of these words that a stage is made of."""
        return [step for stage in self.lineage(name) for step in stage.steps if step.word in words]


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile."""
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    name, base, steps = "", "", list[Instruction]()
    for step in _instructions(text):
        if step.word == "FROM":
            base, _, name = (part.strip() for part in step.rest.partition(" AS "))
            base, steps = filled(base, arguments), []
        elif not name:
            arguments |= step.pairs()
            continue
        else:
            steps.append(step)
        stages[name] = Stage(name, base, tuple(steps))
    return Dockerfile(arguments, stages)


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Put variables in; one that is not there is empty."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text)


def _instructions(text: str) -> Iterator[Instruction]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        if not line.strip():
            continue
        word, _, rest = line.strip().partition(" ")
        flags: dict[str, str] = {}
        while found := _FLAG.match(rest):
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        yield Instruction(word.upper(), flags, rest.strip())
