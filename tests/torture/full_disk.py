"""Rounds on a small disk of its own that is full for a while: `python -m tests.torture.full_disk FOLDER SEED ROUNDS`.

To be started as root of a mount namespace (`tests.support.engines.on_a_disk_of_its_own` does that). Prints how often a change
was refused as JSON. While the disk is full, changes are refused with STORAGE_FULL; what was acknowledged stays; when there is
space again, the conductor goes on without a restart.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from tests.support.podium_home import until
from tests.torture.campaign import Campaign
from tests.torture.clients import Client, Down
from tests.torture.filling import fill
from tests.torture.kills import Death

DISK = "12m"
FULL_SECONDS = 1.0
RECOVERY_SECONDS = 60.0


@dataclass
class FullDiskCampaign(Campaign):
    """A campaign whose disk fills up in each round; half of the times it is still full when the conductor dies."""

    def round(self, random: Random, death: Death) -> None:
        """Work, fill the disk, die, recover, check."""
        super().round(random, replace(death, how="at a moment", fault=""))

    def _die(self, death: Death) -> None:
        ops = self.history.ops  # the first score takes longer: a conductor starts its reader for it
        until(lambda: any(op.outcome == "acknowledged" for op in ops), seconds=RECOVERY_SECONDS)
        time.sleep(0.3)
        self._fill()
        time.sleep(FULL_SECONDS)
        until(lambda: any(op.code == "STORAGE_FULL" for op in ops), seconds=RECOVERY_SECONDS)
        if death.down:
            self._free()
            self._goes_on()
        self._kill()

    def check(self) -> None:
        """Check the home without what fills it."""
        self._free()
        super().check()

    @property
    def _filler(self) -> Path:
        return self.home / "filler"

    def _fill(self) -> None:
        self.history.note("the disk is full")
        fill(self._filler)

    def _free(self) -> None:
        self.history.note("there is space")
        self._filler.unlink(missing_ok=True)

    def _goes_on(self) -> None:
        """A submit is taken again, by the same conductor."""
        client = Client(9, self.conductor.settings.socket, self.folder, self.history, Random(self.seed))
        until(lambda: client.submit().outcome == "acknowledged", seconds=RECOVERY_SECONDS)


def main(folder: Path, seed: str, rounds: int) -> int:
    """Run the rounds; return 1 where a check was violated."""
    (folder / "home").mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "none", str(folder / "home")], check=True)
    campaign = FullDiskCampaign(seed, folder)
    try:
        campaign.run(rounds, lambda line: print(line, file=sys.stderr, flush=True))
    except (AssertionError, Down) as error:
        print(campaign.report(error), file=sys.stderr)
        return 1
    finally:
        campaign.conductor.end()
    refused = [op for op in campaign.history.ops if op.code == "STORAGE_FULL"]
    print(json.dumps({"refused": len(refused), "asked": len(campaign.history.ops)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
