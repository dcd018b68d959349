"""Files of the tree that were imported under a name of the product's: a `tests/ledger.py` before `src/ledger.py`.

Tests of such a module say nothing of the product. One that the base has just so is no news.
"""

from collections.abc import Iterator

from gates.product import import_names
from gates.subject import Subject
from gates.suites.guard import Heard
from gates.verdict import Finding


def usurped(subject: Subject, seen: Heard) -> Iterator[Finding]:
    """The files, in order of their paths."""
    product = import_names(subject)
    old = {(file.path, file.blob) for file in subject.base.files} if subject.base else set()
    blobs = {file.path: file.blob for file in subject.files}
    for name, path in sorted(seen.modules, key=lambda told: told[1]):
        own = product.get(name, ())
        if own and path in blobs and path not in own and (path, blobs[path]) not in old:
            message = f"was imported as {name} in place of the product's {name}, at which no test of it has looked"
            yield Finding(path=path, rule="product-replaced", message=message)
