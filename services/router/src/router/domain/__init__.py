"""Pure decisions of the router: where a mention goes, who is next, what a clock says.

No time, no ids, no wire and no rows are made here: they come in as values.
"""
