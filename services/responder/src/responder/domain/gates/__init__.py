"""Gates: what every revision of a reply is held against before a person may approve it.

One module per family of rules. Each finding names its place, its rule and a way out. Nothing here
reads, stores or lifts anything; every word list is one that an agent can be shown.
"""
