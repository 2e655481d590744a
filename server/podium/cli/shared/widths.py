"""How many columns of a terminal a text takes, for the commands: what they share with all that is drawn."""

from podium.texts.widths import CUT, cut_end, cut_middle, folded, padded, width, wrapped

__all__ = ["CUT", "cut_end", "cut_middle", "folded", "padded", "width", "wrapped"]
