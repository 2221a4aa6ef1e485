"""The files server: what is below its roots can be read, and nothing else, whatever is asked and whatever moves."""

import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent

from mcp_servers import file_search, files
from mcp_servers.folder_tree import FolderTree, PathError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a secret beside it, and every kind of way to it."""
    (tmp_path / "secret.txt").write_text("the secret", encoding="utf-8")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("the secret", encoding="utf-8")
    top = tmp_path / "root"
    (top / "notes" / "deep").mkdir(parents=True)
    (top / "notes" / "plan.md").write_text("# Plan\n\nFirst the seam,\nthen the SEAM again.\n", encoding="utf-8")
    (top / "notes" / "deep" / "more.txt").write_text("no seam here, or one\n", encoding="utf-8")
    (top / "picture.bin").write_bytes(b"\x89PNG\0seam")
    (top / ".env").write_text("KEY=seam\n", encoding="utf-8")
    (top / "link.txt").symlink_to(tmp_path / "secret.txt")
    (top / "inner-link.md").symlink_to(top / "notes" / "plan.md")
    (top / "link-folder").symlink_to(tmp_path / "outside")
    (top / "empty").mkdir()
    return top


@pytest.fixture
def shelf(root: Path) -> Iterator[files.Shelf]:
    made = files.Shelf([root])
    yield made
    made.close()


async def called(shelf: files.Shelf, tool: str, **arguments: object) -> CallToolResult:
    async with Client(files.build_server(shelf)) as client:
        return await client.call_tool(tool, arguments)


def text_of(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


async def test_a_folder_is_listed_without_what_is_hidden(shelf: files.Shelf) -> None:
    """Folders first; links are named as such; the data fit the text."""
    result = await called(shelf, "list")
    assert text_of(result).splitlines() == [
        "empty/",
        "notes/",
        "inner-link.md (link)",
        "link-folder (link)",
        "link.txt (link)",
        "picture.bin  9 bytes",
    ]
    facts: Any = result.structured_content
    assert facts["entries"][1] == {"name": "notes", "kind": "folder", "size": None}
    assert facts["left_out"] == 0
    assert text_of(await called(shelf, "list", path="empty")) == "The folder is empty."


async def test_a_full_folder_is_cut_with_a_count(shelf: files.Shelf, root: Path) -> None:
    """A model's context is no place for a million names."""
    for number in range(files.MAX_ENTRIES + 3):
        (root / "empty" / f"{number:05}").touch()
    result = await called(shelf, "list", path="empty")
    assert text_of(result).endswith("[3 more]")
    assert len(text_of(result).splitlines()) == files.MAX_ENTRIES + 1


async def test_a_file_is_read_from_a_line_on(shelf: files.Shelf) -> None:
    """And a line that is not there is an error that says how many there are."""
    assert text_of(await called(shelf, "read", path="notes/plan.md")).startswith("# Plan")
    assert text_of(await called(shelf, "read", path="./notes//plan.md", start_line=3)).startswith("First the seam")
    result = await called(shelf, "read", path="notes/plan.md", start_line=9)
    assert result.is_error
    assert "has 5 lines" in text_of(result)


async def test_a_long_file_is_read_in_pages(shelf: files.Shelf, root: Path) -> None:
    """Each page says where the next one begins, until all lines were seen once."""
    lines = [f"line {number} {'x' * 70}" for number in range(2_000)]
    (root / "long.txt").write_text("\n".join(lines), encoding="utf-8")
    seen, start = list[str](), 1
    for _ in range(10):
        text = text_of(await called(shelf, "read", path="long.txt", start_line=start))
        part, _, note = text.partition("\n\n[cut: go on with start_line=")
        seen += part.split("\n")
        if not note:
            break
        start = int(note.partition(";")[0])
    assert seen == lines


async def test_a_line_longer_than_a_page_is_cut(shelf: files.Shelf, root: Path) -> None:
    """There is a next line to go on with."""
    (root / "wide.txt").write_text("x" * 100_000 + "\nend", encoding="utf-8")
    text = text_of(await called(shelf, "read", path="wide.txt"))
    assert len(text) < files.MAX_READ_CHARACTERS + 100
    assert "start_line=2" in text


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is a folder"),
        ("notes", "is a folder"),
        ("nowhere.txt", "does not exist"),
        ("notes/nowhere/plan.md", "does not exist"),
        ("notes/plan.md/more", "is not a folder"),
        ("picture.bin", "is a binary file"),
        ("link.txt", "is a link"),
        ("inner-link.md", "is a link"),
        ("link-folder/secret.txt", "is a link"),
        (".env", "is hidden"),
        ("notes/.git/config", "is hidden"),
        ("../secret.txt", "would leave the folder"),
        ("notes/../../secret.txt", "would leave the folder"),
        ("notes/deep/../plan.md", "would leave the folder"),
        ("/etc/passwd", "not a path inside"),
        ("~/secret.txt", "not a path inside"),
        ("\\etc\\passwd", "not a path inside"),
        ("notes\\..\\..\\secret.txt", "looks like a separator"),
        ("\uff0e\uff0e/secret.txt", "would leave the folder"),
        ("\u2025/secret.txt", "would leave the folder"),
        ("notes\uff0f..\uff0f..\uff0fsecret.txt", "looks like a separator"),
        ("\u2024env", "is hidden"),
        ("notes/plan\u202e.md", "invisible characters"),
        ("notes/plan\u200b.md", "invisible characters"),
        ("plan.md\0.txt", "invisible characters"),
        ("x" * 300, "too long a name"),
        ("a/" * 45 + "b", "deeper than"),
        ("x" * 1_001, "the limit is 1000"),
    ],
)
async def test_no_path_leads_out_and_every_error_says_why(
    shelf: files.Shelf, root: Path, path: str, reason: str
) -> None:
    """The message is for the caller; it never names where the root is."""
    result = await called(shelf, "read", path=path)
    assert result.is_error
    assert reason in text_of(result)
    assert "secret" not in text_of(result).replace(repr(path), "")
    assert str(root) not in text_of(result)


async def test_a_pipe_does_not_hang_the_reader(shelf: files.Shelf, root: Path) -> None:
    """Nobody writes into it, and nobody waits."""
    os.mkfifo(root / "pipe")
    result = await called(shelf, "read", path="pipe")
    assert result.is_error
    assert "not an ordinary file" in text_of(result)


async def test_a_huge_file_is_not_read(shelf: files.Shelf, root: Path) -> None:
    """Its size is known before a byte of it is in memory."""
    with (root / "huge.txt").open("wb") as huge:
        huge.truncate(files.MAX_READ_BYTES + 1)
    result = await called(shelf, "read", path="huge.txt")
    assert result.is_error
    assert "are not read" in text_of(result)


async def test_text_is_found_below_a_folder(shelf: files.Shelf) -> None:
    """Whatever its case, with path and line; not in binary files, hidden ones or behind links."""
    result = await called(shelf, "search", query="seam")
    assert text_of(result).splitlines() == [
        "notes/deep/more.txt:1: no seam here, or one",
        "notes/plan.md:3: First the seam,",
        "notes/plan.md:4: then the SEAM again.",
    ]
    facts: Any = result.structured_content
    assert facts["files"] == 3
    assert facts["stopped"] is None


async def test_a_search_can_be_narrowed(shelf: files.Shelf) -> None:
    """By folder and by name; the paths are those that `read` takes."""
    narrowed = text_of(await called(shelf, "search", query="seam", path="notes/deep"))
    assert narrowed == "notes/deep/more.txt:1: no seam here, or one"
    assert "plan" not in text_of(await called(shelf, "search", query="seam", names="*.txt"))
    assert text_of(await called(shelf, "search", query="zebra")) == "Nothing found in 3 files."
    assert (await called(shelf, "search", query=" ")).is_error
    assert (await called(shelf, "search", query="seam", path="../")).is_error


def test_no_descriptor_stays_open(shelf: files.Shelf) -> None:
    """Neither of what was read nor of what was refused."""
    before = set(os.listdir("/dev/fd"))
    shelf.search("", file_search.Wanted(text="seam"))
    for path in ("notes/plan.md", "notes", "nowhere", "link-folder/secret.txt", "notes/plan.md/more", "picture.bin"):
        _read_or_reason(partial(shelf.read, path))
    assert set(os.listdir("/dev/fd")) == before


def test_a_search_ends_at_its_limits(root: Path) -> None:
    """Too many hits, and too much time."""
    (root / "many.txt").write_text("seam\n" * 500, encoding="utf-8")
    tree = FolderTree(root)
    wanted = file_search.Wanted(text="seam")
    with tree.folder("") as descriptor:
        found = file_search.search_below(descriptor, wanted, seconds_now=lambda: 0.0)
        assert len(found.hits) == file_search.MAX_HITS
        assert found.stopped
        times = iter([0.0, *[file_search.MAX_SECONDS + 1] * 10])
        late = file_search.search_below(descriptor, wanted, seconds_now=lambda: next(times))
        assert late.files == 1
        assert "10 s" in (late.stopped or "")
    tree.close()


def test_several_roots_have_their_names_in_front(root: Path, tmp_path: Path) -> None:
    """A path begins with the name of its root."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "one.txt").write_text("one", encoding="utf-8")
    shelf = files.Shelf([root, other])
    assert [entry.name for entry in shelf.entries("")] == ["other", "root"]
    assert shelf.read("other/one.txt") == "one"
    with pytest.raises(PathError, match="must begin with one of: other, root"):
        shelf.read("one.txt")
    with pytest.raises(PathError, match="would leave"):
        shelf.read("other/../notes/plan.md")
    shelf.close()


def test_roots_that_cannot_be_told_apart_are_refused(root: Path, tmp_path: Path) -> None:
    """So is none at all."""
    twin = tmp_path / "outside" / "root"
    twin.mkdir()
    for roots in ([root, twin], []):
        with pytest.raises(ValueError, match="at least one --root"):
            files.Shelf(roots)
    with pytest.raises(OSError, match="nowhere"):
        files.Shelf([tmp_path / "nowhere"])


def test_roots_come_from_the_command_line_or_the_environment(tmp_path: Path) -> None:
    """The command line wins."""
    environment = {files.ROOTS_VARIABLE: f"{tmp_path}/a{os.pathsep}{tmp_path}/b"}
    assert files.roots(files.parser().parse_args([]), environment) == [tmp_path / "a", tmp_path / "b"]
    assert files.roots(files.parser().parse_args(["--root", str(tmp_path / "c")]), environment) == [tmp_path / "c"]
    assert files.roots(files.parser().parse_args([]), {}) == []


def test_a_folder_that_becomes_a_link_at_the_worst_moment_is_not_followed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check of a path and its opening, somebody swaps a folder for a link: the descriptor walk sees it."""
    (root / "notes" / "secret.txt").write_text("harmless", encoding="utf-8")
    tree = FolderTree(root)
    real_open, swaps = os.open, list[str]()

    def swapping_open(path: Any, *arguments: Any, **options: Any) -> int:
        if path == "notes" and not swaps:
            swaps.append(path)
            (root / "notes").rename(tmp_path / "moved")
            (root / "notes").symlink_to(tmp_path / "outside")
        return real_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", swapping_open)
    with pytest.raises(PathError, match="is a link"), tree.file("notes/secret.txt"):
        pass
    assert swaps
    tree.close()


def test_a_race_for_a_name_never_gives_the_secret(root: Path, tmp_path: Path) -> None:
    """One thread swaps a file and a link as fast as it can, while another reads."""
    shelf = files.Shelf([root])
    name, real, link = root / "swap.txt", tmp_path / "real", tmp_path / "link"
    is_over = threading.Event()
    swapper = threading.Thread(target=_swap_until, args=(is_over, name, real, link, tmp_path / "secret.txt"))
    swapper.start()
    try:
        texts = {_read_or_reason(lambda: shelf.read("swap.txt")) for _ in range(2_000)}
    finally:
        is_over.set()
        swapper.join()
        shelf.close()
    assert "the secret" not in texts
    assert "harmless" in texts


def _swap_until(is_over: threading.Event, name: Path, real: Path, link: Path, secret: Path) -> None:
    while not is_over.is_set():
        real.write_text("harmless", encoding="utf-8")
        real.replace(name)
        link.unlink(missing_ok=True)
        link.symlink_to(secret)
        link.replace(name)


def _read_or_reason(read: Callable[[], str]) -> str:
    try:
        return read()
    except PathError as error:
        return str(error)
