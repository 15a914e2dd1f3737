"""The operator's rules: how they are written (`document`) and where they fire (`matching`)."""
