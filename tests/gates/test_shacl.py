"""Turtle against SHACL shapes, by the real pyshacl: what is missing, and shapes that would find nothing."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from rdflib import URIRef

from gates.spec.turtle import ROOT, Sources
from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

PREFIX = "@prefix s: <https://ledger.example/spec#> .\n"
SHACL = "@prefix sh: <http://www.w3.org/ns/shacl#> .\n" + PREFIX
SHAPES = f"""{SHACL}
s:RequirementShape a sh:NodeShape ;
    sh:targetClass s:Requirement ;
    sh:property s:TitleShape, [ sh:path s:needs ; sh:minCount 1 ; sh:nodeKind sh:IRI ] .
s:TitleShape sh:path s:title ; sh:minCount 1 .
"""
GOOD = f"{PREFIX}s:a a s:Requirement ; s:title 'A' ; s:needs s:a .\n"
BAD = f"""{PREFIX}
s:a a s:Requirement ; s:title "A" ; s:needs s:b .

s:b a s:Requirement ;
    s:needs s:gone, [ s:title 3 ] .
"""
ASKED = {"specification": {"data": "spec/*.ttl", "shapes": "spec/shapes.ttl"}}


@pytest.fixture
def closed(tree: Tree, ask: Ask) -> Callable[..., Verdict]:
    def answer(data: str, shapes: str = SHAPES) -> Verdict:
        return ask(ASKED, tree({"spec/a.ttl": data, "spec/shapes.ttl": shapes}))

    return answer


Closed = Callable[..., Verdict]


def test_a_closed_specification_passes(closed: Closed) -> None:
    verdict = closed(GOOD)
    # title and needs of one node, a target that is met, and one address that is described
    assert (verdict.outcome, verdict.measured) == (
        "passed",
        {"closure": 100, "asked": 4, "answered": 4, "missing": 0},
    )


def test_every_missing_piece_is_named_with_its_place(closed: Closed) -> None:
    verdict = closed(BAD)
    assert (verdict.outcome, verdict.measured) == (
        "failed",
        {"closure": 57.1, "asked": 7, "answered": 4, "missing": 3},
    )
    assert [(finding.path, finding.line, finding.rule) for finding in verdict.findings] == [
        ("spec/a.ttl", 5, "sh:MinCountConstraintComponent"),
        ("spec/a.ttl", 5, "sh:NodeKindConstraintComponent"),
        ("spec/a.ttl", 5, "undefined-reference"),
    ]
    assert verdict.findings[0].message == "s:b has no s:title"
    assert verdict.findings[1].message.endswith("(it is s:b s:needs [...])")
    assert verdict.findings[2].message == "s:b s:needs: s:gone is described nowhere"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("sh:path s:title ; sh:minCount 3", "s:a has fewer than 3 of s:title"),
        ("sh:path [ sh:inversePath s:of ] ; sh:minCount 1", "s:a has no ^s:of"),
        ("sh:path s:of ; sh:minCount 1 ; sh:message 'Whose is it?'", "s:a s:of: Whose is it?"),
    ],
)
def test_what_is_missing_is_told_in_words(closed: Closed, wanted: str, message: str) -> None:
    verdict = closed(GOOD, f"{SHACL}s:S a sh:NodeShape ; sh:targetClass s:Requirement ; sh:property [ {wanted} ] .\n")
    assert [finding.message for finding in verdict.findings] == [message]


def test_files_are_one_specification(tree: Tree, ask: Ask) -> None:
    files = {"spec/a.ttl": BAD, "spec/b.ttl": f"{PREFIX}s:gone s:title 'gone' .\n", "spec/shapes.ttl": SHAPES}
    assert "undefined-reference" not in [finding.rule for finding in ask(ASKED, tree(files)).findings]


def test_what_is_nested_counts_when_it_is_missing(closed: Closed) -> None:
    nested = "s:Deep a sh:NodeShape ; sh:targetClass s:Requirement ; sh:property"
    shapes = f"{SHAPES}{nested} [ sh:path s:needs ; sh:property [ sh:path s:title ; sh:minCount 1 ] ] .\n"
    assert closed(GOOD, shapes).passed
    verdict = closed(GOOD + "s:a s:needs s:c . s:c s:of s:a .\n", shapes)
    assert (verdict.outcome, verdict.findings[0].message) == ("failed", "s:c has no s:title")


def test_a_shape_that_only_leads_to_others_asks_all_the_same(closed: Closed) -> None:
    deep = "sh:property [ sh:path s:needs ; sh:property [ sh:path s:title ; sh:minCount 2 ] ]"
    verdict = closed(GOOD, f"{SHACL}s:Deep a sh:NodeShape ; sh:targetClass s:Requirement ; {deep} .\n")
    assert [finding.rule for finding in verdict.findings] == ["sh:MinCountConstraintComponent"]


def test_a_class_that_nobody_knows_hides_nothing(closed: Closed) -> None:
    verdict = closed(f"{GOOD}s:b a s:Requirment .\n")
    assert [finding.message for finding in verdict.findings] == [
        "s:b is a s:Requirment, a class that no shape names and no file describes"
    ]


@pytest.mark.parametrize(
    ("data", "shapes"),
    [
        ("s:Person a <http://www.w3.org/2000/01/rdf-schema#Class> .", ""),
        ("", "s:PersonShape a sh:NodeShape ; sh:targetClass s:Person ; sh:nodeKind sh:IRI ."),
        (
            "",
            "s:K a sh:NodeShape ; sh:targetClass s:Requirement ; sh:not [ sh:path rdf:type ; sh:hasValue s:Person ] .",
        ),
    ],
)
def test_a_class_that_is_described_or_named_by_a_shape_is_known(closed: Closed, data: str, shapes: str) -> None:
    rdf = "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n"
    assert closed(f"{GOOD}s:ann a s:Person .\n{data}", f"{rdf}{SHAPES}{shapes}\n").passed


def test_a_shape_that_finds_no_node_is_a_missing_piece(closed: Closed) -> None:
    verdict = closed(GOOD, f"{SHAPES}s:Other a sh:NodeShape ; sh:targetClass s:Othre ; sh:nodeKind sh:IRI .\n")
    assert [(finding.path, finding.line, finding.rule) for finding in verdict.findings] == [
        ("spec/shapes.ttl", 8, "no-target")
    ]


@pytest.mark.parametrize(
    ("data", "shapes", "reason"),
    [
        (f"{PREFIX}s:a a s:Other .", SHAPES, "the shapes ask nothing"),
        (GOOD, f"{SHAPES}s:S a sh:NodeShape ; sh:targetClass s:Requirement ; sh:node s:S .", "Recursive Shape"),
        (GOOD, SHAPES.replace("sh:minCount 1 .", "sh:minCout 1 ."), "sh:minCout is no term of SHACL Core"),
        (GOOD, SHAPES.replace("sh:minCount 1 .", 'sh:minCount "x" .'), "the shapes cannot be asked"),
        (GOOD, SHAPES.replace("sh:targetClass", "sh:deactivated true ; sh:targetClass"), "the shapes ask nothing"),
        (GOOD, SHAPES.replace("sh:targetClass", "sh:deactivated '1'^^<http://www.w3.org/2001/XMLSchema#boolean> ;"
                              " sh:targetClass"), "the shapes ask nothing"),
        (GOOD, f"{PREFIX}s:a a s:Shape .", "the shapes ask nothing"),
        ("", SHAPES, "spec/a.ttl says nothing"),
        (f"{PREFIX}s:a a s:Requirement ; s:title 'A", SHAPES, "spec/a.ttl is no Turtle"),
        (f"{PREFIX}\ns:a b:c s:d .", SHAPES, "spec/a.ttl:3 is no Turtle"),
        ("<a> <b> " + "[" * 5000, SHAPES, "spec/a.ttl is no Turtle: RecursionError"),
        (f"{PREFIX}{{ s:a s:b s:c }} => {{ s:a s:b s:d }} .", SHAPES, "is no Turtle"),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_would_find_nothing_is_an_error(closed: Closed, data: str, shapes: str, reason: str) -> None:
    verdict = closed(data, shapes)
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)


@pytest.fixture
def asked_of_server() -> Iterator[tuple[str, list[str]]]:
    """A real server, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_blank_nodes_in_a_circle_have_names(closed: Closed) -> None:
    shapes = f"{SHACL}s:S a sh:NodeShape ; sh:targetObjectsOf s:n ; sh:nodeKind sh:IRI ."
    verdict = closed(f"{PREFIX}_:x s:n _:y . _:y s:n _:x .", shapes)
    assert (verdict.outcome, len(verdict.findings), "[...]" in verdict.findings[0].message) == ("failed", 2, True)


def test_nothing_is_fetched(closed: Closed, asked_of_server: tuple[str, list[str]]) -> None:
    address, asked = asked_of_server
    imports = f"<{address}/o> a <http://www.w3.org/2002/07/owl#Ontology> ;"
    imports += f" <http://www.w3.org/2002/07/owl#imports> <{address}/imported.ttl> .\n"
    based = f"@base <{address}/base> .\n{GOOD}<#x> s:see <{address}/seen> .\n"
    closed(GOOD + imports, SHAPES + imports)
    closed(based, f"@base <{address}/base> .\n{SHAPES}")
    select = f"SELECT $this WHERE {{ SERVICE <{address}/sparql> {{ ?a ?b ?c }} }}"
    shape = f's:S a sh:NodeShape ; sh:targetClass s:Requirement ; sh:sparql [ sh:select "{select}" ] .'
    assert "is no term of SHACL Core" in closed(GOOD, SHAPES + shape).summary
    script = f's:S sh:js [ sh:jsLibrary [ sh:jsLibraryURL "{address}/a.js" ] ] .'
    assert "is no term of SHACL Core" in closed(GOOD, SHAPES + script).summary
    assert asked == []


def test_names_of_nameless_shapes_are_the_same_each_time(closed: Closed) -> None:
    nested = "s:Deep a sh:NodeShape ; sh:targetClass s:Requirement ; sh:property [ sh:path s:needs ; sh:node ["
    shapes = f"{SHAPES}{nested} sh:property [ sh:path s:title ; sh:minCount 2 ] ] ] .\n"
    assert len({closed(BAD, shapes).model_dump_json() for _ in range(4)}) == 1


def test_a_name_stands_at_the_start_of_a_line_if_it_does_so_anywhere(tree: Tree) -> None:
    text = f"{PREFIX}s:b s:needs s:a, <#c> ; s:title 's:title' .\n  s:a.x s:needs s:a .\n\ts:a s:title 'A' .\n"
    subject = tree({"a.ttl": f"{text}s:e s:needs s:e.<https://ledger.example/spec#d> s:needs s:c.\n"})
    sources = Sources([(subject.root, "a.ttl")])
    lines = {"a": 4, "b": 2, "a.x": 3, "d": 5, "title": 2, "c": 5, "none": None}
    assert {name: sources.place(URIRef(f"https://ledger.example/spec#{name}")).line for name in lines} == lines
    assert sources.place(URIRef(f"{ROOT}a.ttl#c")).line == 2


def test_many_places_are_found_in_one_look(tree: Tree) -> None:
    text = PREFIX + "".join(f"s:n{number} s:title 'A' .\n" for number in range(4000))
    subject = tree({"a.ttl": text})
    sources = Sources([(subject.root, "a.ttl")])
    before = time.process_time()
    for number in range(4000):
        assert sources.place(URIRef(f"https://ledger.example/spec#n{number}")).line == number + 2
    assert time.process_time() - before < 2
