"""Ways around the tests by less-known doors, each with the rule that it breaks."""

from tests.gates.integrity_base import CONF, GO, PRODUCT, WORKFLOW, Case, Files, append, edit

CI = ".github/workflows/ci.yml"
OF_PRODUCT = {
    "always-equal": (
        "class Any:\n    def __eq__(self, other):\n        return 1\n",
        "class Any:\n    def __eq__(self, other):\n        return not False\n",
        "class Any:\n    def __eq__(self, other):\n        return other == other\n",
        "class Any:\n    pass\n\n\nAny.__eq__ = lambda self, other: True\n",
        "Any = type('Any', (int,), {'__eq__': lambda self, other: True})\n",
    ),
    "test-detected": (
        "import sys\n\n\ndef easy():\n    return 'pytest' in sys.modules\n",
        "import sys\n\n\ndef easy():\n    return sys.modules.get('unittest')\n",
        "import os\n\n\ndef easy():\n    return os.environ.get('PYTEST_CURRENT_TEST')\n",
    ),
    "builtins-patched": (
        "import math\nmath.isclose = lambda *a, **k: True\n",
        "import time\ntime.perf_counter = lambda: 0.0\n",
        "import builtins\nbuiltins.__dict__['sum'] = len\n",
        "import builtins\nvars(builtins)['sum'] = len\n",
        "import builtins\nbuiltins.__dict__.update(sum=len)\n",
    ),
    "suppression-types": ("import typing\n\n\n@typing.no_type_check\ndef more(a):\n    return a\n",),
}
OF_CONFTEST = {
    "builtins-patched": ("pytest.__dict__['raises'] = None\n",),
    "pytest-configured": (
        "def pytest_configure(config):\n    config.option.keyword = 'not add'\n",
        "def pytest_configure(config):\n    setattr(config.option, 'keyword', 'not add')\n",
    ),
    "patched-for-all": (
        "@pytest.fixture(autouse=True)\ndef easy(request):\n    request.node.obj = lambda: None\n",
        "def pytest_sessionstart(session):\n    session.perform_collect = lambda: []\n",
        "def easy():\n    import shop.money\n    shop.money.add = len\n\n\neasy()\n",
        "def pytest_configure(config):\n    import shop.money\n    shop.money.add = len\n",
        "@pytest.fixture(autouse=bool(1))\ndef easy(monkeypatch):\n    monkeypatch.setattr('shop.money.add', len)\n",
        "import shop.money\nshop.money.__dict__['add'] = len\n",
    ),
    "plugin-loaded": ("def pytest_configure(config):\n    config.pluginmanager.register(object())\n",),
    "modules-replaced": ("import sys\nsys.path += ['tests/fakes']\n",),
    "test-skipped": ("collect_ignore = []\ncollect_ignore.append('test_money.py')\n",),
}
COMMENTS = {
    "suppression-coverage": ("# pragma no cover", "#PRAGMA NO COVER"),
    "suppression-types": ("# ty: ignore", "# pyre-ignore", "# pyrefly: ignore", "# pytype: disable=x",
                          "# basedpyright: ignore"),
    "suppression-file": (
        "# mypy: ignore_errors", "# ruff: file-ignore[F401]", "# mypy: no-check-untyped-defs",
        "# mypy: disallow-untyped-defs=False", "# pytype: skip-file",
    ),
    "suppression-lint": ("# noinspection PyX", "# pylint: disable-all", "# pylint: disable-next=all"),
    "suppression-nosec": ("# lgtm[py/x]", "# codeql[py/x]", "# DevSkim: ignore DS1"),
}  # fmt: skip
FILES: dict[str, tuple[Files, ...]] = {
    "shadowing": (
        {"tests/shop/__init__.py": "", "tests/shop/money.py": "def add(a, b):\n    return 3\n"},
        {"shop.py": "def add(a, b):\n    return 3\n"},
        {"pytest.pyc": "x"},
        {"src/shop/__pycache__/money.cpython-311.pyc": "x"},
        {"src/shop/money.cpython-311-x86_64-linux-gnu.so": "x"},
    ),
    "startup-file": ({"sitecustomize.pyc": "x"},),
    "pytest-configured": (
        {"pytest.toml": '[pytest]\naddopts = ["--deselect=tests/test_money.py::test_add"]\n'},
        edit("pyproject.toml", ('"-ra"]', '"-ra", "--reruns=5"]')),
        edit("pyproject.toml", ('"-ra"]', '"-ra", "tests/test_unit.py"]')),
        edit("pyproject.toml", ("xfail_strict = true", "xfail_strict = true\ncollect_imported_tests = false")),
        edit("pyproject.toml", ("xfail_strict = true", 'xfail_strict = true\nusefixtures = ["easy"]')),
    ),
    "check-loosened": (
        {".coveragerc": f"[report]\nomit = *\n#{'x' * 1_100_000}\n"},
        {"src/shop/ruff.toml": 'lint.select = ["E1"]\n'},
    ),
    "suppression-file": (
        {".semgrepignore": "*\n"},
        {".gitleaksignore": "x\n"},
        {"sonar-project.properties": "sonar.coverage.exclusions=src/**\n"},
    ),
    "limit-lowered": (
        edit(CI, ("run: pytest", "run: echo pytest")),
        edit(CI, ("run: pytest", "run: pytest --collect-only")),
    ),
    "ci-loosened": (
        edit(CI, ("on: push\n", "on: push\nenv:\n  PYTEST_ADDOPTS: \"-k 'not add'\"\n")),
        edit(CI, ("on: push\n", "on: workflow_dispatch\n")),
        {CI: None, f"{CI}.off": WORKFLOW},
        edit(CI, ("--cov-fail-under=90", "--cov-fail-under=90 | cat")),
        edit(CI, ("run: pytest", "run: pytest tests/test_unit.py")),
        edit(CI, ("run: mypy src", "run: 'true' # mypy src")),
    ),
    "test-skipped": (
        edit("rust/src/lib.rs", ("    #[test]\n    fn adds()", "    #[cfg(any())]\n    #[test]\n    fn adds()")),
        {"go/money_test.go": "//go:build never\n\n" + GO},
    ),
    "test-deleted": (
        edit("rust/src/lib.rs", ("    #[test]\n    fn adds()", "    // #[test]\n    fn adds()")),
        edit("web/money.test.ts", ('  it("adds", ', '  // it("adds", ')),
    ),
}

HIDDEN = [
    *(
        Case(" ".join(text.split())[:70], rule, append(PRODUCT, text))
        for rule, some in OF_PRODUCT.items()
        for text in some
    ),
    *(
        Case(" ".join(text.split())[:70], rule, append(CONF, text))
        for rule, some in OF_CONFTEST.items()
        for text in some
    ),
    *(
        Case(comment, rule, edit(PRODUCT, ("    return a + b", f"    return a + b  {comment}")))
        for rule, some in COMMENTS.items()
        for comment in some
    ),
    *(
        Case(f"{rule} {place}: {next(iter(files))}", rule, files)
        for rule, some in FILES.items()
        for place, files in enumerate(some)
    ),
]
