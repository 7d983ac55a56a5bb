"""Over all built-in cards and every form of a report: no printed value of another size, other training images or
another protocol stands as the row's own."""

import csv
import io
import json
import re

import pytest

from srbench.cli.tables import print_means
from srbench.method import plugins
from srbench.report.export import to_csv, to_json
from srbench.report.html import render
from srbench.report.paper_latex import to_latex
from srbench.report.paper_markdown import to_markdown
from srbench.results import facts as results_facts
from srbench.results.facts import PublishedValue
from srbench.results.reader import Reader
from srbench.run.manifest import method_facts

FACTS = {
    plugin.name: method_facts(plugins.instantiate(plugin))
    for plugin in plugins.discover()
    if plugin.origin == "built in" and plugin.load().card.published
}
STRANGER = results_facts.MethodFacts(
    "theirs", "Theirs", published=(PublishedValue("set5", 4, "psnr", 33.33, "a paper"),)
)
LIKE = {"classic": {"bicubic", "fsrcnn", "vdsr", "lapsrn"}, "basicsr": set()}  # by the papers' tables, at x4
IMAGES = ("baby", "bird", "butterfly", "head", "woman")


@pytest.fixture(params=LIKE)
def rows_of(request, scored):
    """A folder with all of them on Set5 and Set14 at x4, means between 50 and 60 dB, which nobody prints."""
    known = FACTS | {"theirs": STRANGER}
    places = [(data, image) for data in ("set5", "set14") for image in IMAGES]
    content = {
        name: {place: {"psnr": 50 + i / 4 + k / 100} for k, place in enumerate(places)} for i, name in enumerate(known)
    }
    methods = [results_facts.to_json(own) | {"hash": f"hash of {name}", "weights": {}} for name, own in known.items()]
    protocol = {"protocol": request.param}
    folder = scored("all", content, facts=protocol, manifest={"methods": json.loads(json.dumps(methods))})
    return folder, request.param


def printed(metric="psnr"):
    """All values on the cards at x4, as a report would print them."""
    values = [value for own in (*FACTS.values(), STRANGER) for value in own.published]
    return {f"{value.value:.2f}" for value in values if (value.scale, value.metric) == (4, metric)}


def test_the_csv_says_of_every_value_what_it_is_of(rows_of):
    folder, protocol = rows_of
    with Reader(folder) as reader:
        rows = [row for row in csv.DictReader(io.StringIO(to_csv(reader))) if row["published"]]
        as_json = [row for row in json.loads(to_json(reader))["rows"] if row["published"] is not None]
    assert {row["method"] for row in rows} == {*FACTS, "theirs"}
    assert {row["method"] for row in rows if row["published_like"] == "True"} == LIKE[protocol]
    assert {row["method"] for row in as_json if row["published_like"]} == LIKE[protocol]
    for row in rows:
        own = [v for v in (FACTS | {"theirs": STRANGER})[row["method"]].published if f"{v.value}" == row["published"]]
        assert (row["published_size"], row["published_images"]) in {(value.size, value.images) for value in own}
        assert row["published_protocol"] in {value.protocol for value in own}
        assert (row["published_unlike"] == "") == (row["published_like"] == "True")
    theirs = next(row for row in rows if row["method"] == "theirs")
    assert "size not stated; training images not stated" in theirs["published_unlike"]


def test_the_terminal_has_a_star_and_the_reasons(rows_of, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    folder, protocol = rows_of
    print_means(folder)
    text = capsys.readouterr().out
    found = re.findall(r"^\W*(\S+)\W.*?(\d\d\.\d\d)(\*?) \([+-]\d+\.\d\d\)", text, re.MULTILINE)
    assert {name for name, *_ in found} == {*FACTS, "theirs"}
    assert {name for name, _, star in found if not star} == LIKE[protocol]
    assert {value for _, value, _ in found} <= printed()
    assert "* not like with like" in text
    assert re.search(r"  another size: 7 stages, 64 channels \(here 4 stages, 32 channels\): dbpn$", text, re.MULTILINE)
    assert re.search(r"  other training images: ImageNet \(here T91 \+ BSDS400\): .*espcn", text)
    assert re.search(r"  size not stated: theirs$", text, re.MULTILINE)


def test_the_page_gives_a_reason_with_every_value_that_is_not_the_rows_own(rows_of, content):
    folder, protocol = rows_of
    with Reader(folder) as reader:
        text = render(reader).text
    data = content(text)
    [view] = data["views"]
    assert view["protocol"] == protocol
    like = set()
    for label, metrics in view["cells"].items():
        for cell in metrics["psnr"].values():
            for own in [cell, *cell.get("published_also", [])] if "published" in cell else []:
                assert own["published_like"] == (own["published_unlike"] == "")
                like |= {label} if own["published_like"] else set()
    assert like == LIKE[protocol]
    for contests in view["contests"].values():
        for contest in contests.values():
            assert not printed() & set(re.findall(r"\d\d\.\d\d", json.dumps(contest["verdict"])))


@pytest.mark.parametrize("form", [to_latex, to_markdown])
def test_papers_tables_hold_no_printed_value(rows_of, form):
    folder, _ = rows_of
    with Reader(folder) as reader:
        text = form(reader)
    assert "50." in text
    assert not printed() & set(re.findall(r"\d\d\.\d\d", text))
