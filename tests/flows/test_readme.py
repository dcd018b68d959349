"""What the READMEs show of plans is accepted as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.check_plan import Inspection, check_plan

ROOT = Path(__file__).parents[2]


def blocks(name: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```$", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)


def merged(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Both, the keys of mappings put together."""
    both = {key: merged(whole[key], value) for key, value in part.items() if isinstance(value, dict) and key in whole}
    return {**whole, **part, **both}


def checked(folder: Path, *texts: str) -> Inspection:
    data: dict[str, Any] = {}
    for text in texts:
        data = merged(data, yaml.safe_load(text))
    # whether claude and codex are installed here is another question
    data["agents"] = {name: {"command": ["true"]} for name in data["agents"]}
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    return check_plan(file)


@pytest.mark.parametrize("shown", [("README.md", 1), ("gates/README.md", 0)])
def test_what_a_plan_may_say_more_is_accepted_beside_the_first_plan(tmp_path: Path, shown: tuple[str, int]) -> None:
    name, place = shown
    first, more = blocks("README.md")[0], blocks(name)[place]
    for texts in ((first,), (first, more)):
        found = checked(tmp_path, *texts)
        assert found.ok, found.problems
        assert not found.warnings


def test_the_example_of_speed_takes_a_baseline_of_both(tmp_path: Path) -> None:
    found = checked(tmp_path, blocks("README.md")[0], blocks("gates/README.md")[0])
    (refinement,) = (phase for phase in found.phases if phase.name == "refinement")
    assert [check.split(",")[0] for check in refinement.gate] == ["slo: {name: parse", "slo: {name: start"]
