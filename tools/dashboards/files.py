"""The dashboards as files of the chart, and whether these are what the code makes."""

import json
from pathlib import Path

from tools.dashboards.boards import admin_api, funnel, identity, observer, overview, processor, scoring

FOLDER = Path(__file__).resolve().parent.parent.parent / "helm" / "leadflow" / "files" / "dashboards"
BOARDS = tuple(module.BOARD for module in (overview, observer, processor, scoring, admin_api, identity, funnel))


def made() -> dict[Path, str]:
    """Return each file's text."""
    return {
        FOLDER / f"{board.name}.json": json.dumps(board.json(), indent=1, ensure_ascii=False) + "\n" for board in BOARDS
    }


def write() -> None:
    """Write all, and take away what is made no more."""
    texts = made()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in set(FOLDER.glob("*.json")) - texts.keys():
        path.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


def differing() -> list[str]:
    """Return the names of the files that are not what the code makes."""
    texts = made()
    there = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(path.name for path in texts.keys() | there.keys() if texts.get(path) != there.get(path))
