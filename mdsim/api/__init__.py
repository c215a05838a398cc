"""The servers: front door, WebSocket, REST, gRPC, chaos and debug; markets and runs are handed in."""
