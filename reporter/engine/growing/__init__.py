"""Tables that stand while events are added."""
