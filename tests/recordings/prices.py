"""Some work that takes a few seconds and says how far it is: it writes prices.txt, one number a line."""

import random
import time
from pathlib import Path

chosen = random.Random(7)
with Path("prices.txt").open("w") as file:
    for day in range(1, 31):
        time.sleep(0.1)
        file.write(f"{chosen.randint(900, 1100) / 10}\n")
        print(f"day {day} of 30: {day * 40} prices read")
