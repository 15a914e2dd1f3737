"""The rooms every service shares; the services share facts only through `common.events`."""
