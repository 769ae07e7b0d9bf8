"""Hub to hub: what this hub offers to others, and how it reads theirs; ``docs/federation.md`` tells the protocol."""
