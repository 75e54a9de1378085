"""Run state for people: console and notebook."""
