"""Formats: told by a file's name, or by what stands in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recording.samples import scene
from understudy.recording.formats.registry import FORMATS, READABLE, detect_format, read_recording
from understudy.recording.model import UnreadableRecording

OWN = b'{"format": "understudy-recording/1"}'


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.har", b"", "har"),
        ("a.HAR", b"{}", "har"),
        ("a.yaml", b"", "vcr"),
        ("a.yml", b'{"log": {}}', "vcr"),
        ("a.json", OWN, "json"),
        ("a.json", b'{"log": {}}', "har"),
        ("a.json", b'\xef\xbb\xbf{"log": {}}', "har"),
        ("a.json", b'{"interactions": []}', "vcr"),
        ("a", b"interactions: []", "vcr"),
        ("a.cassette", b"version: 1\ninteractions: []", "vcr"),
        ("a.txt", OWN, "json"),
    ],
)
def test_a_format_is_told_by_suffix_or_content(name: str, content: bytes, format: str) -> None:
    """The suffix says it, unless it is one that many formats have."""
    assert detect_format(content, Path(name)) is FORMATS[format]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{}", 'has none of "format", "log", "interactions" at its top; '),
        (b"[1]", 'has none of "format", "log", "interactions" at its top; '),
        (b"null", 'has none of "format", "log", "interactions" at its top; '),
        (b"", "is empty; "),
        (b'{"log": ', "is not JSON: Expecting value: line 1 column 9 (char 8); "),
        (b"\x89PNG\r\n", "is not text; "),
        (b"a\0b", "is not text; "),
    ],
)
def test_any_other_file_is_told_what_can_be_read(content: bytes, sentence: str) -> None:
    """One sentence that lists the formats."""
    with pytest.raises(UnreadableRecording) as refused:
        detect_format(content, Path("a.json"))

    assert str(refused.value).startswith(sentence)
    assert all(f"({each.name}, {each.suffix})" in str(refused.value) for each in READABLE)


def test_the_sentence_names_the_file(tmp_path: Path) -> None:
    """Whoever reads many files knows which one."""
    file = tmp_path / "broken.har"
    file.write_bytes(b'{"log": {"entries": [{}]}}')

    with pytest.raises(UnreadableRecording) as refused:
        read_recording(file)

    assert str(refused.value) == f'{file}: /log/entries/0 has no "request"'


@pytest.mark.parametrize("name", ["har", "vcr"])
def test_a_readable_format_reads_what_it_wrote_under_any_name(name: str, tmp_path: Path) -> None:
    """The content tells it, where the suffix does not."""
    written = FORMATS[name].write(scene("zexa"))
    assert isinstance(written, bytes)
    file = tmp_path / "recorded"
    file.write_bytes(written)

    assert read_recording(file) == scene("zexa")


def test_har_is_json_that_any_tool_can_read() -> None:
    """No constant and no key twice: what a strict reader wants."""
    written = FORMATS["har"].write(scene("sent"))
    assert isinstance(written, bytes)

    assert json.loads(written)["log"]["version"] == "1.2"
