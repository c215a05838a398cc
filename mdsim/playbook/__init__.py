"""From text to a frozen plan: loader, values, conditions, schema, compiler, diagnostics. Pure."""
