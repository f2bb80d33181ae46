"""Goal: the demo's addresses are somewhere, and only for the demo.

Method: the settings as the demo sets them, and the same table under another name.
"""

import shutil

from countermand.app import DEMO_PLACES, open_places
from countermand.settings import Settings


def test_the_demo_knows_where_its_addresses_are(tmp_path):
    """Documentation ranges have a country in the demo's own table, and in nobody else's."""
    locate, known = open_places(Settings(geo_country_file=DEMO_PLACES))
    assert known
    assert [locate(ip).country for ip in ("192.0.2.40", "203.0.113.9")] == ["CN", "KH"]
    elsewhere = shutil.copy(DEMO_PLACES, tmp_path / "places.csv")
    assert open_places(Settings(geo_country_file=elsewhere))[0]("203.0.113.9").country is None
