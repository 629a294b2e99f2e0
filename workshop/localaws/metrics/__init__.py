"""CloudWatch metrics of what runs here: one small record a metric and minute."""
