"""The room of municipal integrated platforms: their cipher and messages, the door they knock at, what becomes of what they send."""
