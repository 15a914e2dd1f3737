"""The responder's tables, behind questions that have names. Rows stop here."""
