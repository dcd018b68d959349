"""How far a Turtle specification satisfies SHACL shapes: what was asked of which node, and what is missing.

Asked are, of every focus node of every shape with a target, the shape's own constraints as one and each of its property
shapes as one. Each shape with a target must have a focus node, and each address in the specification's own namespaces
that something points to must be described, as must a class that the shapes do not name; these count as one each.

Only SHACL Core is asked. A term that it does not have would be passed over in silence if it is misspelt, and could lead
to other machines if it is SPARQL or JavaScript; both are refused. Nothing is imported, nothing is inferred.
"""

import re
import secrets
import warnings
from collections.abc import Iterator

from pyshacl import validate
from rdflib import RDF, RDFS, SH, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from gates.spec.closure import Closure, Missing
from gates.spec.turtle import Sources
from gates.verdict import Finding, Unmeasurable

CONSTRAINTS = """and class closed datatype disjoint equals hasValue in languageIn lessThan lessThanOrEquals maxCount
    maxExclusive maxInclusive maxLength minCount minExclusive minInclusive minLength node nodeKind not or pattern
    qualifiedMaxCount qualifiedMinCount uniqueLang xone"""
TARGETS = "targetNode targetClass targetSubjectsOf targetObjectsOf"
OTHERS = """alternativePath deactivated declare defaultValue description flags group ignoredProperties inversePath
    message name namespace oneOrMorePath order path prefix property qualifiedValueShape qualifiedValueShapesDisjoint
    severity zeroOrMorePath zeroOrOnePath"""
CANARY = "urn:sparc:canary:"
TOO_FEW = re.compile(r"Less than ([0-9]+) values on ")


def _terms(names: str) -> frozenset[URIRef]:
    return frozenset(SH[name] for name in names.split())


def closure(data: Sources, shapes: Sources) -> Closure:
    """Ask every shape. Raises Unmeasurable for shapes that are not SHACL Core or ask nothing."""
    _refuse_other_terms(shapes)
    graph = _named(shapes.graph)
    aims = {shape: set(_focus(graph, shape, data.graph)) for shape in _targeting(graph)}
    asked = {(node, piece) for shape, nodes in aims.items() for node in nodes for piece in _pieces(graph, shape)}
    if not asked:
        raise Unmeasurable("the shapes ask nothing: none of them finds a node of the specification to look at")
    pointed = _pointed(data.graph, graph)
    missing = [
        *_broken(data, _results(data.graph, graph)),
        *(_idle(shapes, shape) for shape, nodes in aims.items() if not nodes),
        *(_dangling(data, node) for node in pointed if (node, None, None) not in data.graph),
    ]
    # what is nested in other shapes cannot be counted beforehand, and is when it is missing
    questions = {*map(repr, asked), *map(_target, aims), *map(_description, pointed)}
    asked_in_all = len(questions | {each.question for each in missing})
    return Closure(asked_in_all, len(set().union(*aims.values())), tuple(sorted(missing, key=_order)))


def _order(missing: Missing) -> tuple[str, int, str]:
    finding = missing.finding
    return finding.path or "", finding.line or 0, finding.message


def _target(shape: Node) -> str:
    return f"target of {shape!r}"


def _description(node: Node) -> str:
    return f"description of {node!r}"


# -- the shapes


def _refuse_other_terms(shapes: Sources) -> None:
    known = _terms(CONSTRAINTS) | _terms(OTHERS) | _terms(TARGETS)
    for subject, term, _ in shapes.graph:
        if isinstance(term, URIRef) and term.startswith(str(SH)) and term not in known:
            place = shapes.place(subject)
            name = term.removeprefix(str(SH))
            finding = Finding(path=place.path, line=place.line, message=f"sh:{name} is no term of SHACL Core")
            raise Unmeasurable(f"{finding.headline}, and no other is asked: mend it, or take it out", finding)


def _named(shapes: Graph) -> Graph:
    """The same with a name for each property shape that had none, by which results can be told from each other."""
    blank = {node for node in shapes.objects(None, SH.property) if isinstance(node, BNode)}
    # in the order of what they say, for names are told, and must be the same the next time
    ordered = sorted(blank, key=lambda node: sorted(map(_said, shapes.predicate_objects(node))))
    names: dict[Node, Node] = {node: URIRef(f"urn:sparc:shape:{place}") for place, node in enumerate(ordered)}
    named = Graph(bind_namespaces="none")
    for triple in shapes:
        subject, term, value = triple
        named.add((names.get(subject, subject), term, names.get(value, value)))
    return named


def _said(pair: tuple[Node, Node]) -> tuple[str, str]:
    return str(pair[0]), "" if isinstance(pair[1], BNode) else str(pair[1])


def _targeting(shapes: Graph) -> list[Node]:
    """The shapes that say which nodes they look at, and are not switched off."""
    stated = {subject for target in _terms(TARGETS) for subject in shapes.subjects(target)}
    classes = {each for kind in (SH.NodeShape, SH.PropertyShape) for each in shapes.subjects(RDF.type, kind)}
    implicit = {each for each in classes if (each, RDF.type, RDFS.Class) in shapes}
    return [shape for shape in sorted(stated | implicit, key=str) if not _is_off(shapes, shape)]


def _is_off(shapes: Graph, shape: Node) -> bool:
    return any(isinstance(word, Literal) and word.toPython() is True for word in shapes.objects(shape, SH.deactivated))


def _focus(shapes: Graph, shape: Node, data: Graph) -> Iterator[Node]:
    yield from shapes.objects(shape, SH.targetNode)
    for relation in shapes.objects(shape, SH.targetSubjectsOf):
        yield from data.subjects(relation)
    for relation in shapes.objects(shape, SH.targetObjectsOf):
        yield from data.objects(None, relation)
    implicit = [shape] if (shape, RDF.type, RDFS.Class) in shapes else []
    for kind in (*implicit, *shapes.objects(shape, SH.targetClass)):
        for each in data.transitive_subjects(RDFS.subClassOf, kind):
            yield from data.subjects(RDF.type, each)


def _pieces(shapes: Graph, shape: Node) -> Iterator[Node]:
    """The shape where it has constraints of its own, and its property shapes that have any, or ask further."""
    own, deeper = _terms(CONSTRAINTS), _terms(f"{CONSTRAINTS} property")
    for piece, terms in ((shape, own), *((each, deeper) for each in shapes.objects(shape, SH.property))):
        if not terms.isdisjoint(shapes.predicates(piece)) and not _is_off(shapes, piece):
            yield piece


# -- the asking


def _results(data: Graph, shapes: Graph) -> Graph:
    """The report of a validation that was seen to find what was planted for it, without that."""
    name = CANARY + secrets.token_hex(8)
    node, shape, relation = URIRef(name), URIRef(f"{name}:shape"), URIRef(f"{name}:relation")
    planted = shapes + _graph(
        (shape, RDF.type, SH.NodeShape), (shape, SH.targetNode, node), (shape, SH.nodeKind, SH.Literal)
    )
    report = _validated(data + _graph((node, relation, Literal("planted"))), planted)
    found = set(report.subjects(SH.focusNode, node))
    if len(found) != 1:
        raise Unmeasurable("pyshacl does not find what is planted for it: its answer cannot be believed")
    for result in found:
        report.remove((result, None, None))
    return report


def _graph(*triples: tuple[Node, Node, Node]) -> Graph:
    graph = Graph(bind_namespaces="none")
    for triple in triples:
        graph.add(triple)
    return graph


def _validated(data: Graph, shapes: Graph) -> Graph:
    try:
        with warnings.catch_warnings():
            # it backs out of shapes that refer to themselves, and calls them satisfied
            warnings.filterwarnings("error", ".*Recursive Shape")
            _, report, text = validate(
                data, shacl_graph=shapes, meta_shacl=True, advanced=False, inference="none",
                do_owl_imports=False, js=False,
            )  # fmt: skip
    except TimeoutError:
        raise
    except Exception as problem:  # noqa: BLE001 - a shape that cannot be asked may raise anything
        raise Unmeasurable(f"the shapes cannot be asked: {_first(str(problem)) or type(problem).__name__}") from None
    if not isinstance(report, Graph):
        raise Unmeasurable(f"the shapes cannot be asked: {_first(str(text))}")
    return report


def _first(text: str) -> str:
    """The line that says most: the message of a report, else the first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("Message:")), lines[0] if lines else "")[:300]


# -- what is missing


def _broken(data: Sources, results: Graph) -> Iterator[Missing]:
    for result in results.subjects(RDF.type, SH.ValidationResult):
        focus = results.value(result, SH.focusNode) or BNode()
        question = repr((focus, results.value(result, SH.sourceShape)))
        component = str(results.value(result, SH.sourceConstraintComponent)).removeprefix(str(SH))
        yield Missing(question, _finding(data, focus, f"sh:{component}", _told(data, results, result)))


def _told(data: Sources, results: Graph, result: Node) -> str:
    """Node, path, what is wrong, and the value that is."""
    told = [results.value(result, term) for term in (SH.focusNode, SH.resultPath)]
    names = " ".join(data.name(node) for node in told if node is not None)
    value = results.value(result, SH.value)
    messages = "; ".join(sorted(str(message) for message in results.objects(result, SH.resultMessage)))
    if too_few := TOO_FEW.match(messages):  # pyshacl's own words, where the shape has none
        turned = results.value(told[1], SH.inversePath)
        focus, path = data.name(told[0] or BNode()), f"^{data.name(turned)}" if turned else names.split(" ", 1)[-1]
        least = int(too_few[1])
        return f"{focus} has no {path}" if least == 1 else f"{focus} has fewer than {least} of {path}"
    return f"{names}: {messages}" + (f" (it is {data.name(value)})" if value not in (None, told[0]) else "")


def _idle(shapes: Sources, shape: Node) -> Missing:
    message = f"{shapes.name(shape)} looks at nothing: the specification has no node that it targets"
    return Missing(_target(shape), _finding(shapes, shape, "no-target", message))


def _dangling(data: Sources, node: URIRef) -> Missing:
    owner, relation = min(data.graph.subject_predicates(node), key=str)
    message = f"{data.name(owner)} {data.name(relation)}: {data.name(node)} is described nowhere"
    if relation == RDF.type:
        message = f"{data.name(owner)} is a {data.name(node)}, a class that no shape names and no file describes"
    return Missing(_description(node), _finding(data, owner, "undefined-reference", message))


def _finding(sources: Sources, node: Node, rule: str, message: str) -> Finding:
    place = sources.place(node)
    return Finding(path=place.path, line=place.line, rule=rule, message=message)


def _pointed(data: Graph, shapes: Graph) -> set[URIRef]:
    """The addresses that something points to in the namespaces of what is described.

    So do classes, unless the shapes name them: of a class that is misspelt, no shape would ask anything.
    """
    own = {_namespace(node) for node in data.subjects() if isinstance(node, URIRef)}
    named = shapes.all_nodes()
    objects = {node for _, term, node in data if term != RDF.type or node not in named}
    return {node for node in objects if isinstance(node, URIRef) and _namespace(node) in own}


def _namespace(node: URIRef) -> str:
    end = max(node.rfind(mark) for mark in "#/:")
    return node[: end + 1]
