"""What every API of the house does the same way. Knows no noun of any service."""
