"""The parts of SARIF 2.1.0 that are read; what else stands in a file is of no matter, a wrong type in these is."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Text = Annotated[str, Field(strict=True)]
Index = Annotated[int, Field(strict=True, ge=-1)]
AnyLevel = Literal["none", "note", "warning", "error"]


class Message(BaseModel):
    """A text, or the name of one of the rule's."""

    text: Text | None = None
    markdown: Text | None = None
    id: Text | None = None


class Artifact(BaseModel):
    """A file."""

    uri: Text | None = None
    uriBaseId: Text | None = None  # noqa: N815 - as the format has it
    index: Index = -1


class ArtifactEntry(BaseModel):
    """A file of the run's own list."""

    location: Artifact | None = None


class Region(BaseModel):
    """Where in it."""

    startLine: Annotated[int, Field(strict=True, ge=1)] | None = None  # noqa: N815


class Physical(BaseModel):
    """File and place."""

    artifactLocation: Artifact = Artifact()  # noqa: N815
    region: Region = Region()


class Location(BaseModel):
    """A place; a purely logical one has no file."""

    physicalLocation: Physical | None = None  # noqa: N815


class Component(BaseModel):
    """The part of a tool that has a rule; without a number the tool itself."""

    index: Index = -1


class RuleReference(BaseModel):
    """By name or number."""

    id: Text | None = None
    index: Index = -1
    toolComponent: Component = Component()  # noqa: N815 - as the format has it


class Suppression(BaseModel):
    """Somebody's word that a result is fine."""

    kind: Text


class Result(BaseModel):
    """One result."""

    message: Message
    ruleId: Text | None = None  # noqa: N815
    ruleIndex: Index = -1  # noqa: N815
    rule: RuleReference = RuleReference()
    kind: Literal["notApplicable", "pass", "fail", "review", "open", "informational"] = "fail"
    level: AnyLevel | None = None
    locations: tuple[Location, ...] = ()
    baselineState: Literal["new", "unchanged", "updated", "absent"] | None = None  # noqa: N815
    suppressions: tuple[Suppression, ...] | None = None


class Configuration(BaseModel):
    """Defaults of a rule."""

    level: AnyLevel = "warning"


class Rule(BaseModel):
    """What a result may be of."""

    id: Text
    defaultConfiguration: Configuration = Configuration()  # noqa: N815


class Driver(BaseModel):
    """The tool itself, or a pack of rules that extends it."""

    name: Annotated[str, Field(strict=True, min_length=1)]
    rules: tuple[Rule, ...] = ()


class Tool(BaseModel):
    """The tool, and what extends it."""

    driver: Driver
    extensions: tuple[Driver, ...] = ()


class Notification(BaseModel):
    """What the tool says of its own work."""

    message: Message
    level: AnyLevel = "warning"


class Override(BaseModel):
    """Another configuration for a rule."""

    configuration: Configuration
    descriptor: RuleReference


class Invocation(BaseModel):
    """How the tool was run."""

    executionSuccessful: Annotated[bool, Field(strict=True)]  # noqa: N815
    toolExecutionNotifications: tuple[Notification, ...] = ()  # noqa: N815
    toolConfigurationNotifications: tuple[Notification, ...] = ()  # noqa: N815
    ruleConfigurationOverrides: tuple[Override, ...] = ()  # noqa: N815


class External(BaseModel):
    """Parts of a run that stand in other files."""

    results: tuple[object, ...] = ()


class Run(BaseModel):
    """One run of one tool."""

    tool: Tool
    results: tuple[Result, ...]
    artifacts: tuple[ArtifactEntry, ...] = ()
    originalUriBaseIds: dict[str, Artifact] = {}  # noqa: N815
    invocations: tuple[Invocation, ...] = ()
    externalPropertyFileReferences: External = External()  # noqa: N815


class Log(BaseModel):
    """The file."""

    version: Literal["2.1.0"]
    runs: Annotated[tuple[Run, ...], Field(min_length=1)]
