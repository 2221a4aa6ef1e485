"""The text of a page: what a reader sees."""

from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.page_text import page_text
from mcp_servers.plain_text import cleaned, one_line

PAGE = """<!doctype html><html><head><title> A  page </title><style>p { color: red }</style>
<script>let a = "<p>not this</p>";</script></head>
<body><nav><a href="/home">Home</a></nav>
<h1>Title</h1><p>First &amp; <b>bold</b> word.</p>
<ul><li>one</li><li>two <a href="https://example.org/two">link</a></li></ul>
<svg><text>drawing</text></svg><noscript>no</noscript>
<a href="#top">up</a> <a href="javascript:x()">click</a>
<p>Last<br>line</p></body></html>"""


def test_a_page_becomes_text_with_headings_lists_and_links() -> None:
    """Scripts, styles and drawings are not part of it."""
    title, text = page_text(PAGE, base="https://example.com/dir/page")
    assert title == "A page"
    assert text == (
        "Home (https://example.com/home)\n\n# Title\n\nFirst & bold word.\n\n- one\n\n- two link (https://example.org/two)"
        "\n\nup click\n\nLast\nline"
    )


def test_broken_html_loses_nothing_but_what_is_hidden() -> None:
    """A page is not always closed where it was opened."""
    assert page_text("<p>a<div>b</p><li>c", base="")[1] == "a\nb\n\n- c"
    assert page_text("before<script>never closed", base="")[1] == "before"
    assert page_text("<script/>after", base="")[1] == "after"


def test_hidden_elements_may_be_nested() -> None:
    """The text goes on after the outermost one ends."""
    assert page_text("a<svg><svg>b</svg>c</svg>d", base="")[1] == "ad"


@given(st.text(alphabet="<>/apb scriptl=\"'#!-\n", max_size=200))
def test_any_text_is_a_page(html: str) -> None:
    """Nothing that looks like HTML is too strange."""
    page_text(html, base="https://example.com/")


def test_text_is_cleaned_of_what_steers_and_turns() -> None:
    """Control characters, escapes, zero-width and direction marks go; every way to end a line is one."""
    assert cleaned("a\x1b[31mb\u202ec\u200bd\x00e\tf\r\ng\rh\u2028i") == "a[31mbcde\tf\ng\nh\ni"
    assert one_line("  a \n b\tc ", most=10) == "a b c"
    assert one_line("abcdefghij k", most=8) == "abcdefg…"
