"""What the house tells about itself: logs, metrics, traces. Knows no event, no table, no route."""
