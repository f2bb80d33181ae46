"""Goal: what happened is rebuilt from the journal alone, and one byte changed anywhere is found and named.

Method: the campaign of `make flips`, short: busy days by chance, sealed and exported, then some changes.
While nothing is changed nothing may be found; so every row of the days is compared too.
"""

from __future__ import annotations

from pathlib import Path

from countermand.drills.flips.campaign import open_campaign

STEPS, ROWS, FILES, SEED = 90, 14, 3, 4


async def test_one_byte_changed_anywhere_is_found_and_named(database_dsn: str, tmp_path: Path) -> None:
    """Rows of journal, log, vault, cases and accounts; files of the exported log and sealed exhibits."""
    async with open_campaign(database_dsn, tmp_path, SEED, STEPS) as campaign:
        assert await campaign.unharmed() == []
        for _ in range(ROWS):
            await campaign.flip_row()
        for _ in range(FILES):
            await campaign.flip_file()
        assert campaign.score.missed == []
        assert campaign.score.flips.total() > (ROWS + FILES) // 2
        assert await campaign.unharmed() == []
