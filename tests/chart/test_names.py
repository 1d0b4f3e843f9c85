"""Names and labels: within what Kubernetes takes, and never shared by two releases."""

import re

import pytest
from chart.cases import DISTRIBUTED, EMBEDDED_EVERYTHING, EVERYTHING, in_every_case
from chart.render import Case, objects

LONGEST_RELEASE = "a-release-with-the-longest-name-that-helm-lets-one-g5"


def named(case: Case) -> set[tuple[str, str]]:
    """Return (kind, name) of every object."""
    return {(one["kind"], one["metadata"]["name"]) for one in objects(case)}


@in_every_case
def test_every_object_is_labelled(case: Case) -> None:
    """With what Kubernetes recommends, and with the release in its name, in the namespace of the release."""
    assert len(named(case)) == len(objects(case))
    for one in objects(case):
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == case.release
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["app.kubernetes.io/part-of"] == "leadflow"
        assert {"app.kubernetes.io/name", "app.kubernetes.io/version", "helm.sh/chart"} <= labels.keys()
        assert one["metadata"]["namespace"] == "leadflow"


@pytest.mark.parametrize("case", [EMBEDDED_EVERYTHING, EVERYTHING], ids=str)
def test_two_releases_share_nothing(case: Case) -> None:
    """In one namespace, no object of one has the name of an object of the other."""
    other = case.having("another release", {}, release="second")
    assert not named(case) & named(other)
    assert len(named(case)) == len(named(other))


@pytest.mark.parametrize("case", [EMBEDDED_EVERYTHING, EVERYTHING], ids=str)
def test_names_fit_with_the_longest_release(case: Case) -> None:
    """A label, and so a pod's name with what its owner adds, holds 63 characters."""
    assert len(LONGEST_RELEASE) == 53
    long = case.having("a long name", {}, release=LONGEST_RELEASE)
    assert len(named(long)) == len(objects(long)) == len(objects(case))
    for one in objects(long):
        name = one["metadata"]["name"]
        added = {"StatefulSet": len("-0123456789")}  # the label controller-revision-hash
        assert len(name) + added.get(one["kind"], 0) <= 63, name
        assert re.fullmatch(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?", name)
        assert all(len(value) <= 63 for value in one["metadata"]["labels"].values())


def test_the_chart_can_be_called_otherwise() -> None:
    """`fullnameOverride` stands before everything, `nameOverride` for the chart's name."""
    full = DISTRIBUTED.having("a full name", {"fullnameOverride": "leads"})
    assert all(name.startswith("leads") for _, name in named(full))
    short = DISTRIBUTED.having("a short name", {"nameOverride": "crm"}, release="prod")
    assert all(name.startswith("prod-crm") for _, name in named(short))
