"""What the services tell each other: pure data, one catalogue, one codec.

Nothing here talks to Kafka or a database. Start reading at `catalog.py`.
"""
