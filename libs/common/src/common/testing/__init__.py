"""What tests, demo, bench and dev stand on: real parts, clocks and ids under control, waiting.

Nothing in `common` imports this room. It holds no fakes of our own classes; fixtures are in
`common.testing.plugin`, the real PostgreSQL and Kafka in `common.testing.stack`.
"""
