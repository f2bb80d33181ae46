"""`countermand serve`: the deciding server."""

from __future__ import annotations

from pathlib import Path

import click

from countermand.app import open_house
from countermand.flows.keep_thresholds import adapting
from countermand.flows.raise_alerts import alerting
from countermand.settings import Settings
from countermand.surfaces.children import watch_children
from countermand.surfaces.cli.grammar import command, data_dir_option, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.collector import collector_off_the_path
from countermand.surfaces.drift_gauges import drift_watched
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import serve as serve_front
from countermand.surfaces.log_children import sealing_beside
from countermand.surfaces.log_gauges import log_watched
from countermand.surfaces.shadow_child import follower_beside
from countermand.surfaces.web.routes import pages


@command(
    None,
    "serve",
    en="Decide operations over HTTP until SIGTERM or Ctrl-C; what has begun is answered first.",
    zh="通过 HTTP 决策操作，直到 SIGTERM 或 Ctrl-C；已开始的请求会先答复完。",
)
@data_dir_option
@option(
    "--port",
    type=click.IntRange(0, 65535),
    en="Port to listen on; 0 takes a free one.",
    zh="监听端口；0 表示任选空闲端口。",
)
@option("--host", en="Address to listen on.", zh="监听地址。")
@option("--policy", en="Name or folder of the policy that decides.", zh="用于决策的策略名称或文件夹。")
@option(
    "--replace-policy",
    is_flag=True,
    en="Make that policy live without the approval of a second person (setting policy_start).",
    zh="不经第二人批准，直接启用该策略（设置 policy_start）。",
)
def serve(
    data_dir: Path | None, port: int | None, host: str | None, policy: str | None, replace_policy: bool
) -> None:
    """One process, one event loop."""
    import uvloop

    start = "replace" if replace_policy else None
    settings = settings_with(data_dir, port=port, host=host, policy=policy, policy_start=start)
    quiet_logs(settings.log_level)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with open_house(settings) as house:
        front = make_front(house, pages())
        async with (
            collector_off_the_path(),
            follower_beside(house.shadows, settings) as follower,
            sealing_beside(settings) as children,
            log_watched(house.log, house.clock, front.measures),
            drift_watched(house, front.measures) as drift,
            adapting(house),
            house.worker.working(),
            alerting(house),
        ):
            watch_children(house.health.watched, [follower, *children])
            house.health.watched.drifts = lambda: [one for each in drift.watches for one in each.drifts()]
            await serve_front(front, settings.host, settings.port)
