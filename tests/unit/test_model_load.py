"""Loading a model: every problem is named with its line and what is allowed."""

from importlib import resources

import pytest
from unit.leads import identify, score_of

from leadflow.core.scoring.load import ModelError, load_model, shipped_model
from leadflow.core.scoring.model import POINT
from leadflow.core.touchpoint import Identifier

SHIPPED = (resources.files("leadflow.models") / "b2b.yaml").read_text(encoding="utf-8")


def line_of(text: str, part: str) -> int:
    """The line, from 1, on which a part of a text begins."""
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("half_life: 14d", "half_life: 0d", "longer than zero"),
        ("half_life: 14d", "half_life: -3d", "45m or 14d"),
        ("half_life: 14d", "half_live: 14d", "'half_live' is not known here: name, kind, half_life"),
        ("time_zone: Asia/Ho_Chi_Minh", "time_zone: Asia/Hanoi2", "'Asia/Hanoi2' is no time zone"),
        ("clamp: [0, 60]", "clamp: [60, 0]", "low ≤ 0 ≤ high"),
        ("clamp: [0, 60]", "clamp: 60", "a list is expected"),
        ("points: 12\n", "points: twelve\n", "'twelve' is no number of points"),
        ("points: 12\n", "points: 0.0000001\n", "at most six decimals"),
        ("points: 12\n", "points: -12\n", "not allowed in a group of kind interest"),
        ("cap: 3\n", "cap: 0\n", "whole numbers from 1 on"),
        ("- id: social\n", "- id: ad_click\n", "the rule 'ad_click' stands in line"),
        ("- id: social\n", "- id: floor\n", "choose another id"),
        ("- id: social\n", "- id: clamp:x\n", "choose another id"),
        ("when: event == 'ad clicked'", "when: event = 'ad clicked'", "column 7"),
        ("when: event == 'ad clicked'", "when: evnt == 'ad clicked'", "'evnt' is not known here: campaign"),
        ("when: event == 'ad clicked'", "when: event == 'Ad Clicked'", "write 'ad clicked'"),
        ("when: exists(title)", "when: exists(job)", "'job' is not known here"),
        ("when: engagement >= 50", "when: engagment >= 50", "'engagment' is not known here"),
        ("grades: {A: 40, B: 0, C: -20}", "grades: {A: 40, B: 50, C: -20}", "A above B above C"),
        ("{from: 60, back_below: 50}", "{from: 60, back_below: 70}", "limits rise"),
        ("weights: {name: 2,", "weights: {nome: 2,", "'nome' is no fact"),
        ("  - name: opportunity", "  - name: chance", "visitor, lead, mql, sql, opportunity, customer"),
        ("    action: accept\n", "    action: hug\n", "'hug' is not allowed: accept, won are"),
        ("partner: 0.7", "partner: 1.7", "between 0 and 1"),
        ("  default: opt_in", "  default: gold", "'gold' is not allowed"),
        ("trial_lasts: 30d", "trial_lasts: a month", "is no duration"),
        ("as: size", "as: number", "'number' is not allowed: text, size, presence are"),
        ("model: b2b", "model: b2b\nmodel: again", "the key comes twice"),
    ],
)
def test_a_problem_is_named_with_its_line(before: str, after: str, message: str) -> None:
    """The file, the line, what is wrong and what is allowed."""
    assert before in SHIPPED
    broken = SHIPPED.replace(before, after, 1)
    with pytest.raises(ModelError) as caught:
        load_model(broken, "mine.yaml")
    (problem,) = [text for text in str(caught.value).splitlines() if message in text]
    line = int(problem.split(":")[1])
    assert problem.startswith("mine.yaml:")
    assert abs(line - line_of(broken, after)) <= 8  # a problem of a whole mapping is named where that begins


def test_the_line_is_exact() -> None:
    """A wrong value is named on its own line."""
    broken = SHIPPED.replace("points: 12\n", "points: twelve\n")
    with pytest.raises(ModelError, match=rf"mine\.yaml:{line_of(broken, 'twelve')}: "):
        load_model(broken, "mine.yaml")


def test_all_problems_are_named_at_once() -> None:
    """Whoever repairs a model need not try again and again."""
    broken = (
        SHIPPED.replace("points: 12\n", "points: x\n").replace("half_life: 7d", "half_life: 7").replace("A: 40", "A: y")
    )
    with pytest.raises(ModelError) as caught:
        load_model(broken, "mine.yaml")
    problems = str(caught.value).splitlines()
    assert len(problems) >= 3
    lines = [int(problem.split(":")[1]) for problem in problems]
    assert lines == sorted(lines)


def test_interest_is_worth_less_than_intent() -> None:
    """An interest rule worth as much as the weakest intent rule is refused."""
    for points in (15, 40):
        broken = SHIPPED.replace("points: 12\n", f"points: {points}\n")
        with pytest.raises(ModelError, match=r"'email_reply' is worth .* fewer than 15 are allowed"):
            load_model(broken, "mine.yaml")
    load_model(SHIPPED.replace("points: 12\n", "points: 14.999999\n"), "mine.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "empty"), ("a: [", "mine.yaml:1"), ("- 1", "a mapping"), ("model: x", "'groups' is missing"),
     ("a: &a [*a]", "nested deeper"), ("!!python/object:os.system x", "a mapping")],
)  # fmt: skip
def test_what_is_no_model_is_refused(text: str, message: str) -> None:
    """Whatever the file holds, the answer is a ModelError."""
    with pytest.raises(ModelError, match=message):
        load_model(text, "mine.yaml")


def test_the_version_is_a_hash_of_the_content() -> None:
    """Comments and layout leave it, a number changes it."""
    shipped = shipped_model()
    assert load_model(f"# mine\n{SHIPPED}", "mine.yaml").version == shipped.version
    assert load_model(SHIPPED.replace("points: 12\n", "points: 13\n"), "mine.yaml").version != shipped.version


def test_there_is_no_model_of_another_name() -> None:
    """A name is no path."""
    for name in ("b2c", "../b2b", ""):
        with pytest.raises(ModelError, match="no shipped model"):
            shipped_model(name)


def test_the_lists_are_settings() -> None:
    """A company's own targets and competitors count, tolerant of case and of missing accents."""
    mine = (
        SHIPPED.replace("target_professions: []", "target_professions: [Kế toán]")
        .replace("target_industries: []", "target_industries: [retail]")
        .replace("competitor_domains: []", "competitor_domains: [Rival.vn]")
    )
    model = load_model(mine, "mine.yaml")
    targets = identify(traits={"profession": "ke toan truong", "industry": "Retail & FMCG"})
    rival = identify(contacts=(Identifier("email", "spy@sales.rival.vn"),))
    assert score_of([targets], model=model).fit == 30 * POINT
    assert score_of([rival], model=model).fit == -40 * POINT
    assert score_of([targets]).fit == 0
