"""Kafka: the one consumer loop, the producer behind the relay, and the port that hides the client.

Start reading at `consumer.py`. Nothing here knows the database, the inbox or any event by name;
`aiokafka_client.py` is the only module that imports the client library.
"""
