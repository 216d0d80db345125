"""What the panel, the report and the comparison show."""
