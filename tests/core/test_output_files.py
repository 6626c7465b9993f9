"""Files and folders that a command writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.core.errors import StartError
from understudy.core.output_files import require_writable


@pytest.mark.parametrize(
    ("name", "folder"), [("new", False), ("file", False), ("new", True), ("folder", True)]
)
def test_a_target_that_can_be_written_passes(tmp_path: Path, name: str, folder: bool) -> None:
    """And it is left alone."""
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()

    require_writable("--out", tmp_path / name, folder)

    assert (tmp_path / "file").read_text() == "kept"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [
        ("no/file", False, "there is no folder {0}/no; create it first"),
        ("file/x", False, "there is no folder {0}/file; create it first"),
        ("folder", False, "is a folder; name a file in it"),
        ("file", True, "is a file; name a folder"),
    ],
)
def test_a_target_that_cannot_is_refused(
    tmp_path: Path, name: str, folder: bool, said: str
) -> None:
    """One sentence names the flag, the target and the reason."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    target = tmp_path / name

    with pytest.raises(StartError) as caught:
        require_writable("--out", target, folder)

    assert str(caught.value) == f"--out {target}: {said.format(tmp_path)}"
