"""Whether a piece of code in a document can be parsed; it is never run."""

import ast
import doctest
import textwrap
import warnings
from collections.abc import Callable, Mapping
from typing import Literal

from gates.spec.documents import Unreadable, json_data, refuse_unparsable_yaml, toml_data

Language = Literal["python", "json", "yaml", "toml"]

NAMES: Mapping[str, Language] = {
    "python": "python", "py": "python", "python3": "python", "pycon": "python",
    "json": "json", "yaml": "yaml", "yml": "yaml", "toml": "toml",
}  # fmt: skip
"""What stands behind a fence to the language that it means."""


def refuse(language: Language, text: str) -> None:
    """See that a text is of a language. Raises Unreadable with the line in the text."""
    if not text.strip():
        raise Unreadable("is empty", 1)
    _PARSERS[language](text)


def _python(text: str) -> None:
    """A module, or a session with prompts, whose answers are no code."""
    text = textwrap.dedent(text)
    if not text.lstrip().startswith(">>>"):
        _module(text, 0)
        return
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError as problem:
        raise Unreadable(f"is no session of Python: {problem}") from None
    for example in examples:
        _module(example.source, example.lineno)


def _module(source: str, above: int) -> None:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<block>", "exec", flags=flags)
    except SyntaxError as problem:
        raise Unreadable(f"is no Python: {problem.msg}", above + (problem.lineno or 1)) from None
    except (ValueError, RecursionError, MemoryError) as problem:
        raise Unreadable(f"is no Python: {str(problem) or type(problem).__name__}", above + 1) from None


_PARSERS: Mapping[Language, Callable[[str], object]] = {
    "python": _python,
    "json": json_data,
    "yaml": refuse_unparsable_yaml,
    "toml": toml_data,
}
