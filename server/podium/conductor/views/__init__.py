"""Jobs and sheets as callers see them."""
