"""PostgreSQL: engine, unit of work, migrations. Knows no service, no event by name, no Kafka.

**House pattern for writes on the hot path**: one set-based statement for a whole batch, its
values handed over as arrays (RELIABILITY 7: thirty times the speed of one transaction each):

    await uow.connection.execute(
        text(
            "insert into team (id, name) "
            "select * from unnest(cast(:ids as uuid[]), cast(:names as text[])) "
            "on conflict (id) do nothing"
        ),
        {"ids": [team.id for team in teams], "names": [team.name for team in teams]},
    )

The `cast` is what tells the driver the arrays' type; without it an empty list or a list of None
has none. JSON travels as `text[]` of encoded documents and is cast in the select
(`cast(payload as jsonb)`), bytes as `bytea[]`, times as `timestamptz[]` (aware values only).
One row of many columns is read back with `returning`; a set of keys is asked for with
`where id = any(cast(:ids as uuid[]))`. Rows that several writers lock are locked in one order:
`order by id for update`.
"""
