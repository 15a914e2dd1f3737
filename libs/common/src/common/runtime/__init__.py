"""How a process lives: loops side by side, signals, draining, closing, exit codes."""
