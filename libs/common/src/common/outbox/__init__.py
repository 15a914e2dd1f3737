"""Events leave with the transaction that made them true: rows first, Kafka afterwards.

`writer` stores messages inside a unit of work, `relay` publishes them in order per key
(RELIABILITY 9.1). Knows no service and no event by name.
"""
