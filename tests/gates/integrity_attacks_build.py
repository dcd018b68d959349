"""Ways around the tests by what builds the project, and by the gate's own file, each with the rule that it breaks."""

from tests.gates.integrity_base import GATE, Case, append

HATCH = "[tool.hatch.build.targets.wheel.force-include]\n"
SITE = "lib/python3.11/site-packages"
TREE = "setup.py"

STARTED = [
    append("pyproject.toml", f'{HATCH}"boot.txt" = "boot.pth"\n'),
    append("pyproject.toml", '[tool.hatch.build.targets.wheel.shared-data]\n"a" = "lib/python3/usercustomize.py"\n'),
    append("pyproject.toml", '[tool.setuptools.data-files]\n"" = ["boot.pth"]\n'),
    append("pyproject.toml", '[tool.poetry]\ninclude = ["sitecustomize.py"]\n'),
    {"setup.cfg": f"[options.data_files]\n{SITE} = boot.pth\n"},
    {TREE: "from setuptools import setup\nsetup(data_files=[('', ['boot.pth'])])\n"},
    {"MANIFEST.in": "include boot.pth\n"},
    {"hatch_build.py": "NAME = 'boot.pth'\n"},
    {
        **append("pyproject.toml", "[build-system]\nbuild-backend = 'own'\nbackend-path = ['build/own']\n"),
        "build/own/own.py": "def build_wheel(*_):\n    add('boot.pth')\n",
    },
]
STRAYING = [
    append("pyproject.toml", f'{HATCH}"src/shop/hook.py" = "shop_hook.py"\n'),
    append("pyproject.toml", f'{HATCH}"src/fake" = "pytest"\n'),
    append("pyproject.toml", f'{HATCH}"src/fake" = "/"\n'),
    append("pyproject.toml", '[tool.hatch.build.targets.wheel.sources]\n"src/shop" = "coverage"\n'),
    append("pyproject.toml", "[tool.hatch.build.hooks.custom]\n"),
    append("pyproject.toml", '[tool.setuptools.package-dir]\n"" = "src"\npluggy = "src/fake"\n'),
    append("pyproject.toml", f'[tool.setuptools.data-files]\n"{SITE}" = ["boot.txt"]\n'),
    append("pyproject.toml", '[[tool.poetry.packages]]\ninclude = "x"\nto = "_pytest"\n'),
    append("pyproject.toml", '[tool.uv.build-backend.data]\npurelib = "more"\n'),
    append("pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n"),
    {TREE: f"from setuptools import setup\nsetup(data_files=[('{SITE}', ['boot.txt'])])\n"},
    {TREE: "#" * 1_000_001},
    {TREE: "import sysconfig\nopen(sysconfig.get_path('purelib') + '/x.py', 'w')\n"},
]
PLUGINS = [
    append("pyproject.toml", '[tool.poetry.plugins.pytest11]\neasy = "shop.easy"\n'),
    {"setup.cfg": "[options.entry_points]\npytest11 =\n    one = shop.one\n    easy = shop.easy\n"},
]
LESS = {
    "the gate's file asks for less": GATE.replace("90", "50"),
    "the gate's file asks for one check less": GATE.replace("tests, ", ""),
    "the gate's file has a waiver": GATE + 'waivers: [{rule: "*", paths: "**", reason: x}]\n',
    "the gate's file compares with itself": GATE.replace("origin/main", "HEAD"),
    "the gate's file names no base": GATE.replace("base: origin/main\n", ""),
    "the gate's file lets files run at the start": GATE + "environment: {startup: [boot.pth]}\n",
    "the gate's file is about another project": GATE + "environment: {python: other}\n",
    "the gate's file looks at less": GATE.replace("at_least: 90", "at_least: 90, paths: src/shop/money.py"),
    "the gate's file does not look at branches": GATE.replace("branch: true", "branch: false"),
    "the gate's file looks at grave issues alone": GATE.replace("bandit", "bandit: {severity: high}"),
    "the gate's file looks at new issues alone": GATE.replace("bandit", "bandit: {new_only: true}"),
    "the gate's file cannot be read": "gate: [tests\n",
    "the gate's file is empty": "",
    "the gate's file says what JSON cannot": "gate: [{coverage: {1: 2, a: &x [*x]}}]\nbase: origin/main\n",
    "the gate's file is gone": None,
}

BUILT = [
    *(Case(f"the build puts down what starts: {at}", "startup-file", files) for at, files in enumerate(STARTED, 1)),
    *(Case(f"the build puts down what strays: {at}", "build-strays", files) for at, files in enumerate(STRAYING, 1)),
    *(Case(f"the build brings a plugin: {at}", "plugin-loaded", files) for at, files in enumerate(PLUGINS, 1)),
    *(Case(name, "gate-loosened", {"ci/ours.yaml": text}) for name, text in LESS.items()),
    Case("the gate's file in JSON", "gate-loosened", {"gate.json": '{"gate": ["docs"]}'}),
    Case("a plan in JSON", "plan-changed", {"plan.json": '{"sparc": 1, "name": "other"}'}),
    Case("a plan in JSON is gone", "plan-changed", {"plan.json": None}),
]

MORE = {
    "the gate's file asks for more": GATE.replace("90", "95"),
    "the gate's file asks for new code as well": GATE.replace("at_least: 90", "at_least: 90, new_code: 95"),
    "the gate's file has a check more": GATE.replace("tests, ", "tests, integrity, "),
    "the gate's file looks at slight issues": GATE.replace("bandit", "bandit: {severity: low}"),
    "the gate's file has another order and a remark":
        "# ours\nbase: origin/main\ngate:\n  - bandit: {severity: medium}\n  - coverage: {branch: true, at_least: 90}\n"
        "  - tests: {timeout: 20m}\n",
}  # fmt: skip
FAIR = [
    *(Case(name, "", {"ci/ours.yaml": text}) for name, text in MORE.items()),
    Case("the gate's file is moved", "", {"ci/ours.yaml": None, "gate.yml": GATE}),
    Case("another file has a gate", "", {"docs/places.yaml": "gate: [north]\nfence: high\n"}),
    Case("a build of its kind", "", append("pyproject.toml", "[build-system]\nrequires = ['hatchling']\n")),
    Case("data within the package", "", append("pyproject.toml", f'{HATCH}"data" = "shop/data"\n')),
    Case("data of the package", "", append("pyproject.toml", '[tool.setuptools.package-data]\nshop = ["*.json"]\n')),
    Case("the folder of packages", "", append("pyproject.toml", '[tool.setuptools.package-dir]\n"" = "src"\n')),
    Case("a page of a manual", "", append("pyproject.toml", '[tool.setuptools.data-files]\n"share" = ["shop.1"]\n')),
    Case("another tool leaves models out", "", append("pyproject.toml", '[tool.codespell]\nskip = "*.pth"\n')),
    Case("a new project has a backend of its own", "", {
        "services/a/pyproject.toml": "[build-system]\nbuild-backend = 'own'\nbackend-path = ['.']\n",
    }),
]  # fmt: skip
