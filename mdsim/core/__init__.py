"""The vocabulary of every other room: time, numbers, seeds, instruments, events, errors, ports."""
