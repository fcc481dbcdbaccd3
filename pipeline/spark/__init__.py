"""The engine room: sessions, resources, scratch, shards, and gangs of workers."""
