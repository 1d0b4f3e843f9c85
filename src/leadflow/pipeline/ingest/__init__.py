"""The observer's pipe: bytes → events → header → touchpoint → log. Everything but `pipe` is pure."""
