"""What commands print with `--json` beyond the views of the wire, and the table of all of them."""
