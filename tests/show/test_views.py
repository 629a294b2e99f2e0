"""The primitives: what they say without style, in a notebook, and when given odd things."""

import subprocess
import sys

import httpx
import pytest

from workshop import show


def test_importing_show_loads_nothing_heavy():
    heavy = "('numpy', 'matplotlib', 'rich')"
    code = f"import sys, workshop.show as s; s.Table([]); print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_public_name_loads_and_is_documented():
    for name in show.__all__:
        assert getattr(show, name).__doc__
    with pytest.raises(AttributeError, match="no_such_view"):
        _ = show.no_such_view


def test_table_aligns_numbers_right_and_text_left():
    lines = str(show.Table([{"name": "a", "n": 5}, {"name": "bbb", "n": 1234}])).splitlines()
    assert lines == ["name     n", "----  ----", "a        5", "bbb   1234"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (True, "yes"), (False, "no"), (0.123456, "0.1235"), (1234.5, "1,234"), ("x", "x"), (12345, "12345")],
)
def test_table_cells_read_as_a_person_writes(value, shown):
    assert str(show.Table([["k", value]])) == f"k  {shown}".rstrip()


def test_table_of_nothing_and_of_uneven_rows():
    assert "(none)" in str(show.Table([], ["a"]))
    assert str(show.Table([["a"], ["b", "c"]])) == "a\nb  c"


def test_table_html_escapes_and_uses_neither_style_block_nor_script():
    html = show.Table([["<script>alert(1)</script>", "a\nb"]], caption="<b>").html()
    assert "<script>" not in html and "&lt;script&gt;" in html and "a<br>b" in html and "<style" not in html


def test_table_measures_wide_letters():
    assert str(show.Table([["日本", 1], ["abcd", 2]])) == "日本  1\nabcd  2"


def test_bundle_of_a_table_has_both_forms():
    bundle = show.Table([["a", 1]])._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}


def test_code_keeps_backticks_inside_its_fence(tmp_path):
    file = tmp_path / "handler.py"
    file.write_text("x = 1\ny = '```'\nz = 3\n", encoding="utf-8")
    view = show.Code(file, lines=(2, 3))
    assert view.markdown() == "**handler.py**\n\n````python\ny = '```'\nz = 3\n````"
    assert str(view) == "handler.py\ny = '```'\nz = 3"


def test_diff_says_what_changed_with_signs():
    assert "-b\n+B" in str(show.Diff("a\nb\nc", "a\nB\nc"))
    assert str(show.Diff("a", "a")) == "(no difference)"


def exchange(**kwargs):
    headers = {"authorization": "Bearer sk_test_4eC39HqLyjWD"}
    request = httpx.Request("POST", "http://127.0.0.1:9/dev/payment?x=1", headers=headers, json={"a": 1})
    return httpx.Response(402, request=request, **kwargs)


def test_http_shows_both_sides_and_masks_credentials():
    text = str(show.Http(exchange(json={"error": "Your card was declined."})))
    assert "> POST /dev/payment?x=1 HTTP/1.1\n> host: 127.0.0.1:9" in text
    assert "< HTTP/1.1 402 Payment Required" in text and '"error": "Your card was declined."' in text
    assert "sk_test_4eC39" not in text and "Bearer sk_t…" in text


def test_http_of_bytes_of_nothing_and_of_a_broken_json_body():
    picture = exchange(content=b"\xff\xfe", headers={"content-type": "image/png"})
    assert "(2 bytes of image/png)" in str(show.Http(picture))
    assert str(show.Http(exchange(), headers="none")).endswith("402 Payment Required")
    assert '< {"a"' in str(show.Http(exchange(content=b'{"a"', headers={"content-type": "application/json"})))


def test_checks_put_the_mend_on_the_line_of_what_failed():
    full = show.Check("Disk", False, "1 MB free", "Free 1 GB.", 0.5)
    checks = show.Checks([show.Check("Python", True, "3.12.4"), full])
    fail = next(line for line in str(checks).splitlines() if "[FAIL]" in line)
    assert "Disk" in fail and "Free 1 GB." in fail and "0.50" in fail
    assert not checks.ok and "[FAIL]" in checks.html()
    assert show.Check("Disk", False, "1 MB free", "Free 1 GB.").line() == "[FAIL] Disk: 1 MB free - Free 1 GB."


def test_side_by_side_keeps_both_texts():
    both = show.side_by_side(show.Table([["a", 1]]), show.Text("plain <text>"))
    assert "a  1" in str(both) and "plain &lt;text&gt;" in both.html()


def test_a_picture_carries_its_alternative_text():
    figure, axes = show.new_figure("Warm is faster", xlabel="ms", ylabel="requests")
    axes.plot([1, 2, 3])
    picture = show.figure_alt(figure, "A line from 1 to 3.")
    data, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == "A line from 1 to 3." == str(picture).removeprefix("[picture] ")
    assert picture.png.startswith(b"\x89PNG") and data["image/png"]
    with pytest.raises(ValueError, match="alternative text"):
        show.figure_alt(figure, " ")


def test_a_link_is_its_text_in_a_terminal_and_a_link_in_a_notebook():
    table = show.Table([[show.Link("the page", "https://example.com/?a=1&b=2")]])
    assert str(table) == "the page" and '<a href="https://example.com/?a=1&amp;b=2">the page</a>' in table.html()


def test_json_on_one_line_is_laid_out_and_broken_json_left_alone():
    assert str(show.Code('{"a": [1]}', "json")) == '{\n  "a": [\n    1\n  ]\n}'
    assert str(show.Code('{"a": ', "json")) == '{"a":'


@pytest.mark.parametrize(
    ("first", "language"),
    [("#!/bin/bash", "bash"), ("#!/usr/bin/env node", "javascript"), ("#! php", "php"), ("x = 1", "python")],
)
def test_a_file_without_an_ending_is_coloured_by_its_first_line(tmp_path, first, language):
    (tmp_path / "bootstrap").write_text(f"{first}\nnext\n", encoding="utf-8")
    view = show.Code(tmp_path / "bootstrap", lines=(2, 2))
    caption, _, fence, *_ = view.markdown().splitlines()
    assert caption == f"**{tmp_path.name}/bootstrap**"
    assert fence == f"```{language}"
    assert str(view).splitlines()[-1] == "next"
