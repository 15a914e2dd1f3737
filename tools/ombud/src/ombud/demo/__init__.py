"""The demo: a stream of posts through all five services, and one case from claim to sent answer."""
