"""Generated code; `make generate-proto` writes it again."""
