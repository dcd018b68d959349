"""SARIF 2.1.0: the results of every run.

What the format leaves out is not guessed to be nothing: a run without `results` has computed none, and that is an
error. Suppressions in the source count for nothing: waivers stand in the plan.
"""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from gates.formats.report_paths import Where, uri_path
from gates.formats.sarif_model import AnyLevel, Artifact, Log, Message, Result, Rule, RuleReference, Run
from gates.formats.told_findings import Found, Level, ToldFindings
from gates.paths import shown
from gates.verdict import Unmeasurable

MOST_CHARACTERS = 1000


def read(path: str, data: bytes, where: Where) -> ToldFindings:
    """Every result of one file. Raises Unmeasurable."""
    try:
        log = Log.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise Unmeasurable(f"{shown(path)} is no SARIF 2.1.0: {place[:120]}: {first['msg']}") from None
    for run in log.runs:
        _refuse_failed(path, run)
    results = (result for run in log.runs for result in _results(run, where))
    return ToldFindings(results=tuple(results), success=None)


def _refuse_failed(path: str, run: Run) -> None:
    """A tool that could not do all of its work has not measured; nor is it read what it put elsewhere."""
    name = run.tool.driver.name[:80]
    if run.externalPropertyFileReferences.results:
        raise Unmeasurable(f"{shown(path)}: results of {name} stand in other files: have it write one")
    for invocation in run.invocations:
        told = (*invocation.toolExecutionNotifications, *invocation.toolConfigurationNotifications)
        grave = next((_text(each.message) for each in told if each.level == "error"), "")
        if grave or not invocation.executionSuccessful:
            reason = f": {grave[:MOST_CHARACTERS]}" if grave else ""
            raise Unmeasurable(f"{shown(path)}: {name} says that it did not succeed{reason}")


class Rules:
    """Those of one run, by the parts of the tool that they stand in."""

    def __init__(self, run: Run) -> None:
        self._parts = [part.rules for part in (run.tool.driver, *run.tool.extensions)]
        self._by_name = [{rule.id: rule for rule in rules} for rules in self._parts]
        self._everywhere = {rule.id: rule for rules in self._parts for rule in rules}

    def meant(self, wanted: RuleReference) -> Rule | None:
        """By its name in the part of the tool that is named, by its number there, or anywhere."""
        at = wanted.toolComponent.index + 1
        own, by_name = (self._parts[at], self._by_name[at]) if at < len(self._parts) else ((), {})
        # `errors/no-eval` is a case of the rule `errors`
        names = list(filter(None, (wanted.id, (wanted.id or "").rpartition("/")[0])))
        found = next((by_name[name] for name in names if name in by_name), None)
        if found is None and 0 <= wanted.index < len(own):
            found = own[wanted.index]
        return found or next((self._everywhere[name] for name in names if name in self._everywhere), None)


def _results(run: Run, where: Where) -> Iterator[Found]:
    rules = Rules(run)
    overrides = _overrides(run, rules)
    for result in run.results:
        wanted = result.rule.model_copy(
            update={
                "id": result.ruleId or result.rule.id,
                "index": result.ruleIndex if result.ruleIndex >= 0 else result.rule.index,
            }
        )
        rule = rules.meant(wanted)
        name = wanted.id or (rule.id if rule else None)
        level = _level(result, rule, overrides)
        if level and result.baselineState != "absent":
            yield _found(result, name, level, run, where)


def _overrides(run: Run, rules: Rules) -> dict[str, AnyLevel]:
    """Levels that the tool was told to give to rules, by their names."""
    told = [override for invocation in run.invocations for override in invocation.ruleConfigurationOverrides]
    found = ((rules.meant(override.descriptor), override.configuration.level) for override in told)
    return {rule.id: level for rule, level in found if rule}


def _level(result: Result, rule: Rule | None, overrides: Mapping[str, AnyLevel]) -> Level | None:
    """None for a result that is no problem; what the tool leaves for people to decide is a warning."""
    if result.kind in ("open", "review"):
        return "warning"
    usual = overrides.get(rule.id, rule.defaultConfiguration.level) if rule else "warning"
    stated = result.level or usual
    return None if result.kind != "fail" or stated == "none" else stated


def _found(result: Result, name: str | None, level: Level, run: Run, where: Where) -> Found:
    text = (_text(result.message) or name or "no message")[:MOST_CHARACTERS]
    if result.suppressions:
        text += f" (suppressed {result.suppressions[0].kind[:20]}, which counts for nothing)"
    rule = "-".join(name.split()) if name else None
    place = next((location.physicalLocation for location in result.locations if location.physicalLocation), None)
    uri = _uri(place.artifactLocation, run) if place else None
    if place is None or uri is None:
        return Found(rule=rule, level=level, message=text)
    path = where.inside(uri)
    if path is None:
        outside = "" if uri.rstrip("/") in (where.root, ".", "") else f" (at {shown(uri)[:200]}, outside of the tree)"
        return Found(rule=rule, level=level, message=text + outside)
    return Found(rule=rule, level=level, message=text, path=path, line=place.region.startLine)


def _uri(artifact: Artifact, run: Run) -> str | None:
    """Its path, absolute or from the root; None where none is given."""
    if artifact.uri is None and 0 <= artifact.index < len(run.artifacts):
        listed = run.artifacts[artifact.index].location
        artifact = listed or artifact
    if artifact.uri is None:
        return None
    return uri_path(artifact.uri, _base(artifact.uriBaseId, run.originalUriBaseIds))


def _base(name: str | None, known: Mapping[str, Artifact]) -> str | None:
    """The URI of a base, which may itself be relative to another."""
    uri = ""
    for _ in range(len(known)):
        base = known.get(name or "")
        if base is None or base.uri is None:
            break
        uri, name = base.uri + uri, base.uriBaseId
    return uri or None


def _text(message: Message) -> str:
    return message.text or message.markdown or message.id or ""
