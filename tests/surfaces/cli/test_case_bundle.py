"""Goal: whoever works on a case binds it in the terminal, and what is there is never written over."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner, Result

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.flows.receive_report import receive_report
from countermand.kernel.clock import SystemClock
from countermand.settings import Settings
from countermand.surfaces.cli.main import main
from countermand.surfaces.verifier.command import main as verifier
from countermand.vocabulary.staff import Role
from flows.log_stage import seal_all, sealing_on
from flows.report_stage import said
from flows.stage import POLICY


def test_a_case_is_bound_in_the_terminal(database_dsn: str, tmp_path: Path) -> None:
    """Not before the log has it; then a file for its owner alone, which the verifier believes; and once."""

    async def reported(*, sealed: bool) -> tuple[str, str]:
        settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
        async with (
            open_house(settings) as house,
            sealing_on(database_dsn, tmp_path / "signer", SystemClock()) as sealing,
        ):
            if sealed:
                await seal_all(await sealing.begin())
                keys = [key for shard in await house.log.shards() for key in shard.keys]
                return "", "\n".join([*(f"log {key}" for key in keys), "quorum none", ""])
            _, key = await create_key(house, "w", ["desk"], "test", staff="wang", roles=[Role.INVESTIGATOR])
            received = await receive_report(house.reception, said("不是我转的"), "app")
            return str(received.answer["case"]), key

    number, key = asyncio.run(reported(sealed=False))
    environment = {"LC_ALL": "C", "COUNTERMAND_DATABASE_URL": database_dsn, "COUNTERMAND_STAFF_KEY": key}
    environment["COUNTERMAND_POLICY"] = str(POLICY)

    def run(*more: str) -> Result:
        command = ["case", "bundle", number, "--to", str(tmp_path), "--data-dir", str(tmp_path), *more]
        return CliRunner(env=environment).invoke(main, command)

    early = run()
    assert (early.exit_code, "log_behind" in early.stderr) == (1, True)
    _, policy = asyncio.run(reported(sealed=True))
    made = run("--json")
    assert made.exit_code == 0, made.stderr
    place = Path(json.loads(made.stdout)["file"])
    assert place == tmp_path / f"case-{number}.asice"
    assert place.stat().st_mode & 0o777 == 0o600
    (tmp_path / "policy.txt").write_text(policy)
    asked = [str(place), "--policy", str(tmp_path / "policy.txt"), "--seal-ca", str(tmp_path / "seal-ca.pem")]
    assert verifier(asked, {}, SystemClock().now() // 10**6) == 0
    content = place.read_bytes()
    assert run().exit_code != 0
    assert place.read_bytes() == content
    assert not list(tmp_path.glob(".*.part"))
    waits = run("--age", "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg", "--reason", "x")
    assert (waits.exit_code, "two people" in waits.stdout) == (0, True)
