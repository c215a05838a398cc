"""The configuration: file, environment and flags become one frozen ``Settings``, or every error at once."""
