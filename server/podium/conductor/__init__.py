"""The embedded conductor: a daemon that runs jobs and loses none of them."""
