"""The ways in: MCP, HTTP, the command line, and the worker process."""
