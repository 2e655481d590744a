"""What runs on a node of a cluster: a lane plays the attempts of one pool, one after the other.

Standard library only, Python 3.8 or newer, and nothing of ours outside of this package: it is copied into the shared folder, and
run there by whatever Python the node has.
"""
