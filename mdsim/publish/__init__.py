"""The hub: what is published, to whom, in which bytes; encoded once, framed once, sent without a task."""
