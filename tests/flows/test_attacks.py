"""The attacks of benchmarks/attacks.sh from inside an attempt and from inside a gate's tests; some without isolation.

`benchmarks/attacks.py` carries out each of them by itself. Here all that an attempt survives are carried out in one.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tasks.isolation import why_not
from tests.support import lend_server

FATAL = ("a repository inside", "a link that leads out", "a change outside", "a name with .git", "the clone's .git")
"""What fails the attempt itself, by the beginning of its name."""
LEFT_OUT = ("kill the server", "hooks that cannot be run")
"""The server is that of other tests as well; and no kernel keeps a mode from being changed, which stops the run."""


@pytest.fixture(scope="module")
def attacks() -> ModuleType:
    """The benchmark."""
    path = Path(__file__).parents[2] / "benchmarks/attacks.py"
    spec = importlib.util.spec_from_file_location("attacks", path)
    assert spec
    assert spec.loader
    module = sys.modules["attacks"] = importlib.util.module_from_spec(spec)  # where its dataclasses are looked for
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scenes(server: object, server_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all scenes are, with a SPARC_HOME `home`."""
    assert server
    root = tmp_path_factory.mktemp("attacks")
    (root / "home").mkdir()
    lend_server(server_home, root / "home")
    return root


def altogether(attacks: ModuleType) -> str:
    """One script that tries everything, whatever becomes of the parts."""
    parts = [
        script.removeprefix(attacks.prelude())
        for name, script in attacks.table().items()
        if not name.startswith((*FATAL, *LEFT_OUT))
    ]
    return attacks.prelude() + "\n".join(f"(\n{part}\n)" for part in parts)


@pytest.mark.skipif(bool(why_not("landlock")), reason="this kernel has no Landlock")
@pytest.mark.parametrize("position", ["agent", pytest.param("tests", marks=pytest.mark.builds)])
def test_with_isolation_nothing_comes_of_any_attack(attacks: ModuleType, scenes: Path, position: str) -> None:
    expected, *seen = attacks.carried(scenes / f"{position}-0", scenes / "home", ":", "landlock", position)
    assert seen[0] == "", seen
    state, *seen = attacks.carried(scenes / position, scenes / "home", altogether(attacks), "landlock", position)
    assert seen[0] == "", seen
    assert {key: text for key, text in state.items() if expected.get(key) != text} == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hooks that cannot be run", "is not executable, so that git would not run it"),
        ("direct commit", "the hub refuses"),
        ("the plan that a resume runs", "the run's copy of its plan was changed after it had begun"),
    ],
)
def test_without_isolation_an_attack_is_refused_or_stops_the_run_in_words(
    attacks: ModuleType, scenes: Path, name: str, words: str
) -> None:
    script = attacks.table()[name]
    _, outcome, why = attacks.carried(scenes / name.replace(" ", "-"), scenes / "home", script, "none", "agent")
    assert outcome in ("", "seen")
    assert words in why
