"""Goal: an address is where the table says, or nowhere. Method: crafted tables, a law, the public files."""

from __future__ import annotations

import csv
import io
import ipaddress
import os
import random
from array import array
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from countermand.adapters.places.ip_table import IpTable, demo_table
from countermand.adapters.places.ranges import Ranges32, Ranges128
from countermand.kernel.errors import SetupError
from countermand.vocabulary.places import NOWHERE, Place

REFERENCE = Path(os.environ.get("COUNTERMAND_TEST_IP_TABLES", "absent"))

COUNTRIES = """\
start,end,country
1.0.0.0,1.0.0.255,AU
# a comment, then a part of a larger range

2.0.0.0,2.0.255.255,CN
2.0.7.0,2.0.7.255,HK,22.28,114.15
3.0.0.0,3.0.0.255,ZZ
10.0.0.0,10.255.255.255,US
2400::,2400:ffff::,JP
"""
NETWORKS = '1.0.0.0,1.0.0.127,13335,"Cloudflare, Inc."\n2400:1::,2400:1::ff,AS64500,Some\n'


def table(folder: Path, countries: str = COUNTRIES, networks: str = NETWORKS, **options) -> IpTable:
    """The two tables as files, read."""
    (folder / "countries.csv").write_text(countries, "utf-8")
    (folder / "networks.csv").write_text(networks, "utf-8")
    return IpTable(folder / "countries.csv", folder / "networks.csv", **options)


SYDNEY = (-33.8678, 151.2073)


@pytest.mark.parametrize(
    ("ip", "place"),
    [
        ("1.0.0.0", Place("AU", 13335, *SYDNEY)),
        ("1.0.0.128", Place("AU", None, *SYDNEY)),
        ("1.0.1.0", NOWHERE),
        ("0.255.255.255", NOWHERE),
        ("255.255.255.255", NOWHERE),
        ("2.0.6.255", Place("CN", None, 31.2222, 121.4581)),
        ("2.0.7.0", Place("HK", None, 22.28, 114.15)),
        ("2.0.8.0", Place("CN", None, 31.2222, 121.4581)),
        ("3.0.0.1", NOWHERE),
        ("10.1.2.3", NOWHERE),
        ("::ffff:1.0.0.0", Place("AU", 13335, *SYDNEY)),
        ("2400:1::7", Place("JP", 64500, 35.6895, 139.6917)),
        ("2400:1::100", Place("JP", None, 35.6895, 139.6917)),
        ("2401::", NOWHERE),
        ("fe80::1%eth0", NOWHERE),
        ("not an address", NOWHERE),
        ("", NOWHERE),
        ("1.0.0.0\x00", NOWHERE),
    ],
)
def test_an_address_is_where_its_row_says(tmp_path, ip, place):
    """Both ends of a range belong to it; what no row covers, and what is nobody's, is nowhere."""
    assert table(tmp_path).locate(ip) == place


def test_a_table_may_be_left_out(tmp_path):
    """Without any table every address is nowhere; with networks alone only the network is known."""
    (tmp_path / "networks.csv").write_text(NETWORKS, "utf-8")

    assert IpTable(None).locate("1.0.0.0") is NOWHERE
    assert IpTable(None, tmp_path / "networks.csv").locate("1.0.0.0") == Place(asn=13335)


def test_compressed_tables_read_the_same(tmp_path):
    """Zstandard in one frame or several, with a byte-order mark, gives the same answers."""
    file = tmp_path / "countries.csv.zst"
    half = len(COUNTRIES) // 2
    parts = [("\ufeff" + COUNTRIES[:half]).encode(), COUNTRIES[half:].encode()]
    file.write_bytes(b"".join(zstandard.compress(part) for part in parts))

    assert IpTable(file).locate("2.0.7.9").country == "HK"


@pytest.mark.parametrize(
    ("countries", "line", "words"),
    [
        ("1.0.0.0,1.0.0.255\n", 1, "3 or 5 columns"),
        ("1.0.0.0,1.0.0.255,AU\n1.0.1.0,1.0.0.9,AU\n", 2, "ends before it starts"),
        ("1.0.0.0,1.0.0.255,AUS\n", 1, "two-letter country"),
        ("1.0.0.0,::1,AU\n", 1, "not two addresses of one kind"),
        ("1.0.0,1.0.0.255,AU\n", 1, "not two addresses of one kind"),
        ("1.0.0.0,1.0.0.255,AU,91,0\n", 1, "not degrees"),
        ("1.0.0.0,1.0.0.255,AU,north,0\n", 1, "not degrees"),
        ('1.0.0.0,1.0.0.255,"AU\n', 1, "not CSV"),
    ],
)
def test_a_malformed_country_row_is_named(tmp_path, countries, line, words):
    """The refusal names the file and the line in both languages."""
    with pytest.raises(SetupError) as caught:
        table(tmp_path, countries=countries)

    assert caught.value.code == "bad_ip_table"
    assert caught.value.details == {"file": str(tmp_path / "countries.csv"), "line": line}
    assert words in caught.value.text.en
    assert f"第{line}行" in caught.value.text.zh


@pytest.mark.parametrize("number", ["", "-1", "AS", "4294967295", "1.5", "x"])
def test_a_malformed_network_row_is_named(tmp_path, number):
    """Only whole numbers of 32 bits, with or without AS before them, are AS numbers."""
    with pytest.raises(SetupError, match=r"networks\.csv, line 2"):
        table(tmp_path, networks=f"1.0.0.0,1.0.0.1,1\n1.0.1.0,1.0.1.1,{number}\n")


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("cut.csv.zst", zstandard.compress(COUNTRIES.encode())[:-4], "bad_ip_table"),
        ("plain.csv.zst", COUNTRIES.encode(), "bad_ip_table"),
        ("latin.csv", b"1.0.0.0,1.0.0.1,\xe4\n", "bad_ip_table"),
        ("absent.csv", None, "ip_table_missing"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused(tmp_path, name, data, code):
    """Cut or foreign data never becomes a shorter table."""
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(SetupError) as caught:
        IpTable(tmp_path / name)

    assert caught.value.code == code
    assert caught.value.details["file"] == str(tmp_path / name)


def test_the_cache_is_bounded_and_changes_no_answer(tmp_path):
    """However many addresses are asked for, at most the stated number is remembered."""
    places = table(tmp_path, cached_addresses_max=16)
    asked = [f"1.0.0.{number}" for number in range(256)]

    first = [places.locate(ip) for ip in asked]

    assert places.cached() <= 16
    assert [places.locate(ip) for ip in asked] == first


def test_documentation_addresses_are_known_to_the_demo_only(tmp_path):
    """RFC 5737 ranges are nowhere in a real table, even where the table has a row for them."""
    real = table(tmp_path, countries="203.0.113.0,203.0.113.255,AU\n")

    assert real.locate("203.0.113.7") is NOWHERE
    assert demo_table().locate("203.0.113.7").country == "KH"
    assert demo_table().locate("192.0.2.7").latitude == 31.2304


ROWS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 12), st.integers(0, 5)).map(
        lambda t: (t[0], t[0] + t[1], t[2])
    ),
    max_size=12,
)


def holding(rows, number):
    """The definition, slowly: last start, then shortest, then last given."""
    covering = [
        (start, -end, row, value) for row, (start, end, value) in enumerate(rows) if start <= number <= end
    ]
    return max(covering)[3] if covering else -1


@given(ROWS)
def test_overlapping_ranges_follow_the_definition(rows):
    """Bisection over the flattened ranges finds what the definition finds, in 32 and in 128 bits."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    narrow = Ranges32(*(array("I", column) for column in columns))
    shift = 60  # puts small differences across the two halves of an address
    wide = Ranges128(
        [start << shift for start in columns[0]],
        [(end << shift) + (1 << shift) - 1 for end in columns[1]],
        columns[2],
    )
    for number in range(60):
        assert narrow.find(number) == holding(rows, number)
        assert wide.find((number << shift) + 3) == holding(rows, number)


@pytest.mark.skipif(
    not (REFERENCE / "ipv4_country_cc0.csv.zst").exists(),
    reason="COUNTERMAND_TEST_IP_TABLES names no folder with the public IP tables",
)
def test_the_public_tables_answer_as_a_linear_search_would():
    """A sample of addresses in the real tables gets the rows' own answer."""
    places = IpTable(REFERENCE / "ipv4_country_cc0.csv.zst", REFERENCE / "ipv4_asn_ccby4.csv.zst")
    raw = (
        zstandard.ZstdDecompressor()
        .decompressobj()
        .decompress((REFERENCE / "ipv4_country_cc0.csv.zst").read_bytes())
    )
    rows = list(csv.reader(io.StringIO(raw.decode())))
    counted = {}
    for start, end, _ in rows:
        counted[start, end] = counted.get((start, end), 0) + 1
    chosen = random.Random(20261122).sample(rows, 500)
    inner = {ipaddress.ip_address(start): country for start, end, country in chosen if start == end}

    assert len(rows) > 300_000
    assert places.locate("223.5.5.5").country == "CN"
    assert places.locate("8.8.8.8").asn == 15169
    for address, country in inner.items():
        assert places.locate(str(address)).country == country
    agreeing = sum(places.locate(end).country == country for _, end, country in chosen)
    assert agreeing >= 495, "only overlapping rows may differ from their own end"
