"""Templates and conditions: sandboxed, bounded, rendered."""
