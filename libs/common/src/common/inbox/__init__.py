"""Every event takes effect once: what was handled, how far, what was put aside and why.

`guard` is the processor behind the consumer loop, `pipeline` builds both for a service, `parking`
and `dead_letters` hold what could not be handled. Knows no service's handlers.
"""
