"""Ways around the tests, each with the rule that it breaks."""

from tests.gates.integrity_base import CONF, PRODUCT, TEST, UNIT, Case, append, edit

AROUND = [
    Case(
        "a fixture of all tests skips",
        "test-skipped",
        append(CONF, "@pytest.fixture(autouse=True)\ndef later():\n    pytest.skip('x')\n"),
    ),
    Case(
        "a fixture marks whatever uses it",
        "test-xfailed",
        append(
            CONF, "@pytest.fixture(autouse=True)\ndef later(request):\n    request.applymarker(pytest.mark.xfail)\n"
        ),
    ),
    Case(
        "the product skips its tests",
        "test-skipped",
        edit(PRODUCT, ("    return a + b", "    import pytest\n\n    pytest.skip('x')\n    return a + b")),
    ),
    Case(
        "setUp skips",
        "test-skipped",
        edit(UNIT, ("    def test_more", "    def setUp(self):\n        self.skipTest('x')\n\n    def test_more")),
    ),
    Case(
        "setUp raises what skips",
        "test-skipped",
        edit(UNIT, ("    def test_more", "    def setUp(self):\n        raise unittest.SkipTest\n\n    def test_more")),
    ),
    Case(
        "what is tested is imported from beside the tests",
        "test-mocked",
        {
            **edit(TEST, ("from shop.money import add, parse", "from fakes import add\nfrom shop.money import parse")),
            "tests/fakes.py": "def add(a, b):\n    return 3\n",
        },
    ),
    Case(
        "what is tested is made by the tests",
        "test-mocked",
        edit(
            TEST, ("import add, parse, rate, split\n", "import parse, rate, split\n\n\ndef add(a, b):\n    return 3\n")
        ),
    ),
    Case(
        "another path comes first",
        "modules-replaced",
        append(CONF, "import sys\n\nsys.path.insert(0, 'tests/fakes')\n"),
    ),
    Case("a conftest ends the process", "process-exit", append(CONF, "import os\nos._exit(0)\n")),
    Case("by another name", "process-exit", append(CONF, "from os import _exit as leave\nleave(0)\n")),
    Case("by a name given later", "process-exit", append(CONF, "import os\nleave = os._exit\nleave(0)\n")),
    Case("by getattr", "process-exit", append(CONF, "import os\ngetattr(os, '_exit')(0)\n")),
    Case("by an import in a call", "process-exit", append(CONF, "__import__('os')._exit(0)\n")),
    Case(
        "the product ends the process", "process-exit", append(PRODUCT, "def stop():\n    import os\n    os._exit(0)\n")
    ),
    Case("pytest is told to end", "process-exit", append(CONF, "import pytest\npytest.exit('done', returncode=0)\n")),
    Case("something runs at the end", "process-exit", append(CONF, "import atexit, os\natexit.register(print)\n")),
    Case(
        "a child takes the tests along",
        "process-exit",
        append(TEST, "def test_fork():\n    import os\n    assert os.fork() == 0\n"),
    ),
    Case("a signal", "process-exit", append(CONF, "import signal\nsignal.signal(signal.SIGALRM, print)\n")),
    Case(
        "a hook sets the exit status",
        "pytest-hook",
        append(CONF, "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"),
    ),
    Case(
        "a hook makes the reports",
        "pytest-hook",
        append(CONF, "@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item):\n    yield\n"),
    ),
    Case(
        "a hook drops tests",
        "pytest-hook",
        append(CONF, "def pytest_collection_modifyitems(items):\n    items.clear()\n"),
    ),
    Case("a hook calls tests", "pytest-hook", append(CONF, "def pytest_pyfunc_call(pyfuncitem):\n    return True\n")),
    Case(
        "a hook in the product",
        "pytest-hook",
        append(PRODUCT, "import pytest\n@pytest.hookimpl\ndef pytest_runtest_call(item):\n    pass\n"),
    ),
    Case("a plugin is named", "plugin-loaded", append(CONF, "pytest_plugins = ['shop.plugin']\n")),
    Case(
        "a plugin is an entry point",
        "plugin-loaded",
        append("pyproject.toml", "[project.entry-points.pytest11]\nshop = 'shop.plugin'\n"),
    ),
    Case(
        "a conftest replaces the product",
        "patched-for-all",
        append(CONF, "import shop.money\nshop.money.add = lambda a, b: 3\n"),
    ),
    Case(
        "a conftest sets the product",
        "patched-for-all",
        append(CONF, "import shop.money\nsetattr(shop.money, 'add', len)\n"),
    ),
    Case(
        "a fixture of all tests replaces the product",
        "patched-for-all",
        append(
            CONF,
            "@pytest.fixture(autouse=True)\ndef easy(monkeypatch):\n    monkeypatch.setattr('shop.money.add', len)\n",
        ),
    ),
    Case("coverage is imported", "tracing-touched", append(CONF, "import coverage\n")),
    Case(
        "coverage is imported in a call",
        "tracing-touched",
        append(CONF, "import importlib\nc = importlib.import_module('coverage')\n"),
    ),
    Case("tracing is taken over", "tracing-touched", append(TEST, "import sys\nsys.settrace(None)\n")),
    Case(
        "a module is put in place of pytest",
        "modules-replaced",
        append(PRODUCT, "import sys\nsys.modules['pytest'] = None\n"),
    ),
    Case(
        "a test replaces the product's module",
        "modules-replaced",
        append(TEST, "import sys\nsys.modules['shop.money'] = object()\n"),
    ),
    Case("pytest is changed", "builtins-patched", append(PRODUCT, "import pytest\npytest.raises = print\n")),
    Case(
        "unittest is changed",
        "builtins-patched",
        append(TEST, "import unittest\nunittest.TestCase.assertEqual = print\n"),
    ),
    Case("a builtin is changed", "builtins-patched", append(PRODUCT, "import builtins\nbuiltins.sum = lambda _: 10\n")),
    Case(
        "a method of pytest is changed",
        "builtins-patched",
        append(CONF, "from _pytest.python import Function\nFunction.runtest = lambda self: None\n"),
    ),
    Case("sitecustomize", "startup-file", {"sitecustomize.py": "import atexit\n"}),
    Case("usercustomize below src", "startup-file", {"src/usercustomize.py": "import atexit\n"}),
    Case("a .pth file", "startup-file", {"src/shop.pth": "import os; os._exit(0)\n"}),
    Case("a pytest of one's own", "shadowing", {"pytest.py": "def main():\n    return 0\n"}),
    Case("a coverage of one's own", "shadowing", {"coverage/__init__.py": "print('TOTAL 100%')\n"}),
    Case("a bandit below src", "shadowing", {"src/bandit/__init__.py": ""}),
    Case("a module of Python's own, beside the tests", "shadowing", {"tests/unittest.py": "class TestCase: pass\n"}),
    Case("coverage data", "forged-report", {".coverage": "SQLite format 3"}),
    Case("coverage data of a process", "forged-report", {".coverage.host.1": "SQLite format 3"}),
    Case("a report of tests", "forged-report", {"reports/junit.xml": "<testsuites/>"}),
    Case("a report of coverage", "forged-report", {"coverage.xml": "<coverage line-rate='1'/>"}),
    Case("the plan", "plan-changed", {"plan.yaml": "sparc: 1\nname: shop\nphases: {}\nwaivers: []\n"}),
]
