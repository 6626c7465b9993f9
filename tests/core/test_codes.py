"""Every code that a diagnosis or a finding may have is in the table of codes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

import understudy
from understudy.core.codes import KEYWORD_HINTS, MEANINGS, OWN_MEANINGS
from understudy.core.errors import ApiError
from understudy.openapi.schemas import SchemaCompiler

PACKAGE = Path(understudy.__file__).parent
# What makes a diagnosis of a code, and where the code stands among its arguments.
MAKERS = {"Diagnosis": 0, "fault": 0}
# Whose codes are names of the vendor's rules, which its document explains (tests/cli).
VENDORS = PACKAGE / "vendors"
# Expressions whose value is in the table by construction, or was in it when it was written down.
DERIVED = {
    "self.code",  # an error's code: ApiError checks it, or it is the name of a rule
    "keyword",  # of a schema: one of KEYWORD_HINTS, or OTHER_FAULT
    "said['code']",  # of a recording, which a mock has written
}


def codes(file: Path) -> Iterator[str]:
    """Every code that a module gives to a diagnosis; an expression as it is written."""
    tree = ast.parse(file.read_text())
    makers = dict(MAKERS)
    functions = {each.name: each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
    known = -1
    while known < len(makers):
        known = len(makers)
        makers |= {
            name: place
            for name, function in functions.items()
            if (place := _handed_on(function, makers)) is not None
        }
    for call in _calls(tree, makers):
        for each in _alternatives(call.args[makers[_called(call)]]):
            if not (isinstance(each, ast.Name) and _is_parameter(functions, call, each.id)):
                yield each.value if isinstance(each, ast.Constant) else ast.unparse(each)


def _handed_on(function: ast.FunctionDef, makers: dict[str, int]) -> int | None:
    """The place of the parameter that a function hands on as a code."""
    names = [each.arg for each in function.args.args if each.arg != "self"]
    for call in _calls(function, makers):
        code = call.args[makers[_called(call)]]
        if isinstance(code, ast.Name) and code.id in names:
            return names.index(code.id)
    return None


def _calls(tree: ast.AST, makers: dict[str, int]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in makers and len(node.args) > 1:
            yield node


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _alternatives(code: ast.expr) -> list[ast.expr]:
    return [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]


def _is_parameter(functions: dict[str, ast.FunctionDef], call: ast.Call, name: str) -> bool:
    """Whether a name is a parameter of the function around a call."""
    around = (each for each in functions.values() if call in ast.walk(each))
    return any(name in {arg.arg for arg in each.args.args} for each in around)


MODULES = [
    each
    for each in sorted(PACKAGE.rglob("*.py"))
    if VENDORS not in each.parents and "client" not in each.parts and any(codes(each))
]


@pytest.mark.parametrize("file", MODULES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_each_code_of_a_module_has_a_meaning(file: Path) -> None:
    """Also those that go through a helper of the module, and those of a condition."""
    assert {each for each in codes(file) if each not in MEANINGS} <= DERIVED


def test_the_modules_that_make_diagnoses_are_met() -> None:
    """The scan sees what verify, the proxy, replay and the engine make."""
    met = {code for file in MODULES for code in codes(file)}

    assert met >= {
        *("accepted-invalid", "rejected-valid", "auth-ignored", "unsupported-method", "differs"),
        *("missing-header", "server-error", "undocumented-content-type", "malformed-json"),
        *("undocumented-status", "missing-body", "no-reply", "missing-credential", "duplicate"),
        *("not-recorded", "fault", "unknown-parameter", "scope", "unshowable", "unfit"),
    }


@pytest.mark.parametrize("code", OWN_MEANINGS)
def test_each_meaning_says_how_to_pass(code: str) -> None:
    """Whoever meets a code learns what to do."""
    assert " To pass: " in MEANINGS[code]


def test_an_error_without_a_meaning_cannot_be_declared() -> None:
    """Its class names the table."""
    with pytest.raises(TypeError, match=r'Odd: give "odd" a meaning in core/codes\.json'):
        type("Odd", (ApiError,), {"code": "odd"})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 1}, 2),
        ({"contains": {"type": "string"}}, []),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}),
        ({"unevaluatedProperties": False}, {"a": 1}),
        ({"prefixItems": [{}], "unevaluatedItems": False}, [1, 2]),
        ({"patternProperties": {"a": False}}, {"a": 1}),
    ],
)
def test_keywords_beyond_openapi_have_a_meaning(schema: dict[str, object], value: object) -> None:
    """A document may use what only JSON Schema knows."""
    [fault] = SchemaCompiler({}).compile(schema).diagnose(value, "body")

    assert fault.code in KEYWORD_HINTS
    assert fault.hint


def test_each_keyword_of_the_validator_has_a_meaning() -> None:
    """What it could tell of a value, bar what the mock does not let it check."""
    unused = {
        *("BacktrackLimitExceeded", "RegexEngineFailure", "FromUtf8", "Referencing", "Custom"),
        *("AdditionalItems", "ContentEncoding", "ContentMediaType"),
    }
    renamed = {"Constant": "const", "OneOfMultipleValid": "oneOf", "OneOfNotValid": "oneOf"}
    kinds = {each for each in dir(jsonschema_rs.ValidationErrorKind) if each[0].isupper()}

    keywords = {renamed.get(each, each[0].lower() + each[1:]) for each in kinds - unused}

    assert keywords <= KEYWORD_HINTS.keys()
